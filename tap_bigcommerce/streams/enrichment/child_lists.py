"""Reads the child lists of single records (/v2/orders/100/products)."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.response import Key, Shape
from tap_bigcommerce.exceptions import IncompleteList, NotFound, PageTooLarge, RequestFailed
from tap_bigcommerce.pagination.page import DEFAULT_PAGE_SIZE, Page, PageRequest, PageSize, Row
from tap_bigcommerce.pagination.sequential import Sequential

LOGGER = logging.getLogger(__name__)

MAX_PAGE_SIZE = 250
"""Rows. The largest `limit` that the API accepts."""

MAX_ATTEMPTS = 3
"""Requests for a child list that answers 404 although its record exists."""


@dataclass(eq=False)
class ChildLists:
    """Reads child lists for one stream. The methods run in worker threads.

    `primary_keys` identify a row within one child list.
    """

    client: Client
    context: RequestContext
    primary_keys: tuple[str, ...] = ("id",)
    _sizes: dict[str, PageSize] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)

    def read(
        self, record: str, name: str, *, empty_is_404: bool = False, **options: Any
    ) -> list[Row] | None:
        """All rows of one child list, sorted by id; None: the record was deleted meanwhile.

        `record` is the path of the record ("/v2/orders/100"), `name` the list's name below it
        ("products") or its whole path. `empty_is_404`: the API documents that a list without rows
        answers 404. `options` are those of `read_list`. Raises RequestFailed when the list answers
        404 and the record exists, and IncompleteList when rows are missing.
        """
        path = name if name.startswith("/") else f"{record}/{name}"
        for _ in range(MAX_ATTEMPTS):
            try:
                return self.read_list(path, record_id=record.rpartition("/")[2], **options)
            except NotFound:
                pass
            try:
                self.client.get(record, {}, dict, self.context)
            except NotFound:
                return None
            if empty_is_404:
                return []
            self.client.wait(1.0, self.context)
        raise RequestFailed(
            f"{self.context.stream}: {path} answers 404, although {record} itself exists. Run "
            "the sync again later: it continues where it stopped."
        )

    def read_list(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        pagination: Sequential | None = None,
        shape: Shape = list,
        is_complete: Callable[[list[Row]], bool] = lambda _: False,
        record_id: str | None = None,
        errors: list[IncompleteList] | None = None,
    ) -> list[Row]:
        """All rows of the list at `path`, sorted by id.

        `shape` finds the rows in a response. `is_complete` says whether the rows so far are known
        to be all, which saves the request that would find the end of the list. `record_id` is the
        id of the record that the list belongs to, for errors. Raises NotFound, and IncompleteList
        when rows are missing, which is appended to `errors` if these are given.
        """
        label = f"{self.context.stream}: GET {path}"
        pagination = pagination or Sequential()
        name = path.rpartition("/")[2] if pagination.paged else ""
        size = self._sizes.setdefault(name, PageSize(MAX_PAGE_SIZE))
        paginator = pagination.make_paginator(label, None, 1)
        rows: dict[Key, Row] = {}
        page: Page | None = None

        def read_page(request: PageRequest) -> Page:
            """Request a page, with smaller limits where the API fails on a large one."""
            while True:
                limit = size.limit if request.is_page else 1
                query = {**(params or {}), **request.params}
                if pagination.paged:
                    query["limit"] = str(limit)
                can_reduce = pagination.paged and limit > 1
                try:
                    response = self.client.get(
                        path, query, shape, self.context, can_reduce_limit=can_reduce
                    )
                except PageTooLarge as error:
                    size.failed(limit, error.max_limit)
                    continue
                size.worked(limit, response.size, grows=request.number is None)
                # No list is capped below the largest page that any response has had.
                most = min(DEFAULT_PAGE_SIZE, self.client.largest_page, limit)
                return Page(self._keys_of(response.content), limit, response, min_full_page=most)

        while not paginator.finished:
            for request in paginator.next_requests(1, 1):
                try:
                    page = read_page(request)
                except NotFound:
                    if page is None:
                        raise
                    # Some APIs answer 404 for a page after the last one.
                    page = Page([], page.limit, page.response.without_rows())
                paginator.received(request, page)
                rows.update(zip(page.ids, page.response.content, strict=True))
                if len(page.ids) < page.limit and is_complete(list(rows.values())):
                    return by_id(rows.values())
        found = by_id(rows.values())
        if paginator.contradiction is not None:
            stream = self.context.stream + (f":{record_id}" if record_id else "")
            error = IncompleteList(label, paginator.contradiction, stream, found)
            if errors is None:
                raise error
            errors.append(error)
        return found

    def warn_missing(self, record: str, names: Sequence[str]) -> None:
        """Log, once for each name, that a record came without lists that were requested with it."""
        new = [name for name in names if name not in self._missing]
        self._missing.update(new)
        if new:
            LOGGER.warning(
                "%s: %s came without %s, although these were requested. They are read with "
                "requests of their own for each such record, which is slow.",
                self.context.stream,
                record,
                ", ".join(new),
            )

    def _keys_of(self, rows: list[Row]) -> list[Key]:
        """A key for each row: its primary key; without one, its content and a running number."""
        keys: list[Key] = []
        same: Counter[str] = Counter()
        for row in rows:
            key = tuple(row.get(name) for name in self.primary_keys)
            if not all(isinstance(part, (int, str)) for part in key):
                text = repr(row)
                same[text] += 1
                key = (text, same[text])
            keys.append(key)
        return keys


def by_id(rows: Iterable[Row]) -> list[Row]:
    """The rows sorted by id; those without an integer id come first."""
    return sorted(rows, key=lambda row: row["id"] if isinstance(row.get("id"), int) else 0)
