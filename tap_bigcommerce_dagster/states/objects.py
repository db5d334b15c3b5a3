"""States as objects of a bucket, or files of whatever else fsspec opens."""

from __future__ import annotations

import contextlib
import functools
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.places import opened
from tap_bigcommerce_dagster.states.lease import TERM, Renewal, lost
from tap_bigcommerce_dagster.states.state import Held, Saved, busy

WHOLE_BY_NATURE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"})
"""Protocols of stores in which an object appears whole or not at all."""

CREATE_EXACTLY = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})
"""Protocols whose file systems create an object only where there is none, and in one step."""

SETTLE = 2.0
"""Seconds until two runs that took the same lock at once can see which of them has it."""

READERS = 16

LOOKS = 5
LOOK_AGAIN = 0.1
"""Seconds."""


class FsspecStates:
    """`FsspecStates("s3://bucket/states")` keeps `states/shoes.json` for the store `shoes`.

    `options` go to fsspec. S3, Google Cloud Storage and Azure give a lock to exactly one of those
    that want it. Elsewhere whoever took it waits, and looks whether it was the last; a folder of
    this machine is better kept by FolderStates.
    """

    def __init__(self, url: str, *, term: float = TERM, settle: float = SETTLE, **options: Any):
        self._url = url
        self._term = term
        self._settle = settle
        self._options = options

    @functools.cached_property
    def _place(self) -> tuple[Any, str]:
        return opened(self._url, self._options)

    def read(self, store: str) -> Saved | None:
        """What is kept of a store."""
        system, root = self._place
        path = f"{root}/{store}.json"
        try:
            text = system.cat_file(path).decode()
        except FileNotFoundError:
            return None
        return Saved.from_text(text, f"The state {path}")

    @contextlib.contextmanager
    def lock(self, store: str) -> Iterator[Held]:
        """Hold the store's lock, an object beside its state."""
        system, root = self._place
        lock = _LockObject(system, f"{root}/{store}.lock", uuid.uuid4().hex, self._term)
        with contextlib.suppress(FileExistsError):
            system.makedirs(root, exist_ok=True)
        if not lock.take(self._settle):
            raise busy(store)
        try:
            with Renewal(lock.renew, store, self._term) as renewal:
                yield _HeldObject(system, f"{root}/{store}.json", lock, renewal, store)
        finally:
            lock.give_back()

    def completed(self, stores: Iterable[str]) -> dict[str, datetime | None]:
        """When each of the stores was last read to its end: a request a store."""
        names = list(stores)
        with ThreadPoolExecutor(READERS) as pool:
            found = dict(zip(names, pool.map(self.read, names), strict=True))
        return {store: saved.completed_at if saved else None for store, saved in found.items()}


class _HeldObject:
    inherited: tuple[int, ...] = ()

    def __init__(
        self, system: Any, path: str, lock: _LockObject, renewal: Renewal, store: str
    ) -> None:
        self._system = system
        self._path = path
        self._lock = lock
        self._renewal = renewal
        self._store = store

    def save(self, saved: Saved) -> None:
        """Write the object, whole, if the lock is still one's own."""
        self.check()
        if not self._lock.is_ours():
            raise lost(self._store)
        if _protocols(self._system) & WHOLE_BY_NATURE:
            self._system.pipe_file(self._path, saved.text().encode())
            return
        new = f"{self._path}.{uuid.uuid4().hex}.new"
        self._system.pipe_file(new, saved.text().encode())
        self._system.mv(new, self._path)

    def check(self) -> None:
        """Raises LockLost where the lock is lost."""
        self._renewal.check()


def _protocols(system: Any) -> set[str]:
    given = system.protocol
    return {given} if isinstance(given, str) else set(given)


class _LockObject:
    """An object that says who has the lock, and until when."""

    def __init__(self, system: Any, path: str, owner: str, term: float) -> None:
        self._system = system
        self._path = path
        self._owner = owner
        self._term = term

    def take(self, settle: float) -> bool:
        """Whether the lock is one's own now."""
        if self._create():
            if _protocols(self._system) & CREATE_EXACTLY:
                return True
        else:
            found = self._found()
            if found is not None and found["until"] > time.time():
                return False
            # Whoever held it is dead. Two may see that at once.
            with contextlib.suppress(FileNotFoundError):
                self._system.rm_file(self._path)
            if not self._create():
                return False
        # The later object stays.
        time.sleep(settle)
        return self.is_ours()

    def renew(self) -> bool:
        """Put the end off; returns whether the lock was still one's own."""
        if not self.is_ours():
            return False
        self._system.pipe_file(self._path, self._content())
        return True

    def give_back(self) -> None:
        """Remove the object, unless another has taken the lock."""
        # It runs out by itself where it cannot be removed.
        with contextlib.suppress(OSError):
            if self.is_ours():
                self._system.rm_file(self._path)

    def _create(self) -> bool:
        try:
            self._system.pipe_file(self._path, self._content(), mode="create")
        except FileExistsError:
            return False
        return True

    def _content(self) -> bytes:
        # Always as long: of two that write a file at once the shorter would leave the other's end.
        until = f"{time.time() + self._term:.6f}"
        return f'{{"owner": "{self._owner}", "until": {until}}}'.encode()

    def _found(self) -> dict[str, Any] | None:
        for _ in range(LOOKS):
            try:
                found = json.loads(self._system.cat_file(self._path))
                return {"owner": str(found["owner"]), "until": float(found["until"])}
            except FileNotFoundError:
                return None
            except (ValueError, KeyError, TypeError):
                # Where files are not written whole, another run may be in the midst of it.
                time.sleep(LOOK_AGAIN)
        raise FleetError(
            f"The lock {self._path} is damaged. Remove it when no run reads this store."
        )

    def is_ours(self) -> bool:
        """Whether the lock is still one's own."""
        found = self._found()
        return found is not None and found["owner"] == self._owner
