"""What makes a row of a walked list whole for every stream that is written from it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tap_bigcommerce.client import Purpose
from tap_bigcommerce.exceptions import IncompleteList, RequestFailed
from tap_bigcommerce.output import Output, id_of
from tap_bigcommerce.pages.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists
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
        """The row, where it is whole; noted is what could not be read, and for which stream."""
        row, error = enriched.row, enriched.error
        if row is None:
            return None
        found = {**dict.fromkeys(self._from_rows, error), **(enriched.lists or {})}
        for output, rows in found.items():
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(rows, RequestFailed):
                output.pass_over(int(row["id"]), rows)
                # What came is written, although it is not all.
                rows = rows.rows if isinstance(rows, IncompleteList) else []
            else:
                output.was_read(int(row["id"]))
            if output in self._own_lists:
                output.own_rows[row["id"]] = (row, rows)
        return row if error is None or isinstance(error, IncompleteList) else None

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
