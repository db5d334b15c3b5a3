"""A run's log, progress display and report, as the command line asks for."""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable

from tap_bigcommerce.config import ENVIRONMENT_PREFIX, Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import UnusableFile, writable_path
from tap_bigcommerce.progress.logging_setup import FORMATS, redacting_filter, set_up_logging
from tap_bigcommerce.progress.metrics import run_every
from tap_bigcommerce.progress.tracker import ProgressTracker, Snapshot
from tap_bigcommerce.shutdown import STOPPED
from tap_bigcommerce.text import Secrets, duration, plural, proxy_passwords

LOGGER = logging.getLogger(__name__)


class RunReporting:
    """Sets up the log, shows progress while a run goes on, and writes the report at its end.

    Attributes:
        tracker: Where the run reports its requests, waits and streams.
        secrets: Texts that are hidden in the log and in the report.
    """

    def __init__(
        self,
        level: str | None,
        log_format: str | None,
        report: str | None,
        progress_every: float | None,
        *,
        command: str,
    ) -> None:
        """Set up the log.

        `level` and `log_format`: None, as the settings say. `report` is the report's file, or None.
        `progress_every`: seconds between two log lines about the progress, where bars cannot be
        shown; None: neither lines nor bars. `command` may be "sync".
        """
        self._command = command
        self._progress_every = progress_every
        self.secrets = Secrets()
        self.secrets.add(proxy_passwords(os.environ))
        self._level, self._format = level, log_format
        self._log = set_up_logging(self.secrets)
        # The settings have not been read and checked yet.
        early = os.environ.get(f"{ENVIRONMENT_PREFIX}LOG_FORMAT", "")
        self.set_up_log(Config("", "", log_format=early if early in FORMATS else "text"))
        self._terminal = _shows_bars()
        self.tracker = ProgressTracker()
        self._report = None
        if report is not None:
            from tap_bigcommerce.progress.report.report import Report  # takes time to import

            self._report = Report(report, self.tracker)
            self._report.addFilter(redacting_filter(self.secrets))
            logging.getLogger().addHandler(self._report)

    def set_up_log(self, config: Config) -> None:
        """Set the log's level and format: those of the command line, or of the settings."""
        logging.getLogger().setLevel(self._level or config.log_level)
        self._log.setFormatter(FORMATS[self._format or config.log_format])

    def prepare(self, config: Config) -> None:
        """Check, before a store is read with these settings, that the report can be written.

        Raises ConfigError when it cannot.
        """
        if self._report is None:
            return
        self._report.store = config.store_hash
        try:
            writable_path(self._report.file)
        except UnusableFile as error:
            name, self._report = self._report.file, None
            raise ConfigError(
                f"The report cannot be written to {name}: {error}. --report needs the name of a "
                "file in an existing, writable folder."
            ) from error

    def name_store(self, read_name: Callable[[], str]) -> None:
        """Show in the report the store's name, which `read_name` returns; "" if it is unknown."""
        if self._report is not None:
            self._report.store_name = read_name()

    def show_progress(self) -> contextlib.AbstractContextManager[None]:
        """Show the run's progress until the context ends."""
        if self._progress_every is None:
            return contextlib.nullcontext()
        if self._terminal:
            from tap_bigcommerce.progress.terminal import bars  # takes time to import

            return bars(self.tracker, self._log)
        return run_every(
            self._progress_every,
            lambda: LOGGER.info("Progress: %s", _progress_message(self.tracker.snapshot())),
        )

    def finish(self, status: int) -> int:
        """Write the report and the last log line of a run with this exit status; return it."""
        if self._report is not None:
            try:
                self._report.write(status, self.secrets)
            except Exception as error:  # noqa: BLE001  # does not change the exit status
                LOGGER.error(
                    "The report %s cannot be written: %s. The sync itself is not affected.",
                    self._report.file,
                    getattr(error, "strerror", None) or error,
                )
        self._log_end(status)
        return status

    def _log_end(self, status: int) -> None:
        """Log the last line of a run: "Done: 42 records of 4 streams, 9 requests, 3 s"."""
        streams = self.tracker.streams
        figures = self.tracker.totals(f" of {plural(len(streams), 'stream')}")
        failed = ", ".join(counts.stream for counts in streams if counts.failure is not None)
        if status > STOPPED:
            LOGGER.warning("Stopped by %s: %s", signal.Signals(status - STOPPED).name, figures)
        elif status:
            LOGGER.error("Failed: %s%s", f"{failed} (see above); " if failed else "", figures)
        elif self._command not in ("init", "about", "list"):
            LOGGER.info("Done: %s", figures)


def _shows_bars() -> bool:
    """Whether bars can be shown: not if standard output goes to the same terminal."""
    if sys.stderr is None or sys.stdout is None:  # closed by the program that started the tap
        return False
    is_dumb = os.environ.get("TERM") in ("dumb", "unknown")
    return sys.stderr.isatty() and not sys.stdout.isatty() and not is_dumb


def _progress_message(run: Snapshot) -> str:
    """The run's progress in one line."""
    parts = [run.totals]
    for counts in run.streams:
        if counts.stage == "running" and counts.read_with is None:
            rate, left = run.rates[counts.stream]
            share = f", {counts.share:.0%}" if counts.share is not None else ""
            ends = f", about {duration(left)} left" if left is not None else ""
            records = f"{counts.written:,} records, {rate or 0:,.0f} records/s"
            parts.append(f"{counts.stream}: {records}{share}{ends}")
    if run.quota is not None:
        size, left_of_it = run.quota.quota, run.quota.left
        parts.append(f"{size - left_of_it:,} of {size:,} requests of the quota in use")
    return "; ".join(parts + [f"waiting: {wait}" for wait in run.waits])
