"""Reads several stores at once in threads, and hands what happens to the one that waits."""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tap_bigcommerce_dagster import sync as one_store
from tap_bigcommerce_dagster.errors import FleetError, SyncFailed
from tap_bigcommerce_dagster.sync import Recipe, Synced

LOOK_EVERY = 0.5
"""Seconds."""


@dataclass(frozen=True)
class Line:
    """A line for the run's log."""

    store: str
    level: int
    words: str


@dataclass(frozen=True)
class Failed:
    """A store that was not read to its end."""

    store: str
    error: FleetError


Event = Line | Synced | Failed


def read(
    recipe: Recipe, stores: Sequence[str], run_id: str, at_once: int
) -> Generator[Event, None, None]:
    """Read the stores, `at_once` at a time, and yield what happens.

    Closing the iterator before its end stops the stores that are under way, in good order.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    stop = threading.Event()

    def work(store: str) -> None:
        def say(level: int, words: str) -> None:
            events.put(Line(store, level, words))

        try:
            events.put(one_store.sync(recipe, store, run_id, say, stop))
        except FleetError as error:
            events.put(Failed(store, error))
        except Exception as error:  # noqa: BLE001  # One store's trouble is not the others'.
            say(logging.ERROR, traceback.format_exc())
            words = (
                f"{store}: {type(error).__name__}, which nobody foresaw; its traceback is above."
            )
            events.put(Failed(store, SyncFailed(words, worth_retrying=True)))

    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="store")
    try:
        for store in stores:
            pool.submit(work, store)
        left = len(stores)
        while left:
            try:
                event = events.get(timeout=LOOK_EVERY)
            except queue.Empty:
                continue  # A signal is heard between two waits.
            left -= not isinstance(event, Line)
            yield event
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
