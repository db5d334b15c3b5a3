"""What the consignments that come with an order hold, and whether that is proven to be all.

With `consignment_structure=object` they are {pickups: [...], shipping: [...], downloads: [...],
email: {gift_certificates: [...]}}, each consignment with its line_items. At most 50 line items
come with one consignment; the answer then carries an undocumented `__warning__`, whose place is
not documented either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tap_bigcommerce.pagination.enricher import are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.streams.enrichment.child_lists import by_id

MOST_ITEMS = 50
"""Line items that come with one consignment, at the most."""

WARNING = "__warning__"

LINK = {"url", "resource"}
"""What stands in the place of consignments where nothing was included."""

KINDS = ("pickups", "shipping", "downloads", "email")


class Embedded(NamedTuple):
    """What came with an order. `cut` names why its line items are not proven to be all."""

    items: list[Row]
    addresses: list[Row] | None
    cut: str | None


def read_consignments(order: Row, *, with_items: bool) -> Embedded | None:
    """The line items and addresses in an order's consignments; None where none are embedded.

    Takes the API's warnings out of the consignments once they are noted, and the links that
    stand where line items were not asked for. What has another form than the documented one stays
    where it is: the converter knows what to do with it.
    """
    consignments = order.get("consignments")
    if not isinstance(consignments, dict) or not consignments or consignments.keys() >= LINK:
        return None
    all_items: list[Row] = []
    addresses = None
    warned = consignments.pop(WARNING, None) is not None
    has_odd_items = is_full = False
    for consignment in every_consignment(consignments):
        warned |= consignment.pop(WARNING, None) is not None
        items = consignment.get("line_items")
        if isinstance(items, list):
            rows = [item for item in items if isinstance(item, dict)]
            if any(WARNING in row for row in rows):
                warned = True
                for row in rows:
                    row.pop(WARNING, None)
                items[:] = [item for item in items if item != {}]
                rows = [row for row in rows if row]
            ids = [row["id"] for row in rows if type(row.get("id")) is int]
            has_odd_items |= len(ids) < len(items)
            is_full |= len(rows) >= MOST_ITEMS
            all_items += rows
        elif with_items:
            has_odd_items = True
        else:
            consignment.pop("line_items", None)
    shipping, groups = consignments.get("shipping"), list(_groups(consignments))
    if isinstance(shipping, list) and are_rows(shipping):
        addresses = [_address(order["id"], consignment) for consignment in shipping]
    # That items_total is 0 proves nothing: what was sold and what was returned add up to it, too.
    says_none = (
        order.get("items_total") == 0
        and order.get("shipping_address_count") in (0, None)
        and consignments.keys() >= set(KINDS)
        and all(group == [] for group in groups)
    )
    doubts = {
        "a warning of the API": warned,
        "consignments of an unknown form": not all(g is None or are_rows(g) for g in groups),
        "line items of an unknown form": has_odd_items,
        f"{MOST_ITEMS} line items in one consignment": is_full,
        "no line items at all": with_items and not all_items and not says_none,
    }
    cut = next((reason for reason, holds in doubts.items() if holds), None)
    return Embedded(by_id(all_items), addresses, cut)


def every_consignment(consignments: Row) -> list[Row]:
    """Each consignment, of whatever kind."""
    groups = [group for group in _groups(consignments) if isinstance(group, list)]
    return [entry for group in groups for entry in group if isinstance(entry, dict)]


def _groups(consignments: Row) -> Iterator[Any]:
    """What should be lists of consignments: of each kind, and for `email` one list inside."""
    for name, kind in consignments.items():
        if isinstance(kind, dict):
            yield from kind.values()
        elif name in KINDS or isinstance(kind, list):
            yield kind


def add_missing_items(consignments: Any, items: list[Row]) -> int:
    """Put the line items that were cut off into the consignments where they belong.

    An item names its shipping consignment by `order_address_id`. One that names none belongs to
    the only other consignment there is. Returns how many could not be placed.
    """
    kinds = consignments if isinstance(consignments, dict) else {}
    shipped = every_consignment({"shipping": kinds.get("shipping")})
    others = every_consignment({name: kinds[name] for name in kinds if name != "shipping"})
    placed = [entry.get("line_items") for entry in (*shipped, *others)]
    there = [
        item.get("id")
        for items in placed
        if isinstance(items, list)
        for item in items
        if isinstance(item, dict)
    ]
    unplaced = 0
    for item in items:
        if item.get("id") in there:
            continue
        address = item.get("order_address_id")
        homes = [entry for entry in shipped if entry.get("id") == address] if address else others
        if len(homes) != 1:
            unplaced += 1
            continue
        if not isinstance(homes[0].get("line_items"), list):
            homes[0]["line_items"] = []  # A link stood there, say.
        homes[0]["line_items"].append(item)
    return unplaced


def _address(order_id: Any, consignment: Row) -> Row:
    """A shipping consignment in the form of a row of the order's shipping addresses."""
    address = {"id": None, "order_id": order_id, **consignment}
    address.pop("line_items", None)
    address.pop("shipping_quotes", None)
    return address
