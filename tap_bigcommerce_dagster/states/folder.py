"""States in a folder: a file for each store, and beside it the file that is locked."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tap_bigcommerce_dagster.states.state import Held, Saved, busy


class FolderStates:
    """`FolderStates("states")` keeps `states/shoes.json` for the store `shoes`.

    The lock is the operating system's. It ends with the processes that hold it, however they end.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def read(self, store: str) -> Saved | None:
        """What is kept of a store."""
        path = self._path(store)
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        return Saved.from_text(text, f"The state file {path}")

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[Held]:
        """Hold the store's lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f"{store}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise busy(store) from error
            yield _HeldFile(self._path(store), (descriptor,))
        finally:
            os.close(descriptor)

    def completed(self, stores: Iterable[str]) -> dict[str, datetime | None]:
        """When each of the stores was last read to its end."""
        found = {store: self.read(store) for store in stores}
        return {store: saved.completed_at if saved else None for store, saved in found.items()}

    def _path(self, store: str) -> Path:
        return self._folder / f"{store}.json"


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
