"""Reads several stores at the same time, in threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tap_bigcommerce_dagster import sync
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.secrets import Secrets
from tap_bigcommerce_dagster.stores import list_stores
from tap_bigcommerce_dagster.sync import SyncConfig, SyncResult
from tap_bigcommerce_dagster.user_code import without_message

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class LogLine:
    """A line for the run's log. `level` is a number of `logging`."""

    store: str
    level: int
    message: str


@dataclass(frozen=True)
class StoreFailed:
    """A store that was not read completely, and whether a retry can help."""

    store: str
    message: str
    worth_retrying: bool


Event = LogLine | SyncResult | StoreFailed


def read(
    config: SyncConfig, stores: Sequence[str], run_id: str, at_once: int
) -> Generator[Event, None, None]:
    """Read the stores, `at_once` at a time, and yield events without secrets.

    Each store ends with a SyncResult or a StoreFailed. Closing the generator early stops the
    syncs in progress: the tap ends, and the target saves what it has received.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    stop = threading.Event()

    def work(store: str) -> None:
        secrets = Secrets(config.settings)

        def log(level: int, message: str) -> None:
            events.put(LogLine(store, level, secrets.redact(message)))

        def failed(message: str, worth_retrying: bool) -> None:
            events.put(StoreFailed(store, secrets.redact(message), worth_retrying))

        try:
            events.put(sync.sync(config, store, run_id, log, secrets, stop))
        except FleetError as error:
            failed(error.message, error.worth_retrying)
        except BaseException as error:  # noqa: BLE001  # One store must not stop the others.
            failed(f"{store}: unexpected error: {without_message(error)}", True)

    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="store")
    try:
        try:
            known = list_stores(config.stores)
        except FleetError as error:
            yield from (StoreFailed(store, error.message, error.worth_retrying) for store in stores)
            return
        left = len(stores)
        for store in stores:
            refusal = known.refusal(store)
            if refusal is None:
                pool.submit(work, store)
            else:
                events.put(StoreFailed(store, refusal, worth_retrying=False))
        while left:
            try:
                event = events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue  # Signals are only handled between two waits.
            left -= not isinstance(event, LogLine)
            yield event
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
