"""The audit: what the API counts, what its lists show, and what this state's syncs have written."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tap_bigcommerce.api.client import RequestContext
from tap_bigcommerce.catalog.probe import counted
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.exceptions import RequestFailed, failure_of
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.sync.deletes.id_sets import IdSetStore
from tap_bigcommerce.sync.deletes.search import IdSearch
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import one_line, table

LOGGER = logging.getLogger(__name__)

FIGURES = ("counted", "listed", "written", "not written", "not listed")
"""Rows as the API counts them, and as its list shows them; ids in the state's set; ids that are
listed and not in the set, and the other way round."""

SHOWN = 10
"""Ids that are named of those that differ."""


@dataclass
class Finding:
    """What was found of one stream.

    `figures` are those of FIGURES, None where there is no such figure. `differences` says which of
    them do not agree, or why there are none; `notes` why others may differ.
    """

    stream: str
    figures: Sequence[int | None] = (None,) * len(FIGURES)
    notes: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def audit(selections: Mapping[str, Selection], run: RunContext) -> list[Finding]:
    """Compare the streams that are read from lists of their own. Raises RunFailed."""
    found: list[Finding] = []
    for priority, (name, selection) in enumerate(selections.items()):
        stream = selection.stream
        if stream.parent is not None:
            LOGGER.info("%s: left out, for it has no list of its own", name)
            continue
        found.append(Finding(name))
        context = RequestContext(name, stream.permission, StreamCounts(name))
        search = IdSearch(stream, run, context, priority)
        error = failure_of(name, functools.partial(_compare, search, found[-1]))
        if error is not None:
            LOGGER.error("%s failed: %s", name, error.message)
            found[-1].differences.append(one_line(error.message))
    return found


def report(found: Sequence[Finding]) -> str:
    """What was found, to be read by a person."""
    rows = [
        (one.stream, *("-" if value is None else f"{value:,}" for value in one.figures))
        for one in found
    ]
    lines = table(("stream", *FIGURES), rows, figures=range(1, 1 + len(FIGURES)))
    notes = [f"{one.stream}: {message}" for one in found for message in one.notes]
    details = [f"{one.stream}: {message}" for one in found for message in one.differences]
    return "\n".join([*lines, "", *notes, *(details or ["Nothing differs."])]) + "\n"


def _compare(search: IdSearch, finding: Finding) -> None:
    """Complete what is found of one stream."""
    stream, run, differences = search.stream, search.run, finding.differences
    written = IdSetStore(run.config, stream.name).get(run.state.deletes(stream.name))
    list_reader, ids, left_out = search.scan()
    count, listed = list_reader.total, list_reader.rows_yielded
    if stream.count is not None:
        try:
            count = counted(stream, lambda path: run.client.get(path, {}, dict, search.context))
        except RequestFailed as error:
            LOGGER.warning("%s: the API's count is not to be had: %s", stream.name, error.message)
            count = None
    if list_reader.paginator.contradiction is not None:
        differences.append(one_line(list_reader.paginator.contradiction))
    if left_out and count is not None and count + left_out == listed:
        finding.notes.append(
            f"the API's count leaves out the {left_out} incomplete ones (status 0) that its list "
            "shows"
        )
    elif count not in (None, listed):
        differences.append(f"the API counts {count} records and lists {listed}")
    finding.figures = (count, listed, None, None, None)
    if written is not None and ids is not None:
        unwritten, missing = ids - written, written - ids
        finding.figures = (count, listed, len(written), len(unwritten), len(missing))
        if unwritten:
            differences.append(f"in the store, not written: {_some(list(unwritten))}")
        if missing:
            differences.append(f"written, not in the list: {_some(list(missing))}")


def _some(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more
