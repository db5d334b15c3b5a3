"""What a person hears of a run: how it goes, and what it came to."""

from __future__ import annotations

import logging
import time
from collections import Counter

from singer import metrics

from tap_bigcommerce.counts import StreamCounts

LOGGER = logging.getLogger(__name__)

METRIC_EVERY = 60.0
"""Seconds between two METRIC lines of a stream's records."""


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
    """One METRIC line of a count."""
    metrics.log(LOGGER, metrics.Point("counter", metric, value, {metrics.Tag.endpoint: stream}))


def summary(counts: StreamCounts) -> str:
    """One stream's closing line."""
    parts = [
        f"{counts.written} records",
        f"{counts.requests} requests",
    ]
    failures = _failures(counts)
    if failures:
        parts[-1] += f", {failures.total()} of them failed: {_listed(failures)}"
    if counts.retries:
        parts.append(f"{counts.retries} times tried again")
    if counts.duplicates:
        parts.append(f"{counts.read} read, {counts.duplicates} of them known already")
    if counts.waited >= 1:
        parts.append(f"waited {counts.waited:.0f} s over all requests")
    if counts.gone:
        parts.append(f"{counts.gone} deleted meanwhile")
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


def _failures(counts: StreamCounts) -> Counter[str]:
    return Counter(
        {name: number for name, number in counts.statuses.items() if name not in ("200", "204")}
    )


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counter.most_common(10))
