"""Consignments: an order's line items grouped by how they reach the customer."""

from typing import Any

from tap_bigcommerce_sandbox.families.orders.document import OrderDocument
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import link
from tap_bigcommerce_sandbox.values import number as amount

_COSTS = (
    *("base_cost", "cost_ex_tax", "cost_inc_tax", "cost_tax", "base_handling_cost"),
    *("handling_cost_ex_tax", "handling_cost_inc_tax", "handling_cost_tax"),
)
_WARNING = (
    "Not all line items of this consignment are returned, only {cut} are included."
    " To get all of them use /v2/orders/{order}/products"
)


def consignments(order: OrderDocument, options: Options, *, items: bool, cut: int | None) -> Row:
    """The object form. items: whether line items are embedded; cut: at most so many of each."""
    group = _Grouping(order, options, items, cut)
    digital = group.rows(lambda row: row["type"] == "digital")
    gifts = group.rows(lambda row: row["type"] == "giftcertificate")
    email = order.row["billing_address"]["email"]
    download = {"recipient_email": email, "line_items": group.embed(digital)}
    gift = {"recipient_email": "friend@example.com", "line_items": group.embed(gifts)}
    return {
        "pickups": [group.pickup(row) for row in order.pickups],
        "shipping": [group.shipping(row) for row in order.addresses],
        "downloads": [group.warned(download, digital)] if digital else [],
        "email": {"gift_certificates": [group.warned(gift, gifts)] if gifts else []},
    }


class _Grouping:
    """How rows of /products become the line_items of a consignment."""

    def __init__(
        self, order: OrderDocument, options: Options, items: bool, cut: int | None
    ) -> None:
        self._order, self._options, self._items, self._cut = order, options, items, cut
        every = options.empty_line_items_every
        # A reported fault of the API: line items are embedded empty though the order has some.
        self._empty = bool(every) and order.row["id"] % every == 0

    def rows(self, belongs: Any) -> list[Row]:
        return [row for row in self._order.products if belongs(row)]

    def pickup(self, pickup: Row) -> Row:
        rows = self.rows(lambda row: row["order_pickup_method_id"] == pickup["id"])
        return self.warned({**pickup, "line_items": self.embed(rows)}, rows)

    def shipping(self, address: Row) -> Row:
        rows = self.rows(lambda row: row["order_address_id"] == address["id"])
        order, number = address["order_id"], address["id"]
        row = {key: value for key, value in address.items() if key != "order_id"}
        if self._options.consignment_costs == "number":
            for name in _COSTS:
                row[name] = amount(round(float(row[name]) * 100))
        quotes = f"/orders/{order}/consignments/shipping/{number}/shipping_quotes"
        row["shipping_quotes"] = link(quotes)
        row["line_items"] = self.embed(rows)
        return self.warned(row, rows)

    def embed(self, rows: list[Row]) -> list[Row]:
        if not self._items:
            number = self._order.row["id"]
            return [link(f"/orders/{number}/products")] if rows else []
        if self._empty:
            return []
        shown = rows[: self._cut]
        if self._options.fulfillment_source_embedded:
            shown = [{**row, "fulfillment_source": ""} for row in shown]
        if self._is_cut(rows) and self._options.warning_position == "line_items":
            shown = [*shown, {"__warning__": self._warning()}]
        return shown

    def warned(self, consignment: Row, rows: list[Row]) -> Row:
        if self._is_cut(rows) and self._options.warning_position == "consignment":
            consignment["__warning__"] = self._warning()
        return consignment

    def _is_cut(self, rows: list[Row]) -> bool:
        warns = self._options.cut_warning and self._items and not self._empty
        return warns and self._cut is not None and len(rows) > self._cut

    def _warning(self) -> Row:
        number = self._order.row["id"]
        return {"message": _WARNING.format(cut=self._cut, order=number)}
