"""How many requests reading a list by id makes, compared with full pages of 250.

Lists of 50,000 rows with typical patterns of ids: dense; with 2%, 10% and 50% of the ids missing;
one id in 10,000; clusters of 500 every 100,000 ids; five runs with gaps of 50 million ids; and an
incremental sync in which 3% of the old rows and all of the newest tenth have changed. Products can
be sorted in descending order, so that the tap sees the end of their list; customers cannot. The
store counts the requests, and every row is written exactly once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from bench import stores
from bench.catalogs import selecting
from bench.chart import BarChart, Bars
from bench.program import NotMeasured, run, settings
from bench.progress import show
from bench.results import Check, Result, Table
from bench.stores import Measured, pages

FIELDS = {"products": ["name", "date_modified"], "customers": ["email", "date_modified"]}
SHORT_LISTS = (100, 250, 600, 1000)
"""Numbers of rows, all fewer than five pages."""


@dataclass(frozen=True)
class Pattern:
    """A pattern of ids. `more_allowed`: the allowed number of requests above full pages."""

    name: str
    options: Mapping[str, Any]
    more_allowed: Callable[[int], float]
    incremental: bool = False


def _tenth(fullest: int) -> float:
    return 0.10 * fullest


def _quarter(fullest: int) -> float:
    return 0.25 * fullest


def _eight_a_gap(fullest: int, gaps: int) -> float:
    return 0.10 * fullest + 8 * gaps


PATTERNS = (
    Pattern("dense", {"ids": "dense"}, _tenth),
    Pattern("2% holes", {"ids": "holes", "id_gaps": 0.02}, _tenth),
    Pattern("10% holes", {"ids": "holes", "id_gaps": 0.10}, _tenth),
    Pattern("50% holes", {"ids": "holes", "id_gaps": 0.50}, _tenth),
    Pattern("one in 10,000", {"ids": "sparse"}, _quarter),
    Pattern("clusters", {"ids": "clusters"}, _quarter),
    Pattern("3% of the old", {"ids": "dense"}, _quarter, incremental=True),
    Pattern("4 huge gaps", {"ids": "huge_gaps"}, functools.partial(_eight_a_gap, gaps=4)),
)


@dataclass
class _Reading:
    rows: int
    requests: int
    more: int = field(init=False)

    def __post_init__(self) -> None:
        self.more = self.requests - pages(self.rows)

    @property
    def percent(self) -> float:
        return round(100 * self.more / pages(self.rows), 1)


def measure(quick: bool) -> Result:
    """Read both lists with each pattern."""
    rows = 10_000 if quick else 50_000
    checks: list[Check] = []
    found: dict[str, list[_Reading]] = {}
    for list_ in FIELDS:
        readings = [_read(list_, pattern, rows) for pattern in PATTERNS]
        found[list_] = readings
        for pattern, reading in zip(PATTERNS, readings, strict=True):
            fullest = pages(reading.rows)
            allowed = 100 * pattern.more_allowed(fullest) / fullest
            checks.append(
                Check(
                    f"{list_}, {pattern.name}: more requests than full pages (%)",
                    reading.percent,
                    "at most",
                    round(allowed, 1),
                )
            )
        most = max(
            _read(list_, Pattern("", {"ids": "holes"}, _tenth), size).more for size in SHORT_LISTS
        )
        checks.append(
            Check(f"{list_}, fewer than five pages: requests more than pages", most, "at most", 3)
        )
    return Result(
        checks,
        tables=[_table(list_, readings) for list_, readings in found.items()],
        charts=[_chart(found, rows)],
    )


def _read(list_: str, pattern: Pattern, rows: int) -> _Reading:
    """Read one list once; the requests are those that the store counts."""
    with stores.store(**{list_: rows}, variants_per_product=0, **pattern.options) as running:
        state, expected = None, rows
        if pattern.incremental:
            state, expected = _change_some(running, list_, rows)
        catalog = selecting(list_, fields=FIELDS[list_])
        taken = run(settings(running.store), catalog=catalog, state=state)
        requests = len(running.store.requests())
    if taken.records != expected:
        raise NotMeasured(f"{pattern.name}: {taken.records} of {expected} rows were written")
    show(f"{list_}, {pattern.name or rows}: {requests} requests")
    return _Reading(expected, requests)


def _change_some(running: Measured, list_: str, rows: int) -> tuple[dict[str, Any], int]:
    """Change 3% of the old rows and the newest tenth.

    Returns the state before, and the number of changed rows.
    """
    bookmark = datetime.now(timezone.utc) - timedelta(seconds=5)
    ids = [row["id"] for row in running.store.records(list_)]
    newest = ids[-rows // 10 :]
    old = ids[: -rows // 10 : 33]
    running.store.change(list_, ids=[*old, *newest])
    value = bookmark.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"bookmarks": {list_: {"date_modified": value}}}, len(old) + len(newest)


def _table(list_: str, readings: list[_Reading]) -> Table:
    return Table(
        [list_, "rows", "full pages", "requests", "more"],
        [
            [
                pattern.name,
                f"{reading.rows:,}",
                str(pages(reading.rows)),
                str(reading.requests),
                f"{reading.percent:.1f}%",
            ]
            for pattern, reading in zip(PATTERNS, readings, strict=True)
        ],
    )


def _chart(found: Mapping[str, list[_Reading]], rows: int) -> BarChart:
    fullest = [pages(reading.rows) for reading in next(iter(found.values()))]
    limits = [
        100 * pattern.more_allowed(full) / full
        for pattern, full in zip(PATTERNS, fullest, strict=True)
    ]
    return BarChart(
        name="ids",
        title=f"Requests beyond full pages, by the pattern of ids ({rows:,} rows)",
        y_axis="more requests (%)",
        groups=[pattern.name for pattern in PATTERNS],
        bars=[
            Bars(list_, [reading.percent for reading in readings], limits=limits)
            for list_, readings in found.items()
        ],
        decimals=1,
    )
