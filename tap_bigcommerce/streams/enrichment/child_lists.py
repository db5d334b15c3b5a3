"""Lists that belong to one record (/v2/orders/100/products), each read to its end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.response import Key, Shape
from tap_bigcommerce.exceptions import IncompleteList, NotFound, PageTooLarge, RequestFailed
from tap_bigcommerce.pagination.page import DEFAULT_PAGE_SIZE, Page, PageSize, RequestKind, Row
from tap_bigcommerce.pagination.sequential import PageRequest, Sequential

LOGGER = logging.getLogger(__name__)

LARGEST_LIMIT = 250

TRIES_FOR_A_LIST_THAT_SHOULD_EXIST = 3


class ChildLists:
    """Reads the lists of single records, for one stream. Its methods run in the workers.

    They return None when the record itself is gone: it was deleted while it was read.
    """

    def __init__(
        self, client: Client, context: RequestContext, keys: tuple[str, ...] = ("id",)
    ) -> None:
        """`keys` tell the rows of one record's list apart."""
        self._client = client
        self._context = context
        self._keys = keys
        self._sizes: dict[str, PageSize] = {}
        self._missed: set[str] = set()

    def rows(
        self, record: str, name: str, *, none_is_404: bool = False, **options: Any
    ) -> list[Row] | None:
        """All rows of the list `name` of `record` ("/v2/orders/100"), in the order of their ids.

        `none_is_404`: the API documents that it answers 404 where there are none. `options` are
        those of `all_rows`.
        """
        path = name if name.startswith("/") else f"{record}/{name}"
        for _ in range(TRIES_FOR_A_LIST_THAT_SHOULD_EXIST):
            try:
                return self.all_rows(path, of=record.rpartition("/")[2], **options)
            except NotFound:
                pass
            try:
                self._client.get(record, {}, dict, self._context)
            except NotFound:
                return None
            if none_is_404:
                return []
            self._client.wait(1.0, self._context)
        raise RequestFailed(
            f"{self._context.stream}: the API says that {path} is not there, and yet "
            f"shows {record} itself. Run the sync again later: it goes on where it stopped."
        )

    def all_rows(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        paging: Sequential | None = None,
        shape: Shape = list,
        are_all: Callable[[list[Row]], bool] = lambda _: False,
        of: str | None = None,
        incomplete: list[IncompleteList] | None = None,
    ) -> list[Row]:
        """All rows of the list at `path`, which is that of the record with the id `of`, if any.

        `shape` finds them in an answer. `are_all` may know from the record that these rows are all,
        which saves the request that would show it. Raises NotFound where there is no list, and
        IncompleteList where rows are missing; `incomplete` takes that error, and what came is
        returned.
        """
        noun = f"{self._context.stream}: GET {path}"
        kind = paging or Sequential()
        name = path.rpartition("/")[2] if kind.paged else ""
        size = self._sizes.setdefault(name, PageSize(LARGEST_LIMIT))
        paginator = kind.begin(noun, None, 1)
        rows: dict[Key, Row] = {}
        page: Page | None = None

        def page_of(request: PageRequest) -> Page:
            """What `ask` wants, with smaller limits where the API cannot answer."""
            while True:
                limit = size.limit if request.kind is RequestKind.PAGE else 1
                asked = {**(params or {}), **kind.place(request)}
                if kind.paged:
                    asked["limit"] = str(limit)
                try:
                    response = self._client.get(
                        path, asked, shape, self._context, fewer_possible=kind.paged and limit > 1
                    )
                except PageTooLarge as error:
                    size.failed(limit, error.max_limit)
                    continue
                size.worked(limit, response.size, grows=request.number is None)
                # No list is capped below the most rows that any answer has had.
                most = min(DEFAULT_PAGE_SIZE, self._client.most_rows, limit)
                return Page(self._keys_of(response.content), limit, response, min_full_page=most)

        while not paginator.finished:
            for request in paginator.next_requests(1, 1):
                try:
                    page = page_of(request)
                except NotFound:
                    if page is None:
                        raise
                    # 404 is how some APIs say that a page lies behind the list's end.
                    page = Page([], page.limit, page.response.without_rows())
                paginator.received(request, page)
                rows.update(zip(page.ids, page.response.content, strict=True))
                if len(page.ids) < page.limit and are_all(list(rows.values())):
                    return by_id(rows.values())
        found = by_id(rows.values())
        if paginator.contradiction is not None:
            stream = self._context.stream + (f":{of}" if of else "")
            error = IncompleteList(noun, paginator.contradiction, stream, found)
            if incomplete is None:
                raise error
            incomplete.append(error)
        return found

    def note_missing(self, record: str, names: Sequence[str]) -> None:
        """Say once that lists with these names did not come with a record, as they should."""
        new = [name for name in names if name not in self._missed]
        self._missed.update(new)
        if new:
            LOGGER.warning(
                "%s: %s came without %s, although these were asked for. They are read on their own "
                "for each record that comes so, which is slow.",
                self._context.stream,
                record,
                ", ".join(new),
            )

    def _keys_of(self, rows: list[Row]) -> list[Key]:
        """What tells the rows apart: their keys; where one has none, all that is in it, and how
        many before it are the same."""
        keys: list[Key] = []
        same: Counter[str] = Counter()
        for row in rows:
            key = tuple(row.get(name) for name in self._keys)
            if not all(isinstance(part, (int, str)) for part in key):
                text = repr(row)
                same[text] += 1
                key = (text, same[text])
            keys.append(key)
        return keys


def by_id(rows: Iterable[Row]) -> list[Row]:
    """The rows in the order of their ids."""
    return sorted(rows, key=lambda row: row["id"] if isinstance(row.get("id"), int) else 0)
