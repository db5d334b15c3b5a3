"""The lists below an order, as /orders/{id}/… give them."""

from __future__ import annotations

from typing import Any

from sandbox.dates import rfc2822
from sandbox.money import money
from sandbox.request import Request
from sandbox.rows.orders.consignments import consignments
from sandbox.rows.orders.document import OrderDocument, document
from sandbox.rows.orders.plan import COMPLETED, SHIPPED
from sandbox.table import Row
from sandbox.world import World


def products(world: World, order: int, request: Request | None = None) -> list[Any]:
    """Line items by their id; the real rows carry a field the documentation lacks."""
    return [{**row, "fulfillment_source": ""} for row in document(world, order).products]


def shipping_addresses(world: World, order: int, request: Request | None = None) -> list[Any]:
    """Addresses that parcels go to."""
    return document(world, order).addresses


def coupons(world: World, order: int, request: Request | None = None) -> list[Any]:
    """Coupons used."""
    return document(world, order).coupons


def fees(world: World, order: int, request: Request | None = None) -> list[Any]:
    """Fees charged."""
    return document(world, order).fees


def all_consignments(world: World, order: int) -> Row:
    """Consignments with every line item, uncut."""
    return consignments(document(world, order), world.options, items=True, cut=None)


def taxes(world: World, order: int, request: Request) -> list[Any]:
    """Taxes, one row for each line item; details=true says which one."""
    found = document(world, order)
    detailed = request.query.get("details") == "true"
    return [_tax(found, at, item, detailed) for at, item in enumerate(found.products)]


def _tax(found: OrderDocument, at: int, item: Row, detailed: bool) -> Row:
    row = {
        "id": found.order.number * 1000 + at,
        "order_id": found.order.number,
        "order_address_id": item["order_address_id"],
        "order_pickup_method_id": item["order_pickup_method_id"],
        "tax_rate_id": 1,
        "tax_class_id": 0,
        "name": "Tax",
        "class": "Default Tax Class",
        "rate": "10.0000" if item["total_tax"] != "0.0000" else "0.0000",
        "priority": 1,
        "priority_amount": item["total_tax"],
        "line_amount": item["total_tax"],
    }
    if detailed:
        row["order_product_id"] = item["id"]
        row["line_item_type"] = "item"
    return row


def shipments(world: World, order: int, request: Request) -> list[Any]:
    """Shipments, one for each address once the order is sent."""
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


def messages(world: World, order: int, request: Request) -> list[Any]:
    """Messages with the customer, for few orders."""
    if world.draw("messages", order) > 0.03:
        return []
    created = world.tables["orders"].created(order)
    return [
        {
            "id": order,
            "order_id": order,
            "staff_id": 0,
            "customer_id": document(world, order).order.customer,
            "type": "customer",
            "subject": "Wo bleibt mein Paket?",
            "message": "Danke 🙏",
            "status": "read",
            "is_flagged": False,
            "date_created": rfc2822(created + 60),
            "customer": {},
        }
    ]
