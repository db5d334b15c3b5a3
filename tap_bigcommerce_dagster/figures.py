"""What a run of the tap came to, from its METRIC lines and the states before and after."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce_dagster.tap_log import Entry

SUMMARY = "Summary of "

MOST_SHOWN = 100
"""Letters of a bookmark."""

FOR_GOOD = frozenset(
    {"InvalidToken", "MissingPermission", "ConfigError", "CatalogError", "StateError", "BadRecord"}
)
"""Failures, by the names in the tap's METRIC lines, that nothing but a person can mend."""


@dataclass
class StreamFigures:
    """One stream in one run. `bookmark` is what the next run goes on from."""

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
    """A run, stream by stream. `failures` counts what the tap says that went wrong, by name."""

    streams: dict[str, StreamFigures] = field(default_factory=dict)
    summary: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def of(self, stream: str) -> StreamFigures:
        """The figures of a stream, from nought where it has none yet."""
        return self.streams.setdefault(stream, StreamFigures())

    def hear(self, entry: Entry) -> None:
        """Take a line of the tap's log."""
        if entry.metric is not None:
            # One of another release may have another form.
            with contextlib.suppress(KeyError, TypeError):
                self._count(entry.metric)
        elif entry.words.startswith(SUMMARY):
            self.summary.append(entry.words[len(SUMMARY) :])

    @property
    def worth_retrying(self) -> bool:
        """Something failed that may pass by itself."""
        return not self.failures or bool(set(self.failures) - FOR_GOOD)

    def compare(
        self,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        hidden: Callable[[str], str],
    ) -> None:
        """Note each stream's bookmark in the state before and after the run, without secrets."""
        for state, name in ((before, "bookmark_before"), (after, "bookmark")):
            for stream, marks in ((state or {}).get("bookmarks") or {}).items():
                found = marks if isinstance(marks, dict) else {}
                dates = [v for k, v in found.items() if k != "resume" and v is not None]
                if dates and stream in self.streams:
                    setattr(self.streams[stream], name, hidden(str(dates[0]))[:MOST_SHOWN])

    def _count(self, point: Mapping[str, Any]) -> None:
        name, place, value = point["metric"], point["tags"]["endpoint"], point["value"]
        if name == "failures":
            self.failures[place] += value
            return
        figures = self.of(place)
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
