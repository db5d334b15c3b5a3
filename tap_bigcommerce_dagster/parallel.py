"""Reads several stores at once in threads, and hands what happens to the one that waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tap_bigcommerce_dagster import sync as one_store
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.stores import listed
from tap_bigcommerce_dagster.sync import Recipe, Synced
from tap_bigcommerce_dagster.user_code import without_words

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
    """A store that was not read to its end: why, and whether trying again can help."""

    store: str
    words: str
    worth_retrying: bool


Event = Line | Synced | Failed


def read(
    recipe: Recipe, stores: Sequence[str], run_id: str, at_once: int
) -> Generator[Event, None, None]:
    """Read the stores, `at_once` at a time, and yield what happens, without any secret.

    Closing the iterator before its end stops the stores that are under way, in good order.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    stop = threading.Event()

    def work(store: str) -> None:
        secrets = Secrets(recipe.settings)

        def say(level: int, words: str) -> None:
            events.put(Line(store, level, secrets.hidden(words)))

        def failed(words: str, worth_retrying: bool) -> None:
            events.put(Failed(store, secrets.hidden(words), worth_retrying))

        try:
            events.put(one_store.sync(recipe, store, run_id, say, secrets, stop))
        except FleetError as error:
            failed(error.words, error.worth_retrying)
        except BaseException as error:  # noqa: BLE001  # One store's trouble is not the others'.
            failed(f"{store}: nobody foresaw {without_words(error)}", True)

    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="store")
    try:
        try:
            there = listed(recipe.stores)
        except FleetError as error:
            yield from (Failed(store, error.words, error.worth_retrying) for store in stores)
            return
        left = len(stores)
        for store in stores:
            why_not = there.why_not(store)
            if why_not is None:
                pool.submit(work, store)
            else:
                events.put(Failed(store, why_not, worth_retrying=False))
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
