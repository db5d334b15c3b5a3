"""What every walk through a list has in common: it says what to ask for, and is told what came.

A walk makes no requests, and hands on rows in its order, each of them once, named by their keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from tap_bigcommerce.pages.page import Page
from tap_bigcommerce.row_keys import Key

Position = int | str | None
"""Where a stopped walk goes on: behind an id, or at a cursor; None: at the start."""


class What(Enum):
    """What an ask is for."""

    PAGE = auto()
    """A page of rows, as long as the list gives it."""
    LAST = auto()
    """The row with the largest id."""
    CHECK = auto()
    """Few rows: is there really nothing where an answer showed nothing?"""
    COUNT = auto()
    """One row, for the total that comes with it."""


def slack(totals: Sequence[int], pages: int) -> int:
    """How many rows a list that changes may seem to lack, by the totals that it named meanwhile.

    What is deleted before the reader comes by, and what enters behind it, makes the difference: as
    much as the totals show, and for each page as much as may have cancelled out in them.
    """
    changes = sum(abs(one - two) for one, two in itertools.pairwise(totals))
    return changes + pages if changes else 0


class Walk(Protocol):
    """One walk through one list."""

    proven: bool
    """Nothing can have slipped by, once it is finished."""
    doubted: bool
    """Rows may be missing before those that have come: a walk that is stopped begins anew."""
    rows_read: int
    duplicates: int

    @property
    def finished(self) -> bool: ...

    @property
    def contradiction(self) -> str | None:
        """What the API says of the list that does not fit what has come; once it is finished."""
        ...

    @property
    def rows_held(self) -> int:
        """How many rows have come and wait for others before them."""
        ...

    @property
    def awaits(self) -> bool:
        """The rows that come next in order have not been asked for."""
        ...

    @property
    def ending(self) -> bool:
        """All that is left of the list is on its way."""
        ...

    @property
    def end(self) -> int | None:
        """The largest id of the list, once it is known; None where nobody knows."""
        ...

    def asks(self, free: int, pages_that_fit: int) -> Sequence[Any]:
        """What to ask for now, at most `free` requests, the most urgent first.

        `pages_that_fit` into memory bound how much is asked for ahead.
        """
        ...

    def answered(self, ask: Any, page: Page) -> None:
        """What came for `ask`. Raises UnexpectedAnswer or BadRecord when it cannot be trusted."""
        ...

    def begins_anew(self, ask: Any) -> bool:
        """`ask` has failed; whether that may be due to where an earlier walk stopped. The list is
        read from its start then."""
        ...

    def ready(self) -> Iterator[tuple[Page, Sequence[Key]]]:
        """The keys of the rows that are proven to be next, as runs of rows of one page each."""
        ...

    def position(self, page: Page, key: Key, *, ends_page: bool) -> Position:
        """Where a stopped walk could go on once the row with this key has been written."""
        ...


class WalkKind(Protocol):
    """A way to walk, as a stream declares it.

    `paged`: the list takes a limit, `single`: it is one object.
    """

    @property
    def paged(self) -> bool: ...

    @property
    def single(self) -> bool: ...

    def begin(self, noun: str, after: Position, parallel: int) -> Walk:
        """A walk that goes on behind `after`; `noun` names the list in errors."""
        ...

    def again(self, walk: Any) -> tuple[WalkKind, Walk] | None:
        """Another way to read the list, where a finished `walk` of this kind may lack rows."""
        ...

    def place(self, ask: Any) -> dict[str, str]:
        """The parameters for the rows that `ask` wants."""
        ...
