"""How many requests a walk by id makes, compared with the fullest packing of pages of 250.

Lists of 50,000 rows with ids as stores have them: dense; with 2%, 10% and 50% of the ids missing;
one id in 10,000; clusters of 500 every 100,000 ids; five runs with gaps of 50 million ids; and an
incremental sync for which 3% of the old rows have changed, and all of the newest tenth. Products
can be sorted downwards, so that the tap sees where their list ends; customers cannot. The store
counts, and every row is written exactly once.
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
from bench.progress import say
from bench.results import Check, Result, Table
from bench.stores import Measured, pages

FIELDS = {"products": ["name", "date_modified"], "customers": ["email", "date_modified"]}
SHORT_LISTS = (100, 250, 600, 1000)
"""Rows: fewer than five pages."""


@dataclass(frozen=True)
class Pattern:
    """Ids of one kind; `more_allowed`: how many requests more than the fullest packing."""

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
class _Walk:
    rows: int
    requests: int
    more: int = field(init=False)

    def __post_init__(self) -> None:
        self.more = self.requests - pages(self.rows)

    @property
    def percent(self) -> float:
        return round(100 * self.more / pages(self.rows), 1)


def measure(quick: bool) -> Result:
    """Walk through every pattern, for both lists."""
    rows = 10_000 if quick else 50_000
    checks: list[Check] = []
    found: dict[str, list[_Walk]] = {}
    for list_ in FIELDS:
        walks = [_walk(list_, pattern, rows) for pattern in PATTERNS]
        found[list_] = walks
        for pattern, walk in zip(PATTERNS, walks, strict=True):
            fullest = pages(walk.rows)
            allowed = 100 * pattern.more_allowed(fullest) / fullest
            checks.append(
                Check(
                    f"{list_}, {pattern.name}: more requests than full pages (%)",
                    walk.percent,
                    "at most",
                    round(allowed, 1),
                )
            )
        most = max(
            _walk(list_, Pattern("", {"ids": "holes"}, _tenth), size).more for size in SHORT_LISTS
        )
        checks.append(
            Check(f"{list_}, fewer than five pages: requests more than pages", most, "at most", 3)
        )
    return Result(
        checks,
        tables=[_table(list_, walks) for list_, walks in found.items()],
        charts=[_chart(found, rows)],
    )


def _walk(list_: str, pattern: Pattern, rows: int) -> _Walk:
    """One walk through one list, as the store counts it."""
    with stores.store(**{list_: rows}, variants_per_product=0, **pattern.options) as running:
        state, expected = None, rows
        if pattern.incremental:
            state, expected = _change_some(running, list_, rows)
        catalog = selecting(list_, fields=FIELDS[list_])
        taken = run(settings(running.store), catalog=catalog, state=state)
        requests = len(running.store.requests())
    if taken.records != expected:
        raise NotMeasured(f"{pattern.name}: {taken.records} of {expected} rows were written")
    say(f"{list_}, {pattern.name or rows}: {requests} requests")
    return _Walk(expected, requests)


def _change_some(running: Measured, list_: str, rows: int) -> tuple[dict[str, Any], int]:
    """Change 3% of the old rows and the newest tenth; the state before, and how many changed."""
    bookmark = datetime.now(timezone.utc) - timedelta(seconds=5)
    ids = [row["id"] for row in running.store.records(list_)]
    newest = ids[-rows // 10 :]
    old = ids[: -rows // 10 : 33]
    running.store.change(list_, ids=[*old, *newest])
    value = bookmark.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"bookmarks": {list_: {"date_modified": value}}}, len(old) + len(newest)


def _table(list_: str, walks: list[_Walk]) -> Table:
    return Table(
        [list_, "rows", "full pages", "requests", "more"],
        [
            [
                pattern.name,
                f"{walk.rows:,}",
                str(pages(walk.rows)),
                str(walk.requests),
                f"{walk.percent:.1f}%",
            ]
            for pattern, walk in zip(PATTERNS, walks, strict=True)
        ],
    )


def _chart(found: Mapping[str, list[_Walk]], rows: int) -> BarChart:
    fullest = [pages(walk.rows) for walk in next(iter(found.values()))]
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
            Bars(list_, [walk.percent for walk in walks], limits=limits)
            for list_, walks in found.items()
        ],
        decimals=1,
    )
