"""What the consignments that come with an order hold, and whether that is proven to be all.

With `consignment_structure=object` they are {pickups: [...], shipping: [...], downloads: [...],
email: {gift_certificates: [...]}}, each consignment with its line_items. At most 50 line items
come with one consignment; the answer then carries an undocumented `__warning__`, whose place is
not documented either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.pages.page import Row

MOST_ITEMS = 50
"""Line items that come with one consignment, at the most."""

WARNING = "__warning__"


@dataclass
class Embedded:
    """What came with an order. `cut` names why its line items are not proven to be all."""

    items: list[Row] = field(default_factory=list)
    addresses: list[Row] | None = None
    cut: str | None = None


def read_consignments(order: Row, *, with_items: bool) -> Embedded | None:
    """The line items and addresses in an order's consignments; None where none are embedded.

    Takes the API's warnings out of the consignments once they are noted, and the links that
    stand where line items were not asked for.
    """
    consignments = order.get("consignments")
    if not isinstance(consignments, dict) or not _is_embedded(consignments):
        return None
    found = Embedded()
    if consignments.pop(WARNING, None) is not None:
        found.cut = "a warning of the API"
    for consignment in every_consignment(consignments):
        if WARNING in consignment:
            del consignment[WARNING]
            found.cut = "a warning of the API"
        items = consignment.get("line_items")
        if not isinstance(items, list):
            if with_items and items is not None:
                found.cut = "line items of an unknown form"
            if not with_items:
                consignment.pop("line_items", None)
            continue
        for item in items:
            if WARNING in item or "id" not in item:
                found.cut = "a warning of the API"
                items[:] = [item for item in items if "id" in item]
                break
        if len(items) >= MOST_ITEMS:
            found.cut = found.cut or f"{MOST_ITEMS} line items in one consignment"
        found.items += items
    shipping = consignments.get("shipping")
    if isinstance(shipping, list):
        found.addresses = [_address(order["id"], consignment) for consignment in shipping]
    if with_items and not found.items and order.get("items_total"):
        found.cut = found.cut or "no line items at all"
    if len(found.items) > 1:
        found.items.sort(key=_id)
    return found


def every_consignment(consignments: Row) -> list[Row]:
    """Each consignment, of whatever kind."""
    found: list[Any] = []
    for kind in consignments.values():
        for group in kind.values() if isinstance(kind, dict) else (kind,):
            if isinstance(group, list):
                found += group
    return [entry for entry in found if isinstance(entry, dict)]


def add_missing_items(consignments: Row, items: list[Row]) -> int:
    """Put the line items that were cut off into the consignments where they belong.

    An item names its shipping consignment by `order_address_id`. One that names none belongs to
    the only other consignment there is. Returns how many could not be placed.
    """
    shipping = {
        entry.get("id"): entry
        for entry in consignments.get("shipping") or ()
        if isinstance(entry, dict)
    }
    others = [
        entry
        for entry in every_consignment(consignments)
        if shipping.get(entry.get("id")) is not entry
    ]
    there = {
        item.get("id")
        for entry in every_consignment(consignments)
        for item in entry.get("line_items") or ()
    }
    unplaced = 0
    for item in items:
        if item["id"] in there:
            continue
        home = shipping.get(item.get("order_address_id"))
        if home is None and not item.get("order_address_id") and len(others) == 1:
            home = others[0]
        if home is None:
            unplaced += 1
            continue
        home.setdefault("line_items", []).append(item)
    return unplaced


def _is_embedded(consignments: Row) -> bool:
    """Not the link that stands in its place when nothing was included."""
    return bool(consignments) and not ("url" in consignments and "resource" in consignments)


def _address(order_id: Any, consignment: Row) -> Row:
    """A shipping consignment in the form of a row of the order's shipping addresses."""
    address = consignment.copy()
    address.setdefault("id", None)
    address.setdefault("order_id", order_id)
    address.pop("line_items", None)
    address.pop("shipping_quotes", None)
    return address


def _id(row: Row) -> int:
    id_ = row["id"]
    return id_ if isinstance(id_, int) else 0
