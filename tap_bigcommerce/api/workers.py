"""Threads that make requests while the main thread writes."""

from __future__ import annotations

import functools
import itertools
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown

SWITCH_EVERY = 0.0002
"""Seconds after which the thread that writes lets another one have the interpreter. A worker needs
it a dozen times for each answer, each time hardly for longer than it takes to get it; by Python's
own 5 ms one request in four went out, or came in, 20 to 60 ms late."""

Key = TypeVar("Key")
Value = TypeVar("Value")
Failed = Callable[[BaseException], None]


class Workers:
    """Runs jobs in threads; what follows from a job's result runs in the thread that waits.

    So everything but the requests themselves happens in one thread, and needs no locks. The
    threads are daemons: a request that hangs does not keep the process alive after a signal.
    """

    def __init__(self, count: int, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._jobs: queue.PriorityQueue[tuple[Any, ...]] = queue.PriorityQueue()
        """By urgency, then by a number that no other has; `work`, `then` and `failed`."""
        self._done: queue.SimpleQueue[tuple[Callable[[], None], Failed]] = queue.SimpleQueue()
        """What follows from the jobs that are done, and whom to tell if that raises."""
        self._numbers = itertools.count()
        self.count = count
        self.unfinished = 0
        self._closed = False
        sys.setswitchinterval(SWITCH_EVERY)
        for number in range(count):
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True).start()

    @property
    def idle(self) -> int:
        """How many more jobs could be run at once."""
        return max(0, self.count - self.unfinished)

    def submit(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Failed,
        urgency: tuple[int, ...] = (0,),
    ) -> None:
        """Run `work` in a thread; later, in the one that calls `step`, `then(its result)`.

        If one of them raises, `failed(the error)`: whoever calls `step` may wait for another
        stream's jobs. Of the jobs that wait, the one with the smallest `urgency` is next.
        """
        self.unfinished += 1
        self._jobs.put((urgency, next(self._numbers), work, then, failed))

    def step(self, until: float = math.inf) -> bool:
        """Wait until a job is done, and do what follows from it.

        False: none was done before `until`, by time.monotonic(). Raises Interrupted when the tap is
        asked to stop meanwhile.
        """
        if not self.unfinished:
            raise RuntimeError("nothing is under way, so nothing will ever be done")
        while True:
            self._shutdown.check()
            try:
                done = self._done.get(timeout=POLL_INTERVAL)
            except queue.Empty:
                if time.monotonic() >= until:
                    return False
                continue
            self._follow(*done)
            return True

    def catch_up(self) -> None:
        """Do what follows from the jobs that are done by now; waits for none."""
        while not self._done.empty():
            self._follow(*self._done.get())

    def close(self) -> None:
        """Nothing more is to be done: jobs that have not begun never do."""
        self._closed = True

    def run_all(
        self, jobs: Mapping[Key, Callable[[], Value]], seconds: float = math.inf
    ) -> dict[Key, Value]:
        """Run all of `jobs` and wait for their results, by the jobs' keys; `seconds` at the most.

        Raises the first error that one of them raises, and Interrupted on a signal.
        """
        until = time.monotonic() + seconds
        found: dict[Key, Value] = {}
        errors: list[BaseException] = []
        for key, job in jobs.items():
            self.submit(job, functools.partial(found.__setitem__, key), errors.append)
        while len(found) < len(jobs) and self.step(until):
            if errors:
                raise errors[0]
        return found

    def _follow(self, follow: Callable[[], None], failed: Failed) -> None:
        self.unfinished -= 1
        try:
            follow()
        except Exception as error:  # noqa: BLE001  # handed to the stream that it is for
            failed(error)

    def _run(self) -> None:
        while True:
            *_, work, then, failed = self._jobs.get()
            if self._closed:
                return
            try:
                follow = functools.partial(then, work())
            except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
                follow = functools.partial(failed, error)
            self._done.put((follow, failed))
