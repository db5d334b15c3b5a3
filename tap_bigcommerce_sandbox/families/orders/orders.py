"""The lists of orders, of what is below them, and of their payments."""

from collections.abc import Sequence
from typing import Any

import orjson

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.metafields import metafields, simple_metafields
from tap_bigcommerce_sandbox.families.orders.consignments import consignments
from tap_bigcommerce_sandbox.families.orders.document import FEE, document, first_document
from tap_bigcommerce_sandbox.families.orders.parts import ADDRESS
from tap_bigcommerce_sandbox.families.orders.plan import (
    COMPLETED,
    SHIPPED,
    STATUSES,
    archived,
    customer_of,
    refunded,
    status_of,
)
from tap_bigcommerce_sandbox.families.store import RATES_STRIDE
from tap_bigcommerce_sandbox.fields import Cell
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, words
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, ONE_OBJECT, UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import money
from tap_bigcommerce_sandbox.world import Form, World


def _included(world: World, number: int, form: Form) -> Row:
    found, options = document(world, number), world.options
    row: Row = {}
    if options.embedded_consignments == "never":
        return row
    if "fees" in form.includes:
        row["fees"] = world.below("order_fees", number)
    if form.includes & {"consignments", "consignments.line_items"}:
        items = "consignments.line_items" in form.includes
        embedded = consignments(found, options, items=items, cut=options.line_item_cut)
        # Without consignment_structure=object the old form comes: an array around the object.
        as_object = form.structure == "object" and options.embedded_consignments == "object"
        row["consignments"] = embedded if as_object else [embedded]
    return row


def full_order(world: World, number: int) -> Row:
    """The row as listed without includes, plus its complete child lists."""
    row: Row = orjson.loads(world.row_bytes("orders", number))
    for name in ("products", "shipping_addresses", "coupons", "fees"):
        row[name] = world.below(f"order_{name}", number)
    row["consignments"] = _all_consignments(world, number)
    return row


def _products(world: World, order: int) -> list[Row]:
    # Line items by their id; the real rows carry a field the documentation lacks.
    return [{**row, "fulfillment_source": ""} for row in first_document(world, order).products]


def _all_consignments(world: World, order: int) -> Row:
    """Consignments with every line item, uncut."""
    return consignments(document(world, order), world.options, items=True, cut=None)


def _spelled(odd: int) -> kind.Field:
    # The API's description spells it in both ways.
    return kind.Field(
        lambda cell: money(FEE) if cell.parent % 2 == odd else kind.ABSENT, absent=True
    )


_FEE = {
    "type": "custom_fee",
    "display_name_customer": "Pfand ♻",
    "display_name_merchant": "Deposit",
    "source": "AA",
    "base_cost cost_inc_tax": money(FEE),
    "cost_ex_tax": _spelled(1),
    "cost_exc_tax": _spelled(0),
    "cost_tax": money(0),
    "tax_class_id": None,
}


# One row for each line item; the request has to ask for the fields that say which one.
_TAX = {
    "order_id": kind.PARENT,
    "order_address_id order_pickup_method_id": kind.BASIS,
    "tax_rate_id": lambda cell: cell.world.tables["tax_zones"].base[0] * RATES_STRIDE,
    "sales_tax_id": "",
    "tax_class_id": kind.in_turn(None, 0),
    "name": "Tax",
    "class": "Default Tax Class",
    "rate": lambda cell: money(0 if cell.basis["total_tax"] == money(0) else 1000),
    "priority": 1,
    "priority_amount line_amount": lambda cell: cell.basis["total_tax"],
    # Documented as a text, unlike the id it names.
    "order_product_id": lambda cell: str(cell.basis["id"]),
    "line_item_type": "item",
}


def _sent_to(world: World, order: int) -> list[Row]:
    # One shipment for each address once the order is sent.
    sent = status_of(world, order) in (SHIPPED, COMPLETED)
    return document(world, order).addresses if sent else []


def _address(row: Row) -> Row:
    return {name: row[name] for names in ADDRESS for name in names.split()}


def _shipped_items(cell: Cell) -> list[Row]:
    return [
        {"order_product_id": i["id"], "product_id": i["product_id"], "quantity": i["quantity"]}
        for i in document(cell.world, cell.parent).products
        if i["order_address_id"] == cell.basis["id"]
    ]


def _customer(cell: Cell) -> int:
    return customer_of(cell.world, cell.parent)


_SHIPMENT = {
    "id shipping_method": kind.BASIS,
    "order_id": kind.PARENT,
    "customer_id": _customer,
    "order_address_id": lambda cell: cell.basis["id"],
    "date_created": kind.RFC2822,
    "tracking_number": kind.written("TRK{number}"),
    "merchant_shipping_cost": money(0),
    "comments shipping_provider shipping_provider_display_name tracking_carrier": "",
    "tracking_link generated_tracking_link": "",
    "billing_address": lambda cell: _address(
        document(cell.world, cell.parent).row["billing_address"]
    ),
    "shipping_address": lambda cell: _address(cell.basis),
    "items": _shipped_items,
}
_MESSAGE = {
    "order_id": kind.PARENT,
    "staff_id": 0,
    "customer_id": _customer,
    "type": "customer",
    "subject": "Wo bleibt mein Paket?",
    "message": "Danke 🙏",
    "status": kind.first("unread", "read"),
    "is_flagged": False,
    "date_created": kind.RFC2822,
    "customer": {},
}


# Payments
_GATEWAYS = (
    ("credit_card", "braintree", "braintree.credit_card"),
    ("offline", "bankdeposit", "bigcommerce.bankdeposit"),
    ("electronic_wallet", "paypal", "paypalexpress.paypal"),
    ("custom", "custom", "custom"),
)


def _payments(world: World, order: int) -> Sequence[Row]:
    row, rng = document(world, order).row, world.rng("transactions", order)
    if row["status_id"] == 0 or rng.chance(0.1):
        return []
    method, gateway, method_id = rng.pick(_GATEWAYS)
    payment: Row = {"method": method, "gateway": gateway, "payment_method_id": method_id}
    payment |= {"amount": float(row["total_inc_tax"]), "currency": row["currency_code"]}
    return [payment] * rng.between(1, 3)


def _by_card(item: Any, otherwise: Any) -> kind.Field:
    return kind.only_if("method", "credit_card", item, otherwise)


_TRANSACTION = {
    # Documented as a text, unlike in every other list.
    "order_id": lambda cell: str(cell.parent),
    "event": kind.first("purchase", "capture"),
    "method amount currency gateway payment_method_id": kind.BASIS,
    "gateway_transaction_id": _by_card(kind.written("gt{number}"), None),
    "status": kind.mostly("ok", "error", 0.95),
    "test fraud_review": False,
    "reference_transaction_id": kind.first(None, lambda cell: cell.number - 1),
    "date_created": kind.ZULU,
    "offline": kind.only_if("method", "offline", {"display_name": "Überweisung"}, None),
    "custom": kind.only_if("method", "custom", {"payment_method": "Barzahlung"}, None),
    "payment_instrument_token provider_instrument_token provider_customer_id": None,
    "gift_certificate store_credit custom_provider_field_result": None,
    "avs_result": _by_card({"code": "Y", "message street_match postal_match": ""}, {}),
    "cvv_result": _by_card({"code": "M", "message": "matched"}, {}),
    "credit_card": _by_card(
        {
            "card_type": "visa",
            "card_iin": "411111",
            "card_last4": "1111",
            "card_expiry_month": kind.integer(1, 12),
            "card_expiry_year": 2027,
        },
        None,
    ),
}


def _refunds(world: World, order: int) -> Sequence[Row]:
    if not refunded(world, order):
        return []
    line: Row = next(iter(document(world, order).products), {"id": order, "price_inc_tax": "5"})
    # Every store has a refunded order early on, and that one was refunded several times.
    early = (world.tables["orders"].base_index(order) or 0) < 24
    count = 3 if early else world.rng("refunds", order).between(1, 2)
    third = round(float(line["price_inc_tax"]) / 3, 2)
    amounts = dict.fromkeys(("total_amount", "requested_amount", "amount"), third)
    reasons = ("Kratzer am Gehäuse", "", "Changed their mind 🙃")
    return [{**amounts, "item_id": line["id"], "reason": text} for text in reasons[:count]]


_REFUND = {
    "order_id": kind.PARENT,
    "user_id": kind.integer(1, 3),
    "created": kind.ZULU,
    "reason total_amount": kind.BASIS,
    "total_tax": 0,
    "uses_merchant_override_values": kind.FLAG,
    "items": [
        {
            "item_type": kind.first("PRODUCT", "ORDER"),
            "item_id": kind.first(kind.BASIS, kind.PARENT),
            "reason requested_amount": kind.BASIS,
            "quantity": 1,
            "adjustments": kind.first([], [{"amount": -0.5, "description": "Abnutzung"}]),
        }
    ],
    "payments": [
        {
            "id": kind.ID,
            "provider_id": kind.first("braintree", "storecredit"),
            "amount": kind.BASIS,
            "offline": kind.first(False, True),
            "is_declined": False,
            "declined_message": "",
            "transaction_id": kind.first(kind.written("tx{number}"), ""),
        }
    ],
}


def _statuses(world: World, ids: Sequence[int]) -> Any:
    statuses = [world.field("orders", number, "status_id") for number in ids]
    by_status = [
        {"id": at, "name": name, "sort_order": at, "count": statuses.count(at)}
        for at, name in enumerate(STATUSES)
    ]
    left_out = 0 if world.options.counts_incomplete_orders else statuses.count(0)
    return {"statuses": by_status, "count": len(ids) - left_out}


def _consignments(world: World, number: int, request: Request) -> Any:
    items = "consignments.line_items" in request.comma_list("include")
    cut = world.options.line_item_cut
    return consignments(document(world, number), world.options, items=items, cut=cut)


def _first_line(cell: Cell) -> int:
    """The id of the first line of an order; 0 if it has none."""
    lines = cell.world.below("order_products", cell.parent)
    return lines[0]["id"] if lines else 0


_PICKUP_ITEM = {
    "id": kind.integer(1, 9000),
    "order_product_id": kind.Field(_first_line, "integer"),
    "quantity": kind.integer(1, 5),
    "status": kind.one_of("AWAITING_COLLECTION", "COLLECTED"),
    "collected_at": kind.only_if("status", "COLLECTED", kind.nullable(kind.ZULU), None),
}


def _below(path: str, text: str, **more: Any) -> List:
    """The rows below an order. They set its date_modified when they change."""
    more = {"parent": "orders", "touches_parent": True, "text": text, **more}
    return List(f"order_{path}", f"v2/orders/{{}}/{path}", "orders", **more)


LISTS: tuple[List, ...] = (
    List(
        *("orders", "v2/orders", "orders"),
        row=lambda world, number: document(world, number).row.copy(),
        included=_included,
        text="staff_notes",
        first_id=100,
        soft_delete=True,
        facts={
            "is_deleted": archived,
            "customer_id": customer_of,
            "status_id": status_of,
            "billing_email": lambda world, number: email_of(customer_of(world, number)),
        },
        filters=params(
            integer="min_id max_id customer_id status_id channel_id",
            date="min_date_created max_date_created min_date_modified max_date_modified",
            number="min_total>total_inc_tax max_total>total_inc_tax",
            text="email>billing_email cart_id payment_method external_order_id",
            flag="is_deleted?",
        ),
        sorts=words("id customer_id date_created date_modified status_id channel_id external_id"),
        includes=words("consignments consignments.line_items fees"),
        single="order",
        count=_statuses,
    ),
    _below("products", "wrapping_message", rows=_products, parent_field="order_id"),
    _below(
        "shipping_addresses",
        "shipping_method",
        rows=lambda world, order: first_document(world, order).addresses,
        parent_field="order_id",
        stride=10,
    ),
    _below(
        "coupons",
        "code",
        rows=lambda world, order: first_document(world, order).coupons,
        parent_field="order_id",
        stride=10,
    ),
    _below(
        "taxes",
        "name",
        basis=lambda world, order: document(world, order).products,
        fields=_TAX,
        optional=words("order_product_id line_item_type"),
        shown_by="details",
    ),
    _below("shipments", "comments", basis=_sent_to, fields=_SHIPMENT, stride=10),
    _below(
        "messages",
        "subject",
        fields=_MESSAGE,
        size=3,
        share=0.06,
        filters=params(
            integer="min_id max_id customer_id",
            date="min_date_created max_date_created",
            flag="is_flagged",
            text="status",
        ),
    ),
    _below(
        "fees",
        "display_name_merchant",
        fields=_FEE,
        size=1,
        share=lambda world, order: first_document(world, order).order.fee,
        stride=10,
        key_within_parent=True,
        paging=UNPAGED,
    ),
    _below(
        "consignments",
        "",
        rows=lambda world, order: [_all_consignments(world, order)],
        id="",
        key=(),
        stride=1,
        derived_from="order_products and order_shipping_addresses",
        other_parameters=words("include"),
        paging=ONE_OBJECT,
        answer=_consignments,
    ),
    List(
        *("order_transactions", "v3/orders/{}/transactions", "transactions"),
        parent="orders",
        basis=_payments,
        fields=_TRANSACTION,
        text="gateway_transaction_id",
        touches_parent=True,
        paging=Paging("none", most=250),
        # The real API answers in any of these ways about an order without transactions.
        empty_status=lambda world, order: (204, 404, 200)[order % 3],
    ),
    List(
        *("order_refunds", "v3/orders/payment_actions/refunds", "transactions|orders"),
        parent="orders",
        basis=_refunds,
        fields=_REFUND,
        text="reason",
        stride=10,
        # A refund sets the order's status, so that the order is modified too.
        touches_parent=True,
        filters=params(
            date="created:min>date_created! created:max>date_created!", integer="order_id:in id:in"
        ),
        paging=Paging(meta="nothing"),
    ),
    metafields("order", "v3/orders", "orders", "orders"),
    simple_metafields("cart", "v3/carts", "carts", kind.unique("cart"), kind.TEXT_ID),
    List(
        *("order_statuses", "v2/order_statuses", "orders"),
        fields={
            "order": kind.ID,
            "name system_label": kind.in_turn(*STATUSES),
            "custom_label": kind.in_turn(*STATUSES[:2], "Versandt 📦", *STATUSES[3:]),
            "system_description": kind.TEXT,
        },
        size=len(STATUSES),
        first_id=0,
        pattern="dense",
        paging=UNPAGED,
    ),
    List(
        *("order_pickups", "v3/orders/pickups", "order_fulfillment"),
        parent="orders",
        fields={
            "pickup_method_id": kind.refers_to("pickup_methods"),
            "order_id": kind.PARENT,
            "ready_at created_at updated_at": kind.ZULU,
            "pickup_items": kind.array(_PICKUP_ITEM),
        },
        size=2,
        share=0.1,
        filters=params(integer="order_id:in pickup_id:in>id"),
        paging=ALL_AT_ONCE,
    ),
)
