"""Which ids the store has: its list is swept for all of them, or asked for some."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from tap_bigcommerce.api.client import RequestContext
from tap_bigcommerce.dates import format_instant, row_date
from tap_bigcommerce.exceptions import BadRecord, NotFound, UnexpectedResponse
from tap_bigcommerce.pagination.list_reader import ListReader
from tap_bigcommerce.pagination.page import PageReader, Row
from tap_bigcommerce.streams.id_lookup import IdLookup
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.sync.deletes.id_sets import IdSet, id_set
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import quoted

IDS_PER_REQUEST = 200
"""Ids in one request, where they can be asked for in bulk: an address of some 2,000 characters."""

DeletedIds = dict[int, str]
"""Ids of records that are gone, each with the date since when."""


class IdSearch:
    """Looks for the ids of one stream in the store."""

    def __init__(
        self, stream: Stream, run: RunContext, context: RequestContext, priority: int
    ) -> None:
        self.stream, self.run, self.context = stream, run, context
        self._priority = priority
        self._id_lookup = stream.id_lookup or IdLookup()
        # Its rows are as short as the API can make them.
        self._list = stream.request(self._id_lookup.short_rows)

    def scan(self) -> tuple[ListReader, IdSet | None, int]:
        """Read the list for its ids; how many of its rows the API's count of them may leave out.

        The ids are those of rows that are not archived, None where they are no numbers. Channels
        are no matter: a record of another channel is not gone.
        """
        run = self.run
        list_reader = ListReader(
            self.stream.name,
            self.stream.pagination,
            PageReader(run.client, self._list, self.context, run.config.page_size),
            run.workers,
            run.budget,
            self._priority,
        )
        ids = id_set() if self.stream.id_lookup is not None else None
        left_out = 0
        for batch in list_reader.batches(lambda: None, lambda: None):
            if self.stream.count is not None and self.stream.count.leaves_out is not None:
                field, value = self.stream.count.leaves_out
                left_out += sum(row.get(field) == value for row in batch.rows)
            if ids is not None:
                alive = (row for row in batch.rows if not self._is_archived(row))
                ids |= id_set(self._id(self._list.row_keys.of(row)) for row in alive)
        return list_reader, ids, left_out

    def confirm(self, ids: Iterable[int], most: int) -> DeletedIds:
        """Those of `ids` that are gone, each as a request of its own has shown.

        Stops once they are more than `most`. Raises whatever a request raises.
        """
        gone: DeletedIds = {}
        rest, workers = iter(ids), self.run.workers
        at_once = IDS_PER_REQUEST if "{ids}" in self._id_lookup.params.values() else 1
        groups = iter(lambda: list(islice(rest, at_once)), [])
        while len(gone) <= most and (batch := list(islice(groups, workers.count))):
            jobs = {group[0]: functools.partial(self._deleted_of, group) for group in batch}
            for found in workers.run_all(jobs).values():
                gone |= found
        return gone

    def _deleted_of(self, ids: Sequence[int]) -> DeletedIds:
        """Those of `ids` that the store does not have. Runs in a worker.

        Asked again for those that did not come, until none does: an answer may hold fewer rows.
        """
        wanted, gone = set(ids), DeletedIds()
        beside = (ids[0] - 1, ids[0] + 1) if "{before}" in self._id_lookup.params.values() else ()
        while wanted:
            rows = self._rows(sorted(wanted))
            by_id = {self._id(row.get(self.stream.keys[0])): row for row in rows}
            strangers = by_id.keys() - {*ids, *beside}
            if strangers:
                raise UnexpectedResponse(
                    f"{self.stream.name}: asked for the ids {ids[0]} to {ids[-1]}, the API "
                    f"answered with the id {quoted(min(strangers))}. It does not filter as "
                    "documented, so nobody can tell what has been deleted."
                )
            there = by_id.keys() & wanted
            if not there:
                break
            archived = (id_ for id_ in there if self._is_archived(by_id[id_]))
            gone |= {id_: archived_at(by_id[id_]) for id_ in archived}
            wanted -= there
        return {**gone, **dict.fromkeys(wanted, format_instant(datetime.now(timezone.utc)))}

    def _rows(self, ids: Sequence[int]) -> list[Row]:
        """The rows that the store has of these ids, and perhaps their neighbours."""
        id_lookup, request, client = self._id_lookup, self._list, self.run.client
        if not id_lookup.params:
            try:
                response = client.get(f"{request.path}/{ids[0]}", {}, dict, self.context)
            except NotFound:
                return []
            return request.rows([response.content])
        text = ",".join(map(str, ids))
        places = {"ids": text, "id": text, "before": ids[0] - 1, "after": ids[0] + 1}
        asked = {name: value.format(**places) for name, value in id_lookup.params.items()}
        # Without a limit, which the API might refuse: few of them, if any, are there.
        path, params = id_lookup.path or request.path, {**request.params, **asked}
        return request.rows(client.get(path, params, list, self.context).content)

    def _is_archived(self, row: Row) -> bool:
        return self._id_lookup.archived is not None and row.get(self._id_lookup.archived) is True

    def _id(self, value: Any) -> int:
        """The id as a number; some lists have it as text."""
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if type(value) is not int or value < 0:
            raise BadRecord(
                f"{self.stream.name}: a record has no usable id ({quoted(value)}), so nobody can "
                "tell what has been deleted."
            )
        return value


def archived_at(row: Mapping[str, Any]) -> str:
    """Since when an archived row is: its last change, which is the same however it is read."""
    return row_date(row, "date_modified") or format_instant(datetime.now(timezone.utc))
