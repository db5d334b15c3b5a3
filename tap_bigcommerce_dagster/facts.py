"""Facts of a run: counts, bookmarks, report, and the stores it finished."""

import contextlib
import logging
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError, parse_json, valid_name
from tap_bigcommerce_dagster.processes import Ended

# At DEBUG there is a METRIC line for each request, which shows that a sync makes progress.
LOG_OPTIONS = ("--log-format", "json", "--log-level", "DEBUG")

# The names of counts in METRIC lines, and in Dagster's pages.
COUNTS = {
    "record_count": "rows",
    "requests": "requests",
    "requests_failed": "failed_requests",
    "seconds_waited": "seconds_waited",
    "values_rescued": "rescued_values",
    "values_unfit": "lost_values",
}
SUMMARY = "Summary of "
MAX_BOOKMARK_LENGTH = 100  # Characters of a bookmark that are shown.
# Failures, by their names in METRIC lines, that a retry cannot solve.
PERMANENT_FAILURES = frozenset(
    {"InvalidToken", "MissingPermission", "ConfigError", "CatalogError", "StateError", "BadRecord"}
)
FORMER_NAMES = frozenset({"TokenRefused", "ScopeMissing"})  # The first two, in older taps.

FAILURE = "failure"  # Metadata of an observation: the error message.
RETRIED = "worth_retrying"  # Metadata of an observation: whether the store is tried again.


class LogLine(NamedTuple):
    """A line of a run's log. `level` is a number of `logging`; METRIC lines have a `metric`."""

    level: int
    message: str
    metric: Mapping[str, Any] | None = None
    is_raw: bool = False  # No log entry, but such as what Python writes when it cannot start.


def parse_line(line: str) -> LogLine:
    """Parse a line in the format of LOG_OPTIONS."""
    try:
        found = parse_json(line)
        message = "\n".join(filter(None, [str(found["message"]), found.get("traceback")]))
        level = logging.getLevelName(found["level"])
        level = level if isinstance(level, int) else logging.INFO
        return LogLine(level, message, found.get("metric"))
    except (ValueError, KeyError, TypeError):
        return LogLine(logging.WARNING, line, is_raw=True)


class Page(NamedTuple):
    """The tap's report of a run: its file, and its address in a browser, if known."""

    path: Path
    url: str | None


@dataclass
class Facts:
    """The facts of one run of one store. `redact` removes secrets from a text."""

    redact: Callable[[str], str]
    counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failures: Counter[str] = field(default_factory=Counter)
    summary: list[str] = field(default_factory=list)
    before: Mapping[str, Any] = field(default_factory=dict)  # The state when the tap began.
    after: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    processes: tuple[Ended, ...] = ()
    page: Page | None = None

    def add(self, line: LogLine) -> None:
        """Count a line of the tap's log, if it is a METRIC line or part of the summary."""
        if line.message.startswith(SUMMARY):
            self.summary.append(line.message.removeprefix(SUMMARY))
        # Another release of the tap may write other METRIC lines.
        with contextlib.suppress(KeyError, TypeError):
            point = line.metric or {}
            name, endpoint, value = point["metric"], point["tags"]["endpoint"], point["value"]
            if name == "failures":
                self.failures[endpoint] += value
            else:
                self.counts[endpoint][COUNTS[name]] += value

    @property
    def worth_retrying(self) -> bool:
        """Whether a retry may succeed: True unless all failures are permanent."""
        return not self.failures or bool({*self.failures} - PERMANENT_FAILURES - FORMER_NAMES)

    def metadata(self, stream: str) -> dict[str, Any]:
        """What Dagster shows of a stream's materialization."""
        tap, target = self.processes
        # Only this stream's line: Dagster's database keeps a copy for every materialization.
        summary = [line for line in self.summary if line.startswith(f"{stream}: ")]
        summary.append(
            f"\n{self.seconds:.1f} s; processor: tap {tap.processor_seconds:.1f} s, target "
            f"{target.processor_seconds:.1f} s; memory: tap {tap.peak_mb:.0f} MB, target "
            f"{target.peak_mb:.0f} MB"
        )
        counts = {name: self.counts[stream][name] for name in COUNTS.values()}
        shown: dict[str, Any] = {
            **{name: count for name, count in counts.items() if count or name != "lost_values"},
            "seconds": round(self.seconds, 1),
            "processor_seconds": round(tap.processor_seconds + target.processor_seconds, 2),
            "summary": dg.MetadataValue.md(self.redact("\n".join(summary))),
        }
        for name, state in (("bookmark_before", self.before), ("bookmark", self.after)):
            marks = (state.get("bookmarks") or {}).get(stream)
            found = marks.items() if isinstance(marks, dict) else ()
            dates = [value for key, value in found if key != "resume" and value is not None]
            if dates:
                shown[name] = self.redact(str(dates[0]))[:MAX_BOOKMARK_LENGTH]
        if self.page is not None:
            path, url = self.page
            shown["sync_report"] = dg.MetadataValue.url(url) if url else dg.MetadataValue.path(path)
        return shown


class Reports:
    """`Reports("reports")` keeps `reports/2026-04-01/shoes-120001-1b2f3c4d.html`.

    `url` is the address of a web server that serves the folder; Dagster's pages then have links.
    Raises FleetError if `folder` is a URL, or if `url` has a user or a query.
    """

    def __init__(self, folder: str | Path, *, url: str | None = None) -> None:
        if "://" in str(folder):
            raise FleetError("Reports need a folder, not a URL. Mount remote storage as a folder.")
        if url is not None and (urlsplit(url).query or "@" in urlsplit(url).netloc):
            raise FleetError("Dagster shows the url of reports: it must have no user or query.")
        self._folder = Path(folder).absolute()
        self._url = url.rstrip("/") if url else None

    def page(self, store: str, run_id: str) -> Page:
        """The report of a new run. Raises FleetError if its folder cannot be written to."""
        now = datetime.now(timezone.utc)
        # With the time, so that each retry of a run has its own report.
        name = f"{now:%Y-%m-%d}/{valid_name(store)}-{now:%H%M%S}-{run_id[:8]}.html"
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FleetError(f"{path.parent}: {error.strerror}.") from None
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise FleetError(f"{path.parent} is not writable.")
        return Page(path, f"{self._url}/{name}" if self._url else None)

    def remove_before(self, day: date) -> int:
        """Remove the reports of earlier days; returns the number of days."""
        removed = 0
        for path in self._folder.glob("*-*-*"):
            # Others may keep other folders there.
            with contextlib.suppress(ValueError):
                old = datetime.strptime(path.name, "%Y-%m-%d").date() < day
                if old and path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                    removed += 1
        return removed


def finished_stores(
    instance: dg.DagsterInstance, run_id: str
) -> tuple[set[str], dict[str, FleetError]]:
    """The stores that a run has read, and those that it does not retry, with their errors."""
    # From Dagster's event log: an earlier attempt may have been another process.
    read, failed = set[str](), dict[str, FleetError]()
    kinds = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_OBSERVATION}
    for entry in instance.all_logs(run_id, of_type=kinds):
        event = entry.asset_materialization or entry.asset_observation
        if event is None or event.partition is None:
            continue
        if isinstance(event, dg.AssetMaterialization):
            read.add(event.partition)
        elif RETRIED in event.metadata and not event.metadata[RETRIED].value:
            failed[event.partition] = FleetError(str(event.metadata[FAILURE].value))
    return read, failed
