"""What completes a product whose nested lists did not all come with the list of products."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tap_bigcommerce.exceptions import IncompleteList
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job, add_unknown, are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import AllAtOnce
from tap_bigcommerce.records.schemas import load_notes, load_schema
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.stream import ReadRequest

NO_FIELDS = ("options", "modifiers", "reviews")
"""What can be included beside the fields that come only so: the first two cap the list at 10 rows a
page, and reviews come without a change of the product's date."""

WITHOUT_LIST = ("primary_image", "channels", "parent_relations")
"""What can be included and has no list of its own below the product."""


class ProductDetails(Enricher):
    """Completes products; nearly all come whole with the list."""

    def __init__(self, read_request: ReadRequest) -> None:
        """Ask for the nested lists that are selected, and have the API leave out what is not.

        Left out by name instead of asked for by name, so that fields new to the API still arrive.
        """
        asked_for = load_notes("products").asked_for
        self._included = list(filter(read_request.wants, (*asked_for, *NO_FIELDS)))
        left_out = [name for name in read_request.unselected if name not in asked_for]
        if not read_request.whole_rows:
            self.params = {"include_fields": "date_modified"}
        elif left_out:
            self.params = {"exclude_fields": ",".join(left_out)}
        self.includes = {"include": ",".join(self._included)} if self._included else {}
        self._own = ChildLists(read_request.client, read_request.context)
        self._counts = read_request.context.counts
        self._known = load_schema("products")["properties"]

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The product, with the nested lists that did not come with it read one by one."""
        missing = [name for name in self._included if without_includes or not _came(row, name)]
        if not missing:
            return row
        if not without_includes:
            for name in missing:
                self._counts.child_lists_read[f"{name}: did not come with the list"] += 1
            self._own.note_missing(f"product {row['id']}", missing)
        return functools.partial(self._read, row, missing, without_includes=without_includes)

    def _read(self, row: Row, missing: Sequence[str], *, without_includes: bool) -> Enriched:
        record = f"/v3/catalog/products/{row['id']}"
        incomplete: list[IncompleteList] = []
        others = [name for name in missing if name in WITHOUT_LIST]
        for name in missing:
            if name in others:
                continue
            # These have no pages, and take no limit.
            paging = AllAtOnce() if name == "bulk_pricing_rules" else None
            path = name.replace("_", "-")
            rows = self._own.rows(record, path, paging=paging, incomplete=incomplete)
            # A product that the list has just shown goes out, whatever its own lists say.
            if rows is not None:
                row[name] = rows
            elif without_includes:
                return Enriched(None)
        if others:
            params = {"include": ",".join(others), "include_fields": "name"}
            shown = self._own.rows(
                record,
                record,
                none_is_404=True,
                params=params,
                paging=AllAtOnce(),
                shape=lambda product: [product],
            )
            if shown is None and without_includes:
                return Enriched(None)
            for response in shown or ():
                row.update((name, response[name]) for name in others if name in response)
                add_unknown(row, response, self._known)
        return Enriched(row, incomplete[0] if incomplete else None)


def _came(row: Row, name: str) -> bool:
    """The field came with the product; a product without images has no first one."""
    if name == "primary_image":
        return name in row or row.get("images") == []
    return isinstance(row.get(name), list) if name in WITHOUT_LIST else are_rows(row.get(name))
