"""What makes a row of a walked list whole for every stream that is written from it."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tap_bigcommerce.client import Client
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import BadRecord, IncompleteList, RequestFailed
from tap_bigcommerce.failures import failure_of
from tap_bigcommerce.output import Output
from tap_bigcommerce.pages.details import Completion, Details, Lookup, PageCompletion
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists
from tap_bigcommerce.streams.stream import PARENTS, Stream, own_list_path

ADDED = ":own"
"""Ends the keys that are added to a row; no field of the API ends so."""

INCOMPLETE = f"incomplete{ADDED}"
"""The key of a row that could not be made whole: only rows of own lists are written of it."""


class Family(Details):
    """Completes the rows of a list for its own stream and for those of what belongs to it."""

    def __init__(
        self,
        root: Stream,
        completion: Details | None,
        outputs: Sequence[Output],
        client: Client,
        config: Config,
        counts: StreamCounts,
        *,
        since_ever: bool = False,
    ) -> None:
        """`counts` are those of the requests for the list.

        `since_ever`: all that belongs to a row is read, whatever its date.
        """
        self._root = root
        self._counts = counts
        self._since_ever = since_ever
        self._from_rows = [output for output in outputs if not output.stream.has_own_list]
        self._completion = completion
        self._channels = config.channel_ids
        self._with_own_lists = [
            (
                output,
                OwnLists(client, output.purpose, paging=child.paging, keys=output.stream.keys),
            )
            for output in outputs
            if (child := output.stream.child) is not None and child.own_list is not None
        ]

    @property
    def has_work(self) -> bool:
        """Rows are not simply written as they come."""
        return self._completion is not None or bool(self._with_own_lists) or self._by_channel

    @property
    def _by_channel(self) -> bool:
        """Rows of other channels are left out here."""
        return bool(self._channels) and self._root.channels.field is not None

    @property
    def whole_pages(self) -> bool:
        """The rows of a page are completed together."""
        return self._completion is not None and self._completion.whole_pages

    def as_they_come(self, *, bare: bool) -> bool:
        """The rows are written as they come, all of them."""
        if self._by_channel or self._with_own_lists:
            return False
        return self._completion is None or self._completion.as_they_come(bare=bare)

    def complete_page(self, rows: list[Row]) -> PageCompletion | None:
        """What completes the rows together."""
        if self._completion is None:
            return None
        for row in rows:
            id_of(self._root, row)
        return self._completion.complete_page(rows)

    def complete(self, row: Row, *, bare: bool) -> Completion | None:
        """The row with the lists of its own that are wanted, each under its stream's name."""
        if not self._is_wanted(row):
            return _nothing()
        if self._completion is None and not self._with_own_lists:
            return None
        id_of(self._root, row)
        own = self._completion.complete(row, bare=bare) if self._completion is not None else None
        return self._whole(row, own) if own is not None or self._with_own_lists else None

    def _is_wanted(self, row: Row) -> bool:
        """The row is of a channel that is read, or of none."""
        name = self._root.channels.field
        if not self._channels or name is None or row.get(name) is None:
            return True
        found = row[name] if isinstance(row[name], list) else [row[name]]
        return not found or any(channel in self._channels for channel in found)

    def _whole(self, row: Row, completion: Completion | None) -> Completion:
        id_ = int(id_of(self._root, row))
        whole: Row | None = row
        if completion is not None:
            whole = yield from self._completed(id_, row, completion)
        wanted = [
            (output, own)
            for output, own in self._with_own_lists
            if output.failure is None and not output.has_read(row)
        ]
        if whole is None or not wanted:
            return whole
        results = yield [self._lookup(output, own, whole) for output, own in wanted]
        if any(result is None for result in results):
            return None
        for (output, _), result in zip(wanted, results, strict=True):
            # A child that fails stops neither its parent nor its siblings.
            if isinstance(result, RequestFailed):
                output.pass_over(id_, result)
            else:
                output.was_read(id_, empty=not result)
            whole[own_rows_of(output)] = _rows_in(result)
        return whole

    def _completed(self, id_: int, row: Row, completion: Completion) -> Completion:
        """The row as its stream completes it; where it cannot be, it is marked as incomplete."""
        errors: list[RequestFailed] = []
        try:
            lookups = next(completion)
            while True:
                results = yield [_or_failure(lookup, self._counts) for lookup in lookups]
                found = [result for result in results if isinstance(result, RequestFailed)]
                errors += found
                if not all(isinstance(error, IncompleteList) for error in found):
                    whole: Row | None = {**row, INCOMPLETE: True}
                    break
                lookups = completion.send([*map(_rows_in, results)])
        except StopIteration as stop:
            whole = stop.value
        except RequestFailed as error:
            errors.append(error)
            whole = {**row, INCOMPLETE: True}
        for output in self._from_rows:
            if errors:
                output.pass_over(id_, errors[0])
            else:
                output.was_read(id_)
        return whole

    def ask_again(self, output: Output, id_: int) -> Lookup:
        """What reads once more what belongs to a parent; its result may be a failure."""
        own = next(own for other, own in self._with_own_lists if other is output)
        return self._lookup(output, own, {"id": id_})

    def _lookup(self, output: Output, own: OwnLists, row: Row) -> Lookup:
        child = output.stream.child
        assert child is not None
        params = dict(output.stream.params)
        since = None if self._since_ever else output.since
        if output.stream.modified_since is not None and since is not None:
            params[output.stream.modified_since] = since
        lookup = functools.partial(
            own.rows,
            f"{self._root.path}/{row['id']}",
            own_list_path(child, self._root, row),
            params=params,
            none_is_404=child.none_is_404,
        )
        read = _or_failure(lookup, output.counts)

        def look() -> Any:
            rows: list[Any] = []
            if output.failure is None:
                error = failure_of(output.stream.name, lambda: rows.append(read()))
                output.failure = error or output.failure
            return rows[0] if rows else []

        return look


def _nothing() -> Completion:
    """A row of which nothing is written."""
    return None
    yield


def _rows_in(result: Any) -> Any:
    """What came, whether or not it is all."""
    if isinstance(result, IncompleteList):
        return result.rows
    return [] if isinstance(result, RequestFailed) else result


def _or_failure(lookup: Lookup, counts: StreamCounts) -> Lookup:
    """The lookup, whose failure becomes its result; those after it are given less time."""

    def look() -> Any:
        try:
            return lookup()
        except RequestFailed as error:
            counts.in_trouble = counts.in_trouble or not isinstance(error, IncompleteList)
            return error

    return look


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
