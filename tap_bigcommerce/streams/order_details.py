"""What makes an order whole: line items, addresses, fees and coupons.

Most of it comes with the list of orders. A list of the order's own is read only where what came
is not proven to be all, and only that list.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.pages.enricher import Enriched, Enricher, Job, are_rows
from tap_bigcommerce.pages.in_turn import AllAtOnce
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.consignments import (
    Embedded,
    add_missing_items,
    consignments_in,
    read_consignments,
)
from tap_bigcommerce.streams.coupon_hints import CouponHints
from tap_bigcommerce.streams.own_lists import OwnLists, Reading

LOGGER = logging.getLogger(__name__)

WITHOUT_EMBEDDED = 20
"""Orders in a row without embedded consignments, before a person should hear of it."""

ALARMS_TO_TRUST = 20
"""After so many alarms of a check, none of them real, it only counts."""

QUANTITIES = "quantities do not add up to items_total"
ADDRESS_COUNT = "not as many addresses as shipping_address_count"


@dataclass(frozen=True)
class OrderWish:
    """Which of an order's lists are wanted. `embedded`: with the list where possible."""

    products: bool
    shipping_addresses: bool
    coupons: bool
    fees: bool
    consignments: bool
    consignment_items: bool
    always_coupons: bool
    embedded: bool

    @property
    def items(self) -> bool:
        """Line items are needed: for themselves, or for the hints at coupons in them."""
        return self.products or (self.coupons and not self.always_coupons)

    @property
    def addresses(self) -> bool:
        return self.shipping_addresses or (self.coupons and not self.always_coupons)

    @property
    def embedded_items(self) -> bool:
        return (self.embedded and self.items) or self.consignment_items

    @property
    def embedded_consignments(self) -> bool:
        return self.embedded_items or self.consignments or (self.embedded and self.addresses)


class OwnListsOfOrders:
    """How an order's own lists are read: those with pages, and the two that have none."""

    def __init__(self, client: Client, purpose: Purpose) -> None:
        self.lists = OwnLists(client, purpose)
        self.fees = OwnLists(client, purpose, paging=AllAtOnce(), shape=fees_in)
        self.consignments = OwnLists(client, purpose, paging=AllAtOnce(), shape=consignments_in)


class OrderDetails(Enricher):
    """Completes orders, for one run. Several workers use it at once."""

    def __init__(
        self, wish: OrderWish, own: OwnListsOfOrders, hints: CouponHints, counts: StreamCounts
    ) -> None:
        self._wish = wish
        self._own = own
        self._hints = hints
        self._lock = threading.Lock()
        self._warned_of_fees = False
        self._counts = counts
        self._in_a_row_without = 0
        self._real_alarms: Counter[str] = Counter()
        self._muted: set[str] = set()

    def enrich(self, row: Row, *, bare: bool) -> Row | Job:
        """The order with all that is wanted of it."""
        embedded = None
        if self._wish.embedded_consignments and not bare:
            embedded = read_consignments(row, with_items=self._wish.embedded_items)
            self._note_presence(embedded)
        doubts = self._doubts(row, embedded)
        came = {
            "products": embedded.items if embedded else [],
            "shipping_addresses": (embedded and embedded.addresses) or [],
        }
        if doubts or (self._wish.coupons and self._may_have_coupons(row, came)):
            return functools.partial(self._read, row, came, doubts, embedded is not None)
        if self._wish.coupons:
            row["coupons"] = []
        return self._filled(row, came)

    def _read(
        self, order: Row, lists: dict[str, list[Row]], doubts: dict[str, str], has_embedded: bool
    ) -> Enriched:
        """The order with the lists that are in doubt read on their own, and its coupons."""
        reading = Reading()
        for name, reason in doubts.items():
            if reason in self._muted:
                self._counts.count_list_read(f"none: {reason}")
                continue
            rows = reading.all(self._list(order, name))
            if rows is None:
                return self._gone(order)
            self._counts.count_list_read(f"{name}: {reason}")
            if has_embedded and reason in (QUANTITIES, ADDRESS_COUNT):
                self._judge(order, reason, is_real=_ids(lists[name]) != _ids(rows))
            lists[name] = rows
        if self._wish.coupons:
            coupons: list[Row] | None = []
            if self._may_have_coupons(order, lists, ask=True):
                coupons = reading.all(self._list(order, "coupons"))
            if coupons is None:
                return self._gone(order)
            order["coupons"] = coupons
        if self._wish.consignments and "consignments" in lists:
            found = lists["consignments"]
            order["consignments"] = found if len(found) > 1 else found[0] if found else {}
            read_consignments(order, with_items=self._wish.consignment_items)
        if self._wish.consignment_items and "products" in doubts:
            self._fill(order, lists["products"])
        return Enriched(self._filled(order, lists), reading.error)

    def _filled(self, order: Row, lists: dict[str, list[Row]]) -> Row:
        """The order with its lists."""
        if "fees" in lists:
            order["fees"] = lists["fees"]
        if self._wish.products:
            order["products"] = lists["products"]
        if self._wish.shipping_addresses:
            order["shipping_addresses"] = lists["shipping_addresses"]
        return order

    def _may_have_coupons(
        self, order: Row, lists: dict[str, list[Row]], *, ask: bool = False
    ) -> bool:
        """Something hints at coupons; `ask` the store what coupons it has where that decides."""
        addresses = lists["shipping_addresses"]
        if self._wish.always_coupons or self._hints.seen(order, lists["products"], addresses):
            return True
        if not self._hints.ships_for_nothing(addresses):
            return False
        return self._hints.store_has_shipping_coupons() if ask else True

    def _doubts(self, order: Row, embedded: Embedded | None) -> dict[str, str]:
        """The lists that have to be read on their own, and why."""
        wish = self._wish
        doubts: dict[str, str] = {}
        missing = "per order, as set" if not wish.embedded else "no embedded consignments"
        if wish.items or wish.consignment_items:
            usable = embedded is not None and (wish.embedded or wish.consignment_items)
            reason = self._items_doubt(order, embedded) if embedded and usable else missing
            if reason is not None:
                doubts["products"] = reason
        if wish.addresses:
            addresses = embedded.addresses if embedded and wish.embedded else None
            reason = self._addresses_doubt(order, addresses) if addresses is not None else missing
            if reason is not None:
                doubts["shipping_addresses"] = reason
        if wish.consignments and embedded is None:
            doubts["consignments"] = missing
        if wish.fees and not are_rows(order.get("fees")):
            doubts["fees"] = "no embedded fees"
            self._warn_of_fees(order)
        return doubts

    def _items_doubt(self, order: Row, embedded: Embedded) -> str | None:
        if embedded.cut is not None:
            return embedded.cut
        return None if _adds_up(order, embedded.items) else self._alarm(QUANTITIES)

    def _addresses_doubt(self, order: Row, addresses: list[Row]) -> str | None:
        count = order.get("shipping_address_count")
        if count is None and not addresses:
            return "no addresses at all"
        if count in (len(addresses), None):
            return None
        return self._alarm(ADDRESS_COUNT)

    def _alarm(self, check: str) -> str | None:
        """The check as a reason to read a list, or None when it has been wrong too often."""
        if check not in self._muted:
            return check
        self._counts.count_list_read(f"none: {check}")
        return None

    def _judge(self, order: Row, check: str, *, is_real: bool) -> None:
        """Count whether what raised the alarm was right."""
        with self._lock:
            if is_real:
                self._real_alarms[check] += 1
                return
            self._counts.false_alarms[check] += 1
            false = self._counts.false_alarms[check]
            if false >= ALARMS_TO_TRUST and not self._real_alarms[check]:
                self._mute(order, check, false)

    def _mute(self, order: Row, check: str, false: int) -> None:
        if check in self._muted:
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

    def _list(self, order: Row, name: str) -> Callable[[], list[Row] | None]:
        """What reads one of the order's own lists."""
        record = record_of(order)
        if name == "consignments":
            params = {"include": "consignments.line_items"} if self._wish.consignment_items else {}
            return functools.partial(
                self._own.consignments.rows, record, name, params=params, none_is_404=True
            )
        if name == "fees":
            return functools.partial(self._own.fees.rows, record, name, none_is_404=True)
        are_all = functools.partial(_adds_up, order) if name == "products" else _never
        return functools.partial(self._own.lists.rows, record, name, are_all=are_all)

    def _gone(self, order: Row) -> Enriched:
        with self._lock:
            self._counts.gone += 1
        LOGGER.info("orders: order %s was deleted while it was read", order["id"])
        return Enriched(None)


def record_of(order: Row) -> str:
    """The path of the order itself."""
    return f"/v2/orders/{order['id']}"


def fees_in(content: Any) -> Any:
    """The fees in an answer of an order's own list, which documents several forms."""
    if not isinstance(content, dict):
        return content
    if "fees" in content:
        return fees_in(content["fees"])
    return [content] if "id" in content else content or []


def _never(_: list[Row]) -> bool:
    """Nothing in the order tells that these rows are all."""
    return False


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
