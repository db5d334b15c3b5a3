"""One page of a list: what is asked for, what came, and the reading of it with smaller limits."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.answer import Answer, Key, RowKeys
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import BadRecord, FewerRows, NotFound, RequestFailed
from tap_bigcommerce.patience import Patience

LOGGER = logging.getLogger(__name__)

Row = dict[str, Any]

KEY_TYPES = (int, str)
"""Of the parts of a key. A double or a boolean may equal an id that another row has."""

REFUSALS_TO_BELIEVE = 2
"""After so many rows whose details are refused, and none whose details came, all are."""

DOCUMENTED_PAGE = 50
"""Rows: how many the API gives when no limit is asked for."""

GOOD_PAGES = 8
"""After so many good pages in a row the size doubles again."""

LARGEST_ANSWER = 4_000_000
"""Bytes. A larger answer halves the size, for several of them are held at once."""


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

    `bare`: the rows came without their details. Fewer rows than `fewest_of_full` are surely no
    full page: others may follow on those that are.
    """

    ids: list[Key]
    limit: int
    answer: Answer
    bare: bool = False
    fewest_of_full: int = DOCUMENTED_PAGE


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
        self._largest = largest
        self._limit = largest
        self._good = 0
        self._good_needed = GOOD_PAGES
        self._largest_that_worked = 0

    @property
    def limit(self) -> int:
        return self._limit

    def failed(self, limit: int, most: int | None = None) -> None:
        """A page of `limit` rows did not come; `most` is the largest that the API names.

        Workers that fail with the same limit at the same time halve it once, not each.
        """
        with self._lock:
            if most is not None and most < limit:
                self._largest = min(self._largest, most)
                self._limit = min(self._limit, most)
            elif limit <= self._limit:
                self._limit = max(1, limit // 2)
                if limit > self._largest_that_worked:
                    # Tried before and failed again: wait longer before the next try.
                    self._good_needed *= 2
            self._good = 0

    def was_no_reason(self) -> None:
        """Pages failed because of something else in the request, which is in it no more."""
        with self._lock:
            self._limit = self._largest

    def worked(self, limit: int, size: int, *, grows: bool = True) -> None:
        """A page of `limit` rows came, in `size` bytes. `grows`: the next ones may be larger."""
        with self._lock:
            self._largest_that_worked = max(self._largest_that_worked, limit)
            if size > LARGEST_ANSWER and limit > 1:
                self._largest = min(self._largest, max(1, limit // 2))
                self._limit = min(self._limit, self._largest)
                return
            if limit < self._limit or not grows:
                return
            self._good += 1
            needed = GOOD_PAGES if limit * 2 <= self._largest_that_worked else self._good_needed
            if self._good >= needed:
                self._good = 0
                self._limit = min(self._limit * 2, self._largest)


class PageReader:
    """Reads single pages of one list. Its methods run in the workers."""

    def __init__(
        self, client: Client, request: ListRequest, purpose: Purpose, page_size: int
    ) -> None:
        """Pages have `page_size` rows at the most."""
        self._client = client
        self._request = request
        self._purpose = purpose
        self._size = PageSize(page_size)
        self._lock = threading.Lock()
        self._last_good: Answer | None = None
        self._is_sound = False
        """The API takes the request as such: where it refuses one, it asks for too much."""
        self._takes_details = False
        """It took them with the last page of which that is known."""
        self._refused_in_a_row: set[Key] = set()
        """Rows that the API has refused to show with their details since."""
        self._refuses_details = False
        """It takes them for no row."""

    def single(self, place: Mapping[str, str]) -> Page:
        """The first row at `place` in the list, bare."""
        answer = self._get(place, 1, self._client.patience())
        return Page(self._keys(answer), 1, answer, bare=True)

    def _keys(self, answer: Answer) -> list[Key]:
        """What tells the answer's rows apart. Raises BadRecord where one cannot be told."""
        keys = answer.raw.keys
        for key in keys:
            if not all(type(part) in KEY_TYPES for part in (key if type(key) is tuple else [key])):
                names = " and ".join(self._request.keys)
                raise without_key(self._purpose.stream, names, key)
        return keys

    def page(self, place: Mapping[str, str]) -> Page:
        """The page at `place` in the list, as long as the list gives it.

        A single row that cannot be read with its details is read bare; and so are all pages once
        the API has refused the details of two rows in a row. Raises RequestFailed, whose words
        name the place, when not even that works.
        """
        patience = self._client.patience()
        request = self._request
        bare, alone, refused = False, False, ""
        while True:
            limit = 1 if alone else self._size.limit
            with_details = bool(request.details) and not bare and not self._refuses_details
            try:
                answer = self._get(
                    place,
                    limit,
                    patience,
                    with_details=with_details,
                    fewer_possible=request.paged and (limit > 1 or with_details),
                )
            except FewerRows as error:
                patience.wait_from_anew()
                if error.refused and not self._is_sound:
                    # As little as can be: where that is refused, too, it is not the limit.
                    self._get(place, 1, patience)
                    self._is_sound = True
                if error.refused and with_details and limit > 1 and not self._takes_details:
                    alone = True  # The limit or the details: one row tells which.
                    continue
                if limit == 1:
                    bare, refused = True, error.words if error.refused else ""
                if not alone:
                    self._size.failed(limit, error.most)
                continue
            except NotFound:
                if self._last_good is None or not place:
                    raise
                # The list is there: 404 is how some APIs say that a page lies behind its end.
                return Page([], limit, self._last_good)
            except RequestFailed as error:
                if limit > 1 or type(error) is not RequestFailed:
                    raise
                where = ", ".join(f"{name}={value}" for name, value in place.items())
                raise RequestFailed(
                    f"{error.words} Not even the single record at {where or 'its start'} can be "
                    "read."
                ) from error
            if alone and with_details:
                self._note_details()
                alone = False
                self._size.failed(self._size.limit)
                continue
            keys = self._keys(answer)
            self._last_good = answer.without_rows()
            if with_details:
                self._note_details()
            elif refused and keys:
                self._note_refusal(keys[0], refused)
            # A page of another size would move those behind it.
            self._size.worked(limit, answer.size, grows="page" not in place)
            full = min(DOCUMENTED_PAGE, limit) if request.paged else DOCUMENTED_PAGE
            is_bare = bool(request.details) and not with_details
            return Page(keys, limit, answer, is_bare, full)

    def _get(
        self,
        place: Mapping[str, str],
        limit: int,
        patience: Patience,
        *,
        with_details: bool = False,
        fewer_possible: bool = False,
    ) -> Answer:
        request = self._request
        params = {**request.params, **place, **(request.details if with_details else {})}
        if request.paged:
            params["limit"] = str(limit)
        return self._client.get(
            request.path,
            params,
            dict if request.single else list,
            self._purpose,
            patience=patience,
            fewer_possible=fewer_possible,
            keys=request.row_keys,
        )

    def _note_details(self) -> None:
        """Rows came with their details."""
        with self._lock:
            self._takes_details = True
            self._refused_in_a_row.clear()

    def _note_refusal(self, row: Key, words: str) -> None:
        """The API has refused to show this row with its details, and has shown it without."""
        with self._lock:
            self._takes_details = False
            self._refused_in_a_row.add(row)
            if len(self._refused_in_a_row) < REFUSALS_TO_BELIEVE or self._refuses_details:
                return
            self._refuses_details = True
        self._size.was_no_reason()
        LOGGER.warning(
            "%s With %s it shows no row, and without them it shows them all: pages are read "
            "without them from now on, and what belongs to each row from lists of its own, which "
            "is slow.",
            words,
            ", ".join(f"{name}={value}" for name, value in self._request.details.items()),
        )
