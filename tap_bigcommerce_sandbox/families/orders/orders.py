"""The lists of orders, of what is below them, and of their payments."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.metafields import metafields, simple_metafields
from tap_bigcommerce_sandbox.families.orders.consignments import consignments
from tap_bigcommerce_sandbox.families.orders.document import OrderDocument, document, first_document
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
from tap_bigcommerce_sandbox.fields import (
    ID,
    PARENT,
    TEXT,
    TEXT_ID,
    ZULU,
    Cell,
    Field,
    in_turn,
    integer,
    nullable,
    one_of,
    only_if,
    refers_to,
    unique,
)
from tap_bigcommerce_sandbox.fields import array as several
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, words
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, ONE_OBJECT, UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import SeededRandom, iso, link, money, rfc2822, same, zulu
from tap_bigcommerce_sandbox.world import Form, World


def _order(world: World, number: int) -> Row:
    row = dict(document(world, number).row)
    row["consignments"] = link(f"/orders/{number}/consignments")
    row["fees"] = link(f"/orders/{number}/fees")
    return row


def _included(world: World, number: int, form: Form) -> Row:
    found, options = document(world, number), world.options
    row: Row = {}
    if options.embedded_consignments == "never":
        return row
    if "fees" in form.includes:
        row["fees"] = found.fees
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


def _shipping_addresses(world: World, order: int) -> list[Row]:
    return first_document(world, order).addresses


def _coupons(world: World, order: int) -> list[Row]:
    return first_document(world, order).coupons


def _fees(world: World, order: int) -> list[Row]:
    return first_document(world, order).fees


def _all_consignments(world: World, order: int) -> Row:
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
        **same("", "comments shipping_provider shipping_provider_display_name tracking_carrier"),
        **same("", "tracking_link generated_tracking_link"),
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


_GATEWAYS = (
    ("credit_card", "braintree", "braintree.credit_card"),
    ("offline", "bankdeposit", "bigcommerce.bankdeposit"),
    ("electronic_wallet", "paypal", "paypalexpress.paypal"),
    ("custom", "custom", "custom"),
)


def _transactions(world: World, order: int) -> list[Row]:
    found = document(world, order)
    rng = world.rng("transactions", order)
    if found.order.status == 0 or rng.chance(0.1):
        return []
    method = rng.pick(_GATEWAYS)
    created = world.tables["orders"].created(order)
    return [
        _transaction(found, at, method, iso(created + at * 60, "Z"), rng)
        for at in range(rng.between(1, 3))
    ]


def _transaction(
    found: OrderDocument, at: int, method: tuple[str, str, str], created: str, rng: SeededRandom
) -> Row:
    kind, gateway, method_id = method
    number = found.order.number
    card = kind == "credit_card"
    row = {
        "id": number * 1000 + at,
        # Documented as a text, unlike in every other list.
        "order_id": str(number),
        "event": "capture" if at else "purchase",
        "method": kind,
        "amount": float(found.row["total_inc_tax"]),
        "currency": found.row["currency_code"],
        "gateway": gateway,
        "gateway_transaction_id": f"gt{number}x{at}" if card else None,
        "payment_method_id": method_id,
        "status": "error" if rng.chance(0.05) else "ok",
        "test": False,
        "fraud_review": False,
        "reference_transaction_id": number * 1000 + at - 1 if at else None,
        "date_created": created,
        "offline": {"display_name": "Überweisung"} if kind == "offline" else None,
        "custom": {"payment_method": "Barzahlung"} if kind == "custom" else None,
        **same(None, "payment_instrument_token provider_instrument_token provider_customer_id"),
        **same(None, "credit_card gift_certificate store_credit custom_provider_field_result"),
        "avs_result": {},
        "cvv_result": {},
    }
    if card:
        row["avs_result"] = {"code": "Y", "message": "", "street_match": "", "postal_match": ""}
        row["cvv_result"] = {"code": "M", "message": "matched"}
        row["credit_card"] = {
            "card_type": "visa",
            "card_iin": "411111",
            "card_last4": "1111",
            "card_expiry_month": 1 + number % 12,
            "card_expiry_year": 2027,
        }
    return row


def _no_transactions(world: World, order: int) -> int:
    """The status for an order without transactions: the real API returns either."""
    return (204, 404, 200)[order % 3]


def _refunds(world: World, order: int) -> list[Row]:
    if not refunded(world, order):
        return []
    found = document(world, order)
    # Every store has a refunded order early on, and that one was refunded several times.
    early = (world.tables["orders"].base_index(order) or 0) < 24
    count = 3 if early else world.rng("refunds", order).between(1, 2)
    return [_refund(world, found, at) for at in range(count)]


def _refund(world: World, found: OrderDocument, at: int) -> Row:
    order = found.order.number
    item = found.products[0]["id"] if found.products else order
    amount = float(found.products[0]["price_inc_tax"]) if found.products else 5
    number = order * 10 + at
    reason = ("Kratzer am Gehäuse", "", "Changed their mind 🙃")[at]
    requested = round(amount / 3, 2)
    return {
        "id": number,
        "order_id": order,
        "user_id": 1 + order % 3,
        "created": iso(world.tables["orders"].created(order) + 86400 * (at + 1), "Z"),
        "reason": reason,
        "total_amount": requested,
        "total_tax": 0,
        "uses_merchant_override_values": at == 1,
        "items": [
            {
                "item_type": "ORDER" if at else "PRODUCT",
                "item_id": order if at else item,
                "reason": reason,
                "quantity": 1,
                "requested_amount": requested,
                "adjustments": [{"amount": -0.5, "description": "Abnutzung"}] if at == 1 else [],
            }
        ],
        "payments": [
            {
                "id": number,
                "provider_id": "storecredit" if at else "braintree",
                "amount": requested,
                "offline": at > 0,
                "is_declined": False,
                "declined_message": "",
                "transaction_id": "" if at else f"tx{number}",
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
    "id": integer(1, 9000),
    "order_product_id": Field(_first_line, "integer"),
    "quantity": integer(1, 5),
    "status": one_of("AWAITING_COLLECTION", "COLLECTED"),
    "collected_at": only_if("status", "COLLECTED", nullable(ZULU), None),
}


def _below(path: str, rows: Callable[[World, int], list[Row]], text: str, **more: Any) -> List:
    """The rows below an order. They set its date_modified when they change."""
    settings: Row = {"parent_field": "order_id", "touches_parent": True, "text": text, **more}
    name, path = f"order_{path}", f"v2/orders/{{}}/{path}"
    return List(name, path, "orders", parent="orders", rows=rows, **settings)


LISTS: tuple[List, ...] = (
    List(
        *("orders", "v2/orders", "orders"),
        row=_order,
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
    _below("products", _products, "wrapping_message"),
    _below("shipping_addresses", _shipping_addresses, "shipping_method", stride=10),
    _below("coupons", _coupons, "code", stride=10),
    _below(
        "taxes",
        _taxes,
        "name",
        optional=words("order_product_id line_item_type"),
        shown_by="details",
    ),
    _below("shipments", _shipments, "comments", stride=10, dates=Dates(rfc2822, "date_created")),
    _below(
        "messages",
        _messages,
        "subject",
        dates=Dates(rfc2822, "date_created"),
        filters=params(
            integer="min_id max_id customer_id",
            date="min_date_created max_date_created",
            flag="is_flagged",
            text="status",
        ),
    ),
    _below(
        "fees",
        _fees,
        "display_name_merchant",
        stride=10,
        parent_field="",
        key_within_parent=True,
        paging=UNPAGED,
    ),
    _below(
        "consignments",
        lambda world, order: [_all_consignments(world, order)],
        "",
        id="",
        parent_field="",
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
        rows=_transactions,
        text="gateway_transaction_id",
        touches_parent=True,
        dates=Dates(zulu, "date_created"),
        paging=Paging("none", most=250),
        empty_status=_no_transactions,
    ),
    List(
        *("order_refunds", "v3/orders/payment_actions/refunds", "transactions|orders"),
        parent="orders",
        rows=_refunds,
        text="reason",
        parent_field="order_id",
        stride=10,
        dates=Dates(zulu, "created"),
        # A refund sets the order's status, so that the order is modified too.
        touches_parent=True,
        filters=params(
            date="created:min>date_created! created:max>date_created!", integer="order_id:in id:in"
        ),
        paging=Paging(meta="nothing"),
    ),
    metafields("order", "v3/orders", "orders", "orders"),
    simple_metafields("cart", "v3/carts", "carts", unique("cart"), TEXT_ID),
    List(
        *("order_statuses", "v2/order_statuses", "orders"),
        fields={
            "id": ID,
            "name": in_turn(*STATUSES),
            "system_label": in_turn(*STATUSES),
            "custom_label": in_turn(*STATUSES[:2], "Versandt 📦", *STATUSES[3:]),
            "system_description": TEXT,
            "order": ID,
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
            "id": ID,
            "pickup_method_id": refers_to("pickup_methods"),
            "order_id": PARENT,
            **same(ZULU, "ready_at created_at updated_at"),
            "pickup_items": several(_PICKUP_ITEM),
        },
        size=2,
        share=0.1,
        filters=params(integer="order_id:in pickup_id:in>id"),
        paging=ALL_AT_ONCE,
    ),
)
