"""What makes a row of a walked list whole for every stream that is written from it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.output import Output
from tap_bigcommerce.pages.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists
from tap_bigcommerce.streams.stream import PARENTS, Stream, own_list_path

ADDED = ":own"
"""Ends the keys that are added to a row; no field of the API ends so."""

INCOMPLETE = f"incomplete{ADDED}"
"""The key of a row that could not be made whole: only rows of own lists are written of it."""


class Family(Enricher):
    """Completes the rows of a list for its own stream and for those of what belongs to it."""

    def __init__(
        self,
        root: Stream,
        enricher: Enricher | None,
        outputs: Sequence[Output],
        client: Client,
        config: Config,
        counts: StreamCounts,
        *,
        since_ever: bool = False,
    ) -> None:
        """`enricher` is that of the list, and `counts` those of the requests for it.

        `since_ever`: all that belongs to a row is read, whatever its date.
        """
        self._root = root
        self._counts = counts
        self._since_ever = since_ever
        self._from_rows = [output for output in outputs if not output.stream.has_own_list]
        self._enricher = enricher or Enricher()
        self._has_enricher = enricher is not None
        self._channels = config.channel_ids if root.channels.field is not None else ()
        self._own_lists = {
            output: OwnLists(client, output.purpose, output.stream.keys)
            for output in outputs
            if (child := output.stream.child) is not None and child.own_list is not None
        }
        self.whole_pages = self._enricher.whole_pages

    @property
    def has_work(self) -> bool:
        """Rows are not simply written as they come."""
        return self._has_enricher or bool(self._own_lists or self._channels)

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """What completes the rows together."""
        if self._has_enricher:
            for row in rows:
                id_of(self._root, row)
        return self._enricher.enrich_page(rows)

    def enrich(self, row: Row, *, bare: bool) -> Row | Job | None:
        """The row with the lists of its own that are wanted, each under its stream's name."""
        if not self._is_wanted(row):
            return None
        if not self._has_enricher and not self._own_lists:
            return row
        id_of(self._root, row)
        own = self._enricher.enrich(row, bare=bare)
        wanted = [
            output
            for output in self._own_lists
            if output.failure is None and not output.has_read(row)
        ]
        if callable(own) or (own is not None and wanted):
            return functools.partial(self._read, row, own, wanted)
        if self._has_enricher:
            self._note(row, None)
        return own

    def finish(self, enriched: Enriched) -> Row | None:
        """Note what could not be read, for the streams that it belongs to."""
        row = enriched.row
        if row is None:
            return None
        id_ = int(row["id"])
        if self._has_enricher:
            self._note(row, enriched.error)
        for output, rows in enriched.lists.items():
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(rows, RequestFailed):
                output.pass_over(id_, rows)
            else:
                output.was_read(id_, empty=not rows)
            row[own_rows_of(output)] = _rows_in(rows)
        return row

    def read_again(self, output: Output, id_: int) -> Callable[[], Any]:
        """What reads once more what belongs to a parent; its result may be a failure."""
        return functools.partial(self._own_rows, output, {"id": id_})

    def _note(self, row: Row, error: RequestFailed | None) -> None:
        id_ = int(row["id"])
        for output in self._from_rows:
            if error is not None:
                output.pass_over(id_, error)
            else:
                output.was_read(id_)

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
                enriched = Enriched({**row, INCOMPLETE: True}, error)
            if enriched.error is not None:
                self._counts.note_trouble(enriched.error)
        lists: dict[Output, Any] = {}
        for output in wanted if enriched.row is not None else ():
            lists[output] = self._own_rows(output, enriched.row or row)
            if lists[output] is None:
                return Enriched(None)
        return enriched._replace(lists=lists)

    def _own_rows(self, output: Output, row: Row) -> list[Row] | RequestFailed | None:
        """The rows of a row's own list; None: the row is gone."""
        stream, child = output.stream, output.stream.child
        assert child is not None
        params = dict(stream.params)
        since = None if self._since_ever else output.since
        if stream.modified_since is not None and since is not None:
            params[stream.modified_since] = since
        found: list[list[Row] | RequestFailed | None] = []

        def read() -> None:
            try:
                rows = self._own_lists[output].rows(
                    f"{self._root.path}/{row['id']}",
                    own_list_path(child, self._root, row),
                    params=params,
                    none_is_404=child.none_is_404,
                    paging=child.paging,
                )
            except RequestFailed as error:
                output.counts.note_trouble(error)
                found.append(error)
            else:
                found.append(rows)

        if output.failure is None:
            output.failure = failure_of(stream.name, read) or output.failure
        return found[0] if found else []


def _rows_in(rows: list[Row] | RequestFailed) -> list[Row]:
    """What came, whether or not it is all."""
    if isinstance(rows, IncompleteList):
        return rows.rows
    return [] if isinstance(rows, RequestFailed) else rows


def added_keys(outputs: Iterable[Output]) -> frozenset[str]:
    """The keys under which whole rows may hold those of lists of their own."""
    return frozenset(
        own_rows_of(output)
        for output in outputs
        if output.stream.child is not None and output.stream.child.own_list is not None
    )


def rows_of(output: Output, rows: Sequence[Row], added: Collection[str]) -> Sequence[Row]:
    """The rows of the output's stream in whole rows of the list that is walked."""
    child = output.stream.child
    if child is None:
        if not added:
            return rows
        return [{key: row[key] for key in row if key not in added} for row in rows]
    found, parent = [], PARENTS[child.parent]
    for row in rows:
        entries = row.get(own_rows_of(output) if child.nested is None else child.nested)
        stamp = {parent.id: id_of(output.root, row)}
        if parent.date is not None:
            stamp[parent.date] = row.get("date_modified")
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                found.append({**_reshaped(output, entry), **stamp})
            elif entry is not None:
                raise BadRecord(
                    f"{output.stream.name}: a row of {parent.noun} {row['id']} is no object. The "
                    "stream stops here, and its bookmark stays where it was, so that nothing is "
                    "lost."
                )
    return found


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


def _reshaped(output: Output, row: Row) -> Row:
    reshape = output.stream.reshape
    return row if reshape is None else reshape(row)


def own_rows_of(output: Output) -> str:
    """The key in a whole row under which the rows of its own list stand."""
    return f"{output.stream.name}{ADDED}"
