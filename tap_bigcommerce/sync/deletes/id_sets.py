"""Sets of ids: compressed, and kept between runs in the state or a file."""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import ConfigError, StateError, TapError
from tap_bigcommerce.files import UnusableFile, read_file, writable_path, write_atomically
from tap_bigcommerce.text import excerpt

if TYPE_CHECKING:
    from pyroaring import BitMap64

IdSet: TypeAlias = "BitMap64"
"""Integers from 0 to 2^64 - 1, as a roaring bitmap, which compresses well."""

MAX_BYTES = 128 * 1024 * 1024
"""Size limit of an uncompressed set, enough for about 60 million scattered ids. A few KB of hostile
data could otherwise fill the memory."""

KB = 1000


def id_set(ids: Iterable[int] = ()) -> IdSet:
    """A set of integers from 0 to 2^64 - 1. Raises OverflowError for others."""
    # Imported here, because it is only installed with the extra "deletes".
    from pyroaring import BitMap64

    return BitMap64(list(ids))


def pack(ids: IdSet) -> bytes:
    """The set in the portable format of roaring bitmaps, compressed with zlib."""
    ids.run_optimize()
    return zlib.compress(ids.serialize())


def unpack(content: bytes) -> IdSet:
    """The set that `pack` made these bytes of. Raises ValueError for any other bytes."""
    from pyroaring import BitMap64

    unzip = zlib.decompressobj()
    try:
        bitmap = unzip.decompress(content, MAX_BYTES)
        if not unzip.eof or unzip.unused_data:
            raise ValueError("it is truncated, too large, or has bytes after its end")
        return BitMap64.deserialize(bitmap)
    except (zlib.error, OverflowError, IndexError) as error:
        raise ValueError(str(error)) from error


class IdSetStore:
    """Reads and writes the set of one stream: in the state, or in a file that the state names."""

    def __init__(self, config: Config, stream: str) -> None:
        self._stream = stream
        self._max_bytes = config.deletes_state_limit * KB
        self._folder = Path(config.deletes_path) if config.deletes_path else None
        self._name = f"{config.store_hash}-{stream}"
        self._remedy = (
            f'Or remove "deletes" from the bookmarks of {stream} in the state file: the stream is '
            "then read from its start, and what was deleted before is not reported."
        )
        self._file: Path | None = None  # The file that the set was read from.
        self.size = 0
        """Size of the last set given to `put`, as text in the state, in bytes."""

    def get(self, entry: Mapping[str, Any]) -> "IdSet | None":
        """The set that the state's `entry` holds or names; None if it has no set.

        Raises StateError when the set is damaged, or when its file is missing or not the right one.
        """
        if "file" in entry:
            return self._from_file(entry)
        if "ids" not in entry:
            return None
        try:
            return unpack(base64.b64decode(entry["ids"], validate=True))
        except (TypeError, ValueError) as error:
            raise StateError(
                f"The state's set of ids of {self._stream} is damaged. {self._remedy}"
            ) from error

    def put(self, ids: IdSet) -> Mapping[str, str]:
        """Keep the set and return its entry for the state: {"ids"} or {"file", "sha256"}.

        Raises TapError when it cannot be kept.
        """
        content = pack(ids)
        text = base64.b64encode(content).decode()
        self.size = len(text)
        self.check(self.size)
        if self._folder is None or self.size <= self._max_bytes:
            return {"ids": text}
        checksum = hashlib.sha256(content).hexdigest()
        # Named by its content, so that files of older states are not overwritten.
        path = self._folder / f"{self._name}-{checksum[:16]}.ids"
        try:
            write_atomically(path, content, mode=0o600)
        except (OSError, UnusableFile) as error:
            reason = getattr(error, "strerror", None) or error
            raise TapError(
                f"{self._stream}: the set of its ids cannot be written to deletes_path "
                f"({reason}). Its records are written. To detect deletions, the next sync reads "
                "the stream from its start."
            ) from error
        return {"file": path.name, "sha256": checksum}

    def check(self, size: int) -> None:
        """Raises ConfigError when there is no room for a set of `size` bytes."""
        if self._folder is None and size > self._max_bytes:
            raise ConfigError(
                f"{self._stream}: the set of its ids takes {-(-size // KB)} KB, more than "
                f"deletes_state_limit ({self._max_bytes // KB} KB), and no deletes_path is set. "
                "Its records are written, but its deletions are not reported. Set deletes_path to "
                "a folder for such sets, raise deletes_state_limit, or switch detect_deletes off. "
                "Once there is room for the set, the next sync reads the stream from its start."
            )

    def prepare(self) -> None:
        """Check that files can be written, and remove useless ones of this stream.

        Those are partial files of a killed run, and files older than the one that was read.
        Raises ConfigError when deletes_path is not a writable folder.
        """
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            writable_path(self._folder / self._name)
        except (OSError, UnusableFile) as error:
            raise ConfigError(
                f"{self._stream}: deletes_path {self._folder} is not a folder where files can be "
                "written. Correct the setting or the folder's permissions."
            ) from error
        name = f"{self._name}-{'?' * 16}.ids"
        useless = list(self._folder.glob(f".{name}-*"))
        if self._file is not None:
            current, complete = self._file.stat().st_mtime_ns, self._folder.glob(name)
            useless += [path for path in complete if path.lstat().st_mtime_ns < current]
        for path in useless:
            path.unlink(missing_ok=True)

    def _from_file(self, entry: Mapping[str, Any]) -> IdSet:
        if self._folder is None:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {excerpt(str(entry['file']))}, "
                f"but no deletes_path is set. Set it to the folder of that file. {self._remedy}"
            )
        # Only the last part of the name is used, so that no file in another folder is read.
        path = self._file = self._folder / Path(str(entry["file"])).name
        try:
            content = read_file(path, pipes=False)
            if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
                raise UnusableFile("it is not the file that the state names")
            return unpack(content)
        except ValueError as error:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {path}, which cannot be read "
                f"({error}). Restore the right file. {self._remedy}"
            ) from error
