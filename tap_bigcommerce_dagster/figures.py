"""Counts and bookmarks of a run, from the tap's METRIC lines and states."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce_dagster.tap_log import Entry

SUMMARY = "Summary of "

MAX_BOOKMARK_LENGTH = 100
"""Characters of a bookmark that are shown."""

PERMANENT_FAILURES = frozenset(
    {"InvalidToken", "MissingPermission", "ConfigError", "CatalogError", "StateError", "BadRecord"}
)
"""Failures, by their names in the tap's METRIC lines, that a retry cannot solve."""

FORMER_NAMES = frozenset({"TokenRefused", "ScopeMissing"})
"""The first two of them in the METRIC lines of older taps."""


@dataclass
class StreamFigures:
    """One stream in one run. `bookmark` is where the next run starts from."""

    rows: int = 0
    requests: int = 0
    failed_requests: int = 0
    seconds_waited: int = 0
    rescued_values: int = 0
    lost_values: int = 0
    bookmark_before: str | None = None
    bookmark: str | None = None


@dataclass
class Figures:
    """One run. `summary` has the tap's closing lines; `failures` counts its failures by name."""

    streams: dict[str, StreamFigures] = field(default_factory=dict)
    summary: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def of(self, stream: str) -> StreamFigures:
        """The figures of a stream; zeros if it has none yet."""
        return self.streams.setdefault(stream, StreamFigures())

    def add(self, entry: Entry) -> None:
        """Count a line of the tap's log, if it is a METRIC line or part of the summary."""
        if entry.metric is not None:
            # Another release of the tap may write other METRIC lines.
            with contextlib.suppress(KeyError, TypeError):
                self._count(entry.metric)
        elif entry.message.startswith(SUMMARY):
            self.summary.append(entry.message[len(SUMMARY) :])

    @property
    def worth_retrying(self) -> bool:
        """Whether a retry may succeed: True unless all failures are permanent."""
        permanent = PERMANENT_FAILURES | FORMER_NAMES
        return not self.failures or bool(set(self.failures) - permanent)

    def set_bookmarks(
        self,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        redact: Callable[[str], str],
    ) -> None:
        """Set each stream's bookmarks from the states before and after the run.

        `redact` removes secrets from a text.
        """
        for state, name in ((before, "bookmark_before"), (after, "bookmark")):
            for stream, marks in ((state or {}).get("bookmarks") or {}).items():
                found = marks if isinstance(marks, dict) else {}
                dates = [v for k, v in found.items() if k != "resume" and v is not None]
                if dates and stream in self.streams:
                    shown = redact(str(dates[0]))[:MAX_BOOKMARK_LENGTH]
                    setattr(self.streams[stream], name, shown)

    def _count(self, point: Mapping[str, Any]) -> None:
        name, endpoint, value = point["metric"], point["tags"]["endpoint"], point["value"]
        if name == "failures":
            self.failures[endpoint] += value
            return
        figures = self.of(endpoint)
        if name == "record_count":
            figures.rows += value
        elif name == "requests":
            figures.requests += value
        elif name == "requests_failed":
            figures.failed_requests += value
        elif name == "seconds_waited":
            figures.seconds_waited += value
        elif name == "values_rescued":
            figures.rescued_values += value
        elif name == "values_unfit":
            figures.lost_values += value
