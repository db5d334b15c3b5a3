"""What makes an order whole: line items, addresses, fees and coupons.

Most of it comes with the list of orders. A list of the order's own is read only where what came
is not proven to be all, and only that list.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Iterable
from typing import Any

from tap_bigcommerce.api.response import Shape
from tap_bigcommerce.exceptions import IncompleteList
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job, are_rows
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import AllAtOnce
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.enrichment.consignments import (
    Embedded,
    add_missing_items,
    read_consignments,
)
from tap_bigcommerce.streams.enrichment.coupon_hints import hints_at_coupons, shipping_coupons_exist
from tap_bigcommerce.streams.stream import ReadRequest

LOGGER = logging.getLogger(__name__)

WITHOUT_EMBEDDED = 20
"""Orders in a row without embedded consignments, before a person should hear of it."""

ALARMS_TO_TRUST = 20
"""After so many alarms of a check, none of them real, it only counts."""

QUANTITIES = "quantities do not add up to items_total"
ADDRESS_COUNT = "not as many addresses as shipping_address_count"

ITEM_PATHS = tuple(
    f"consignments.{kind}.line_items"
    for kind in ("pickups[]", "shipping[]", "downloads[]", "email.gift_certificates[]")
)
"""Where line items stand in consignments: the same rows as in `products`."""

Lists = dict[str, list[Row]]
"""An order's lists by their names, so far as they are there."""


class OrderDetails(Enricher):
    """Completes orders, for one run. Several workers use it at once."""

    def __init__(self, read_request: ReadRequest) -> None:
        self._wanted = set(filter(read_request.wants, load_notes("orders").asked_for))
        self._wants_placed_items = any(map(read_request.wants, ITEM_PATHS))
        self._embedded = read_request.config.order_details == "embedded"
        self._always_coupons = read_request.config.order_coupons == "always"
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
        include = []
        if self._include_consignments:
            include.append("consignments.line_items" if self._include_items else "consignments")
        if "fees" in self._wanted:
            include.append("fees")
        self.includes = {"include": ",".join(include)} if include else {}
        if self._include_consignments:
            # Without it the API answers in its older form, an array.
            self.includes["consignment_structure"] = "object"
        self._own = ChildLists(read_request.client, read_request.context)
        self._lock = threading.Lock()
        self._counts = read_request.context.counts
        self._in_a_row_without = 0
        self._real_alarms: set[str] = set()
        self._client, self._context = read_request.client, read_request.context
        self._shipping_coupons_exist: bool | None = None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The order with all that is wanted of it."""
        embedded = None
        if self._include_consignments and not without_includes:
            embedded = read_consignments(row, with_items=self._include_items)
            self._in_a_row_without = 0 if embedded else self._in_a_row_without + 1
            if self._in_a_row_without == WITHOUT_EMBEDDED:
                self._own.note_missing(f"{WITHOUT_EMBEDDED} orders in a row", ["consignments"])
        doubts = self._doubts(row, embedded)
        lists: Lists = {
            "products": embedded.items if embedded else [],
            "shipping_addresses": (embedded and embedded.addresses) or [],
            "coupons": [],
        }
        if doubts or self._may_have_coupons(row, lists):
            return functools.partial(self._read, row, lists, doubts, embedded is not None)
        return self._filled(row, lists)

    def _read(
        self, order: Row, lists: Lists, doubts: dict[str, str], has_embedded: bool
    ) -> Enriched:
        """The order with the lists that are in doubt read on their own, and its coupons."""
        incomplete: list[IncompleteList] = []
        for name, reason in doubts.items():
            is_muted = self._is_muted(reason)  # It has been wrong too often.
            rows = lists[name] if is_muted else self._read_list(order, name, incomplete)
            if rows is None:
                return self._gone(order)
            with self._lock:
                self._counts.child_lists_read[f"{'none' if is_muted else name}: {reason}"] += 1
            if has_embedded and not is_muted and reason in (QUANTITIES, ADDRESS_COUNT):
                self._judge(order, reason, is_real=_ids(lists[name]) != _ids(rows))
            lists[name] = rows
        if self._may_have_coupons(order, lists, ask=True):
            coupons = self._read_list(order, "coupons", incomplete)
            if coupons is None:
                return self._gone(order)
            lists["coupons"] = coupons
        if "consignments" in lists:
            found = lists.pop("consignments")
            order["consignments"] = found if len(found) > 1 else found[0] if found else {}
            read_consignments(order, with_items=self._wants_placed_items)
        if self._wants_placed_items and "products" in doubts:
            unplaced = add_missing_items(order["consignments"], lists["products"])
            if unplaced:
                LOGGER.warning(
                    "orders: %d line items of order %s belong to no consignment that the API "
                    "shows; they are in 'products', but not in 'consignments'.",
                    unplaced,
                    order["id"],
                )
        return Enriched(self._filled(order, lists), incomplete[0] if incomplete else None)

    def _filled(self, order: Row, lists: Lists) -> Row:
        """The order with its lists, those that are wanted."""
        order.update((name, rows) for name, rows in lists.items() if name in self._wanted)
        return order

    def _may_have_coupons(self, order: Row, lists: Lists, *, ask: bool = False) -> bool:
        """The order's coupons are wanted, and something hints at some.

        `ask` the store once a run, in a worker, what coupons it has where that decides.
        """
        if "coupons" not in self._wanted or self._always_coupons:
            return "coupons" in self._wanted
        hints = hints_at_coupons(order, lists["products"], lists["shipping_addresses"])
        if hints is not None or not ask:
            return hints is not False
        with self._lock:
            if self._shipping_coupons_exist is None:
                self._shipping_coupons_exist = shipping_coupons_exist(self._client, self._context)
            return self._shipping_coupons_exist

    def _doubts(self, order: Row, embedded: Embedded | None) -> dict[str, str]:
        """The lists that have to be read on their own, and why."""
        missing = "no embedded consignments" if self._embedded else "per order, as set"
        doubts: dict[str, str | None] = {}
        if self._needs_items or self._wants_placed_items:
            doubts["products"] = missing
            if embedded and self._include_items:
                adds_up = _adds_up(order, embedded.items)
                doubts["products"] = embedded.cut or (None if adds_up else QUANTITIES)
        if self._needs_addresses:
            doubts["shipping_addresses"] = missing
            if embedded and embedded.addresses is not None and self._embedded:
                shown, count = len(embedded.addresses), order.get("shipping_address_count")
                doubts["shipping_addresses"] = None if count in (shown, None) else ADDRESS_COUNT
                if count is None and not shown:
                    doubts["shipping_addresses"] = "no addresses at all"
        if "consignments" in self._wanted and embedded is None:
            doubts["consignments"] = missing
        if "fees" in self._wanted and not are_rows(order.get("fees")):
            doubts["fees"] = "no embedded fees"
            self._own.note_missing(f"order {order['id']}", ["fees"])
        return {name: reason for name, reason in doubts.items() if reason is not None}

    def _is_muted(self, check: str) -> bool:
        """So many alarms of this check, and none of them real: it is heeded no more."""
        false_alarms = self._counts.unneeded_reads[check]
        return false_alarms >= ALARMS_TO_TRUST and check not in self._real_alarms

    def _judge(self, order: Row, check: str, *, is_real: bool) -> None:
        """Count whether what raised the alarm was right."""
        with self._lock:
            if is_real:
                self._real_alarms.add(check)
                return
            self._counts.unneeded_reads[check] += 1
            if self._counts.unneeded_reads[check] != ALARMS_TO_TRUST or not self._is_muted(check):
                return
        LOGGER.warning(
            "orders: %d orders were read singly because %s, and 0 of them had other rows than "
            "had come with the list (the last was order %s). This store counts differently; the "
            "check no longer leads to requests in this sync.",
            ALARMS_TO_TRUST,
            check,
            order.get("id"),
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
            self._counts.deleted_during_sync += 1
        LOGGER.info("orders: order %s was deleted while it was read", order["id"])
        return Enriched(None)


def consignments_in(content: Any) -> Any:
    """The list with the one object that an order's own consignments are; empty where it is."""
    if isinstance(content, dict):
        return [content] if content else []
    return content


def fees_in(content: Any) -> Any:
    """The fees in an answer of an order's own list, which documents several forms."""
    if not isinstance(content, dict):
        return content
    if "fees" in content:
        return fees_in(content["fees"])
    return [content] if "id" in content else content or []


UNPAGED: dict[str, Shape] = {"fees": fees_in, "consignments": consignments_in}
"""The lists of an order's own that have no pages, and what finds the rows in an answer."""


def _adds_up(order: Row, items: list[Row]) -> bool:
    """The items' quantities make up items_total, with or without the parts of bundles."""
    # Stores may or may not count the parts of bundles.
    counted = [item for item in items if isinstance(item.get("quantity"), (int, float))]
    whole = [item for item in counted if not item.get("parent_order_product_id")]
    return order.get("items_total") in [
        sum(item["quantity"] for item in some) for some in (counted, whole)
    ]


def _ids(rows: Iterable[Row]) -> list[Any]:
    return sorted((row.get("id") for row in rows), key=str)
