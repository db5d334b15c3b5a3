"""Sets of ids: packed small, and kept from one run to the next, in the state or in a file."""

from __future__ import annotations

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
"""Whole numbers from 0 to 2^64 - 1, which pack small: a roaring bitmap."""

MAX_BYTES = 128 * 1024 * 1024
"""Of a set that is not compressed: of some 60 million ids that lie apart. A few KB can be packed so
that they fill any memory."""

KB = 1000


def id_set(ids: Iterable[int] = ()) -> IdSet:
    """A set of whole numbers from 0 to 2^64 - 1. Raises OverflowError for others."""
    # Imported here: whoever does not detect deletes need not have it.
    from pyroaring import BitMap64

    return BitMap64(list(ids))


def packed(ids: IdSet) -> bytes:
    """The set as few bytes, in the portable format of roaring bitmaps, compressed by zlib."""
    ids.run_optimize()
    return zlib.compress(ids.serialize())


def unpacked(content: bytes) -> IdSet:
    """The set that `packed` has made these bytes of. Raises ValueError for any others."""
    from pyroaring import BitMap64

    unzip = zlib.decompressobj()
    try:
        whole = unzip.decompress(content, MAX_BYTES)
        if not unzip.eof or unzip.unused_data:
            raise ValueError("it is cut off, too large, or more than a set")
        return BitMap64.deserialize(whole)
    except (zlib.error, OverflowError, IndexError) as error:
        raise ValueError(str(error)) from error


class IdSetStore:
    """Keeps the set of one stream."""

    def __init__(self, config: Config, stream: str) -> None:
        self._stream = stream
        self._most = config.deletes_state_limit * KB
        self._folder = Path(config.deletes_path) if config.deletes_path else None
        self._name = f"{config.store_hash}-{stream}"
        self._way_out = (
            f'Or remove "deletes" from the bookmarks of {stream} in the state file: the stream is '
            "then read from its start, and what was deleted until then is not reported."
        )
        self._file: Path | None = None  # That the set was read from.
        self.size = 0
        """Of the last set that was to be kept: bytes, as text in the state."""

    def get(self, entry: Mapping[str, Any]) -> IdSet | None:
        """The set that a state's entry speaks of; None where it speaks of none.

        Raises StateError where it is damaged, or where its file is missing or another one.
        """
        if "file" in entry:
            return self._from_file(entry)
        if "ids" not in entry:
            return None
        try:
            return unpacked(base64.b64decode(entry["ids"], validate=True))
        except (TypeError, ValueError) as error:
            raise StateError(
                f"The state's set of ids of {self._stream} is damaged. {self._way_out}"
            ) from error

    def put(self, ids: IdSet) -> Mapping[str, str]:
        """Keep the set; returns what the state says of it. Raises TapError where it cannot be."""
        content = packed(ids)
        text = base64.b64encode(content).decode()
        self.size = len(text)
        self.check(self.size)
        if self._folder is None or self.size <= self._most:
            return {"ids": text}
        checksum = hashlib.sha256(content).hexdigest()
        # Named by its content: a file that an older state speaks of stays as it is.
        path = self._folder / f"{self._name}-{checksum[:16]}.ids"
        try:
            write_atomically(writable_path(path), content, mode=0o600)
        except (OSError, UnusableFile) as error:
            reason = getattr(error, "strerror", None) or error
            raise TapError(
                f"{self._stream}: the set of its ids cannot be written to deletes_path "
                f"({reason}). Its records are written; the next sync reads the stream "
                "from its start, for its deletions' sake."
            ) from error
        return {"file": path.name, "sha256": checksum}

    def check(self, size: int) -> None:
        """Raises ConfigError where a set of that size fits nowhere."""
        if self._folder is None and size > self._most:
            raise ConfigError(
                f"{self._stream}: the set of its ids takes {-(-size // KB)} KB, more than "
                f"deletes_state_limit ({self._most // KB} KB), and no deletes_path is set. Its "
                "records are written, but its deletions are not told. Set deletes_path to a folder "
                "for such sets, raise deletes_state_limit, or switch detect_deletes off. With room "
                "for the set, the next sync reads the stream from its start, once."
            )

    def prepare(self) -> None:
        """See that a file could be written, and remove those that are of no use any more.

        They are halves, as a killed run leaves them, and older ones than that which has been read.
        Raises ConfigError.
        """
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            writable_path(self._folder / self._name)
        except (OSError, UnusableFile) as error:
            raise ConfigError(
                f"{self._stream}: deletes_path {self._folder} is no folder in which files can be "
                "written. Correct the setting or the folder's permissions."
            ) from error
        name = f"{self._name}-{'?' * 16}.ids"
        useless = list(self._folder.glob(f".{name}-*"))
        if self._file is not None:
            newest, whole = self._file.stat().st_mtime_ns, self._folder.glob(name)
            useless += [path for path in whole if path.lstat().st_mtime_ns < newest]
        for path in useless:
            path.unlink(missing_ok=True)

    def _from_file(self, entry: Mapping[str, Any]) -> IdSet:
        if self._folder is None:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {excerpt(str(entry['file']))}, "
                f"but no deletes_path is set. Set it to the folder of that file. {self._way_out}"
            )
        # The last part of the name counts, so that no file elsewhere is read.
        path = self._file = self._folder / Path(str(entry["file"])).name
        try:
            content = read_file(path, pipes=False)
            if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
                raise UnusableFile("it is another one than the state speaks of")
            return unpacked(content)
        except ValueError as error:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {path}, which cannot be read "
                f"({error}). Put the right one back. {self._way_out}"
            ) from error
