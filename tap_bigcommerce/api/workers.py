"""Worker threads that make requests, while the main thread writes."""

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

SWITCH_INTERVAL = 0.0002
"""Seconds after which the main thread releases the GIL. A worker needs the GIL a dozen times for
each response, each time for a moment. With Python's default of 5 ms, one request in four was sent
or received 20 to 60 ms late."""

Key = TypeVar("Key")
Value = TypeVar("Value")
OnError = Callable[[BaseException], None]


class Workers:
    """Runs jobs in worker threads, and their callbacks in the main thread.

    Only the requests run in the worker threads, so that all other code needs no locks. They are
    daemon threads: a request that hangs does not keep the process alive after a signal.
    """

    def __init__(self, count: int, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._jobs: queue.PriorityQueue[tuple[Any, ...]] = queue.PriorityQueue()
        """(priority, number, work, on_result, on_error); the unique number keeps the order."""
        self._done: queue.SimpleQueue[tuple[Callable[[], None], OnError]] = queue.SimpleQueue()
        """The callback of each finished job, and its `on_error`, in case the callback raises."""
        self._numbers = itertools.count()
        self.count = count
        self.unfinished = 0
        self._closed = False
        sys.setswitchinterval(SWITCH_INTERVAL)
        for number in range(count):
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True).start()

    @property
    def idle(self) -> int:
        """The number of threads without a job."""
        return max(0, self.count - self.unfinished)

    def submit(
        self,
        work: Callable[[], Any],
        on_result: Callable[[Any], None],
        on_error: OnError,
        priority: tuple[int, ...] = (0,),
    ) -> None:
        """Run `work` in a worker thread, and then `on_result` with its result in the main thread.

        If one of them raises, `on_error` is called with the exception, in the main thread. The
        waiting job with the smallest `priority` is next.
        """
        self.unfinished += 1
        self._jobs.put((priority, next(self._numbers), work, on_result, on_error))

    def step(self, until: float = math.inf) -> bool:
        """Wait until a job is finished, and call its callback.

        Returns False if none is finished by `until`, a time of `time.monotonic()`. Raises
        Interrupted on a signal, and RuntimeError if there is no job.
        """
        if not self.unfinished:
            raise RuntimeError("there is no job to wait for")
        while True:
            self._shutdown.check()
            try:
                done = self._done.get(timeout=POLL_INTERVAL)
            except queue.Empty:
                if time.monotonic() >= until:
                    return False
                continue
            self._call_back(*done)
            return True

    def catch_up(self) -> None:
        """Call the callbacks of the jobs that are finished, without waiting."""
        while not self._done.empty():
            self._call_back(*self._done.get())

    def close(self) -> None:
        """Drop the jobs that have not started. The threads end with the process."""
        self._closed = True

    def run_all(
        self, jobs: Mapping[Key, Callable[[], Value]], seconds: float = math.inf
    ) -> dict[Key, Value]:
        """Run `jobs` in parallel, and return their results by key.

        After `seconds`, it returns the results so far. Raises the first error of a job, and
        Interrupted on a signal.
        """
        until = time.monotonic() + seconds
        results: dict[Key, Value] = {}
        errors: list[BaseException] = []
        for key, job in jobs.items():
            self.submit(job, functools.partial(results.__setitem__, key), errors.append)
        while len(results) < len(jobs) and self.step(until):
            if errors:
                raise errors[0]
        return results

    def _call_back(self, callback: Callable[[], None], on_error: OnError) -> None:
        self.unfinished -= 1
        try:
            callback()
        except Exception as error:  # noqa: BLE001  # fails the stream of the job
            on_error(error)

    def _run(self) -> None:
        while True:
            *_, work, on_result, on_error = self._jobs.get()
            if self._closed:
                return
            try:
                callback = functools.partial(on_result, work())
            except BaseException as error:  # noqa: BLE001  # passed on to the main thread
                callback = functools.partial(on_error, error)
            self._done.put((callback, on_error))
