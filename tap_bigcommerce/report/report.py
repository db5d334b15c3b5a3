"""The page about a run, which needs nothing else: what is kept for it, and its writing."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import resources

from tap_bigcommerce.display import Secrets, duration
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.files import Unusable, writable, write_whole
from tap_bigcommerce.report.drawing import draw
from tap_bigcommerce.report.figures import table, tiles
from tap_bigcommerce.report.markup import Markup, each, html
from tap_bigcommerce.tracker import ProgressTracker
from tap_bigcommerce.version import VERSION

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
        text = self._page(_outcome(status), errors + self._critical)
        write_whole(writable(self._file), secrets.hide(text).encode())

    def _page(self, outcome: str, errors: Sequence[str]) -> str:
        files = resources.files(__package__)
        streams, ended = self._tracker.streams, time.monotonic()
        began_at, took = self._tracker.began_at, ended - self._tracker.began
        warnings, more = self._warnings, self._more_warnings
        shown = [*warnings, ("", f"{more:,} more are in the log.")] if more else warnings
        return html(
            files.joinpath("page.html").read_text("utf-8"),
            style=Markup(files.joinpath("style.css").read_text("utf-8")),
            title=f"Sync of {self.store}" if self.store else "Sync",
            when=f"{began_at:%Y-%m-%d %H:%M:%S}",
            took=duration(took),
            outcome=outcome,
            verdict="good" if outcome == "complete" else "bad",
            errors=_section("What went wrong", each("<p>{}</p>", zip(errors)), "errors"),
            tiles=tiles(streams, took),
            streams=_section("Streams", table(streams, ended)),
            timeline=_section("Requests over time", draw(self._tracker.timeline(), began_at)),
            warnings=_section(
                f"Warnings ({len(warnings) + more:,})",
                each("<p><time>{}</time> {}</p>", shown),
                "warnings",
            ),
            version=VERSION,
        )


def _section(title: str, content: Markup, style: str = "") -> Markup:
    """A part of the page, if there is any content."""
    template = '<section class="{}"><h2>{}</h2>{}</section>'
    return html(template, style, title, content) if content else content


def _outcome(status: int) -> str:
    if status > 128:
        return f"stopped by {signal.Signals(status - 128).name}"
    return "failed" if status else "complete"
