"""Adds line items, addresses, fees and coupons to orders.

Most of it is included in the list of orders. A child list of an order is read only where the
included rows are not proven to be complete.
"""

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
from tap_bigcommerce.progress.metrics import log_first
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams.enrichment.child_lists import ChildLists
from tap_bigcommerce.streams.enrichment.consignments import Embedded, add_missing, read_consignments
from tap_bigcommerce.streams.enrichment.coupon_hints import hints_at_coupons, shipping_coupons_exist
from tap_bigcommerce.streams.stream import ReadRequest

LOGGER = logging.getLogger(__name__)

WARN_AFTER = 20
"""A warning is logged after this many consecutive orders without embedded consignments."""

MAX_UNNEEDED_READS = 20
"""A check is disabled after this many reads of child lists, if none of them had different rows."""

QUANTITIES = "quantities do not add up to items_total"
ADDRESS_COUNT = "not as many addresses as shipping_address_count"

ITEM_PATHS = tuple(
    f"consignments.{kind}.line_items"
    for kind in ("pickups[]", "shipping[]", "downloads[]", "email.gift_certificates[]")
)
"""Paths of the line items in consignments: the same rows as in `products`."""

Lists = dict[str, list[Row]]
"""An order's lists of child rows, by field."""


class OrderDetails(Enricher):
    """Adds the lists that a run needs to orders. Several worker threads use it at once."""

    def __init__(self, read_request: ReadRequest) -> None:
        self._fields = set(filter(read_request.is_needed, load_notes("orders").on_request))
        self._needs_grouped_items = any(map(read_request.is_needed, ITEM_PATHS))
        self._embed = read_request.config.order_details == "embedded"
        self._always_coupons = read_request.config.order_coupons == "always"
        # Line items and addresses may contain hints at coupons.
        for_hints = set() if self._always_coupons else {"coupons"}
        self._needs_items = bool(self._fields & {"products", *for_hints})
        self._needs_addresses = bool(self._fields & {"shipping_addresses", *for_hints})
        self._includes_items = self._needs_grouped_items or (self._embed and self._needs_items)
        self._includes_consignments = (
            self._includes_items
            or "consignments" in self._fields
            or (self._embed and self._needs_addresses)
        )
        fees = ["fees"] if "fees" in self._fields else []
        consignments = "consignments.line_items" if self._includes_items else "consignments"
        include = [consignments, *fees] if self._includes_consignments else fees
        self.includes = {"include": ",".join(include)} if include else {}
        if self._includes_consignments:
            # Without this parameter the API returns consignments in an older format, an array.
            self.includes["consignment_structure"] = "object"
        self._client, self._context = read_request.client, read_request.context
        self._child_lists = ChildLists(self._client, self._context)
        self._counts = self._context.counts
        self._lock = threading.Lock()
        self._without_consignments = 0
        self._useful_checks: set[str] = set()
        self._shipping_coupons_exist: bool | None = None

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job:
        """The order with its lists, or a job that reads the child lists it needs."""
        embedded = None
        if self._includes_consignments and not without_includes:
            embedded = read_consignments(row, with_items=self._includes_items)
            self._without_consignments = 0 if embedded else self._without_consignments + 1
            if self._without_consignments == WARN_AFTER:
                self._child_lists.warn_missing(f"{WARN_AFTER} orders in a row", ["consignments"])
        reasons = self._reasons_to_read(row, embedded)
        lists: Lists = {
            "products": embedded.line_items if embedded else [],
            "shipping_addresses": (embedded and embedded.addresses) or [],
            "coupons": [],
        }
        if reasons or self._may_have_coupons(row, lists):
            return functools.partial(self._read, row, lists, reasons, embedded is not None)
        return self._with_lists(row, lists)

    def _read(self, order: Row, lists: Lists, reasons: dict[str, str], embeds: bool) -> Enriched:
        """Read the child lists that have a reason, and the order's coupons."""
        errors: list[IncompleteList] = []
        for name, reason in reasons.items():
            is_disabled = self._is_disabled(reason)
            rows = lists[name] if is_disabled else self._read_list(order, name, errors)
            if rows is None:
                return self._deleted(order)
            list_read = "not read" if is_disabled else name
            with self._lock:
                self._counts.child_lists_read[f"{list_read}: {reason}"] += 1
            if embeds and not is_disabled and reason in (QUANTITIES, ADDRESS_COUNT):
                self._note_result(order, reason, is_useful=_ids(lists[name]) != _ids(rows))
            lists[name] = rows
        if self._may_have_coupons(order, lists, ask_store=True):
            coupons = self._read_list(order, "coupons", errors)
            if coupons is None:
                return self._deleted(order)
            lists["coupons"] = coupons
        if "consignments" in lists:
            found = lists.pop("consignments")
            order["consignments"] = found if len(found) > 1 else found[0] if found else {}
            read_consignments(order, with_items=self._needs_grouped_items)
        if self._needs_grouped_items and "products" in reasons:
            unassigned = add_missing(order["consignments"], lists["products"])
            if unassigned:
                log_first(
                    self._counts,
                    "orders: %d line items of order %s belong to no consignment that the API "
                    "shows; they are in 'products', but not in 'consignments'.",
                    unassigned,
                    order["id"],
                )
        return Enriched(self._with_lists(order, lists), errors[0] if errors else None)

    def _with_lists(self, order: Row, lists: Lists) -> Row:
        """The order with those of the lists that are selected."""
        order.update((name, rows) for name, rows in lists.items() if name in self._fields)
        return order

    def _may_have_coupons(self, order: Row, lists: Lists, *, ask_store: bool = False) -> bool:
        """Whether the order's coupons have to be read.

        `ask_store`: where it depends on the store's coupons, request them, once in a run. Only in
        a worker thread.
        """
        if "coupons" not in self._fields or self._always_coupons:
            return "coupons" in self._fields
        hints = hints_at_coupons(order, lists["products"], lists["shipping_addresses"])
        if hints is not None or not ask_store:
            return hints is not False
        with self._lock:
            if self._shipping_coupons_exist is None:
                self._shipping_coupons_exist = shipping_coupons_exist(self._client, self._context)
            return self._shipping_coupons_exist

    def _reasons_to_read(self, order: Row, embedded: Embedded | None) -> dict[str, str]:
        """The child lists that have to be read, each with the reason."""
        missing = "no embedded consignments" if self._embed else "order_details is per_order"
        reasons: dict[str, str | None] = {}
        if self._needs_items or self._needs_grouped_items:
            reasons["products"] = missing
            if embedded and self._includes_items:
                adds_up = _adds_up(order, embedded.line_items)
                reasons["products"] = embedded.incomplete or (None if adds_up else QUANTITIES)
        if self._needs_addresses:
            reasons["shipping_addresses"] = missing
            if embedded and embedded.addresses is not None and self._embed:
                shown, count = len(embedded.addresses), order.get("shipping_address_count")
                reasons["shipping_addresses"] = None if count in (shown, None) else ADDRESS_COUNT
                if count is None and not shown:
                    reasons["shipping_addresses"] = "no addresses at all"
        if "consignments" in self._fields and embedded is None:
            reasons["consignments"] = missing
        if "fees" in self._fields and not are_rows(order.get("fees")):
            reasons["fees"] = "no embedded fees"
            self._child_lists.warn_missing(f"order {order['id']}", ["fees"])
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _is_disabled(self, check: str) -> bool:
        """Whether this check led to too many reads, and all were unneeded."""
        unneeded = self._counts.unneeded_reads[check]
        return unneeded >= MAX_UNNEEDED_READS and check not in self._useful_checks

    def _note_result(self, order: Row, check: str, *, is_useful: bool) -> None:
        """Note whether the read that a check led to had different rows."""
        with self._lock:
            if is_useful:
                self._useful_checks.add(check)
                return
            self._counts.unneeded_reads[check] += 1
            unneeded = self._counts.unneeded_reads[check]
            if unneeded != MAX_UNNEEDED_READS or not self._is_disabled(check):
                return
        LOGGER.warning(
            "orders: for %d orders a child list was read because %s, and 0 of them had different "
            "rows there (the last was order %s). This store counts differently, so the "
            "check is switched off for this sync.",
            MAX_UNNEEDED_READS,
            check,
            order.get("id"),
        )

    def _read_list(self, order: Row, name: str, errors: list[IncompleteList]) -> list[Row] | None:
        """One child list of the order; None: the order was deleted."""
        options: dict[str, Any] = {}
        if name == "products":
            options = {"is_complete": functools.partial(_adds_up, order)}
        elif name in UNPAGED:
            options = {"empty_is_404": True, "pagination": AllAtOnce(), "shape": UNPAGED[name]}
        if name == "consignments" and self._needs_grouped_items:
            options["params"] = {"include": "consignments.line_items"}
        return self._child_lists.read(f"/v2/orders/{order['id']}", name, errors=errors, **options)

    def _deleted(self, order: Row) -> Enriched:
        with self._lock:
            self._counts.deleted_during_sync += 1
        message = "orders: order %s was deleted while it was read"
        log_first(self._counts, message, order["id"], level=logging.INFO)
        return Enriched(None)


def consignments_in(content: Any) -> Any:
    """A list with the object that an order's consignments are in a response; [] if it is empty."""
    if isinstance(content, dict):
        return [content] if content else []
    return content


def fees_in(content: Any) -> Any:
    """The fees in a response about one order: the API documents several formats for it."""
    if not isinstance(content, dict):
        return content
    if "fees" in content:
        return fees_in(content["fees"])
    return [content] if "id" in content else content or []


UNPAGED: dict[str, Shape] = {"fees": fees_in, "consignments": consignments_in}
"""Child lists of orders that have no pages, and the function that finds the rows in a response."""


def _adds_up(order: Row, items: list[Row]) -> bool:
    """Whether the quantities of the line items add up to items_total.

    With or without the parts of bundles: stores differ in whether these are counted.
    """
    counted = [item for item in items if isinstance(item.get("quantity"), (int, float))]
    without_parts = [item for item in counted if not item.get("parent_order_product_id")]
    return order.get("items_total") in [
        sum(item["quantity"] for item in some) for some in (counted, without_parts)
    ]


def _ids(rows: Iterable[Row]) -> list[Any]:
    return sorted((row.get("id") for row in rows), key=str)
