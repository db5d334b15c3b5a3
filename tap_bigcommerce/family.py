"""What makes a row of a walked list whole for every stream that is written from it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed
from tap_bigcommerce.output import Output
from tap_bigcommerce.pages.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.tools import Tools


class Family(Enricher):
    """Completes the rows of a list for its own stream and for those of what belongs to it."""

    def __init__(
        self,
        outputs: Sequence[Output],
        enricher: Enricher | None,
        tools: Tools,
        purpose: Purpose,
        *,
        since_ever: bool = False,
    ) -> None:
        """`enricher` is that of the list, and `purpose` that of the requests for it.

        `since_ever`: all that belongs to a row is read, whatever its date.
        """
        self.purpose = purpose
        self._root = root = outputs[0].root
        self._since_ever = since_ever
        self._enricher = enricher or Enricher()
        self.whole_pages = self._enricher.whole_pages
        self._channels = tools.config.channel_ids if root.channels.field is not None else ()
        self._from_rows = [output for output in outputs if not output.stream.has_own_list]
        self._own_lists = {
            output: OwnLists(tools.client, output.purpose, output.stream.keys)
            for output in outputs
            if output.stream.has_own_list
        }
        self._needs_ids = bool(enricher or self._own_lists)
        self.has_work = self._needs_ids or bool(self._channels)
        """Rows are not simply written as they come."""
        self._incomplete: set[int] = set()
        """Ids of rows that could not be made whole: only rows of own lists are written of them."""
        self._own_rows: dict[Output, dict[int, list[Row]]] = {
            output: {} for output in self._own_lists
        }
        """The rows of own lists that wait to be written, by the ids of their parents."""

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """What completes the rows together."""
        for row in rows if self._needs_ids else ():
            id_of(self._root, row)
        return self._enricher.enrich_page(rows)

    def enrich(self, row: Row, *, bare: bool) -> Row | Job | None:
        """The row, once the lists of its own that are wanted are there as well."""
        if not self._is_wanted(row):
            return None
        if not self._needs_ids:
            return row
        own = self._enricher.enrich(row, bare=bare)
        wanted = [
            output
            for output in self._own_lists
            if output.failure is None and not output.has_read(row)
        ]
        if callable(own) or (own is not None and wanted):
            return functools.partial(self._read, row, own, wanted)
        return self.finish(Enriched(own))

    def finish(self, enriched: Enriched) -> Row | None:
        """Note what could not be read, for the streams that it belongs to."""
        row = enriched.row
        if row is None:
            return None
        id_ = int(row["id"])
        found = {**dict.fromkeys(self._from_rows, enriched.error), **(enriched.lists or {})}
        for output, rows in found.items():
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(rows, RequestFailed):
                output.pass_over(id_, rows)
                # What came is written, although it is not all.
                rows = rows.rows if isinstance(rows, IncompleteList) else []
            else:
                output.was_read(id_)
            if output in self._own_rows:
                self._own_rows[output][id_] = rows
        return row

    def _is_wanted(self, row: Row) -> bool:
        """The row is of a channel that is read, or of none."""
        value = row.get(self._root.channels.field or "") if self._channels else None
        if value is None:
            return True
        found = value if isinstance(value, list) else [value]
        return not found or any(channel in self._channels for channel in found)

    def _read(self, row: Row, own: Row | Job | None, wanted: Sequence[Output]) -> Enriched:
        """All that is wanted of a row, by requests, in a worker."""
        enriched = Enriched(row)
        if callable(own):
            try:
                enriched = own()
            except RequestFailed as error:
                self._incomplete.add(int(row["id"]))
                enriched = Enriched(row, error)
            if enriched.error is not None:
                # A list that contradicts itself has been answered.
                self.purpose.counts.in_trouble |= not isinstance(enriched.error, IncompleteList)
        lists: dict[Output, Any] = {}
        for output in wanted if enriched.row is not None else ():
            lists[output] = self._read_own(output, enriched.row or row)
            if lists[output] is None:
                return Enriched(None)
        return enriched._replace(lists=lists)

    def _read_own(self, output: Output, row: Row) -> list[Row] | RequestFailed | None:
        """The rows of a row's own list, or why they cannot be read; None: the row is gone."""
        stream, since = output.stream, output.position.since
        params = dict(stream.params)
        if stream.modified_since is not None and since is not None and not self._since_ever:
            params[stream.modified_since] = since
        found: list[Row] | RequestFailed | None = []

        def read() -> None:
            nonlocal found
            try:
                found = self._own_lists[output].rows(
                    f"{self._root.path}/{row['id']}",
                    stream.path.format(id=row["id"]),
                    params=params,
                    none_is_404=stream.none_is_404,
                    paging=stream.walk,
                )
            except RequestFailed as error:
                output.counts.in_trouble |= not isinstance(error, IncompleteList)
                found = error

        output.attempt(read)
        return found

    def rows_of(self, output: Output, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of the output's stream in rows of the list that is walked."""
        stream, reshape = output.stream, output.stream.reshape
        if not stream.has_own_list:
            rows = [row for row in rows if not (self._is_incomplete(row) or output.has_read(row))]
        if stream.parent is None:
            return rows
        found, parent = [], PARENTS[stream.parent]
        for row in rows:
            id_ = id_of(self._root, row)
            if stream.nested is None:
                entries: Any = self._own_rows[output].pop(int(id_), [])
            else:
                entries = row.get(stream.nested)
            stamp = {parent.id: id_}
            if parent.date is not None:
                stamp[parent.date] = row.get("date_modified")
            for entry in entries if isinstance(entries, list) else [entries]:
                if isinstance(entry, dict):
                    found.append({**(reshape(entry) if reshape else entry), **stamp})
                elif entry is not None:
                    raise BadRecord(
                        f"{stream.name}: a row of {parent.noun} {row['id']} is no object. "
                        "The stream stops here, and its bookmark stays where it was, so that "
                        "nothing is lost."
                    )
        return found

    def _is_incomplete(self, row: Row) -> bool:
        return bool(self._incomplete) and int(row["id"]) in self._incomplete


def id_of(root: Stream, row: Row) -> Any:
    """The id of a row to which others belong. Raises BadRecord where it cannot be used."""
    id_ = row.get("id")
    if type(id_) is int or (isinstance(id_, str) and id_.isascii() and id_.isdigit()):
        return id_
    raise BadRecord(
        f"{root.name}: a row has no usable id (it is {id_!r:.40}), without which nothing that "
        "belongs to it can be read. The stream stops here, and its bookmark stays where it was, so "
        "that nothing is lost."
    )
