"""One page of a list: what is asked for, what came, and the reading of it with smaller limits.

By pages a list is read from end to end, as `by_id.ById` or `in_turn.InTurn` say: what to ask for
now, and which rows are next, each once, by their keys. They make no requests.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.response import Key, Response, RowKeys
from tap_bigcommerce.exceptions import (
    BadRecord,
    NotFound,
    PageTooLarge,
    RequestFailed,
    UnexpectedResponse,
)
from tap_bigcommerce.text import quoted

LOGGER = logging.getLogger(__name__)

Row = dict[str, Any]

Position = int | str | None
"""Where a stopped walk goes on: behind an id, or at a cursor; None: at the start."""

KEY_TYPES = (int, str)
"""Of the parts of a key. A double or a boolean may equal an id that another row has."""

REFUSALS_TO_BELIEVE = 2
"""After so many rows whose details are refused, and none whose details came, all are."""

DEFAULT_PAGE_SIZE = 50
"""Rows: how many the API gives when no limit is asked for."""

GOOD_PAGES = 8
"""After so many good pages in a row the size doubles again."""

LARGEST_RESPONSE = 4_000_000
"""Bytes. A larger answer halves the size, for several of them are held at once."""


@dataclass(frozen=True)
class ListRequest:
    """A list as it is asked for: everything but where in it a page begins and how long it is.

    `includes` are the parameters that bring what belongs to the rows along; without them a row
    comes bare. `post_process` gives a row the form that the schema describes; `keys` tell rows
    apart. `paged`: the list takes a limit; `single`: it is one object.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    includes: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ("id",)
    post_process: Callable[[Row], Row] | None = None
    paged: bool = True
    single: bool = False

    def rows(self, content: Any) -> list[Row]:
        """The rows in an answer's content."""
        rows: list[Row] = [content] if self.single else content
        return rows if self.post_process is None else [self.post_process(row) for row in rows]

    @functools.cached_property
    def row_keys(self) -> RowKeys:
        """What tells a row from the others."""
        return RowKeys(
            self.keys, self.rows if self.single or self.post_process is not None else None
        )


class RequestKind(Enum):
    """What an ask is for."""

    PAGE = auto()
    """A page of rows, as long as the list gives it."""
    LAST = auto()
    """The row with the largest id."""
    COUNT = auto()
    """One row, for the total that comes with it."""


@dataclass(eq=False)
class Page:
    """The rows of one answer, by their keys as they came.

    `bare`: the rows came without their details. Fewer rows than `min_full_page` are surely no
    full page: others may follow on those that are.
    """

    ids: list[Key]
    limit: int
    response: Response
    without_includes: bool = False
    min_full_page: int = DEFAULT_PAGE_SIZE


def without_key(noun: str, names: str, key: Key) -> BadRecord:
    """What is said of a record that `key`, of these names, does not tell from others."""
    return BadRecord(
        f"{noun}: a record has no usable {names} ({quoted(key)}), so nobody can tell what has been "
        "read and what has not. Ask BigCommerce's support about it."
    )


class PageSize:
    """The `limit` of one list. Several workers use it at once."""

    def __init__(self, largest: int) -> None:
        self._lock = threading.Lock()
        self.largest = largest
        self.limit = largest
        self._good = 0
        self._good_needed = GOOD_PAGES
        self._largest_that_worked = 0

    def failed(self, limit: int, most: int | None = None) -> None:
        """A page of `limit` rows did not come; `most` is the largest that the API names.

        Workers that fail with the same limit at the same time halve it once, not each.
        """
        with self._lock:
            if most is not None and most < limit:
                self.largest = min(self.largest, most)
                self.limit = min(self.limit, most)
            elif limit <= self.limit:
                self.limit = max(1, limit // 2)
                if limit > self._largest_that_worked:
                    # Tried before and failed again: wait longer before the next try.
                    self._good_needed *= 2
            self._good = 0

    def worked(self, limit: int, size: int, *, grows: bool = True) -> None:
        """A page of `limit` rows came, in `size` bytes. `grows`: the next ones may be larger."""
        with self._lock:
            self._largest_that_worked = max(self._largest_that_worked, limit)
            if size > LARGEST_RESPONSE and limit > 1:
                self.largest = min(self.largest, max(1, limit // 2))
                self.limit = min(self.limit, self.largest)
            elif limit >= self.limit and grows:
                self._good += 1
                known = limit * 2 <= self._largest_that_worked
                if self._good >= (GOOD_PAGES if known else self._good_needed):
                    self._good = 0
                    self.limit = min(self.limit * 2, self.largest)


class PageReader:
    """Reads single pages of one list. Its methods run in the workers."""

    def __init__(
        self, client: Client, request: ListRequest, context: RequestContext, page_size: int
    ) -> None:
        """Pages have `page_size` rows at the most."""
        self._get = functools.partial(
            client.get,
            request.path,
            expects=dict if request.single else list,
            context=context,
            keys=request.row_keys,
        )
        self._client = client
        self._request = request
        self._context = context
        self._size = PageSize(page_size)
        self._lock = threading.Lock()
        self._last_good: Response | None = None
        self._is_sound = False
        """The API took the request, with its details, the last time that this is known of: where it
        refuses one, it is asked for too many rows."""
        self._refused_in_a_row: set[Key] = set()
        """Rows that the API has refused to show with their details since."""
        self._refuses_details = False
        """It takes the details for no row."""

    def single(self, place: Mapping[str, str]) -> Page:
        """The first row at `place` in the list, bare."""
        response = self._get(self._params(place, 1), retry_policy=self._client.retry_policy())
        return Page(self._keys(response), 1, response, without_includes=True)

    def record(self, id_: int) -> Page | RequestFailed:
        """The single row with this id, bare; or why it cannot be read."""
        path = f"{self._request.path}/{id_}"
        keys = dataclasses.replace(self._request, single=True).row_keys
        try:
            response = self._client.get(path, self._request.params, dict, self._context, keys=keys)
        except RequestFailed as error:
            return error
        if response.raw.keys == [id_]:
            return Page([id_], 1, response, without_includes=True)
        return UnexpectedResponse(
            f"{self._context.stream}: GET {path} answers with the record {response.raw.keys}. "
            "Going on with it could mix up records."
        )

    def _keys(self, response: Response) -> list[Key]:
        """What tells the answer's rows apart. Raises BadRecord where one cannot be told."""
        keys = response.raw.keys
        for key in keys:
            if not all(type(part) in KEY_TYPES for part in (key if type(key) is tuple else [key])):
                names = " and ".join(self._request.keys)
                raise without_key(self._context.stream, names, key)
        return keys

    def page(self, place: Mapping[str, str]) -> Page:
        """The page at `place` in the list, as long as the list gives it.

        A single row that cannot be read with its details is read bare; and so are all pages once
        the API has refused the details of two rows in a row. Raises RequestFailed, whose words
        name the place, when not even that works.
        """
        retry_policy = self._client.retry_policy()
        request = self._request
        without_includes, alone, refused = False, False, ""
        while True:
            limit = 1 if alone else self._size.limit
            with_details = (
                bool(request.includes) and not without_includes and not self._refuses_details
            )
            try:
                response = self._get(
                    self._params({**place, **(request.includes if with_details else {})}, limit),
                    retry_policy=retry_policy,
                    can_reduce_limit=request.paged and (limit > 1 or with_details),
                )
            except PageTooLarge as error:
                retry_policy.reset_waits()
                if limit == 1:
                    without_includes, refused = True, error.message if error.refused else ""
                # The limit, or something else in the request: one row tells which.
                alone = alone or (error.refused and not self._is_sound)
                if not alone:
                    self._size.failed(limit, error.max_limit)
                continue
            except NotFound:
                if self._last_good is None or not place:
                    raise
                # The list is there: 404 is how some APIs say that a page lies behind its end.
                return Page([], limit, self._last_good)
            except RequestFailed as error:
                if limit > 1 or type(error) is not RequestFailed:
                    raise
                where = ", ".join(f"{name}={value}" for name, value in place.items()) or "its start"
                raise RequestFailed(
                    f"{error.message} Not even the single record at {where} can be read."
                ) from error
            if not without_includes:
                with self._lock:
                    self._is_sound = True
                    self._refused_in_a_row.clear()
            if alone and not without_includes:
                alone = False
                self._size.failed(self._size.limit)
                continue
            keys = self._keys(response)
            self._last_good = response.without_rows()
            if refused and keys:
                self._note_refusal(keys[0], refused)
            # A page of another size would move those behind it.
            self._size.worked(limit, response.size, grows="page" not in place)
            full = min(DEFAULT_PAGE_SIZE, limit) if request.paged else DEFAULT_PAGE_SIZE
            is_without_includes = bool(request.includes) and not with_details
            return Page(keys, limit, response, is_without_includes, full)

    def _params(self, more: Mapping[str, str], limit: int) -> dict[str, str]:
        params = {**self._request.params, **more}
        if self._request.paged:
            params["limit"] = str(limit)
        return params

    def _note_refusal(self, row: Key, message: str) -> None:
        """The API has refused to show this row with its details, and has shown it without."""
        with self._lock:
            self._is_sound = False
            self._refused_in_a_row.add(row)
            if len(self._refused_in_a_row) < REFUSALS_TO_BELIEVE or self._refuses_details:
                return
            self._refuses_details = True
        self._size.limit = self._size.largest
        LOGGER.warning(
            "%s With %s it shows no row, and without them it shows them all: pages are read "
            "without them from now on, and what belongs to each row from lists of its own, which "
            "is slow.",
            message,
            ", ".join(f"{name}={value}" for name, value in self._request.includes.items()),
        )
