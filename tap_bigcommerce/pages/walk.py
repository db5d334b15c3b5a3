"""What every walk through a list has in common: it says what to ask for, and is told what came.

A walk makes no requests, and hands on rows in its order, each of them once, named by their keys.
"""

from __future__ import annotations

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
    """Two rows: is there really nothing where an answer showed nothing?"""


class Walk(Protocol):
    """One walk through one list."""

    finished: bool
    proven: bool
    """Nothing can have slipped by, once it is finished."""
    rows_read: int
    duplicates: int

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

    def ready(self) -> Iterator[tuple[Page, Sequence[Key]]]:
        """The keys of the rows that are proven to be next, as runs of rows of one page each."""
        ...

    def position(self, page: Page, key: Key, *, ends_page: bool) -> Position:
        """Where a stopped walk could go on once the row with this key has been written."""
        ...


class WalkKind(Protocol):
    """A way to walk, as a stream declares it.

    `paged`: the list takes a limit, `single`: it is one object; `pages_may_grow`: a page of
    another size does not move the ones behind it.
    """

    @property
    def paged(self) -> bool: ...

    @property
    def single(self) -> bool: ...

    @property
    def pages_may_grow(self) -> bool: ...

    def begin(self, noun: str, after: Position, parallel: int) -> Walk:
        """A walk that goes on behind `after`; `noun` names the list in errors."""
        ...

    def place(self, ask: Any) -> dict[str, str]:
        """The parameters for the rows that `ask` wants."""
        ...
