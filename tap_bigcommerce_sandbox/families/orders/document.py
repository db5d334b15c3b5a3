"""An order and its child lists, computed together so that all parts agree."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.orders import parts
from tap_bigcommerce_sandbox.families.orders.plan import (
    COMPLETED,
    SHIPPED,
    STATUSES,
    Plan,
    archived,
    plan,
)
from tap_bigcommerce_sandbox.fields import Cell, Shape
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import (
    CURRENCIES,
    exchange_rate,
    link,
    money,
    rfc2822,
    same,
    taxed,
)
from tap_bigcommerce_sandbox.world import World

_TAX_RATES = (0.0, 0.0, 0.1, 0.2, 0.0825)
FEE = 250
_CART = kind.written("a8458391-ef68-4fe5-9ec1-442e{number:08d}")


def _link_to(name: str) -> kind.Field:
    return kind.Field(lambda cell: link(f"/orders/{cell.number}/{name}"))


_ORDER = Shape(
    {
        "id": kind.ID,
        "customer_id date_shipped status_id status custom_status": kind.BASIS,
        "date_created date_modified": kind.RFC2822,
        "subtotal_ex_tax subtotal_inc_tax subtotal_tax base_shipping_cost": kind.BASIS,
        "shipping_cost_ex_tax shipping_cost_inc_tax shipping_cost_tax": kind.BASIS,
        "shipping_cost_tax_class_id handling_cost_tax_class_id": 2,
        "base_handling_cost handling_cost_ex_tax handling_cost_inc_tax handling_cost_tax": money(0),
        "base_wrapping_cost wrapping_cost_ex_tax wrapping_cost_inc_tax": money(0),
        # Refunds are documented as always zero: they have an endpoint of their own.
        "wrapping_cost_tax store_credit_amount gift_certificate_amount refunded_amount": money(0),
        "wrapping_cost_tax_class_id": 3,
        "total_ex_tax total_inc_tax total_tax items_total items_shipped": kind.BASIS,
        "payment_method": kind.one_of(*texts.PAYMENT_METHODS),
        "payment_provider_id": kind.one_of(None, None, "", "402-1", 77),
        "payment_status": kind.one_of("", "", "captured", "authorized", "paid"),
        "order_is_digital currency_id currency_code currency_exchange_rate": kind.BASIS,
        "ip_address": kind.one_of("198.51.100.7", "198.51.100.77"),
        "ip_address_v6 geoip_country_iso2 external_order_id": "",
        "geoip_country": kind.mostly("", "Germany"),
        "default_currency_id default_currency_code": kind.BASIS,
        "staff_notes": kind.mostly("", None),
        "customer_message": kind.one_of(None, *texts.MESSAGES),
        "discount_amount coupon_discount shipping_address_count is_deleted": kind.BASIS,
        "ebay_order_id": "0",
        "cart_id": kind.mostly(_CART, None),
        "billing_address": {**parts.ADDRESS, "form_fields": parts.FORM_FIELDS},
        "is_email_opt_in": kind.flag(0.2),
        "credit_card_type external_source external_id external_merchant_id": None,
        "order_source": kind.one_of("www", "www", "www", "manual", "external"),
        "channel_id": kind.mostly(
            kind.refers_to("channels", 1), kind.refers_to("channels", 2), 0.9
        ),
        "products": _link_to("products"),
        "shipping_addresses": _link_to("shipping_addresses"),
        "coupons": _link_to("coupons"),
        "consignments": _link_to("consignments"),
        "fees": _link_to("fees"),
        "tax_provider_id": kind.mostly("", "BasicTaxProvider", 0.7),
        "customer_locale": kind.one_of("en", "en", "de", "ja", ""),
        "store_default_currency_code": kind.CURRENCY,
        "store_default_to_transactional_exchange_rate": kind.BASIS,
        "is_tax_inclusive_pricing": False,
    }
)
_PICKUP = {
    "pickup_method_id": 7,
    "pickup_method_display_name": "Abholung im Laden",
    "collection_instructions": "Bring your order number",
    "collection_time_description": "9am – 5pm",
    "location": {
        "id": 3,
        "name": "Store № 3",
        "code": "LOC-3",
        "address_line_1": "1 Main St",
        "address_line_2": "",
        "city": "Austin",
        "state": "Texas",
        "postal_code": "78759",
        "country_alpha2": "US",
        "email": "shop@example.com",
        "phone": "555-0100",
    },
}


@dataclass(frozen=True)
class OrderDocument:
    """The parts as the order's endpoints return them."""

    order: Plan
    row: Row
    products: list[Row]
    addresses: list[Row]
    pickups: list[Row]
    coupons: list[Row]


def document(world: World, number: int) -> OrderDocument:
    """The order with this id, after all changes of its child rows."""
    version, below = world.tables["orders"].state(number)
    if not below:
        return first_document(world, number)
    key = (number, version, below)
    found = world.documents.get(key)
    if found is None:
        found = world.documents.put(key, _changed(world, number))
    return cast(OrderDocument, found)


def first_document(world: World, number: int) -> OrderDocument:
    """The order before any change of a line, an address, a coupon or a fee."""
    key = ("first", number, world.tables["orders"].state(number))
    found = world.documents.get(key)
    if found is None:
        found = world.documents.put(key, _make(world, number))
    return cast(OrderDocument, found)


def _changed(world: World, number: int) -> OrderDocument:
    first = first_document(world, number)
    # What only the order's own endpoint surely gives is not embedded elsewhere.
    rows = world.below("order_products", number)
    products = [{k: v for k, v in row.items() if k != "fulfillment_source"} for row in rows]
    addresses = world.below("order_shipping_addresses", number)
    if (products, addresses) == (first.products, first.addresses):
        return first
    quantities = ((row["quantity"], row["parent_order_product_id"]) for row in products)
    counts = {"items_total": _total(world, quantities), "shipping_address_count": len(addresses)}
    return replace(first, row={**first.row, **counts}, products=products, addresses=addresses)


def _total(world: World, quantities: Iterable[tuple[int, int | None]]) -> int:
    """The sum of the quantities of some lines; each is given with its parent."""
    with_children = world.options.items_total_counts_children
    return sum(quantity for quantity, parent in quantities if with_children or parent is None)


def _make(world: World, number: int) -> OrderDocument:
    order, table = plan(world, number), world.tables["orders"]
    rng = world.rng("order", number)
    cell = Cell(world, rng, number, table.created(number), table.modified(number))
    rate = rng.pick(_TAX_RATES)
    sent = parts.make_shipping(order, rng, rate, world.options.shipping_base_cost)
    pickup = number * 10 + 9 if order.scenario == "pickup" else 0
    addresses = [parcel.id for parcel in sent.parcels]
    items = parts.make_lines(world, order, rng, addresses, pickup, rate)
    if not any(item.address for item in items):
        # Nothing to send after all (every product was digital), so there is no address either.
        sent.parcels.clear()
    off = parts.apply_discounts(world, order, items, sent)
    cell.basis = {"email": email_of(order.customer), "phone": f"+49 {5550000 + number}"}
    cell.basis |= _computed(cell, order, items, sent, off)
    row, parcels = _ORDER.fill(cell), []
    for parcel in sent.parcels:
        count = _count(world, [item for item in items if item.address == parcel.id])
        parcels.append(parts.address_row(parcel, cell, count, count if row["items_shipped"] else 0))
    return OrderDocument(
        order=order,
        row=row,
        products=[parts.line_row(item, order, rng) for item in items],
        addresses=parcels,
        pickups=[{"id": pickup, **_PICKUP}] if pickup else [],
        coupons=off.coupon_rows,
    )


def _count(world: World, items: list[parts.Line]) -> int:
    return _total(world, ((item.quantity, item.parent) for item in items))


def _computed(
    cell: Cell, order: Plan, items: list[parts.Line], sent: parts.Shipping, off: parts.Discounts
) -> Row:
    """What follows from the order's plan and its parts."""
    done = order.status in (SHIPPED, COMPLETED)
    ex_tax, tax = sum(item.total for item in items), sum(item.tax for item in items)
    ship_ex = sum(parcel.ex_tax for parcel in sent.parcels)
    ship_tax = sum(parcel.tax for parcel in sent.parcels)
    total = ex_tax + ship_ex + (FEE if order.fee else 0) - off.from_lines
    count, codes, default = _count(cell.world, items), [*CURRENCIES], cell.world.options.currency
    rate = exchange_rate(CURRENCIES[order.currency] / CURRENCIES[default])
    return {
        "customer_id": order.customer,
        # "" until the order is sent, and not null.
        "date_shipped": rfc2822(cell.modified) if done else "",
        "status_id": order.status,
        **same(STATUSES[order.status], "status custom_status"),
        **taxed("subtotal", ex_tax, tax),
        "base_shipping_cost": money(sum(parcel.base for parcel in sent.parcels)),
        **taxed("shipping_cost", ship_ex, ship_tax),
        **taxed("total", total, tax + ship_tax),
        "items_total": count,
        "items_shipped": count if done and sent.parcels else 0,
        "order_is_digital": all(item.type != "physical" for item in items),
        "currency_id": codes.index(order.currency) + 1,
        "currency_code": order.currency,
        **same(rate, "currency_exchange_rate store_default_to_transactional_exchange_rate"),
        "default_currency_id": codes.index(default) + 1,
        "default_currency_code": default,
        "discount_amount": money(off.others),
        "coupon_discount": money(off.coupons),
        "shipping_address_count": len(sent.parcels),
        "is_deleted": archived(cell.world, order.number),
    }
