"""What the log says of a run, kept for its report, and the writing of the file."""

from __future__ import annotations

import logging
import signal
from datetime import datetime, timezone

from tap_bigcommerce.display import Secrets
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import Unusable, writable, write_whole
from tap_bigcommerce.report.page import page
from tap_bigcommerce.tracker import ProgressTracker

MOST_WARNINGS = 200
"""Warnings that are shown; the others are counted."""


class Report(logging.Handler):
    """Writes the page `file` about a run: as its tracker and the warnings of its log tell."""

    def __init__(self, file: str, tracker: ProgressTracker) -> None:
        super().__init__(logging.WARNING)
        self.store = ""
        """The store's hash, once that is known."""
        self._file = file
        self._tracker = tracker
        self._errors: list[str] = []
        self._critical: list[str] = []
        self._warnings: list[tuple[str, str]] = []
        self._more_warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. Errors are all kept: there is one a stream at the most."""
        if record.levelno > logging.WARNING:
            kept = self._critical if record.levelno >= logging.CRITICAL else self._errors
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
            # Of a traceback only the kind of the error: its text may hold anything.
            kept.append(f"{record.getMessage()} {kind}".rstrip())
        elif len(self._warnings) < MOST_WARNINGS:
            moment = datetime.fromtimestamp(record.created, timezone.utc)
            self._warnings.append((f"{moment:%H:%M:%S}", record.getMessage()))
        else:
            self._more_warnings += 1

    def check_place(self) -> None:
        """Raises ConfigError where the page could not be written in the end."""
        try:
            writable(self._file)
        except Unusable as error:
            raise ConfigError(
                f"The report cannot be written to {self._file}: {error}. --report takes the name "
                "of a file in a folder that is there and may be written to."
            ) from error

    def write(self, status: int, secrets: Secrets) -> None:
        """Write the page, without these secrets; `status` is the run's exit status.

        Raises OSError or Unusable.
        """
        # A stream's error is said when it comes, and once more at the end.
        errors = [
            words
            for words in self._errors
            if not any(line and line in words for line in self._critical)
        ]
        text = page(
            self._tracker,
            self.store,
            _outcome(status),
            errors + self._critical,
            self._warnings,
            self._more_warnings,
        )
        write_whole(writable(self._file), secrets.hide(text).encode())


def _outcome(status: int) -> str:
    if status > 128:
        return f"stopped by {signal.Signals(status - 128).name}"
    return "failed" if status else "complete"
