"""What completes a product when it could not be read together with its nested lists."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tap_bigcommerce.pages.details import Completion, Details, Lookup
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists

LISTS = {
    "variants": "variants",
    "images": "images",
    "custom_fields": "custom-fields",
    "bulk_pricing_rules": "bulk-pricing-rules",
    "videos": "videos",
    "options": "options",
    "modifiers": "modifiers",
    "reviews": "reviews",
}
"""Nested fields that have a list of their own below the product, and its name there."""


class ProductDetails(Details):
    """Completes products; nearly all come whole with the list."""

    def __init__(self, included: Sequence[str], own: OwnLists) -> None:
        """`included`: the nested fields that are selected."""
        self._with_list = [name for name in included if name in LISTS]
        self._without_list = [name for name in included if name not in LISTS]
        self._own = own

    def as_they_come(self, *, bare: bool) -> bool:
        """Only products that came bare are completed."""
        return not bare

    def complete(self, row: Row, *, bare: bool) -> Completion | None:
        """A product that came bare, with its nested lists read one by one."""
        return self._complete(row) if bare else None

    def _complete(self, row: Row) -> Completion:
        record = f"/v3/catalog/products/{row['id']}"
        lookups: list[Lookup] = [
            functools.partial(self._own.rows, record, LISTS[name]) for name in self._with_list
        ]
        if self._without_list:
            include = {"include": ",".join(self._without_list), "include_fields": "name"}
            lookups.append(functools.partial(self._own.one, record, include, record))
        results = (yield lookups) if lookups else []
        if any(result is None for result in results):
            return None
        row.update(zip(self._with_list, results, strict=False))
        if self._without_list:
            row.update((name, results[-1].get(name)) for name in self._without_list)
        return row
