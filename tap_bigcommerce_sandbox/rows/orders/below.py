"""The child lists of an order, as /orders/{id}/… returns them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tap_bigcommerce_sandbox.dates import rfc2822
from tap_bigcommerce_sandbox.money import money
from tap_bigcommerce_sandbox.rows.orders.consignments import consignments
from tap_bigcommerce_sandbox.rows.orders.document import OrderDocument, document, first_document
from tap_bigcommerce_sandbox.rows.orders.plan import COMPLETED, SHIPPED
from tap_bigcommerce_sandbox.rows.settings import RATES_STRIDE
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, World


def _products(world: World, order: int) -> list[Row]:
    # Line items by their id; the real rows carry a field the documentation lacks.
    return [{**row, "fulfillment_source": ""} for row in first_document(world, order).products]


def _shipping_addresses(world: World, order: int) -> list[Row]:
    return first_document(world, order).addresses


def _coupons(world: World, order: int) -> list[Row]:
    return first_document(world, order).coupons


def _fees(world: World, order: int) -> list[Row]:
    return first_document(world, order).fees


def all_consignments(world: World, order: int) -> Row:
    """Consignments with every line item, uncut."""
    return consignments(document(world, order), world.options, items=True, cut=None)


def _taxes(world: World, order: int) -> list[Row]:
    # One row for each line item; the request has to ask for the fields that say which one.
    found = document(world, order)
    rate = world.tables["tax_zones"].base[0] * RATES_STRIDE
    return [_tax(found, at, item, rate) for at, item in enumerate(found.products)]


def _tax(found: OrderDocument, at: int, item: Row, rate: int) -> Row:
    return {
        "id": found.order.number * 1000 + at,
        "order_id": found.order.number,
        "order_address_id": item["order_address_id"],
        "order_pickup_method_id": item["order_pickup_method_id"],
        "tax_rate_id": rate,
        "sales_tax_id": "",
        "tax_class_id": 0 if at % 2 else None,
        "name": "Tax",
        "class": "Default Tax Class",
        "rate": "10.0000" if item["total_tax"] != "0.0000" else "0.0000",
        "priority": 1,
        "priority_amount": item["total_tax"],
        "line_amount": item["total_tax"],
        # Documented as a text, unlike the id it names.
        "order_product_id": str(item["id"]),
        "line_item_type": "item",
    }


def _shipments(world: World, order: int) -> list[Row]:
    # One for each address once the order is sent.
    found = document(world, order)
    if found.order.status not in (SHIPPED, COMPLETED):
        return []
    return [_shipment(found, address) for address in found.addresses]


def _shipment(found: OrderDocument, address: Row) -> Row:
    names = ("first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip")
    shown = (*names, "country", "country_iso2", "phone", "email")
    return {
        "id": address["id"],
        "order_id": found.order.number,
        "customer_id": found.order.customer,
        "order_address_id": address["id"],
        "date_created": found.row["date_modified"],
        "tracking_number": f"TRK{address['id']}",
        "merchant_shipping_cost": money(0),
        "shipping_method": address["shipping_method"],
        "comments": "",
        "shipping_provider": "",
        "shipping_provider_display_name": "",
        "tracking_carrier": "",
        "tracking_link": "",
        "generated_tracking_link": "",
        "billing_address": {name: found.row["billing_address"][name] for name in shown},
        "shipping_address": {name: address[name] for name in shown},
        "items": [
            {"order_product_id": i["id"], "product_id": i["product_id"], "quantity": i["quantity"]}
            for i in found.products
            if i["order_address_id"] == address["id"]
        ],
    }


def _messages(world: World, order: int) -> list[Row]:
    rng = world.rng("messages", order)
    if not rng.chance(0.06):
        return []
    created = world.tables["orders"].created(order)
    return [
        {
            "id": order * 1000 + at,
            "order_id": order,
            "staff_id": 0,
            "customer_id": document(world, order).order.customer,
            "type": "customer",
            "subject": "Wo bleibt mein Paket?",
            "message": "Danke 🙏",
            "status": "read" if at else "unread",
            "is_flagged": False,
            "date_created": rfc2822(created + 60 + at * 3600),
            "customer": {},
        }
        for at in range(rng.between(1, 3))
    ]


def _below(name: str, rows: Callable[[World, int], list[Row]], changes: str, **more: Any) -> Child:
    settings = {"parent_field": "order_id", "touches_parent": True, **more}
    return Child(f"order_{name}", "orders", rows, changes, **settings)


TAX_DETAILS = frozenset(("order_product_id", "line_item_type"))

ORDER_CHILDREN: tuple[Child, ...] = (
    _below("products", _products, "wrapping_message"),
    _below("shipping_addresses", _shipping_addresses, "shipping_method", stride=10),
    _below("coupons", _coupons, "code", stride=10),
    _below(
        "fees",
        _fees,
        "display_name_merchant",
        stride=10,
        parent_field="",
        key_within_parent=True,
    ),
    _below("taxes", _taxes, "name", optional=TAX_DETAILS),
    _below("shipments", _shipments, "comments", stride=10, created=("date_created", rfc2822)),
    _below("messages", _messages, "subject", created=("date_created", rfc2822)),
    Child(
        "order_consignments",
        "orders",
        lambda world, order: [all_consignments(world, order)],
        id="",
        key=(),
        stride=1,
        touches_parent=True,
        derived_from="order_products and order_shipping_addresses",
    ),
)
