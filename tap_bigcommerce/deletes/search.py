"""Which records are gone: the list's ids beside those written, each confirmed by a request."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.deletes.ids import Ids
from tap_bigcommerce.deletes.ledger import UNLIKELY, Ledger, archived_at
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import (
    BadRecord,
    IncompleteList,
    NotFound,
    RequestFailed,
    UnexpectedAnswer,
)
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.pages.page import ListRequest, PageReader, Row
from tap_bigcommerce.pages.reading import Reading
from tap_bigcommerce.pages.sizes import PageSize
from tap_bigcommerce.streams.presence import Presence
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.workers import Workers

LOGGER = logging.getLogger(__name__)

AT_ONCE = 200
"""Ids in one request, where they can be asked for in bulk: an address of some 2,000 characters."""

Gone = dict[int, str]
"""Ids of records that are gone, each with the date since when."""


@dataclass(frozen=True)
class Search:
    """Where the ids of one stream are looked for, and by whom."""

    stream: Stream
    config: Config
    client: Client
    workers: Workers
    budget: Budget
    purpose: Purpose
    turn: int

    @property
    def presence(self) -> Presence:
        assert self.stream.presence is not None, "only such streams have tombstones"
        return self.stream.presence


def find_gone(ledger: Ledger, search: Search) -> Gone:
    """The ids that were written and are gone, if it is time to look.

    Raises TapError when they cannot be found out, or are more than `deletes_limit` allows: then
    none is reported, and the next sync looks again.
    """
    there = ledger.take_seen()
    if ledger.written is None:
        return {}  # The set was given up as too large.
    if there is None and ledger.needs_sweep:
        LOGGER.info("%s: reading its ids, to see what has been deleted", search.stream.name)
        listed = swept(search)
        if listed.contradiction is not None:
            name = search.stream.name
            error = IncompleteList(name, listed.contradiction, name)
            if not search.config.accepts(name):
                raise error
            LOGGER.warning(
                "%s That is accepted (accept_incomplete), so nothing is reported as deleted.",
                error.difference,
            )
            return {}
        there = listed.ids
        assert there is not None
    gone, archived = dict(ledger.archived), Ids(ledger.archived)
    most = ledger.most_gone(len(ledger.written))
    missing = Ids() if there is None else ledger.written.without(there).without(archived)
    if len(gone) <= most:
        gone.update(confirmed(missing, search, most - len(gone)))
    if len(gone) > most:
        lacking = len(missing) + len(archived)
        raise RequestFailed(_too_many(search, lacking, len(ledger.written)))
    if len(gone) < len(missing) + len(archived):
        LOGGER.info(
            "%s: %d records were missing from the list, and yet are there",
            search.stream.name,
            len(missing) + len(archived) - len(gone),
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

    ids: Ids | None
    rows: int
    total: int | None
    uncounted: int
    contradiction: str | None


def swept(search: Search) -> Swept:
    """Read the stream's list for its ids.

    Channels are no matter: a record of another channel is not gone.
    """
    stream = search.stream
    request = ListRequest(
        stream.path,
        _short_params(stream),
        keys=stream.keys,
        reshape=stream.reshape,
        paged=stream.walk.paged,
        single=stream.walk.single,
    )
    size = PageSize(search.config.page_size)
    reading = Reading(
        stream.walk.begin(stream.name, None, search.workers.count),
        PageReader(search.client, request, search.purpose, size),
        stream.walk,
        None,
        search.workers,
        search.budget,
        turn=search.turn,
    )
    archived = stream.presence.archived if stream.presence else None
    left_out = 0
    ids = Ids() if stream.presence is not None else None
    for batch in reading.batches(lambda: None, lambda: None):
        if stream.uncounted is not None:
            field, value = stream.uncounted
            left_out += sum(row.get(field) == value for row in batch.rows)
        if ids is not None:
            ids.add(
                _id(stream, request.row_keys.of(row))
                for row in batch.rows
                if archived is None or row.get(archived) is not True
            )
    return Swept(ids, reading.handed_on, reading.total, left_out, reading.contradiction)


def confirmed(ids: Iterable[int], search: Search, most: int) -> Gone:
    """Those of `ids` that are gone, each as a request of its own has shown.

    Stops once they are more than `most`. Raises whatever a request raises.
    """
    gone: Gone = {}
    errors: list[BaseException] = []
    under_way = 0
    workers, rest = search.workers, iter(ids)
    groups = iter(lambda: list(islice(rest, AT_ONCE if search.presence.in_bulk else 1)), [])

    def came(found: Gone) -> None:
        nonlocal under_way
        under_way -= 1
        gone.update(found)

    def failed(error: BaseException) -> None:
        nonlocal under_way
        under_way -= 1
        errors.append(error)

    while len(gone) <= most:
        for group in islice(groups, max(0, workers.count - under_way)):
            under_way += 1
            look = functools.partial(_gone_of, group, search)
            workers.submit(look, came, failed, (search.turn, 0, False))
        if not under_way:
            break
        workers.step()
        if errors:
            raise errors[0]
    return gone


def _gone_of(ids: Sequence[int], search: Search) -> Gone:
    """Those of `ids` that the store does not have. Runs in a worker."""
    if search.presence.path is not None and "{id}" in search.presence.path:
        return _gone_alone(ids[0], search, search.presence.path)
    return _gone_of_list(ids, search)


def _gone_alone(id_: int, search: Search, path: str) -> Gone:
    stream = search.stream
    try:
        row = search.client.get(path.format(id=id_), {}, dict, search.purpose).content
    except NotFound:
        return {id_: _now()}
    row = row if stream.reshape is None else stream.reshape(row)
    if _id(stream, row.get(stream.keys[0])) != id_:
        raise _unfit(search, f"the record {id_}", row.get(stream.keys[0]))
    return _if_archived(row, id_, search)


def _gone_of_list(ids: Sequence[int], search: Search) -> Gone:
    """Asked again for those that did not come, until none does: an answer may hold fewer rows."""
    stream, wanted = search.stream, set(ids)
    gone: Gone = {}
    while wanted:
        found = _rows(sorted(wanted), search)
        by_id = {_id(stream, row.get(stream.keys[0])): row for row in found}
        beside = {ids[0] - 1, ids[0] + 1} if search.presence.shows_neighbours else set()
        stranger = next((id_ for id_ in by_id if id_ not in ids and id_ not in beside), None)
        if stranger is not None:
            raise _unfit(search, f"the ids {min(ids)} to {max(ids)}", stranger)
        there = by_id.keys() & wanted
        if not there:
            break
        for id_ in there:
            gone.update(_if_archived(by_id[id_], id_, search))
        wanted -= there
    gone.update(dict.fromkeys(wanted, _now()))
    return gone


def _rows(ids: Sequence[int], search: Search) -> list[Row]:
    stream, presence = search.stream, search.presence
    text = ",".join(map(str, ids))
    places = {"ids": text, "id": text, "before": ids[0] - 1, "after": ids[0] + 1}
    params = {name: value.format(**places) for name, value in presence.params.items()}
    if presence.path is None:
        params = {**_short_params(stream), **params}
    # Without a limit, which the API might refuse: few of them, if any, are there.
    path = presence.path or stream.path
    rows: list[Row] = search.client.get(path, params, list, search.purpose).content
    return rows if stream.reshape is None else [stream.reshape(row) for row in rows]


def _short_params(stream: Stream) -> Mapping[str, str]:
    """The parameters with which the list's rows are as short as the API can make them."""
    short = stream.presence.short if stream.presence is not None else None
    return stream.params if short is None else short


def _if_archived(row: Row, id_: int, search: Search) -> Gone:
    archived = search.presence.archived
    return {id_: archived_at(row)} if archived is not None and row.get(archived) is True else {}


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


def _now() -> str:
    return format_instant(datetime.now(timezone.utc))


def _unfit(search: Search, asked: str, came: Any) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"{search.stream.name}: asked for {asked}, the API answered with the id {quoted(came)}. It "
        "does not filter as documented, so nobody can tell what has been deleted."
    )


def _too_many(search: Search, missing: int, written: int) -> str:
    share = search.config.deletes_limit
    return (
        f"{search.stream.name}: {missing} of its {written} records are missing from the list or "
        f"archived, and more of them are gone than deletes_limit allows ({share:g} of all), so "
        "none is reported. "
        f"{UNLIKELY}"
    )
