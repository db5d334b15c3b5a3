"""Finds out which ids a store has: scans a list, or looks up single ids."""

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
from tap_bigcommerce.streams.stream import Stream, warn_of_fallback
from tap_bigcommerce.sync.deletes.id_sets import IdSet, id_set
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.text import quoted

IDS_PER_REQUEST = 200
"""Ids in one request, where the API can filter by several: a URL of about 2,000 characters."""

DeletedIds = dict[int, str]
"""Ids of deleted records, each with the date of its deletion, or when it was noticed."""


class IdSearch:
    """Looks up the ids of one stream in the store."""

    def __init__(
        self, stream: Stream, run: RunContext, context: RequestContext, priority: int
    ) -> None:
        self.run, self.context = run, context
        self._priority = priority
        self._use(stream)

    def _use(self, stream: Stream) -> None:
        self.stream = stream
        self._id_lookup = stream.id_lookup or IdLookup()
        # With the shortest rows that the API offers.
        self._list = stream.request(self._id_lookup.short_rows)

    def scan(self) -> "tuple[ListReader, IdSet | None, int]":
        """Read the complete list only for its ids (an id scan).

        Returns the list's reader; the ids of all rows that are not archived, None for a stream
        whose ids are not numbers; and the number of rows that the API's own count may leave out.
        The list is not filtered by channel: a record of another channel is not deleted. If the
        store lacks the list, `stream` is its fallback from now on.
        """
        stream, list_reader = self.stream, self._list_reader()
        if stream.fallback is not None and list_reader.missing() is not None:
            self._use(stream.fallback)
            of_fallback = self._list_reader()
            if of_fallback.missing() is None:
                warn_of_fallback(stream)
                list_reader = of_fallback
        ids = id_set() if self.stream.id_lookup is not None else None
        uncounted = 0
        for batch in list_reader.batches(lambda: None, lambda: None):
            for field, value in (self.stream.count or {}).items():
                uncounted += sum(row.get(field) == value for row in batch.rows)
            if ids is not None:
                present = (row for row in batch.rows if not self._is_archived(row))
                ids |= id_set(self._id(self._list.row_keys.of(row)) for row in present)
        return list_reader, ids, uncounted

    def _list_reader(self) -> ListReader:
        run = self.run
        return ListReader(
            self.stream.name,
            self.stream.pagination,
            PageReader(run.client, self._list, self.context, run.config.page_size),
            run.workers,
            run.budget,
            self._priority,
        )

    def confirm_deleted(self, ids: Iterable[int], limit: int) -> DeletedIds:
        """Look up each of `ids` and return those that are deleted.

        Stops as soon as more than `limit` are. Raises what a request raises.
        """
        deleted: DeletedIds = {}
        rest, workers = iter(ids), self.run.workers
        at_once = IDS_PER_REQUEST if "{ids}" in self._id_lookup.params.values() else 1
        groups = iter(lambda: list(islice(rest, at_once)), [])
        while len(deleted) <= limit and (batch := list(islice(groups, workers.count))):
            jobs = {group[0]: functools.partial(self._deleted_of, group) for group in batch}
            for found in workers.run_all(jobs).values():
                deleted |= found
        return deleted

    def _deleted_of(self, ids: Sequence[int]) -> DeletedIds:
        """Those of `ids` that the store does not have. Runs in a worker.

        A response may hold fewer rows than exist, so missing ids are requested again until a
        response has none of them.
        """
        remaining, deleted = set(ids), DeletedIds()
        filters = self._id_lookup.params.values()
        neighbours = (ids[0] - 1, ids[0] + 1) if "{before}" in filters else ()
        while remaining:
            rows = self._rows(sorted(remaining))
            by_id = {self._id(row.get(self.stream.primary_keys[0])): row for row in rows}
            unexpected = by_id.keys() - {*ids, *neighbours}
            if unexpected:
                raise UnexpectedResponse(
                    f"{self.stream.name}: asked for the ids {ids[0]} to {ids[-1]}, the API "
                    f"answered with the id {quoted(min(unexpected))}. It does not filter as "
                    "documented, so deleted records cannot be detected."
                )
            found = by_id.keys() & remaining
            if not found:
                break
            archived = (id_ for id_ in found if self._is_archived(by_id[id_]))
            deleted |= {id_: archived_at(by_id[id_]) for id_ in archived}
            remaining -= found
        return {**deleted, **dict.fromkeys(remaining, format_instant(datetime.now(timezone.utc)))}

    def _rows(self, ids: Sequence[int]) -> list[Row]:
        """The rows that the store has of these ids, and possibly those of neighbouring ids."""
        id_lookup, request, client = self._id_lookup, self._list, self.run.client
        if not id_lookup.params:
            try:
                response = client.get(f"{request.path}/{ids[0]}", {}, dict, self.context)
            except NotFound:
                return []
            return request.rows([response.content])
        text = ",".join(map(str, ids))
        values = {"ids": text, "id": text, "before": ids[0] - 1, "after": ids[0] + 1}
        filters = {name: value.format(**values) for name, value in id_lookup.params.items()}
        # No limit, which the API might reject. Few rows or none are expected.
        path, params = id_lookup.path or request.path, {**request.params, **filters}
        return request.rows(client.get(path, params, list, self.context).content)

    def _is_archived(self, row: Row) -> bool:
        return self._id_lookup.archived is not None and row.get(self._id_lookup.archived) is True

    def _id(self, value: Any) -> int:
        """The id as a number; some lists have it as text. Raises BadRecord for anything else."""
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if type(value) is not int or value < 0:
            raise BadRecord(
                f"{self.stream.name}: a record has no usable id ({quoted(value)}), so deleted "
                "records cannot be detected."
            )
        return value


def archived_at(row: Mapping[str, Any]) -> str:
    """When the row was archived: the date of its last change, the same in every response."""
    return row_date(row, "date_modified") or format_instant(datetime.now(timezone.utc))
