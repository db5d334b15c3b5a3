"""Collects warnings and errors during a run, and writes the HTML report."""

import logging
import signal
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tap_bigcommerce.files import write_atomically
from tap_bigcommerce.progress.counters import OUTCOMES
from tap_bigcommerce.progress.metrics import format_counts
from tap_bigcommerce.progress.tracker import ALL, WAITS, ProgressTracker
from tap_bigcommerce.shutdown import STOPPED
from tap_bigcommerce.text import Secrets, duration, printable
from tap_bigcommerce.version import VERSION


class Report(logging.Handler):
    """A log handler that keeps warnings and errors, and writes the report to `file`.

    The other figures are read from `tracker`. `store` and `store_name` are the store's hash and
    name, "" until they are known.
    """

    def __init__(self, file: str, tracker: ProgressTracker) -> None:
        super().__init__(logging.WARNING)
        self.store = self.store_name = ""
        self.file = file
        self._tracker = tracker
        self._errors: list[str] = []
        self._warnings: list[tuple[str, str]] = []
        self._more_warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log line: all errors, since a stream has one at most, and the first warnings."""
        if record.levelno > logging.WARNING:
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
            # Of a traceback only the type of the error: its text may contain anything.
            self._errors.append(f"{record.getMessage()} {kind}".rstrip())
        elif len(self._warnings) < 200:  # further ones are only counted
            moment = datetime.fromtimestamp(record.created, timezone.utc)
            self._warnings.append((f"{moment:%H:%M:%S}", record.getMessage()))
        else:
            self._more_warnings += 1

    def write(self, status: int, secrets: Secrets) -> None:
        """Write the report of a run with this exit status, without `secrets`.

        Raises OSError or UnusableFile.
        """
        tracker = self._tracker
        timeline = tracker.timeline()
        outcome = "failed" if status else "complete"
        if status > STOPPED:
            outcome = f"stopped by {signal.Signals(status - STOPPED).name}"

        def time_of_day(seconds: float) -> str:
            return f"{tracker.began_at + timedelta(seconds=seconds):%H:%M:%S}"

        def redacted(value: object) -> object:
            """The value as printable text without secrets, unless it is markup already."""
            return value if isinstance(value, Markup) else printable(secrets.hide(str(value)))

        jinja = Environment(
            loader=PackageLoader(__package__, ""),
            autoescape=True,
            finalize=redacted,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # A 404 is a valid response of some lists, so it is not shown as a failure.
        jinja.filters["failures"] = lambda counts: counts.failures(except_for=("good", "absent"))
        jinja.filters.update(duration=duration, format_counts=format_counts, number="{:,}".format)
        jinja.filters.update(time=time_of_day, total=Counter.total)
        page = jinja.get_template("page.html").render(
            outcome=outcome,
            store=self.store,
            store_name=self.store_name,
            tracker=tracker,
            took=time.monotonic() - tracker.began,
            errors=self._errors,
            warnings=self._warnings,
            more_warnings=self._more_warnings,
            timeline=timeline,
            kinds_seen=set().union(*timeline.intervals),
            ALL=ALL,
            OUTCOMES=OUTCOMES,
            WAITS=WAITS,
            version=VERSION,
        )
        write_atomically(self.file, page.encode())
