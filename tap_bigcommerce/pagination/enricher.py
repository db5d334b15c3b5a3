"""Interface for what completes the rows of a list with more requests."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from tap_bigcommerce.exceptions import RequestFailed
from tap_bigcommerce.pagination.page import Row


class Enriched(NamedTuple):
    """A complete row; `row` is None where the record was deleted.

    `error` says why a part of the row is missing. `lists` are the rows of child lists that belong
    to it, by whatever the enricher uses as their keys.
    """

    row: Row | None
    error: RequestFailed | None = None
    lists: Any = None


Job = Callable[[], Enriched]
"""Completes one row by requests; runs in a worker."""


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
        """A job that makes requests for all these rows together, before `enrich`; None: no job."""
        return None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        """The complete row, or a job that completes it; None: the row is not written.

        `without_includes`: the row came without what `includes` bring.
        """
        return row

    def finish(self, enriched: Enriched) -> Row | None:
        """The row of a job's result, as `enrich` returns it; runs in the main thread."""
        return enriched.row


def add_unknown(row: Row, response: Row, known: Collection[str]) -> None:
    """Add the fields of another response about a row that no schema has, for `_rescued_data`."""
    row.update((name, response[name]) for name in response if name not in known and name not in row)


def are_rows(value: Any) -> bool:
    """Whether the value is a list of rows, and not a link to one, for example."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)
