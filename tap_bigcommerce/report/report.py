"""What is kept of a run for its report, and the writing of the file."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from html import escape
from pathlib import Path

from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.observer import RequestEnd, Wait
from tap_bigcommerce.report.page import Facts, page
from tap_bigcommerce.report.timeline import Timeline

MOST_WARNINGS = 200
"""Warnings that are shown; the others are counted."""

SHORTEST_SECRET = 6
"""Characters: a shorter text stands in every page."""

HIDDEN = "(hidden)"


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
    """An observer that writes the page `file` about the run."""

    def __init__(self, file: str) -> None:
        self.warnings = Warnings()
        self._file = Path(file)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._began_at = datetime.now(timezone.utc)
        self._timeline = Timeline(self._began)
        self._streams: Sequence[StreamCounts] = ()
        self._store = ""
        self._secrets: tuple[str, ...] = ()

    def about(self, store_hash: str, secrets: Sequence[str]) -> None:
        """Which store is read, and what must not be on the page, wherever it comes from."""
        self._store, self._secrets = store_hash, tuple(secrets)

    def check_place(self) -> None:
        """Raises ConfigError where the page could not be written in the end."""
        folder = self._file.absolute().parent
        if self._file.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise ConfigError(
                f"The report cannot be written to {self._file}: --report takes the name of a file "
                "in a folder that is there and may be written to."
            )

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
        """Write the page; `status` is the run's exit status. Raises OSError where it cannot be."""
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
        for secret in self._secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(escape(secret), HIDDEN)
        _replace(self._file, text)

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


def _replace(file: Path, text: str) -> None:
    """Write the file whole or not at all."""
    part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
