"""The audit: what the API counts, what its lists show, and what this state's syncs have written."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.deletes.ids import Shelf
from tap_bigcommerce.deletes.search import Search, swept
from tap_bigcommerce.display import line, table
from tap_bigcommerce.exceptions import RequestFailed
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.probe import counted
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.tools import Tools

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
        if stream.parent is not None:
            LOGGER.info("%s: left out, for it has no list of its own", name)
            continue
        purpose = Purpose(name, stream.permission, StreamCounts(name))
        search = Search(stream, tools, purpose, turn)
        error = failure_of(name, functools.partial(_compare, search, found))
        if error is not None:
            LOGGER.error("%s failed: %s", name, error.words)
            found.append(Finding(name, failure=error.words))
    return found


def report(found: Sequence[Finding]) -> str:
    """What was found, to be read by a person."""
    head = ("stream", "counted", "listed", "written", "not written", "not listed")
    rows = []
    for one in found:
        differing = (
            (len(one.unwritten), len(one.missing)) if one.written is not None else (None,) * 2
        )
        values = (one.counted, one.listed, one.written, *differing)
        rows.append((one.stream, *("-" if value is None else f"{value:,}" for value in values)))
    notes = [
        f"{one.stream}: the API's count leaves out the {one.uncounted} incomplete ones (status 0) "
        "that its list shows"
        for one in found
        if one.leaves_out
    ]
    details = [f"{one.stream}: {words}" for one in found for words in _differences(one)]
    figures = range(1, len(head))
    lines = [*table(head, rows, figures=figures), "", *notes, *(details or ["Nothing differs."])]
    return "\n".join(lines) + "\n"


def _differences(found: Finding) -> Iterator[str]:
    if found.failure is not None:
        yield line(found.failure)
    if found.counts_differ:
        yield f"the API counts {found.counted} records and lists {found.listed}"
    if found.unwritten:
        yield f"in the store, not written: {_some(found.unwritten)}"
    if found.missing:
        yield f"written, not in the list: {_some(found.missing)}"


def _compare(search: Search, found: list[Finding]) -> None:
    """Add what is found of one stream."""
    stream = search.stream
    listed = swept(search)
    finding = Finding(
        stream.name,
        counted=listed.total,
        listed=listed.rows,
        failure=listed.contradiction,
        uncounted=listed.uncounted,
    )
    if stream.count is not None:
        try:
            count = counted(stream, {}, search.tools.client, search.purpose)
        except RequestFailed as error:
            LOGGER.warning("%s: the API's count is not to be had: %s", stream.name, error.words)
            count = None
        finding = replace(finding, counted=count)
    written = Shelf(search.tools.config, stream.name).get(search.tools.state.deletes(stream.name))
    if written is not None and listed.ids is not None:
        finding = replace(
            finding,
            written=len(written),
            unwritten=list(listed.ids - written),
            missing=list(written - listed.ids),
        )
    found.append(finding)


def _some(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more
