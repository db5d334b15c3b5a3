"""Which records are gone: the list's ids beside those written, each confirmed by a request."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.deletes.ids import id_set
from tap_bigcommerce.deletes.ledger import UNLIKELY, Ledger, archived_at
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import (
    BadRecord,
    IncompleteList,
    NotFound,
    RequestFailed,
    UnexpectedAnswer,
)
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.pages.reading import Reading
from tap_bigcommerce.streams.presence import Presence
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.tools import Tools

if TYPE_CHECKING:
    from pyroaring import BitMap64

LOGGER = logging.getLogger(__name__)

AT_ONCE = 200
"""Ids in one request, where they can be asked for in bulk: an address of some 2,000 characters."""

Gone = dict[int, str]
"""Ids of records that are gone, each with the date since when."""


@dataclass(frozen=True)
class Search:
    """Where the ids of one stream are looked for, and by whom."""

    stream: Stream
    tools: Tools
    purpose: Purpose
    turn: int

    @property
    def presence(self) -> Presence:
        return self.stream.presence or Presence()


def find_gone(ledger: Ledger, search: Search) -> Gone:
    """The ids that were written and are gone, if it is time to look.

    Raises TapError when they cannot be found out, or are more than `deletes_limit` allows: then
    none is reported, and the next sync looks again.
    """
    name, written = search.stream.name, ledger.written
    there, ledger.seen = ledger.seen, None
    if written is None:
        return {}  # The set cannot be kept.
    if there is None and ledger.needs_sweep:
        LOGGER.info("%s: reading its ids, to see what has been deleted", name)
        listed = swept(search)
        if listed.contradiction is not None:
            error = IncompleteList(name, listed.contradiction, name)
            if not search.tools.config.accepts(name):
                raise error
            LOGGER.warning(
                "%s That is accepted (accept_incomplete), so nothing is reported as deleted.",
                error.difference,
            )
            return {}
        there = listed.ids
    gone: Gone = dict(ledger.archived)
    most = ledger.most_gone(len(written))
    missing = id_set() if there is None else written - there - id_set(gone)
    doubtful = len(missing) + len(gone)
    gone.update(confirmed(missing, search, most - len(gone)))
    if len(gone) > most:
        raise RequestFailed(
            f"{name}: {doubtful} of its {len(written)} records are missing from the list or "
            "archived, and more of them are gone than deletes_limit allows "
            f"({search.tools.config.deletes_limit:g} of all), so none is reported. {UNLIKELY}"
        )
    if len(gone) < doubtful:
        LOGGER.info(
            "%s: %d records were missing from the list, and yet are there",
            name,
            doubtful - len(gone),
        )
    if there is not None:
        ledger.compared()
    return gone


@dataclass(frozen=True)
class Swept:
    """A list, read for its ids.

    `ids` are those of the rows that are not archived, None where they are no numbers; `rows` is how
    many rows it has shown; `total` how many it has, as the API says, where it does; `uncounted` how
    many of the rows its count may leave out;
    `contradiction` what the API says of it that does not fit what it has shown.
    """

    ids: BitMap64 | None
    rows: int
    total: int | None
    uncounted: int
    contradiction: str | None


def swept(search: Search) -> Swept:
    """Read the stream's list for its ids.

    Channels are no matter: a record of another channel is not gone.
    """
    stream, presence = search.stream, search.presence
    request = stream.request(presence.short)
    reading = Reading(stream, request, search.purpose, search.tools, search.turn)
    left_out = 0
    ids = id_set() if stream.presence is not None else None
    for batch in reading.batches(lambda: None, lambda: None):
        if stream.count is not None and stream.count.leaves_out is not None:
            field, value = stream.count.leaves_out
            left_out += sum(row.get(field) == value for row in batch.rows)
        if ids is not None:
            ids |= id_set(
                _id(stream, request.row_keys.of(row))
                for row in batch.rows
                if not _is_archived(row, presence)
            )
    return Swept(ids, reading.handed_on, reading.total, left_out, reading.contradiction)


def confirmed(ids: Iterable[int], search: Search, most: int) -> Gone:
    """Those of `ids` that are gone, each as a request of its own has shown.

    Stops once they are more than `most`. Raises whatever a request raises.
    """
    gone: Gone = {}
    rest, workers = iter(ids), search.tools.workers
    groups = iter(lambda: list(islice(rest, AT_ONCE if search.presence.in_bulk else 1)), [])
    while len(gone) <= most and (turn := list(islice(groups, workers.count))):
        jobs = {group[0]: functools.partial(_gone_of, group, search) for group in turn}
        for found in workers.run_all(jobs).values():
            gone.update(found)
    return gone


def _gone_of(ids: Sequence[int], search: Search) -> Gone:
    """Those of `ids` that the store does not have. Runs in a worker.

    Asked again for those that did not come, until none does: an answer may hold fewer rows.
    """
    stream, presence, wanted = search.stream, search.presence, set(ids)
    may_come = {*ids, *((ids[0] - 1, ids[0] + 1) if presence.shows_neighbours else ())}
    gone: Gone = {}
    while wanted:
        by_id = {_id(stream, row.get(stream.keys[0])): row for row in _rows(sorted(wanted), search)}
        stranger = next((id_ for id_ in by_id if id_ not in may_come), None)
        if stranger is not None:
            raise UnexpectedAnswer(
                f"{stream.name}: asked for the ids {ids[0]} to {ids[-1]}, the API answered with "
                f"the id {quoted(stranger)}. It does not filter as documented, so nobody can tell "
                "what has been deleted."
            )
        there = by_id.keys() & wanted
        if not there:
            break
        rows = {id_: by_id[id_] for id_ in there}
        gone.update({i: archived_at(row) for i, row in rows.items() if _is_archived(row, presence)})
        wanted -= there
    return {**gone, **dict.fromkeys(wanted, format_instant(datetime.now(timezone.utc)))}


def _rows(ids: Sequence[int], search: Search) -> list[Row]:
    """The rows that the store has of these ids, and perhaps their neighbours."""
    stream, presence = search.stream, search.presence
    if not presence.params:
        path = f"{stream.path}/{ids[0]}"
        try:
            found = search.tools.client.get(path, {}, dict, search.purpose)
        except NotFound:
            return []
        rows: list[Row] = [found.content]
    else:
        text = ",".join(map(str, ids))
        places = {"ids": text, "id": text, "before": ids[0] - 1, "after": ids[0] + 1}
        asked = {name: value.format(**places) for name, value in presence.params.items()}
        params = {**presence.short, **asked}
        # Without a limit, which the API might refuse: few of them, if any, are there.
        path = presence.path or stream.path
        rows = search.tools.client.get(path, params, list, search.purpose).content
    return rows if stream.reshape is None else [stream.reshape(row) for row in rows]


def _is_archived(row: Row, presence: Presence) -> bool:
    return presence.archived is not None and row.get(presence.archived) is True


def _id(stream: Stream, value: Any) -> int:
    """The id as a number; some lists have it as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if type(value) is not int or value < 0:
        raise BadRecord(
            f"{stream.name}: a record has no usable id ({quoted(value)}), so nobody can tell "
            "what has been deleted."
        )
    return value
