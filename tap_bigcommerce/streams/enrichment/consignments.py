"""Line items and addresses in the consignments of an order.

With `consignment_structure=object` consignments are {pickups: [...], shipping: [...],
downloads: [...], email: {gift_certificates: [...]}}, each with its line_items. A consignment
includes at most 50 line items. If there are more, the response has a field `__warning__`. Neither
that field nor where it is found is documented.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tap_bigcommerce.pagination.enricher import are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.streams.enrichment.child_lists import by_id

MAX_ITEMS = 50
"""The most line items that the API includes in one consignment."""

WARNING = "__warning__"

LINK = {"url", "resource"}
"""The fields of the link that the API returns where consignments were not included."""

KINDS = ("pickups", "shipping", "downloads", "email")


class Embedded(NamedTuple):
    """What an order's consignments contain, or None for addresses that cannot be read.

    `incomplete` says why line items may be missing; None: they are complete.
    """

    line_items: list[Row]
    addresses: list[Row] | None
    incomplete: str | None


def read_consignments(order: Row, *, with_items: bool) -> Embedded | None:
    """Line items and addresses in an order's consignments; None: the order includes none.

    Removes the API's warnings from the consignments, and the links that the API returns in place
    of line items that were not requested (`with_items`: they were). A value in another format than
    the documented one stays: the converter handles it.
    """
    consignments = order.get("consignments")
    if not isinstance(consignments, dict) or not consignments or consignments.keys() >= LINK:
        return None
    all_items: list[Row] = []
    addresses = None
    has_warning = consignments.pop(WARNING, None) is not None
    has_unknown_items = is_full = False
    for consignment in every_consignment(consignments):
        has_warning |= consignment.pop(WARNING, None) is not None
        items = consignment.get("line_items")
        if isinstance(items, list):
            rows = _objects_in(items)
            if any(WARNING in row for row in rows):
                has_warning = True
                for row in rows:
                    row.pop(WARNING, None)
                items[:] = [item for item in items if item != {}]
                rows = [row for row in rows if row]
            ids = [row["id"] for row in rows if type(row.get("id")) is int]
            has_unknown_items |= len(ids) < len(items)
            is_full |= len(rows) >= MAX_ITEMS
            all_items += rows
        elif with_items:
            has_unknown_items = True
        else:
            consignment.pop("line_items", None)
    shipping, groups = consignments.get("shipping"), list(_groups(consignments))
    if isinstance(shipping, list) and are_rows(shipping):
        addresses = [_address(order["id"], consignment) for consignment in shipping]
    # items_total alone proves nothing: it is also 0 where sold and returned items cancel out.
    is_empty = (
        order.get("items_total") == 0
        and order.get("shipping_address_count") in (0, None)
        and consignments.keys() >= set(KINDS)
        and all(group == [] for group in groups)
    )
    checks = {
        "a warning of the API": has_warning,
        "consignments in an unknown format": not all(g is None or are_rows(g) for g in groups),
        "line items in an unknown format": has_unknown_items,
        f"{MAX_ITEMS} line items in one consignment": is_full,
        "no line items at all": with_items and not all_items and not is_empty,
    }
    incomplete = next((reason for reason, holds in checks.items() if holds), None)
    return Embedded(by_id(all_items), addresses, incomplete)


def every_consignment(consignments: Row) -> list[Row]:
    """The consignments of all kinds in one list."""
    return [entry for group in _groups(consignments) for entry in _objects_in(group)]


def _objects_in(value: Any) -> list[Row]:
    """The objects in a list; [] if the value is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _groups(consignments: Row) -> Iterator[Any]:
    """The values that should be lists of consignments: one for each kind; `email` contains one."""
    for name, kind in consignments.items():
        if isinstance(kind, dict):
            yield from kind.values()
        elif name in KINDS or isinstance(kind, list):
            yield kind


def add_missing(consignments: Any, items: list[Row]) -> int:
    """Add to an order's consignments those of its line items that were cut off.

    A line item names its shipping consignment by `order_address_id`. One without it is added only
    if there is exactly one consignment of another kind. Returns how many have an unknown one.
    """
    kinds = consignments if isinstance(consignments, dict) else {}
    shipped = every_consignment({"shipping": kinds.get("shipping")})
    others = every_consignment({name: kinds[name] for name in kinds if name != "shipping"})
    included = [_objects_in(entry.get("line_items")) for entry in (*shipped, *others)]
    known_ids = [item.get("id") for items in included for item in items]
    unassigned = 0
    for item in items:
        if item.get("id") in known_ids:
            continue
        address = item.get("order_address_id")
        found = [entry for entry in shipped if entry.get("id") == address] if address else others
        if len(found) != 1:
            unassigned += 1
            continue
        if not isinstance(found[0].get("line_items"), list):
            found[0]["line_items"] = []  # Replaces a link, for example.
        found[0]["line_items"].append(item)
    return unassigned


def _address(order_id: Any, consignment: Row) -> Row:
    """A shipping consignment in the format of a row of the order's shipping addresses."""
    address = {"id": None, "order_id": order_id, **consignment}
    address.pop("line_items", None)
    address.pop("shipping_quotes", None)
    return address
