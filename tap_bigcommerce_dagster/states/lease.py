"""A lock that runs out unless it is renewed, for places that do not know who is still alive."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from tap_bigcommerce_dagster.errors import LockLost

LOGGER = logging.getLogger(__name__)

TERM = 120.0
"""Seconds that a lock lives without being renewed. Clocks may differ by a part of it only."""


class Renewal(threading.Thread):
    """`with Renewal(renew, "shoes", TERM):` calls `renew` three times a term while the block runs.

    `renew` returns whether the lock is still one's own. It may raise while the place cannot be
    reached; the lock counts as lost once its term is over.
    """

    def __init__(self, renew: Callable[[], bool], store: str, term: float) -> None:
        super().__init__(daemon=True, name=f"renew the lock on {store}")
        self._renew = renew
        self._store = store
        self._term = term
        self._over = threading.Event()
        self._until = time.monotonic() + term
        self._lost = False

    def __enter__(self) -> Renewal:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Renew until the block ends."""
        while not self._over.wait(self._term / 3):
            began = time.monotonic()
            try:
                still_ours = self._renew()
            except Exception as error:  # noqa: BLE001  # Whatever the place's library raises.
                LOGGER.warning("The lock on %s could not be renewed yet: %r", self._store, error)
                continue
            if not still_ours:
                self._lost = True
                return
            self._until = began + self._term

    def check(self) -> None:
        """Raises LockLost where the lock is another's, or its term is over."""
        if self._lost or time.monotonic() > self._until:
            raise lost(self._store)


def lost(store: str) -> LockLost:
    """The error of a lock that is another's by now."""
    return LockLost(
        f"The lock on the state of {store} was lost: it could not be renewed in time, or another "
        "run has taken it. Nothing more is read by this run."
    )
