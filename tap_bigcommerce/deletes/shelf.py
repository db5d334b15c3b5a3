"""Where a stream's set of ids is kept from one run to the next: in the state, or in a file."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.deletes.ids import Ids
from tap_bigcommerce.display import shown
from tap_bigcommerce.exceptions import ConfigError, StateError
from tap_bigcommerce.files import Unusable, read_file, writable, write_whole

A_KB = 1000


@dataclass(frozen=True)
class Kept:
    """A set that is kept: what the state says of it, and the size of its file in bytes, if any."""

    entry: Mapping[str, str]
    beside: int = 0


class TooLarge(Exception):
    """The set does not fit into the state, and no file may be written; ``size`` is in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


class Shelf:
    """Keeps the set of one stream."""

    def __init__(self, config: Config, stream: str) -> None:
        self._stream = stream
        self._most = config.deletes_state_limit * A_KB
        self._folder = Path(config.deletes_path) if config.deletes_path else None
        self._name = f"{config.store_hash}-{stream}"

    def takes(self, size: int) -> bool:
        """Whether a set of so many bytes, as text in the state, can be kept."""
        return self._folder is not None or size <= self._most

    def prepare(self) -> None:
        """See that a file could be written; remove half of one, as a killed run leaves it.

        Raises ConfigError.
        """
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            is_writable = os.access(self._folder, os.W_OK | os.X_OK)
        except OSError:
            is_writable = False
        if not is_writable:
            raise ConfigError(
                f"{self._stream}: deletes_path {self._folder} is no folder in which files can be "
                "written. Correct the setting or the folder's permissions."
            )
        for half in self._folder.glob(f".{self._name}-{'?' * 16}.ids-*"):
            half.unlink(missing_ok=True)

    def get(self, entry: Mapping[str, Any]) -> Ids | None:
        """The set that a state's entry speaks of; None where it speaks of none.

        Raises StateError where it is damaged, or where its file is missing or another one.
        """
        if "file" in entry:
            return self._from_file(entry)
        if "ids" not in entry:
            return None
        try:
            return Ids.unpacked(base64.b64decode(entry["ids"], validate=True))
        except (TypeError, ValueError) as error:
            raise StateError(
                f"The state's set of ids of {self._stream} is damaged. {self._way_out()}"
            ) from error

    def put(self, ids: Ids) -> Kept:
        """Keep the set. Raises TooLarge; OSError or Unusable where its file cannot be written."""
        packed = ids.packed()
        text = base64.b64encode(packed).decode()
        if len(text) <= self._most:
            return Kept({"ids": text})
        if self._folder is None:
            raise TooLarge(len(text))
        checksum = hashlib.sha256(packed).hexdigest()
        # Named by its content: a file that an older state speaks of stays as it is.
        path = self._folder / f"{self._name}-{checksum[:16]}.ids"
        if not _holds(path, packed):
            write_whole(writable(path), packed, mode=0o600)
        return Kept({"file": path.name, "sha256": checksum}, len(packed))

    def tidy(self, entry: Mapping[str, Any]) -> None:
        """Remove the files of this stream that are older than the one which the entry names."""
        if self._folder is None or "file" not in entry:
            return
        newest = self._path(self._folder, entry).stat().st_mtime_ns
        for path in self._folder.glob(f"{self._name}-{'?' * 16}.ids"):
            if path.stat().st_mtime_ns < newest:
                path.unlink(missing_ok=True)

    def _from_file(self, entry: Mapping[str, Any]) -> Ids:
        if self._folder is None:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {shown(str(entry['file']))}, but "
                f"no deletes_path is set. Set it to the folder of that file. {self._way_out()}"
            )
        path = self._path(self._folder, entry)
        try:
            if not re.fullmatch(rf"{self._name}-[0-9a-f]{{16}}\.ids", path.name):
                raise Unusable("the tap gives its files other names")
            packed = read_file(path, pipes=False)
        except Unusable as error:
            raise StateError(
                f"The ids of {self._stream} are kept in the file {path}, which "
                f"cannot be read ({error}). Put it back. {self._way_out()}"
            ) from error
        try:
            if hashlib.sha256(packed).hexdigest() != entry.get("sha256"):
                raise ValueError
            return Ids.unpacked(packed)
        except ValueError as error:
            raise StateError(
                f"The file {path} does not hold the ids of {self._stream} that the "
                f"state speaks of. Put the right one back. {self._way_out()}"
            ) from error

    @staticmethod
    def _path(folder: Path, entry: Mapping[str, Any]) -> Path:
        """The file that a state's entry names: the last part counts, so none elsewhere is read."""
        return folder / Path(str(entry["file"])).name

    def _way_out(self) -> str:
        return (
            f'Or remove "deletes" from the bookmarks of {self._stream} in the state file: the '
            "stream is then read from its start, and what was deleted until then is not reported."
        )


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file is there, and whole."""
    try:
        return read_file(path, len(content), pipes=False) == content
    except Unusable:
        return False
