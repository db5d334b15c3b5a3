"""States in a folder: a file for each store, and beside it the file that is locked."""

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
from tap_bigcommerce_dagster.names import checked
from tap_bigcommerce_dagster.states.state import LARGEST, Completed, Held, Saved, busy


class FolderStates:
    """`FolderStates("states")` keeps `states/shoes.json` for the store `shoes`.

    The lock is the operating system's. It ends with the processes that hold it, however they end.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def read(self, store: str) -> Saved | None:
        """What is kept of a store."""
        path = self._path(store)
        if not os.path.lexists(path):
            return None
        return Saved.from_text(
            read_bytes(path, "The state file", LARGEST), f"The state file {path}"
        )

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[Held]:
        """Hold the store's lock."""
        path = self._path(store)
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise busy(store) from error
            yield _HeldFile(path, (descriptor,))
        finally:
            os.close(descriptor)

    def completed(self, stores: Iterable[str]) -> dict[str, Completed]:
        """When each of the stores was last read to its end."""
        return {store: self._completed(store) for store in stores}

    def _completed(self, store: str) -> Completed:
        try:
            saved = self.read(store)
        except FleetError as error:
            return error
        return saved.completed_at if saved else None

    def _path(self, store: str) -> Path:
        return self._folder / f"{checked(store)}.json"


@dataclass(frozen=True)
class _HeldFile:
    path: Path
    inherited: tuple[int, ...]

    def save(self, saved: Saved) -> None:
        """Write a new file and put it in the old one's place."""
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
        """The operating system takes no lock away."""
