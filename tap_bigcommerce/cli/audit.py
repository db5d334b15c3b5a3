"""--audit: compares the API's counts, its lists, and the ids in the state."""

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tap_bigcommerce.api.client import RequestContext
from tap_bigcommerce.catalog.probe import count_rows
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.exceptions import RequestFailed, failure_of
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.sync.deletes.id_sets import IdSetStore
from tap_bigcommerce.sync.deletes.search import IdSearch
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import one_line, table

LOGGER = logging.getLogger(__name__)

COLUMNS = ("counted", "listed", "written", "not written", "not listed")
"""The report's columns: rows by the API's count; rows in its list; ids in the state's set; ids in
the list but not in the set; ids in the set but not in the list."""

MAX_IDS_SHOWN = 10
"""Of the ids that differ, so many are named."""


@dataclass
class Finding:
    """The result for one stream.

    `figures` are the numbers for COLUMNS, None for one that is unknown. `differences` are messages
    about figures that do not agree, or about why there are none. `notes` explain figures that may
    differ.
    """

    stream: str
    figures: Sequence[int | None] = (None,) * len(COLUMNS)
    notes: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def audit(selections: Mapping[str, Selection], run: RunContext) -> list[Finding]:
    """Compare the figures of each selected stream that has a list of its own.

    An error of one stream is one of its differences. Raises the errors that end a run.
    """
    findings: list[Finding] = []
    for priority, (name, selection) in enumerate(selections.items()):
        stream = selection.stream
        if stream.parent is not None:
            LOGGER.info("%s: left out, because it has no list of its own", name)
            continue
        findings.append(Finding(name))
        context = RequestContext(name, stream.permission, StreamCounts(name))
        search = IdSearch(stream, run, context, priority)
        error = failure_of(name, functools.partial(_compare, search, findings[-1]))
        if error is not None:
            findings[-1].differences.append(one_line(error.message))
    return findings


def report(findings: Sequence[Finding]) -> str:
    """The findings as text: a table, then notes and differences."""
    rows = [
        (finding.stream, *("-" if value is None else f"{value:,}" for value in finding.figures))
        for finding in findings
    ]
    lines = table(("stream", *COLUMNS), rows, figures=range(1, 1 + len(COLUMNS)))
    notes = [f"{one.stream}: {message}" for one in findings for message in one.notes]
    details = [f"{one.stream}: {message}" for one in findings for message in one.differences]
    return "\n".join([*lines, "", *notes, *(details or ["No differences."])]) + "\n"


def _compare(search: IdSearch, finding: Finding) -> None:
    """Fill in the finding of one stream."""
    run, differences = search.run, finding.differences
    written = IdSetStore(run.config, finding.stream).get(run.state.deletes(finding.stream))
    list_reader, ids, uncounted = search.scan()
    stream = search.stream
    count, listed = list_reader.total, list_reader.rows_yielded
    if stream.count is not None:
        try:
            count = count_rows(stream, lambda path: run.client.get(path, {}, dict, search.context))
        except RequestFailed as error:
            LOGGER.warning("%s: the API's count is not available: %s", stream.name, error.message)
            count = None
    if list_reader.paginator.contradiction is not None:
        differences.append(one_line(list_reader.paginator.contradiction))
    if uncounted and count is not None and count + uncounted == listed:
        finding.notes.append(
            f"the API's count leaves out {uncounted} incomplete orders (status 0) that its list "
            "shows"
        )
    elif count not in (None, listed):
        differences.append(f"the API counts {count} records and lists {listed}")
    finding.figures = (count, listed, None, None, None)
    if written is not None and ids is not None:
        unwritten, missing = ids - written, written - ids
        finding.figures = (count, listed, len(written), len(unwritten), len(missing))
        if unwritten:
            differences.append(f"in the store, not written: {_first_ids(list(unwritten))}")
        if missing:
            differences.append(f"written, not in the list: {_first_ids(list(missing))}")


def _first_ids(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - MAX_IDS_SHOWN:,} more" if len(ids) > MAX_IDS_SHOWN else ""
    return ", ".join(map(str, ids[:MAX_IDS_SHOWN])) + more
