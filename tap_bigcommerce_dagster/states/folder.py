"""State storage in a folder: a file and a lock file for each store."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.files import read_bytes
from tap_bigcommerce_dagster.names import valid_name
from tap_bigcommerce_dagster.states.state import (
    MAX_STATE_BYTES,
    SavedState,
    StateLock,
    store_busy,
)


class FolderStates:
    """`FolderStates("states")` keeps `states/shoes.json` for the store `shoes`.

    The lock is one of the operating system, which releases it once all processes that hold it
    have ended, in whatever way.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def read(self, store: str) -> SavedState | None:
        """The state of a store; None if there is none. Raises FleetError if it is invalid."""
        path = self._path(store)
        if not os.path.lexists(path):
            return None
        content = read_bytes(path, "The state file", MAX_STATE_BYTES)
        return SavedState.from_text(content, f"The state file {path}")

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[StateLock]:
        """Hold the store's lock for a block. Raises StoreBusy if it is taken."""
        path = self._path(store)
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise store_busy(store) from error
            yield _FileLock(path, (descriptor,))
        finally:
            os.close(descriptor)

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""
        found: dict[str, SavedState | FleetError | None] = {}
        for store in stores:
            try:
                found[store] = self.read(store)
            except FleetError as error:
                found[store] = error
        return found

    def _path(self, store: str) -> Path:
        return self._folder / f"{valid_name(store)}.json"


@dataclass(frozen=True)
class _FileLock:
    path: Path
    inherited: tuple[int, ...]

    def save(self, saved: SavedState) -> None:
        """Write a new file, then replace the old one with it."""
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False
        ) as new:
            try:
                new.write(saved.text())
                new.flush()
                os.fsync(new.fileno())
                os.replace(new.name, self.path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(new.name)
                raise

    def check(self) -> None:
        """Does nothing: a lock of the operating system cannot be lost."""
