"""Whoever hears and sees of a run: its log, its progress and its report, as the options say."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Mapping

from tap_bigcommerce.config import Config
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.logging_setup import redacting_filter, set_up_logging
from tap_bigcommerce.progress.metrics import run_every
from tap_bigcommerce.progress.tracker import ProgressTracker, Snapshot
from tap_bigcommerce.text import Secrets, duration, proxy_passwords

LOGGER = logging.getLogger(__name__)


class RunReporting:
    """Sets the log up. A run tells its `tracker`, and `ended` at its end.

    `secrets` are hidden in whatever it hears and sees.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        level: str,
        log_format: str,
        report: str | None,
        progress_every: float | None,
    ) -> None:
        """`report` is the file to write the report to, if one is wanted. Without bars a line about
        the progress is logged `progress_every` so many seconds; None: neither lines nor bars."""
        self._progress_every = progress_every
        self.secrets = Secrets()
        self.secrets.add(proxy_passwords(environment))
        self._log = set_up_logging(level, log_format, self.secrets)
        self._terminal = _shows_bars(environment)
        self.tracker = ProgressTracker()
        self._report = None
        if report is not None:
            from tap_bigcommerce.progress.report.report import Report  # for those who want one

            self._report = Report(report, self.tracker)
            self._report.addFilter(redacting_filter(self.secrets))
            logging.getLogger().addHandler(self._report)

    def prepare(self, config: Config) -> None:
        """A store is about to be read with these settings.

        Raises ConfigError where the report could not be written in the end.
        """
        # Said once, before anything is read.
        report, self._report = self._report, None
        if report is not None:
            report.store = config.store_hash
            report.check_file()
            self._report = report

    def show_progress(self) -> contextlib.AbstractContextManager[None]:
        """Show how the run goes on meanwhile."""
        if self._progress_every is None:
            return contextlib.nullcontext()
        if self._terminal:
            from tap_bigcommerce.progress.terminal import bars  # takes its time to import

            return bars(self.tracker, self._log)
        return run_every(
            self._progress_every,
            lambda: LOGGER.info("Progress: %s", _progress_message(self.tracker.snapshot())),
        )

    def finish(self, status: int) -> int:
        """The run has ended with this exit status, which is returned: write the report."""
        if self._report is not None:
            try:
                self._report.write(status, self.secrets)
            except Exception as error:  # noqa: BLE001  # no reason for another exit status
                LOGGER.error(
                    "The report %s cannot be written: %s. The run itself is not concerned.",
                    self._report.file,
                    getattr(error, "strerror", None) or error,
                )
        return status


def _shows_bars(environment: Mapping[str, str]) -> bool:
    """Whether bars can be drawn: not where the messages go to the same terminal."""
    if sys.stderr is None or sys.stdout is None:  # closed by whoever started the tap
        return False
    can_only_write_on = environment.get("TERM") in ("dumb", "unknown")
    return sys.stderr.isatty() and not sys.stdout.isatty() and not can_only_write_on


def _progress_message(run: Snapshot) -> str:
    """How a run stands, in one line."""
    stages = [counts.stage for counts in run.streams]
    done = stages.count("done") + stages.count("failed")
    parts = [f"{done} of {len(stages)} streams done after {duration(run.took)}"]
    for counts in run.streams:
        if counts.stage == "running":
            parts.append(_stream_message(counts, *run.rates[counts.stream]))
    parts.append(f"{run.request_rate:.1f} requests/s")
    if run.quota is not None:
        size, left = run.quota.quota, run.quota.left
        parts.append(f"{size - left} of {size} requests of the quota in use")
    parts += [f"waiting: {wait}" for wait in run.waits]
    return "; ".join(parts)


def _stream_message(counts: StreamCounts, rate: float | None, left: float | None) -> str:
    parts = [f"{counts.stream}: {counts.written:,} records"]
    if counts.read_with is None:  # Else the rest is said of the stream with which it is read.
        parts += [f"{counts.pages:,} pages", f"{rate or 0:,.0f} records/s"]
        if counts.share is not None:
            parts.append(f"{counts.share:.0%}")
        if left is not None:
            parts.append(f"about {duration(left)} left")
    return ", ".join(parts)
