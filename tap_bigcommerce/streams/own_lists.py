"""Lists that belong to one record (/v2/orders/100/products), each read to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from tap_bigcommerce.client import Answer, Client, Purpose
from tap_bigcommerce.exceptions import FewerRows, NotFound, RequestFailed
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.pages.sizes import PageSize

LOGGER = logging.getLogger(__name__)

LARGEST_LIMIT = 250

DOCUMENTED_PAGE = 50
"""Rows: how many these lists give when no limit is asked for."""

TRIES_FOR_A_LIST_THAT_SHOULD_EXIST = 3


class OwnLists:
    """Reads the lists of single records, for one stream. Its methods run in the workers.

    They return None when the record itself is gone: it was deleted while it was read.
    """

    def __init__(self, client: Client, purpose: Purpose) -> None:
        self._client = client
        self._purpose = purpose
        self._sizes: dict[str, PageSize] = {}

    def rows(
        self,
        record: str,
        name: str,
        *,
        none_is_404: bool = False,
        are_all: Callable[[list[Row]], bool] = lambda _: False,
    ) -> list[Row] | None:
        """All rows of the list `name` of `record` ("/v2/orders/100"), in the order of their ids.

        `none_is_404`: the API documents that it answers 404 where there are none. `are_all` may
        know from the record that these rows are all, which saves the request that would show it.
        """
        size = self._sizes.setdefault(name, PageSize(LARGEST_LIMIT))
        for _ in range(TRIES_FOR_A_LIST_THAT_SHOULD_EXIST):
            try:
                return self._all_pages(f"{record}/{name}", size, are_all)
            except NotFound:
                pass
            if not self._exists(record):
                return None
            if none_is_404:
                return []
            self._client.wait(1.0, self._purpose)
        raise RequestFailed(
            f"{self._purpose.stream}: the API says that {record}/{name} is not there, and yet "
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

    def _exists(self, record: str) -> bool:
        try:
            self._client.get(record, {}, dict, self._purpose)
        except NotFound:
            return False
        return True

    def _all_pages(
        self, path: str, size: PageSize, are_all: Callable[[list[Row]], bool]
    ) -> list[Row]:
        """Every page; from the first again whenever the limit had to be lowered on the way.

        A list ends at an answer with nothing new. Fewer rows than the API gives elsewhere, and
        fewer than a list gives that was asked without a limit, are surely all.
        """
        while True:
            limit = size.limit
            rows: dict[Any, Row] = {}
            number = 1
            while True:
                answer = self._page(path, limit, number, size)
                if answer is None:
                    break
                before = len(rows)
                rows.update((row.get("id", (number, at)), row) for at, row in _at(answer))
                came = len(answer.content)
                surely_all = min(DOCUMENTED_PAGE, self._client.most_rows, limit)
                if (
                    len(rows) == before
                    or came < surely_all
                    or len(rows) == answer.total
                    or (came < limit and are_all(list(rows.values())))
                ):
                    return sorted(rows.values(), key=_id)
                number += 1

    def _page(self, path: str, limit: int, number: int, size: PageSize) -> Answer | None:
        """One page; None when the limit was too large, which `size` now knows."""
        params = {"limit": str(limit), **({"page": str(number)} if number > 1 else {})}
        try:
            answer = self._client.get(path, params, list, self._purpose, fewer_possible=limit > 1)
        except FewerRows as error:
            size.failed(limit, error.most)
            return None
        size.worked(limit, len(answer.body))
        return answer


def _at(answer: Answer) -> list[tuple[int, Row]]:
    return list(enumerate(answer.content))


def _id(row: Row) -> int:
    id_ = row.get("id")
    return id_ if isinstance(id_, int) else 0
