"""Adds nested lists to products where the list of products lacks them."""

import functools
from collections.abc import Sequence

from tap_bigcommerce.exceptions import IncompleteList
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job, add_unknown, are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import AllAtOnce
from tap_bigcommerce.records.schemas import load_notes, load_schema
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest

CHILD_STREAMS_ONLY = ("options", "modifiers", "reviews")
"""Lists that are included for child streams, and are no fields of products.

With options or modifiers the API returns 10 products a page. A review does not change the
product's date of modification.
"""

WITHOUT_CHILD_LIST = ("primary_image", "channels", "parent_relations")
"""Fields that can be included, and have no child list below the product."""


class ProductDetails(Enricher):
    """Adds the nested lists that a run needs to products. Most products include them already."""

    def __init__(self, read_request: ReadRequest) -> None:
        is_needed, on_request = read_request.is_needed, load_notes("products").on_request
        self._known = load_schema("products")["properties"]
        self._included = list(filter(is_needed, (*on_request, *CHILD_STREAMS_ONLY)))
        excluded = [name for name in self._known if name not in on_request and not is_needed(name)]
        if not is_needed("id"):  # Only child streams are selected.
            self.params = {"include_fields": "date_modified"}
        elif excluded:
            # Not include_fields: the API's new fields, which no schema names, have to arrive.
            self.params = {"exclude_fields": ",".join(excluded)}
        self.includes = {"include": ",".join(self._included)} if self._included else {}
        self._child_lists = ChildLists(read_request.client, read_request.context)
        self._counts = read_request.context.counts

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The product, or a job that reads the nested lists that it does not include."""
        missing = [name for name in self._included if without_includes or not _has(row, name)]
        if not missing:
            return row
        if not without_includes:
            for name in missing:
                self._counts.child_lists_read[f"{name}: not included in the list"] += 1
            self._child_lists.warn_missing(f"product {row['id']}", missing)
        return functools.partial(self._read, row, missing, without_includes=without_includes)

    def _read(self, row: Row, missing: Sequence[str], *, without_includes: bool) -> Enriched:
        record = f"/v3/catalog/products/{row['id']}"
        errors: list[IncompleteList] = []
        others = [name for name in missing if name in WITHOUT_CHILD_LIST]
        for name in [name for name in missing if name not in others]:
            # This list has no pages, and does not accept a limit.
            pagination = AllAtOnce() if name == "bulk_pricing_rules" else None
            path = name.replace("_", "-")
            rows = self._child_lists.read(record, path, pagination=pagination, errors=errors)
            # A product that the list has just shown is written, whatever its child lists answer.
            if rows is not None:
                row[name] = rows
            elif without_includes:
                return Enriched(None)
        if others:
            shown = self._child_lists.read(
                record,
                record,
                empty_is_404=True,
                params={"include": ",".join(others), "include_fields": "name"},
                pagination=AllAtOnce(),
                shape=lambda product: [product],
            )
            if shown is None and without_includes:
                return Enriched(None)
            for response in shown or ():
                row.update((name, response[name]) for name in others if name in response)
                add_unknown(row, response, self._known)
        return Enriched(row, errors[0] if errors else None)


def _has(row: Row, name: str) -> bool:
    """Whether the row has the field. A product without images has no primary image."""
    if name == "primary_image":
        return name in row or row.get("images") == []
    value = row.get(name)
    return isinstance(value, list) if name in WITHOUT_CHILD_LIST else are_rows(value)
