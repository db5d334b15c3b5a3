"""Progress where nobody watches a terminal: a log line every so often."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from tap_bigcommerce.counts import Stage
from tap_bigcommerce.display import duration
from tap_bigcommerce.tracker import ProgressTracker, Snapshot, StreamProgress

LOGGER = logging.getLogger(__name__)


@contextlib.contextmanager
def log_lines(tracker: ProgressTracker, every: float) -> Iterator[None]:
    """Say how a run stands, each time that so many seconds have passed."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            LOGGER.info("Progress: %s", words(tracker.snapshot()))

    threading.Thread(target=run, name="progress", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def words(run: Snapshot) -> str:
    """How a run stands, in one line."""
    stages = [stream.counts.stage for stream in run.streams]
    done = stages.count(Stage.DONE) + stages.count(Stage.FAILED)
    parts = [f"{done} of {len(stages)} streams done after {duration(run.took)}"]
    parts += [_stream(one) for one in run.streams if one.counts.stage is Stage.READING]
    parts.append(f"{run.request_rate:.1f} requests/s")
    if run.quota is not None:
        parts.append(f"{run.quota_used} of {run.quota} requests of the quota in use")
    parts += [f"waiting: {wait}" for wait in run.waits]
    return "; ".join(parts)


def _stream(stream: StreamProgress) -> str:
    counts = stream.counts
    parts = [f"{counts.stream}: {counts.written:,} records"]
    if counts.read_with is None:  # Else the rest is said of the stream with which it is read.
        parts += [f"{counts.pages:,} pages", f"{stream.rate or 0:,.0f} records/s"]
        if counts.share is not None:
            parts.append(f"{counts.share:.0%}")
        if stream.left is not None:
            parts.append(f"about {duration(stream.left)} left")
    return ", ".join(parts)
