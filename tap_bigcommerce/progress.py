"""What a person hears of a run: how it goes, and what it came to."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from singer import metrics

from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.display import shown

LOGGER = logging.getLogger(__name__)

METRIC_EVERY = 60.0
"""Seconds between two METRIC lines of a stream's records."""


GOOD = ("200", "204")
"""The outcomes of requests that did what they were sent for."""


class RecordMetric:
    """METRIC lines of the records written, as singer-python writes them.

    Its own Counter sets up logging anew each time that one is made.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._count = 0
        self._last = time.monotonic()

    def add(self, records: int) -> None:
        self._count += records
        if time.monotonic() - self._last >= METRIC_EVERY:
            self.emit()

    def emit(self) -> None:
        """Say how many records were written since the last time."""
        log_count(metrics.Metric.record_count, self._stream, self._count)
        self._count = 0
        self._last = time.monotonic()


def log_count(metric: str, stream: str, value: int) -> None:
    """One METRIC line of a count, of a whole stream."""
    _log_metric(logging.INFO, "counter", metric, value, {metrics.Tag.endpoint: stream})


def log_request(stream: str, seconds: float, outcome: str) -> None:
    """One METRIC line of a single request: at DEBUG, for a sync has thousands of them.

    `outcome` is its status or what befell it.
    """
    tags = {
        metrics.Tag.endpoint: stream,
        metrics.Tag.http_status_code: int(outcome) if outcome.isdigit() else outcome,
        metrics.Tag.status: metrics.Status.succeeded if outcome in GOOD else metrics.Status.failed,
    }
    _log_metric(logging.DEBUG, "timer", metrics.Metric.http_request_duration, seconds, tags)


def _log_metric(level: int, kind: str, metric: str, value: float, tags: Mapping[str, Any]) -> None:
    """As singer-python writes it, which knows one level only."""
    if LOGGER.isEnabledFor(level):
        point = {"type": kind, "metric": metric, "value": value, "tags": tags}
        LOGGER.log(level, "METRIC: %s", json.dumps(point))


def summary(counts: StreamCounts) -> str:
    """One stream's closing line."""
    parts = [
        f"{counts.written} records",
        f"{counts.requests} requests",
    ]
    failed = failed_requests(counts)
    if failed:
        parts[-1] += f", {failed.total()} of them failed: {_listed(failed)}"
    if counts.retries:
        parts.append(f"{counts.retries} times tried again")
    if counts.duplicates:
        parts.append(f"{counts.read} read, {counts.duplicates} of them known already")
    if counts.waited >= 1:
        parts.append(f"waited {counts.waited:.0f} s over all requests")
    if counts.gone:
        parts.append(f"{counts.gone} deleted meanwhile")
    if counts.passed_over:
        parts.append(f"{counts.passed_over} that could not be read passed over")
    if counts.deleted:
        parts.append(f"{counts.deleted} deleted since the last sweep")
    if counts.lists_read:
        parts.append(f"lists read singly: {_listed(counts.lists_read)}")
    if counts.false_alarms:
        parts.append(f"without need: {_listed(counts.false_alarms)}")
    if counts.rescued:
        parts.append(f"rescued values: {_listed(counts.rescued)}")
    if counts.unfit:
        parts.append(f"values that did not fit: {_listed(counts.unfit)}")
    if counts.mended_bodies:
        parts.append(f"{counts.mended_bodies} answers with bad characters")
    if counts.bookmark_after is not None:
        before = counts.bookmark_before
        moved = f"from {before} to " if before not in (None, counts.bookmark_after) else ""
        parts.append(f"bookmark {moved}{counts.bookmark_after}")
    return f"{counts.stream}: " + "; ".join(parts)


def failed_requests(counts: StreamCounts) -> Counter[str]:
    """By outcome: the requests that did not do what they were sent for."""
    return Counter({name: n for name, n in counts.statuses.items() if name not in GOOD})


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {shown(name)}" for name, number in counter.most_common(10))
