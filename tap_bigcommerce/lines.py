"""Progress where nobody watches a terminal: a log line every so often."""

from __future__ import annotations

import logging
import threading

from tap_bigcommerce.watch import Stage, StreamView, View, Watch, clock_words

LOGGER = logging.getLogger(__name__)


class Lines:
    """Says how a run stands, each time that so many seconds have passed."""

    def __init__(self, watch: Watch, every: float) -> None:
        self._watch = watch
        self._every = every
        self._over = threading.Event()

    def start(self) -> None:
        """From now on."""
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def stop(self) -> None:
        """No more."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            LOGGER.info("Progress: %s", words(self._watch.view()))


def words(view: View) -> str:
    """How a run stands, in one line."""
    done = sum(stream.stage in (Stage.DONE, Stage.FAILED) for stream in view.streams)
    parts = [f"{done} of {len(view.streams)} streams done after {clock_words(view.took)}"]
    parts += [_stream(stream) for stream in view.streams if stream.stage is Stage.READING]
    parts.append(f"{view.request_rate:.1f} requests/s")
    if view.quota is not None:
        parts.append(f"{view.quota_used} of {view.quota} requests of the quota in use")
    parts += [f"waiting: {wait}" for wait in view.waits]
    return "; ".join(parts)


def _stream(stream: StreamView) -> str:
    parts = [f"{stream.records:,} records"]
    if stream.pages is None:
        # Read with another stream, of which the rest is said.
        return f"{stream.name}: {parts[0]}"
    parts.append(f"{stream.pages:,} pages")
    if stream.rate is not None:
        parts.append(f"{stream.rate:,.0f} records/s")
    if stream.share is not None:
        parts.append(f"{stream.share:.0%}")
    if stream.left is not None:
        parts.append(f"about {clock_words(stream.left)} left")
    return f"{stream.name}: {', '.join(parts)}"
