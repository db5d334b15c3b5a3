"""One page of a list: what is asked for, what came, and the reading of it with smaller limits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.exceptions import FewerRows, RequestFailed
from tap_bigcommerce.pages.sizes import PageSize
from tap_bigcommerce.row_keys import Key, RowKeys

Row = dict[str, Any]


@dataclass(frozen=True)
class ListRequest:
    """A list as it is asked for: everything but where in it a page begins and how long it is.

    `details` are the parameters that bring what belongs to the rows along; without them a row
    comes bare. `reshape` gives a row the form of the stream where the API's differs; `keys` tell
    rows apart. `paged`: the list takes a limit; `single`: it is one object.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ("id",)
    reshape: Callable[[Row], Row] | None = None
    paged: bool = True
    single: bool = False

    def rows(self, content: Any) -> list[Row]:
        """The rows in an answer's content."""
        rows: list[Row] = [content] if self.single else content
        return rows if self.reshape is None else [self.reshape(row) for row in rows]

    @functools.cached_property
    def row_keys(self) -> RowKeys:
        """What tells a row from the others."""
        return RowKeys(self.keys, self.rows if self.single or self.reshape is not None else None)


@dataclass(eq=False)
class Page:
    """The rows of one answer, by their keys as they came.

    `bare`: the rows came without their details.
    """

    ids: list[Key]
    limit: int
    answer: Answer
    request: ListRequest
    bare: bool = False


class PageReader:
    """Reads single pages of one list. Its methods run in the workers."""

    def __init__(
        self, client: Client, request: ListRequest, purpose: Purpose, size: PageSize
    ) -> None:
        self._client = client
        self._request = request
        self._purpose = purpose
        self._size = size

    def few(self, place: Mapping[str, str], limit: int) -> Page:
        """At most `limit` rows at `place` in the list, bare."""
        request = self._request
        params = {**request.params, **place, "limit": str(limit)}
        answer = self._client.get(request.path, params, list, self._purpose, keys=request.row_keys)
        return Page(answer.keys or [], limit, answer, request, bare=True)

    def page(self, place: Mapping[str, str]) -> Page:
        """The page at `place` in the list, as long as the list gives it.

        A single row that cannot be read with its details is read bare. Raises RequestFailed, whose
        words name the place, when not even that works.
        """
        patience = self._client.patience()
        request = self._request
        bare, failed_at_one = False, False
        while True:
            limit = self._size.limit
            params = {**request.params, **place}
            if request.paged:
                params["limit"] = str(limit)
            if not bare:
                params.update(request.details)
            try:
                answer = self._client.get(
                    request.path,
                    params,
                    dict if request.single else list,
                    self._purpose,
                    patience=patience,
                    fewer_possible=request.paged
                    and (limit > 1 or (bool(request.details) and not bare)),
                    keys=request.row_keys,
                )
            except FewerRows as error:
                patience.wait_from_anew()
                bare = limit == 1
                failed_at_one = failed_at_one or limit == 1
                self._size.failed(limit, error.most)
                continue
            except RequestFailed as error:
                if limit > 1 or type(error) is not RequestFailed:
                    raise
                where = ", ".join(f"{name}={value}" for name, value in place.items())
                raise RequestFailed(
                    f"{error.words} Not even the single record at {where or 'its start'} can be "
                    "read."
                ) from error
            if failed_at_one and not bare:
                self._size.was_outage()
            self._size.worked(limit, len(answer.body))
            return Page(answer.keys or [], limit, answer, request, bare)
