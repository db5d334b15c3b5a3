"""METRIC log lines, the warnings about values, and each stream's summary."""

import contextlib
import itertools
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from singer.metrics import Metric, Status, Tag

from tap_bigcommerce.config import hide_tokens
from tap_bigcommerce.exceptions import MissingPermission, TapError
from tap_bigcommerce.progress.counters import StreamCounts, outcome_of
from tap_bigcommerce.text import excerpt

LOGGER = logging.getLogger(__name__)

METRIC_INTERVAL = 60.0  # seconds between two METRIC lines about a stream's records

MAX_LISTED = 10
"""Of the things that were counted, so many are named."""

RESCUED_VALUES = (
    "%s: %d values of %s are new to the schema or do not fit it; they are in _rescued_data"
)

LOST_VALUES = (
    "%s: %d values of %s are new to the schema or do not fit it, and were dropped: "
    "_rescued_data is not selected, or they may contain fields that are not selected"
)


def log_records(counts: StreamCounts, *, last: bool = False) -> None:
    """Log how many records were written since the last such line, once per METRIC_INTERVAL.

    `last`: log it now.

    singer-python's own Counter does the same, but reconfigures logging whenever one is created.
    """
    now = time.monotonic()
    if last or now - counts.logged_at >= METRIC_INTERVAL:
        log_count(Metric.record_count, counts.stream, counts.written - counts.logged)
        counts.logged, counts.logged_at = counts.written, now


def log_count(metric: str, stream: str, value: int) -> None:
    """Log one METRIC line with a count of a stream."""
    _log_metric(logging.INFO, "counter", metric, value, {Tag.endpoint: stream})


def log_failure(error: TapError) -> None:
    """Log an error that fails a stream or the run, at CRITICAL, after its METRIC line.

    A missing permission is logged by `log_missing_permissions`, once all streams are known.

    Programs that run the tap read the name of the exception there, because messages may change.
    """
    log_count("failures", type(error).__name__, 1)
    if not isinstance(error, MissingPermission):
        LOGGER.critical(error.message)
    for mistake in error.mistakes:
        LOGGER.critical("- %s", hide_tokens(mistake))


def log_missing_permissions(failures: Mapping[str, TapError]) -> None:
    """Log one line for all streams that lack the same permission."""
    lacking: dict[str, list[str]] = {}
    for name, error in failures.items():
        if isinstance(error, MissingPermission):
            lacking.setdefault(error.permission, []).append(name)
    for first, *others in lacking.values():
        more = f" For the same reason these failed: {', '.join(others)}." if others else ""
        LOGGER.critical("%s%s", failures[first].message, more)


def log_first(
    counts: StreamCounts, message: str, *args: Any, level: int = logging.WARNING, detail: str = ""
) -> None:
    """Log the stream's first message of a kind; `log_stream_metrics` says how many followed.

    The following ones are logged at DEBUG. A kind is a message with a `detail`. Safe for threads.
    """
    entry = (level, message % args, itertools.count())
    # Both calls are atomic.
    number = next(counts.repeated.setdefault((message, detail), entry)[2])
    LOGGER.log(level if number == 0 else logging.DEBUG, message, *args)


def log_stream_metrics(counts: StreamCounts) -> None:
    """Log a stream's METRIC lines at its end, and warnings about values and repeated messages."""
    for level, message, count in counts.repeated.values():
        more = next(count) - 1
        if more:
            LOGGER.log(level, "%s: %d more like: %s", counts.stream, more, message)
    counts.repeated.clear()
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
    for message, values in ((RESCUED_VALUES, counts.rescued), (LOST_VALUES, counts.unfit)):
        for path, number in values.most_common(MAX_LISTED):
            LOGGER.warning(message, counts.stream, number, path)


def log_request(stream: str, seconds: float, outcome: str) -> None:
    """Log one METRIC line about a single request, at DEBUG: a sync has thousands of them.

    `outcome` is its HTTP status or the kind of its error.
    """
    code = int(outcome) if outcome.isdigit() else outcome
    status = Status.succeeded if outcome_of(outcome) == "good" else Status.failed
    tags = {Tag.endpoint: stream, Tag.http_status_code: code, Tag.status: status}
    _log_metric(logging.DEBUG, "timer", Metric.http_request_duration, seconds, tags)


def _log_metric(level: int, kind: str, metric: str, value: float, tags: Mapping[str, Any]) -> None:
    """In the format of singer-python, which supports one log level only."""
    if LOGGER.isEnabledFor(level):
        point = {"type": kind, "metric": metric, "value": value, "tags": tags}
        LOGGER.log(level, "METRIC: %s", json.dumps(point))


def summary(counts: StreamCounts) -> str:
    """The line about a stream at the end of a sync."""
    failed = counts.failures()
    failed = Counter({f"HTTP {at}" if at.isdigit() else at: n for at, n in failed.items()})
    kinds = format_counts(failed) if len(failed) > 1 else "".join(failed)
    failures = f", {failed.total()} failed ({kinds})" if failed else ""
    before, after = counts.bookmark_before, counts.bookmark_after
    moved = f"from {before} to " if before not in (None, after) else ""
    parts = [
        (True, f"{counts.written} records"),
        (True, f"{counts.requests} requests{failures}"),
        (counts.retries, f"{counts.retries} retries"),
        (counts.duplicates, f"{counts.read} read, {counts.duplicates} duplicates skipped"),
        (counts.waited >= 1, f"waited {counts.waited:.0f} s over all requests"),
        (counts.deleted_during_sync, f"{counts.deleted_during_sync} deleted during the sync"),
        (counts.skipped, f"{counts.skipped} skipped (could not be read)"),
        (counts.deleted, f"{counts.deleted} reported as deleted"),
        (counts.child_lists_read, f"child lists: {format_counts(counts.child_lists_read)}"),
        (counts.unneeded_reads, f"of these unnecessary: {format_counts(counts.unneeded_reads)}"),
        (counts.rescued, f"rescued values: {format_counts(counts.rescued)}"),
        (counts.unfit, f"dropped values: {format_counts(counts.unfit)}"),
        (counts.repaired_bodies, f"{counts.repaired_bodies} responses with invalid characters"),
        (after, f"bookmark {moved}{after}"),
    ]
    return f"{counts.stream}: " + "; ".join(text for applies, text in parts if applies)


def format_counts(counter: Counter[str]) -> str:
    """The most frequent entries as text: `3 × 503, 1 × 429`."""
    most = [f"{number:,} × {excerpt(name)}" for name, number in counter.most_common(MAX_LISTED)]
    more = len(counter) - len(most)
    return ", ".join([*most, f"and {more} more"] if more > 0 else most)


@contextlib.contextmanager
def run_every(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Call `act` in a thread every so many seconds, until the context ends."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            act()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
