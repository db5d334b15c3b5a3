"""What is kept of a run for its report, and the writing of the file."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone

from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.display import Secrets
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import Unusable, writable, write_whole
from tap_bigcommerce.observer import RequestEnd, Wait
from tap_bigcommerce.report.page import Facts, page
from tap_bigcommerce.report.timeline import Timeline

MOST_WARNINGS = 200
"""Warnings that are shown; the others are counted."""


class Warnings(logging.Handler):
    """Keeps the warnings and errors of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: list[logging.LogRecord] = []
        self.more = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one, or count it. Errors are all kept: there is one a stream at the most."""
        if record.levelno == logging.WARNING and len(self.kept) >= MOST_WARNINGS:
            self.more += 1
        else:
            self.kept.append(record)


class Report:
    """An observer that writes the page `file` about the run, without its `secrets`."""

    def __init__(self, file: str, secrets: Secrets) -> None:
        self.warnings = Warnings()
        self._file = file
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._began_at = datetime.now(timezone.utc)
        self._timeline = Timeline(self._began)
        self._streams: Sequence[StreamCounts] = ()
        self._store = ""
        self._secrets = secrets

    def about(self, store_hash: str) -> None:
        """Which store is read."""
        self._store = store_hash

    def check_place(self) -> None:
        """Raises ConfigError where the page could not be written in the end."""
        try:
            writable(self._file)
        except Unusable as error:
            raise ConfigError(
                f"The report cannot be written to {self._file}: {error}. --report takes the name "
                "of a file in a folder that is there and may be written to."
            ) from error

    def planned(self, streams: Sequence[StreamCounts]) -> None:
        """See `Observer`."""
        self._streams = streams

    def request_ended(self, request: RequestEnd) -> None:
        """See `Observer`."""
        with self._lock:
            self._timeline.request_ended(request)

    def wait_began(self, wait: Wait) -> None:
        """See `Observer`."""
        with self._lock:
            self._timeline.wait_began(wait)

    def wait_ended(self, wait: Wait, ended: float) -> None:
        """See `Observer`."""
        with self._lock:
            self._timeline.wait_ended(wait, ended)

    def write(self, status: int) -> None:
        """Write the page; `status` is the run's exit status. Raises OSError or Unusable."""
        with self._lock:
            ended = time.monotonic()
            self._timeline.close(ended)
            errors, warnings = self._said()
            text = page(
                Facts(
                    store=self._store,
                    outcome=_outcome(status),
                    good=status == 0,
                    began_at=self._began_at,
                    began=self._began,
                    ended=ended,
                    streams=self._streams,
                    timeline=self._timeline,
                    errors=errors,
                    warnings=warnings,
                    more_warnings=self.warnings.more,
                )
            )
        write_whole(writable(self._file), self._secrets.hide(text).encode())

    def _said(self) -> tuple[list[str], list[tuple[datetime, str]]]:
        """What ended streams or the run, each thing once; and the warnings, with their times."""
        critical = _messages(self.warnings.kept, logging.CRITICAL)
        # A stream's error is said when it comes, and once more at the end.
        errors = [
            words
            for words in _messages(self.warnings.kept, logging.ERROR)
            if not any(line and line in words for line in critical)
        ]
        warnings = [
            (datetime.fromtimestamp(record.created, timezone.utc), record.getMessage())
            for record in self.warnings.kept
            if record.levelno == logging.WARNING
        ]
        return errors + critical, warnings


def _messages(records: Sequence[logging.LogRecord], level: int) -> list[str]:
    found = []
    for record in records:
        if record.levelno == level:
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
            # Of a traceback only the kind of the error: its text may hold anything.
            found.append(record.getMessage() + (f" {kind}" if kind else ""))
    return found


def _outcome(status: int) -> str:
    if status == 0:
        return "complete"
    if status > 128:
        with suppress(ValueError):
            return f"stopped by {signal.Signals(status - 128).name}"
    return "failed"
