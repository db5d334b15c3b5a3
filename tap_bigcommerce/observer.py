"""What is told of a run while it goes on, and who may hear it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tap_bigcommerce.counts import StreamCounts


class Reason(Enum):
    """Why a request waits."""

    QUOTA = "quota"
    """The tap's share of the quota is used up."""
    OTHERS = "other apps"
    """What is left of the quota is left to the store's other apps."""
    REFUSED = "refused"
    """The API has answered 429."""
    RETRY = "retry"
    """The request has failed, and is tried again later."""


@dataclass(frozen=True)
class Standing:
    """The store's quota: `left` of `size` requests, up to `resets_at` (by `time.monotonic`)."""

    size: int
    left: int
    resets_at: float


@dataclass(frozen=True)
class RequestEnd:
    """A request has ended, `ended` by `time.monotonic`, after so many `seconds`.

    `outcome` is its status or what befell it. `quota` is None where the API does not tell it.
    """

    stream: str
    ended: float
    seconds: float
    outcome: str
    quota: Standing | None


@dataclass(frozen=True, eq=False)
class Wait:
    """A request of `stream` waits from `began` until about `until` (both by `time.monotonic`).

    `detail` says what befell a request that is tried again.
    """

    stream: str
    reason: Reason
    began: float
    until: float
    detail: str = ""


class Observer(Protocol):
    """Is told of a run. The workers' threads tell it: its methods are quick, and keep a lock."""

    def planned(self, streams: Sequence[StreamCounts]) -> None:
        """The run will read these streams, in this order; their figures change from now on."""
        ...

    def request_ended(self, request: RequestEnd) -> None:
        """A request has ended."""
        ...

    def wait_began(self, wait: Wait) -> None:
        """A request waits."""
        ...

    def wait_ended(self, wait: Wait, ended: float) -> None:
        """It waits no more, `ended` by `time.monotonic`."""
        ...


class Observers:
    """Tells several observers, or none."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def planned(self, streams: Sequence[StreamCounts]) -> None:
        """See `Observer`."""
        for observer in self._observers:
            observer.planned(streams)

    def request_ended(self, request: RequestEnd) -> None:
        """See `Observer`."""
        for observer in self._observers:
            observer.request_ended(request)

    def wait_began(self, wait: Wait) -> None:
        """See `Observer`."""
        for observer in self._observers:
            observer.wait_began(wait)

    def wait_ended(self, wait: Wait, ended: float) -> None:
        """See `Observer`."""
        for observer in self._observers:
            observer.wait_ended(wait, ended)


NOBODY = Observers()


class Waiting:
    """The waits of one thread, one after another. As a context manager it ends the last one."""

    def __init__(self, observer: Observer, stream: str) -> None:
        self._observer = observer
        self._stream = stream
        self._wait: Wait | None = None

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        self.now(None)

    def now(self, reason: Reason | None, until: float = 0.0, detail: str = "") -> None:
        """From now on for this reason, until about `until` (by `time.monotonic`); None: no more."""
        moment = time.monotonic()
        if self._wait is not None:
            self._observer.wait_ended(self._wait, moment)
            self._wait = None
        if reason is not None:
            self._wait = Wait(self._stream, reason, moment, until, detail)
            self._observer.wait_began(self._wait)
