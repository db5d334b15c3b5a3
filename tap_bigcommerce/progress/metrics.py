"""What a person hears of a run: how it goes, and what it came to."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from singer.metrics import Metric, Status, Tag

from tap_bigcommerce.progress.counters import StreamCounts, outcome_of
from tap_bigcommerce.text import excerpt

LOGGER = logging.getLogger(__name__)

METRIC_EVERY = 60.0  # seconds between two METRIC lines of a stream's records

MAX_LISTED = 10
"""Things that are named of those that were counted."""

RESCUED_VALUES = (
    "%s: %d values of %s are new to the schema or do not fit it; they are in _rescued_data"
)

LOST_VALUES = (
    "%s: %d values of %s are new to the schema or do not fit it, and went nowhere: "
    "_rescued_data is not selected, or they may hold what is not selected"
)


def log_records(counts: StreamCounts, *, last: bool = False) -> None:
    """A METRIC line of the records written since the one before, if it is time or the `last`.

    As singer-python's own Counter, which sets up logging anew each time that one is made.
    """
    now = time.monotonic()
    if last or now - counts.logged_at >= METRIC_EVERY:
        log_count(Metric.record_count, counts.stream, counts.written - counts.logged)
        counts.logged, counts.logged_at = counts.written, now


def log_count(metric: str, stream: str, value: int) -> None:
    """One METRIC line of a count, of a whole stream."""
    _log_metric(logging.INFO, "counter", metric, value, {Tag.endpoint: stream})


def log_stream_metrics(counts: StreamCounts) -> None:
    """A stream's METRIC lines at its end, and a warning for each path that did not fit."""
    log_records(counts, last=True)
    for metric, value in (
        ("requests", counts.requests),
        ("requests_failed", counts.failures().total()),
        ("records_read", counts.read),
        ("records_dropped_as_duplicates", counts.duplicates),
        ("records_gone", counts.deleted_during_sync),
        ("values_rescued", counts.rescued.total()),
        ("values_unfit", counts.unfit.total()),
        ("seconds_waited", round(counts.waited)),
    ):
        log_count(metric, counts.stream, value)
    for path, number in counts.rescued.items():
        LOGGER.warning(RESCUED_VALUES, counts.stream, number, path)
    for path, number in counts.unfit.items():
        LOGGER.warning(LOST_VALUES, counts.stream, number, path)


def log_request(stream: str, seconds: float, outcome: str) -> None:
    """One METRIC line of a single request: at DEBUG, for a sync has thousands of them.

    `outcome` is its status or what befell it.
    """
    code = int(outcome) if outcome.isdigit() else outcome
    status = Status.succeeded if outcome_of(outcome) == "good" else Status.failed
    tags = {Tag.endpoint: stream, Tag.http_status_code: code, Tag.status: status}
    _log_metric(logging.DEBUG, "timer", Metric.http_request_duration, seconds, tags)


def _log_metric(level: int, kind: str, metric: str, value: float, tags: Mapping[str, Any]) -> None:
    """As singer-python writes it, which knows one level only."""
    if LOGGER.isEnabledFor(level):
        point = {"type": kind, "metric": metric, "value": value, "tags": tags}
        LOGGER.log(level, "METRIC: %s", json.dumps(point))


def summary(counts: StreamCounts) -> str:
    """One stream's closing line."""
    failed = counts.failures()
    failures = f", {failed.total()} of them failed: {format_counts(failed)}" if failed else ""
    before, after = counts.bookmark_before, counts.bookmark_after
    moved = f"from {before} to " if before not in (None, after) else ""
    said = [
        (True, f"{counts.written} records"),
        (True, f"{counts.requests} requests{failures}"),
        (counts.retries, f"{counts.retries} times tried again"),
        (counts.duplicates, f"{counts.read} read, {counts.duplicates} of them known already"),
        (counts.waited >= 1, f"waited {counts.waited:.0f} s over all requests"),
        (counts.deleted_during_sync, f"{counts.deleted_during_sync} deleted meanwhile"),
        (counts.skipped, f"{counts.skipped} skipped that could not be read"),
        (counts.deleted, f"{counts.deleted} deleted since the last sweep"),
        (counts.child_lists_read, f"lists read singly: {format_counts(counts.child_lists_read)}"),
        (counts.unneeded_reads, f"without need: {format_counts(counts.unneeded_reads)}"),
        (counts.rescued, f"rescued values: {format_counts(counts.rescued)}"),
        (counts.unfit, f"values that did not fit: {format_counts(counts.unfit)}"),
        (counts.repaired_responses, f"{counts.repaired_responses} answers with bad characters"),
        (after, f"bookmark {moved}{after}"),
    ]
    return f"{counts.stream}: " + "; ".join(message for happened, message in said if happened)


def format_counts(counter: Counter[str]) -> str:
    """What was counted most often: 3 × 503, 1 × 429."""
    most = [f"{number:,} × {excerpt(name)}" for name, number in counter.most_common(MAX_LISTED)]
    more = len(counter) - len(most)
    return ", ".join([*most, f"and {more} more"] if more > 0 else most)


@contextlib.contextmanager
def run_every(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Do this in a thread meanwhile, each time that so many seconds have passed."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            act()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
