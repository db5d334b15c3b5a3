"""The audit: what the API counts, what its lists show, and what this state's syncs have written."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.deletes.search import Search, swept
from tap_bigcommerce.deletes.shelf import Shelf
from tap_bigcommerce.display import line
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.probe import counted
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.walk_sync import Tools

LOGGER = logging.getLogger(__name__)

SHOWN = 10
"""Ids that are named of those that differ."""


@dataclass(frozen=True)
class Finding:
    """What was found of one stream; None: there is no such figure.

    `counted`: rows as the API counts them; `listed`: rows that its list shows, and `uncounted`
    those of them that its count may leave out; `written`: ids in the state's set; `unwritten`: ids
    that are listed and not in the set; `missing`: ids in the set that are not listed. `failure`
    says why there are no figures, or cannot be right.
    """

    stream: str
    counted: int | None = None
    listed: int | None = None
    written: int | None = None
    unwritten: Sequence[int] = ()
    missing: Sequence[int] = ()
    failure: str | None = None
    uncounted: int = 0

    @property
    def leaves_out(self) -> bool:
        """The API's count is smaller by just what it may leave out."""
        counted = (self.counted or 0) + self.uncounted
        return bool(self.uncounted) and self.counted is not None and counted == self.listed

    @property
    def counts_differ(self) -> bool:
        """What the API counts is not what it lists."""
        return self.counted not in (None, self.listed) and not self.leaves_out

    @property
    def differs(self) -> bool:
        """Not all figures agree, or there are none."""
        return bool(self.failure or self.counts_differ or self.unwritten or self.missing)


def audit(selections: Mapping[str, Selection], tools: Tools) -> list[Finding]:
    """Compare the streams that are read from lists of their own. Raises RunFailed."""
    found: list[Finding] = []
    for turn, (name, selection) in enumerate(selections.items()):
        stream = selection.stream
        if stream.child is not None:
            LOGGER.info("%s: left out, for it has no list of its own", name)
            continue
        purpose = Purpose(name, str(stream.permission), StreamCounts(name))
        search = Search(
            stream, tools.config, tools.client, tools.workers, tools.budget, purpose, turn
        )
        error = failure_of(name, functools.partial(_compare, search, tools, found))
        if error is not None:
            LOGGER.error("%s failed: %s", name, error.words)
            found.append(Finding(name, failure=error.words))
    return found


def report(found: Iterable[Finding]) -> str:
    """What was found, to be read by a person."""
    head = ("stream", "counted", "listed", "written", "not written", "not listed")
    rows = [head]
    notes: list[str] = []
    details: list[str] = []
    for one in found:
        has_set = one.written is not None
        rows.append(
            (
                one.stream,
                _figure(one.counted),
                _figure(one.listed),
                _figure(one.written),
                _figure(len(one.unwritten) if has_set else None),
                _figure(len(one.missing) if has_set else None),
            )
        )
        if one.failure is not None:
            details.append(f"{one.stream}: {line(one.failure)}")
        if one.leaves_out:
            notes.append(
                f"{one.stream}: the API's count leaves out the {one.uncounted} incomplete ones "
                "(status 0) that its list shows"
            )
        if one.counts_differ:
            details.append(
                f"{one.stream}: the API counts {one.counted} records and lists {one.listed}"
            )
        if one.unwritten:
            details.append(f"{one.stream}: in the store, not written: {_some(one.unwritten)}")
        if one.missing:
            details.append(f"{one.stream}: written, not in the list: {_some(one.missing)}")
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([*lines, "", *notes, *(details or ["Nothing differs."])]) + "\n"


def _compare(search: Search, tools: Tools, found: list[Finding]) -> None:
    """Add what is found of one stream."""
    stream = search.stream
    listed = swept(search)
    count = listed.total
    if stream.count_path is not None:
        count = counted(search.client, stream, {}, search.purpose)
    written = Shelf(search.config, stream.name).get(tools.state.deletes(stream.name))
    if written is None or listed.ids is None:
        found.append(
            Finding(
                stream.name,
                count,
                listed.rows,
                uncounted=listed.uncounted,
                failure=listed.contradiction,
            )
        )
        return
    found.append(
        Finding(
            stream.name,
            count,
            listed.rows,
            len(written),
            unwritten=list(listed.ids.without(written)),
            missing=list(written.without(listed.ids)),
            uncounted=listed.uncounted,
            failure=listed.contradiction,
        )
    )


def _figure(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _some(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more
