"""Reads one page of a list, with a smaller limit if that is needed.

Paginators (`id_ranges.IdRangePaginator`, `sequential.SequentialPaginator`) decide which pages of a
list are requested; `PageReader` makes the requests. If the API cannot answer with a full page, it
retries with a smaller `limit`, down to a single row; if it cannot return a row with its nested
lists, it requests the row without them.
"""

import dataclasses
import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.response import Key, Response, RowKeys, unusable_key
from tap_bigcommerce.exceptions import NotFound, PageTooLarge, RequestFailed, UnexpectedResponse
from tap_bigcommerce.records.schemas import STORE_HASH

LOGGER = logging.getLogger(__name__)

Row = dict[str, Any]

Position = int | str | None
"""Where a stopped pass resumes: after an id, or at a cursor; None: at the start."""

KEY_TYPES = (int, str)
"""The types of a key's parts. A float or a boolean could equal the id of another row."""

MAX_REFUSALS_IN_A_ROW = 2
"""When the API has refused `includes` for so many rows in a row, they are no longer requested."""

DEFAULT_PAGE_SIZE = 50
"""How many rows the API returns when no limit is given."""

GOOD_PAGES = 8
"""After so many good pages in a row, the limit is doubled again."""

LARGEST_RESPONSE = 4_000_000
"""Bytes. A larger response halves the limit, because several are held at once."""


@dataclass(frozen=True)
class ListRequest:
    """What is requested of a list, but for the position and the length of a page.

    `includes` are the parameters that make the API nest related rows in each row. `post_process`
    gives a row the form that the schema describes. `keys` are the fields that identify a row.
    `paged`: the list takes a limit. `single`: it is one object. `record_filter` is the parameter
    for a single id, where records have no path of their own.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    includes: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ("id",)
    post_process: Callable[[Row], Row] | None = None
    paged: bool = True
    single: bool = False
    record_filter: str | None = None

    def rows(self, content: Any) -> list[Row]:
        """The rows in a response's content."""
        rows: list[Row] = [content] if self.single else content
        return rows if self.post_process is None else [self.post_process(row) for row in rows]

    @functools.cached_property
    def row_keys(self) -> RowKeys:
        """Reads the keys of rows."""
        are_as_sent = not self.single and self.post_process is None
        return RowKeys(self.keys, None if are_as_sent else self.rows)


class RequestKind(Enum):
    """What a paginator requests.

    PAGE is a page of rows, as long as the API returns it; LAST is the row with the largest id;
    COUNT is a single row, for the list's total that comes with it.
    """

    PAGE = auto()
    LAST = auto()
    COUNT = auto()


@dataclass(frozen=True, eq=False)
class PageRequest:
    """A request that a paginator wants to be made, with the parameters `params`."""

    kind: RequestKind
    params: Mapping[str, str]

    @property
    def is_page(self) -> bool:
        """It asks for a page; otherwise for a single row."""
        return self.kind is RequestKind.PAGE

    @property
    def number(self) -> int | None:
        """The page's number, if the page is requested by number."""
        return int(self.params["page"]) if "page" in self.params else None


@dataclass(eq=False)
class Page:
    """The rows of one response; `ids` are their keys, in the order of the response.

    `without_includes`: the request was sent without the list's `includes`. A page of fewer than
    `min_full_page` rows is certainly not full; a longer one may be, and others may follow it.
    """

    ids: list[Key]
    limit: int
    response: Response
    without_includes: bool = False
    min_full_page: int = DEFAULT_PAGE_SIZE


class PageSize:
    """The `limit` of one list. It is safe to use from several workers at once.

    It is halved when a page fails, and doubled again after several good pages.
    """

    def __init__(self, largest: int) -> None:
        self._lock = threading.Lock()
        self.largest = largest
        self.limit = largest
        self._good_pages = 0
        self._good_pages_needed = GOOD_PAGES
        self._largest_that_worked = 0

    def failed(self, limit: int, most: int | None = None) -> None:
        """Note that a page of `limit` rows failed; `most` is the largest limit that the API names.

        Workers that fail with the same limit at the same time halve it only once.
        """
        with self._lock:
            if most is not None and most < limit:
                self.largest = min(self.largest, most)
                self.limit = min(self.limit, most)
            elif limit <= self.limit:
                self.limit = max(1, limit // 2)
                if limit > self._largest_that_worked:
                    # It has failed each time: wait longer before the next attempt.
                    self._good_pages_needed *= 2
            self._good_pages = 0

    def worked(self, limit: int, size: int, *, grows: bool = True) -> None:
        """Note that a page of `limit` rows came, in `size` bytes.

        `grows`: the limit may be doubled.
        """
        with self._lock:
            self._largest_that_worked = max(self._largest_that_worked, limit)
            if size > LARGEST_RESPONSE and limit > 1:
                self.largest = min(self.largest, max(1, limit // 2))
                self.limit = min(self.limit, self.largest)
            elif limit >= self.limit and grows:
                self._good_pages += 1
                worked_before = limit * 2 <= self._largest_that_worked
                if self._good_pages >= (GOOD_PAGES if worked_before else self._good_pages_needed):
                    self._good_pages = 0
                    self.limit = min(self.limit * 2, self.largest)


class PageReader:
    """Reads single pages of one list. Its methods run in the workers."""

    def __init__(
        self, client: Client, request: ListRequest, context: RequestContext, page_size: int
    ) -> None:
        """`page_size` is the largest `limit` of a page, in rows."""
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
        self._request_was_accepted = False
        """The API accepted the request with its includes the last time. If it refuses the request
        now, the limit is the cause."""
        self._refused_in_a_row: set[Key] = set()
        """The rows that the API has refused to return with the includes since then."""
        self._refuses_includes = False
        """The API refuses the includes for all rows."""

    def first_row(self, params: Mapping[str, str]) -> Page:
        """The first row of what `params` request, without includes."""
        response = self._get(self._params(params, 1), retry_policy=self._client.retry_policy())
        return Page(self._keys(response), 1, response, without_includes=True)

    def record(self, id_: int) -> Page | RequestFailed | None:
        """The single row with this id, without includes; or why it cannot be read.

        None, or NotFound: there is none.
        """
        request = self._request
        try:
            if request.record_filter is not None:
                path = request.path
                response = self._get({**request.params, request.record_filter: str(id_)})
                if not response.raw.keys:
                    return None
            else:
                path = f"{request.path}/{id_}"
                keys = dataclasses.replace(request, single=True).row_keys
                response = self._client.get(path, request.params, dict, self._context, keys=keys)
        except RequestFailed as error:
            return error
        if response.raw.keys == [id_]:
            return Page([id_], 1, response, without_includes=True)
        return UnexpectedResponse(
            f"{self._context.stream}: GET {path} answers with the record {response.raw.keys}. "
            "Continuing with it could mix up records."
        )

    def _keys(self, response: Response) -> list[Key]:
        """The keys of the response's rows. Raises BadRecord where one cannot identify its row."""
        keys = response.raw.keys
        if self._request.keys == (STORE_HASH,):  # The tap adds it to the only row.
            return keys
        for key in keys:
            if not all(type(part) in KEY_TYPES for part in (key if type(key) is tuple else [key])):
                raise unusable_key(self._context.stream, " and ".join(self._request.keys), key)
        return keys

    def page(self, params: Mapping[str, str]) -> Page:
        """The page that `params` request, as long as the API returns it.

        A single row that cannot be read with its includes is read without them; so are all pages
        once the API has refused two rows in a row. Raises RequestFailed, which names `params`, when
        a single row without includes cannot be read either.
        """
        retry_policy = self._client.retry_policy()
        request = self._request
        without_includes, one_row, refused = False, False, ""
        while True:
            limit = 1 if one_row else self._size.limit
            with_includes = (
                bool(request.includes) and not without_includes and not self._refuses_includes
            )
            try:
                response = self._get(
                    self._params({**params, **(request.includes if with_includes else {})}, limit),
                    retry_policy=retry_policy,
                    can_reduce_limit=request.paged and (limit > 1 or with_includes),
                )
            except PageTooLarge as error:
                retry_policy.reset_waits()
                if limit == 1:
                    without_includes, refused = True, error.message if error.refused else ""
                # The cause is the limit or another part of the request: one row tells which.
                one_row = one_row or (error.refused and not self._request_was_accepted)
                if not one_row:
                    self._size.failed(limit, error.max_limit)
                continue
            except NotFound:
                if self._last_good is None or not params:
                    raise
                # Some APIs answer 404 to a page after the last one. A list that is gone answers its
                # first page with 404, too: that error ends the stream.
                self._get(self._params({}, 1))
                return Page([], limit, self._last_good)
            except RequestFailed as error:
                if limit > 1 or type(error) is not RequestFailed:
                    raise
                where = ", ".join(f"{name}={value}" for name, value in params.items())
                raise RequestFailed(
                    f"{error.message} Not even the single record at {where or 'its start'} can be "
                    "read."
                ) from error
            if not without_includes:
                with self._lock:
                    self._request_was_accepted = True
                    self._refused_in_a_row.clear()
            if one_row and not without_includes:
                one_row = False
                self._size.failed(self._size.limit)
                continue
            keys = self._keys(response)
            self._last_good = response.without_rows()
            if refused and keys:
                self._note_refusal(keys[0], refused)
            # By page number, a page of another size would start at another row.
            self._size.worked(limit, response.size, grows="page" not in params)
            full = min(DEFAULT_PAGE_SIZE, limit) if request.paged else DEFAULT_PAGE_SIZE
            return Page(keys, limit, response, bool(request.includes) and not with_includes, full)

    def _params(self, more: Mapping[str, str], limit: int) -> dict[str, str]:
        params = {**self._request.params, **more}
        if self._request.paged:
            params["limit"] = str(limit)
        return params

    def _note_refusal(self, row: Key, message: str) -> None:
        """Note that the API has refused this row with includes, and returned it without."""
        with self._lock:
            self._request_was_accepted = False
            self._refused_in_a_row.add(row)
            if len(self._refused_in_a_row) < MAX_REFUSALS_IN_A_ROW or self._refuses_includes:
                return
            self._refuses_includes = True
        self._size.limit = self._size.largest
        LOGGER.warning(
            "%s With %s the API returns no row, and without them it returns all rows. From now on "
            "pages are read without them, and the lists that belong to each row are read one by "
            "one, which is slow.",
            message,
            ", ".join(f"{name}={value}" for name, value in self._request.includes.items()),
        )
