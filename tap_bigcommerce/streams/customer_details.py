"""What only v3 knows of customers, asked for by the ids of a whole page of v2."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.pages.details import Details, Lookup, PageCompletion
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.own_lists import OwnLists

PATH = "/v3/customers"

INCLUDE = {
    "attributes": "attributes",
    "store_credit_amounts": "storecredit",
    "shopper_profile_id": "shopper_profile_id",
    "segment_ids": "segment_ids",
    # Counts come together with what they count.
    "address_count": "addresses",
    "attribute_count": "attributes",
}
"""Fields that v3 has to be asked for by name, and that name."""

ONLY_V3 = (
    "channel_ids",
    "origin_channel_id",
    "authentication",
    "accepts_product_review_abandoned_cart_emails",
    *INCLUDE,
)

MOST_ATTRIBUTES = 10
"""Attributes that come with one customer, at the most."""


class CustomerDetails(Details):
    """Adds the fields that are selected of v3, with one more request for 250 customers."""

    def __init__(self, fields: Sequence[str], client: Client, purpose: Purpose) -> None:
        self._fields = fields
        self._client = client
        self._purpose = purpose
        self._own = OwnLists(client, purpose)

    @property
    def whole_pages(self) -> bool:
        """One request goes for all rows of a page."""
        return True

    def complete_page(self, rows: list[Row]) -> PageCompletion | None:
        """Add the v3 fields to all rows; one that v3 does not show (deleted meanwhile) stays."""
        return self._complete(rows) if rows else None

    def _complete(self, rows: list[Row]) -> PageCompletion:
        (found,) = yield [functools.partial(self._read, [row["id"] for row in rows])]
        full = [row for row in rows if self._may_have_more(found.get(row["id"], {}))]
        if full:
            lists = yield [self._attributes(row["id"]) for row in full]
            for row, attributes in zip(full, lists, strict=True):
                found[row["id"]]["attributes"] = attributes
        for row in rows:
            other = found.get(row["id"], {})
            row.update((name, other[name]) for name in self._fields if name in other)

    def _read(self, ids: list[int]) -> dict[int, Row]:
        include = ",".join(dict.fromkeys(INCLUDE[name] for name in self._fields if name in INCLUDE))
        params = {"id:in": ",".join(map(str, ids)), **({"include": include} if include else {})}
        rows = self._own.all_rows(PATH, params)
        return {row["id"]: row for row in rows}

    def _may_have_more(self, customer: Row) -> bool:
        return "attributes" in self._fields and (
            len(customer.get("attributes") or ()) >= MOST_ATTRIBUTES
        )

    def _attributes(self, customer: int) -> Lookup:
        params = {"customer_id:in": str(customer)}
        return functools.partial(self._own.all_rows, f"{PATH}/attribute-values", params)
