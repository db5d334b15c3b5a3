"""The audit: what the API counts, what its lists show, and what this state's syncs have written."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.deletes.ids import Shelf
from tap_bigcommerce.deletes.search import Search
from tap_bigcommerce.display import line, table
from tap_bigcommerce.exceptions import RequestFailed
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.probe import counted
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.tools import Tools

LOGGER = logging.getLogger(__name__)

SHOWN = 10
"""Ids that are named of those that differ."""


@dataclass
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
    def differences(self) -> list[str]:
        """Which figures do not agree, or why there are none, in words."""
        said = []
        if self.failure is not None:
            said.append(line(self.failure))
        counted = self.counted
        if counted is not None and self.listed not in (counted, counted + self.uncounted):
            said.append(f"the API counts {counted} records and lists {self.listed}")
        if self.unwritten:
            said.append(f"in the store, not written: {_some(self.unwritten)}")
        if self.missing:
            said.append(f"written, not in the list: {_some(self.missing)}")
        return said


def audit(selections: Mapping[str, Selection], tools: Tools) -> list[Finding]:
    """Compare the streams that are read from lists of their own. Raises RunFailed."""
    found: list[Finding] = []
    for turn, (name, selection) in enumerate(selections.items()):
        stream = selection.stream
        if stream.parent is not None:
            LOGGER.info("%s: left out, for it has no list of its own", name)
            continue
        purpose = Purpose(name, stream.permission, StreamCounts(name))
        search, finding = Search(stream, tools, purpose, turn), Finding(name)
        found.append(finding)
        error = failure_of(name, functools.partial(_compare, search, finding))
        if error is not None:
            LOGGER.error("%s failed: %s", name, error.words)
            finding.failure = error.words
    return found


def report(found: Sequence[Finding]) -> str:
    """What was found, to be read by a person."""
    head = ("stream", "counted", "listed", "written", "not written", "not listed")
    rows, notes = [], []
    for one in found:
        is_kept = one.written is not None
        differing = (len(one.unwritten), len(one.missing)) if is_kept else (None, None)
        values = (one.counted, one.listed, one.written, *differing)
        rows.append((one.stream, *("-" if value is None else f"{value:,}" for value in values)))
        if one.uncounted and one.counted is not None and one.counted + one.uncounted == one.listed:
            notes.append(
                f"{one.stream}: the API's count leaves out the {one.uncounted} incomplete ones "
                "(status 0) that its list shows"
            )
    details = [f"{one.stream}: {words}" for one in found for words in one.differences]
    figures = range(1, len(head))
    lines = [*table(head, rows, figures=figures), "", *notes, *(details or ["Nothing differs."])]
    return "\n".join(lines) + "\n"


def _compare(search: Search, finding: Finding) -> None:
    """Complete what is found of one stream."""
    stream, tools = search.stream, search.tools
    written = Shelf(tools.config, stream.name).get(tools.state.deletes(stream.name))
    listed, ids, uncounted = search.sweep()
    count = listed.total
    if stream.count is not None:
        try:
            count = counted(stream, {}, tools.client, search.purpose)
        except RequestFailed as error:
            LOGGER.warning("%s: the API's count is not to be had: %s", stream.name, error.words)
            count = None
    finding.counted, finding.listed, finding.uncounted = count, listed.handed_on, uncounted
    finding.failure = listed.contradiction
    if written is not None and ids is not None:
        finding.written = len(written)
        finding.unwritten, finding.missing = list(ids - written), list(written - ids)


def _some(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more
