"""What makes the rows of a list whole, row by row or page by page, as a stream declares it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from tap_bigcommerce.exceptions import RequestFailed
from tap_bigcommerce.pagination.page import Row


class Enriched(NamedTuple):
    """A row that is whole, or None: the record is gone.

    `error` says why something of it is missing; `lists` are rows of other lists that belong to it,
    by whatever their reader calls them.
    """

    row: Row | None
    error: RequestFailed | None = None
    lists: Any = None


Job = Callable[[], Enriched]
"""Makes requests for one row's sake; runs in a worker."""


class Enricher:
    """Completes the rows of a list. This base class leaves them as they are.

    `params` are sent with every request for the list. `includes` are the parameters that make the
    API nest related rows in each row; they are left out where a row cannot be read with them.
    `all_rows_at_once`: `enrich_page` needs all rows of a page in one call.
    """

    params: Mapping[str, str] = {}
    includes: Mapping[str, str] = {}
    all_rows_at_once = False

    def enrich_page(self, rows: list[Row]) -> Callable[[], None] | None:
        """What first makes requests for all rows of a page together, in a worker; None: nothing."""
        return None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        """The whole row; None: nothing is written of it; or a job that completes it.

        `bare`: it came without what usually comes with the list.
        """
        return row

    def finish(self, enriched: Enriched) -> Row | None:
        """What a job has brought, as `enrich` returns it; not in a worker."""
        return enriched.row


def add_unknown(row: Row, response: Row, known: Collection[str]) -> None:
    """Add to a row what another answer about it has and no schema knows: it is to be rescued."""
    row.update((name, response[name]) for name in response if name not in known and name not in row)


def are_rows(value: Any) -> bool:
    """It is a list of rows, and not a link to one, say."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)
