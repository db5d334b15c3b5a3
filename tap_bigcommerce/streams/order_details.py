"""What makes an order whole: line items, addresses, fees and coupons.

Most of it comes with the list of orders. A list of the order's own is read only where what came
is not proven to be all, and only that list.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tap_bigcommerce.answer import Shape
from tap_bigcommerce.exceptions import IncompleteList
from tap_bigcommerce.pages.enricher import Enriched, Enricher, Job, are_rows
from tap_bigcommerce.pages.in_turn import AllAtOnce
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.consignments import (
    ITEM_PATHS,
    Embedded,
    add_missing_items,
    consignments_in,
    read_consignments,
)
from tap_bigcommerce.streams.coupon_hints import (
    ShippingCoupons,
    may_have_coupons,
    ships_for_nothing,
)
from tap_bigcommerce.streams.own_lists import OwnLists
from tap_bigcommerce.streams.stream import Wish

LOGGER = logging.getLogger(__name__)

WITHOUT_EMBEDDED = 20
"""Orders in a row without embedded consignments, before a person should hear of it."""

ALARMS_TO_TRUST = 20
"""After so many alarms of a check, none of them real, it only counts."""

QUANTITIES = "quantities do not add up to items_total"
ADDRESS_COUNT = "not as many addresses as shipping_address_count"

NESTED = ("products", "shipping_addresses", "coupons", "fees", "consignments")
"""An order's lists, each a field of it."""


class OrderDetails(Enricher):
    """Completes orders, for one run. Several workers use it at once."""

    def __init__(self, wish: Wish) -> None:
        self._wanted = {name for name in NESTED if wish.wants(name)}
        self._wants_placed_items = any(map(wish.wants, ITEM_PATHS))
        self._embedded = wish.config.order_details == "embedded"
        self._always_coupons = wish.config.order_coupons == "always"
        # Line items and addresses are needed for the hints at coupons in them, too.
        for_hints = set() if self._always_coupons else {"coupons"}
        self._needs_items = bool(self._wanted & {"products", *for_hints})
        self._needs_addresses = bool(self._wanted & {"shipping_addresses", *for_hints})
        self._include_items = self._wants_placed_items or (self._embedded and self._needs_items)
        self._include_consignments = (
            self._include_items
            or "consignments" in self._wanted
            or (self._embedded and self._needs_addresses)
        )
        self._own = OwnLists(wish.client, wish.purpose)
        self._shipping_coupons = ShippingCoupons(wish.client, wish.purpose)
        self._lock = threading.Lock()
        self._warned_of_fees = False
        self._counts = wish.purpose.counts
        self._in_a_row_without = 0
        self._real_alarms: Counter[str] = Counter()
        self._muted: set[str] = set()
        self.details = self._asked_with_the_list()

    def _asked_with_the_list(self) -> dict[str, str]:
        """What brings along with the list what is wanted of each order."""
        include = ["fees"] if "fees" in self._wanted else []
        if self._include_consignments:
            items = ".line_items" if self._include_items else ""
            include.insert(0, f"consignments{items}")
        params = {"include": ",".join(include)} if include else {}
        if self._include_consignments:
            # Without it the API answers in its older form, an array.
            params["consignment_structure"] = "object"
        return params

    def enrich(self, row: Row, *, bare: bool) -> Row | Job:
        """The order with all that is wanted of it."""
        embedded = None
        if self._include_consignments and not bare:
            embedded = read_consignments(row, with_items=self._include_items)
            self._note_presence(embedded)
        doubts = self._doubts(row, embedded)
        came = {
            "products": embedded.items if embedded else [],
            "shipping_addresses": (embedded and embedded.addresses) or [],
        }
        wants_coupons = "coupons" in self._wanted
        if doubts or (wants_coupons and self._may_have_coupons(row, came)):
            return functools.partial(self._read, row, came, doubts, embedded is not None)
        if wants_coupons:
            row["coupons"] = []
        return self._filled(row, came)

    def _read(
        self, order: Row, lists: dict[str, list[Row]], doubts: dict[str, str], has_embedded: bool
    ) -> Enriched:
        """The order with the lists that are in doubt read on their own, and its coupons."""
        incomplete: list[IncompleteList] = []
        for name, reason in doubts.items():
            if reason in self._muted:  # It has been wrong too often.
                with self._lock:
                    self._counts.lists_read[f"none: {reason}"] += 1
                continue
            rows = self._read_list(order, name, incomplete)
            if rows is None:
                return self._gone(order)
            with self._lock:
                self._counts.lists_read[f"{name}: {reason}"] += 1
            if has_embedded and reason in (QUANTITIES, ADDRESS_COUNT):
                self._judge(order, reason, is_real=_ids(lists[name]) != _ids(rows))
            lists[name] = rows
        if "coupons" in self._wanted:
            coupons: list[Row] | None = []
            if self._may_have_coupons(order, lists, ask=True):
                coupons = self._read_list(order, "coupons", incomplete)
            if coupons is None:
                return self._gone(order)
            order["coupons"] = coupons
        if "consignments" in lists:
            found = lists["consignments"]
            order["consignments"] = found if len(found) > 1 else found[0] if found else {}
            read_consignments(order, with_items=self._wants_placed_items)
        if self._wants_placed_items and "products" in doubts:
            self._fill(order, lists["products"])
        return Enriched(self._filled(order, lists), incomplete[0] if incomplete else None)

    def _filled(self, order: Row, lists: dict[str, list[Row]]) -> Row:
        """The order with its lists."""
        for name in ("fees", "products", "shipping_addresses"):
            if name in self._wanted and name in lists:
                order[name] = lists[name]
        return order

    def _may_have_coupons(
        self, order: Row, lists: dict[str, list[Row]], *, ask: bool = False
    ) -> bool:
        """Something hints at coupons; `ask` the store what coupons it has where that decides."""
        addresses = lists["shipping_addresses"]
        if self._always_coupons or may_have_coupons(order, lists["products"], addresses):
            return True
        return ships_for_nothing(addresses) and (not ask or self._shipping_coupons.exist())

    def _doubts(self, order: Row, embedded: Embedded | None) -> dict[str, str]:
        """The lists that have to be read on their own, and why."""
        missing = "no embedded consignments" if self._embedded else "per order, as set"
        doubts: dict[str, str | None] = {}
        if self._needs_items or self._wants_placed_items:
            usable = embedded if self._include_items else None
            doubts["products"] = _items_doubt(order, usable) if usable else missing
        if self._needs_addresses:
            addresses = embedded.addresses if embedded and self._embedded else None
            doubts["shipping_addresses"] = (
                missing if addresses is None else _addresses_doubt(order, addresses)
            )
        if "consignments" in self._wanted and embedded is None:
            doubts["consignments"] = missing
        if "fees" in self._wanted and not are_rows(order.get("fees")):
            doubts["fees"] = "no embedded fees"
            self._warn_of_fees(order)
        return {name: reason for name, reason in doubts.items() if reason is not None}

    def _judge(self, order: Row, check: str, *, is_real: bool) -> None:
        """Count whether what raised the alarm was right."""
        with self._lock:
            if is_real:
                self._real_alarms[check] += 1
                return
            self._counts.false_alarms[check] += 1
            false = self._counts.false_alarms[check]
            if false < ALARMS_TO_TRUST or self._real_alarms[check] or check in self._muted:
                return
            self._muted.add(check)
        LOGGER.warning(
            "orders: %d orders were read singly because %s, and 0 of them had other rows than "
            "had come with the list (the last was order %s). This store counts differently; the "
            "check no longer leads to requests in this sync.",
            false,
            check,
            order.get("id"),
        )

    def _note_presence(self, embedded: Embedded | None) -> None:
        if embedded is not None:
            self._in_a_row_without = 0
            return
        self._in_a_row_without += 1
        if self._in_a_row_without == WITHOUT_EMBEDDED:
            LOGGER.warning(
                "orders: %d orders in a row came without their consignments, although these were "
                "asked for. Line items and addresses are read order by order, which is slow.",
                WITHOUT_EMBEDDED,
            )

    def _warn_of_fees(self, order: Row) -> None:
        if not self._warned_of_fees:
            self._warned_of_fees = True
            LOGGER.warning(
                "orders: order %s came without its fees, although these were asked for. Fees are "
                "read on their own for each order that comes so.",
                order["id"],
            )

    def _fill(self, order: Row, items: list[Row]) -> None:
        unplaced = add_missing_items(order["consignments"], items)
        if unplaced:
            LOGGER.warning(
                "orders: %d line items of order %s belong to no consignment that the API shows; "
                "they are in 'products', but not in 'consignments'.",
                unplaced,
                order["id"],
            )

    def _read_list(
        self, order: Row, name: str, incomplete: list[IncompleteList]
    ) -> list[Row] | None:
        """One of the order's own lists; None: the order is gone."""
        options: dict[str, Any] = {}
        if name == "products":
            options = {"are_all": functools.partial(_adds_up, order)}
        elif name in UNPAGED:
            options = {"none_is_404": True, "paging": AllAtOnce(), "shape": UNPAGED[name]}
        if name == "consignments" and self._wants_placed_items:
            options["params"] = {"include": "consignments.line_items"}
        return self._own.rows(f"/v2/orders/{order['id']}", name, incomplete=incomplete, **options)

    def _gone(self, order: Row) -> Enriched:
        with self._lock:
            self._counts.gone += 1
        LOGGER.info("orders: order %s was deleted while it was read", order["id"])
        return Enriched(None)


def fees_in(content: Any) -> Any:
    """The fees in an answer of an order's own list, which documents several forms."""
    if not isinstance(content, dict):
        return content
    if "fees" in content:
        return fees_in(content["fees"])
    return [content] if "id" in content else content or []


UNPAGED: dict[str, Shape] = {"fees": fees_in, "consignments": consignments_in}
"""The lists of an order's own that have no pages, and what finds the rows in an answer."""


def _items_doubt(order: Row, embedded: Embedded) -> str | None:
    if embedded.cut is not None:
        return embedded.cut
    return None if _adds_up(order, embedded.items) else QUANTITIES


def _addresses_doubt(order: Row, addresses: list[Row]) -> str | None:
    count = order.get("shipping_address_count")
    if count is None and not addresses:
        return "no addresses at all"
    return None if count in (len(addresses), None) else ADDRESS_COUNT


def _adds_up(order: Row, items: list[Row]) -> bool:
    """The items' quantities make up items_total, with or without the parts of bundles."""
    # Stores may or may not count the parts of bundles.
    all_items = top_level = 0.0
    for item in items:
        quantity = item.get("quantity")
        if isinstance(quantity, (int, float)):
            all_items += quantity
            if not item.get("parent_order_product_id"):
                top_level += quantity
    return order.get("items_total") in (all_items, top_level)


def _ids(rows: Iterable[Row]) -> list[Any]:
    return sorted((row.get("id") for row in rows), key=str)
