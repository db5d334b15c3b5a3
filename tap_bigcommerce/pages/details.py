"""What makes the rows of a list whole, row by row or page by page, as a stream declares it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from typing import Any

from tap_bigcommerce.pages.page import Row

Lookup = Callable[[], Any]
"""A request or several for one row's sake; runs in a worker."""

Completion = Generator[list[Lookup], list[Any], "Row | None"]
"""Makes one row whole: yields the lookups that it needs, is sent their results in the same order,
and returns the row, or None when the record is gone."""

PageCompletion = Generator[list[Lookup], list[Any], None]
"""Makes all rows of a page whole, in place."""


class Details:
    """What completes the rows of a list; as it is, nothing.

    `whole_pages`: the rows of a page are completed together.
    """

    @property
    def whole_pages(self) -> bool:
        return False

    def as_they_come(self, *, bare: bool) -> bool:
        """Nothing will be done with the rows of a page; to be known before they are read. `bare` as
        for `complete`."""
        return False

    def complete_page(self, rows: list[Row]) -> PageCompletion | None:
        """Make the rows of a page whole together, before each is completed; None: no need."""
        return None

    def complete(self, row: Row, *, bare: bool) -> Completion | None:
        """Make `row` whole; None: it is.

        `bare`: it came without what usually comes with the list.
        """
        return None


def add_unknown(row: Row, answer: Row, known: Collection[str]) -> None:
    """Add to a row what another answer about it has and no schema knows: it is to be rescued."""
    row.update((name, answer[name]) for name in answer if name not in known and name not in row)


def are_rows(value: Any) -> bool:
    """It is a list of rows, and not a link to one, say."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)
