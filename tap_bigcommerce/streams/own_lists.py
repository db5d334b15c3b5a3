"""Lists that belong to one record (/v2/orders/100/products), each read to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from tap_bigcommerce.answer import Answer, Shape
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.exceptions import FewerRows, NotFound, RequestFailed
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.pages.sizes import PageSize

LARGEST_LIMIT = 250

DOCUMENTED_PAGE = 50
"""Rows: how many these lists give when no limit is asked for."""

TRIES_FOR_A_LIST_THAT_SHOULD_EXIST = 3


class Paging(Enum):
    """How a list below a record names its next page."""

    PAGE = auto()
    """By number."""
    CURSOR = auto()
    """By the cursor that an answer ends with."""
    LISTING_ID = auto()
    """By the `listing_id` of the last row."""
    NONE = auto()
    """It has only one, and takes no limit."""


class OwnLists:
    """Reads the lists of single records, for one stream. Its methods run in the workers.

    They return None when the record itself is gone: it was deleted while it was read.
    """

    def __init__(
        self,
        client: Client,
        purpose: Purpose,
        *,
        paging: Paging = Paging.PAGE,
        keys: tuple[str, ...] = ("id",),
        shape: Shape = list,
    ) -> None:
        """`keys` tell the rows of one record's list apart; `shape` finds them in an answer."""
        self._client = client
        self._purpose = purpose
        self._paging = paging
        self._keys = keys
        self._shape = shape
        self._sizes: dict[str, PageSize] = {}

    def rows(
        self,
        record: str,
        name: str,
        *,
        params: Mapping[str, str] | None = None,
        none_is_404: bool = False,
        are_all: Callable[[list[Row]], bool] = lambda _: False,
    ) -> list[Row] | None:
        """All rows of the list `name` of `record` ("/v2/orders/100"), in the order of their ids.

        `none_is_404`: the API documents that it answers 404 where there are none. `are_all` may
        know from the record that these rows are all, which saves the request that would show it.
        """
        path = name if name.startswith("/") else f"{record}/{name}"
        for _ in range(TRIES_FOR_A_LIST_THAT_SHOULD_EXIST):
            try:
                return self.all_rows(path, params or {}, are_all)
            except NotFound:
                pass
            if not self._exists(record):
                return None
            if none_is_404:
                return []
            self._client.wait(1.0, self._purpose)
        raise RequestFailed(
            f"{self._purpose.stream}: the API says that {path} is not there, and yet "
            f"shows {record} itself. Run the sync again later: it goes on where it stopped."
        )

    def one(self, path: str, params: dict[str, str], record: str) -> Row | None:
        """The object at `path`, empty where there is none although `record` is there."""
        try:
            answer = self._client.get(path, params, dict, self._purpose)
        except NotFound:
            return {} if self._exists(record) else None
        content: Row = answer.content
        return content

    def all_rows(
        self,
        path: str,
        params: Mapping[str, str],
        are_all: Callable[[list[Row]], bool] = lambda _: False,
    ) -> list[Row]:
        """All rows of the list at `path`. Raises NotFound where there is none."""
        size = self._sizes.setdefault(path.rpartition("/")[2], PageSize(LARGEST_LIMIT))
        return self._all_pages(path, dict(params), size, are_all)

    def _exists(self, record: str) -> bool:
        try:
            self._client.get(record, {}, dict, self._purpose)
        except NotFound:
            return False
        return True

    def _all_pages(
        self,
        path: str,
        params: dict[str, str],
        size: PageSize,
        are_all: Callable[[list[Row]], bool],
    ) -> list[Row]:
        """Every page; from the first again whenever the limit had to be lowered on the way."""
        while True:
            rows: dict[Any, Row] = {}
            limit, number = size.limit, 1
            place: dict[str, str] | None = {}
            while place is not None:
                answer = self._page(path, {**params, **place}, limit, size)
                if answer is None:
                    break
                before = len(rows)
                rows.update((self._key(row, (number, at)), row) for row, at in _placed(answer))
                if len(rows) == before or self._ends(answer, limit, rows, are_all):
                    return sorted(rows.values(), key=_id)
                number += 1
                place = self._place(answer, number)
            else:
                return sorted(rows.values(), key=_id)

    def _ends(
        self,
        answer: Answer,
        limit: int,
        rows: dict[Any, Row],
        are_all: Callable[[list[Row]], bool],
    ) -> bool:
        """Surely nothing follows this answer.

        So it is with fewer rows than the API gives elsewhere, and fewer than a list gives that is
        asked without a limit; else only an answer with nothing new ends a list.
        """
        came = len(answer.content)
        if self._paging is Paging.CURSOR:
            return answer.next_cursor is None
        if self._paging is Paging.LISTING_ID:
            return len(rows) == answer.total
        return (
            came < min(DOCUMENTED_PAGE, self._client.most_rows, limit)
            or len(rows) == answer.total
            or (came < limit and are_all(list(rows.values())))
        )

    def _place(self, answer: Answer, number: int) -> dict[str, str] | None:
        """Where the page with this number begins; None where the list has no more."""
        if self._paging is Paging.PAGE:
            return {"page": str(number)}
        if self._paging is Paging.CURSOR:
            return {"after": answer.next_cursor} if answer.next_cursor is not None else None
        if self._paging is Paging.LISTING_ID:
            return {"after": str(answer.content[-1].get("listing_id"))}
        return None

    def _page(self, path: str, params: dict[str, str], limit: int, size: PageSize) -> Answer | None:
        """One page; None when the limit was too large, which `size` now knows."""
        paged = self._paging is not Paging.NONE
        if paged:
            params["limit"] = str(limit)
        try:
            answer = self._client.get(
                path, params, self._shape, self._purpose, fewer_possible=paged and limit > 1
            )
        except FewerRows as error:
            size.failed(limit, error.most)
            return None
        size.worked(limit, len(answer.body))
        return answer

    def _key(self, row: Row, place: tuple[int, int]) -> Any:
        key = tuple(row.get(name) for name in self._keys)
        return place if None in key else key


def _placed(answer: Answer) -> list[tuple[Row, int]]:
    return [(row, at) for at, row in enumerate(answer.content)]


def _id(row: Row) -> int:
    id_ = row.get("id")
    return id_ if isinstance(id_, int) else 0
