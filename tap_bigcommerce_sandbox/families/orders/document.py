"""An order and its child lists, computed together so that all parts agree."""

from dataclasses import dataclass, replace
from typing import cast

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.customers import email_of
from tap_bigcommerce_sandbox.families.orders import discounts, lines, shipping
from tap_bigcommerce_sandbox.families.orders.plan import (
    COMPLETED,
    SHIPPED,
    STATUSES,
    Plan,
    archived,
    plan,
)
from tap_bigcommerce_sandbox.families.orders.shipping import address, form_fields
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import (
    CURRENCIES,
    SeededRandom,
    exchange_rate,
    link,
    money,
    rfc2822,
    same,
)
from tap_bigcommerce_sandbox.world import World

_ZERO = "0.0000"
_TAX_RATES = (0.0, 0.0, 0.1, 0.2, 0.0825)


@dataclass(frozen=True)
class OrderDocument:
    """The parts as the order's endpoints return them; `row` lacks consignments and fees."""

    order: Plan
    row: Row
    products: list[Row]
    addresses: list[Row]
    pickups: list[Row]
    coupons: list[Row]
    fees: list[Row]


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
    counts: Row = {}
    if products != first.products or addresses != first.addresses:
        with_children = world.options.items_total_counts_children
        counted = [r for r in products if with_children or r["parent_order_product_id"] is None]
        counts["items_total"] = sum(row["quantity"] for row in counted)
        counts["shipping_address_count"] = len(addresses)
    return replace(
        first,
        row={**first.row, **counts},
        products=products,
        addresses=addresses,
        coupons=world.below("order_coupons", number),
        fees=world.below("order_fees", number),
    )


def _make(world: World, number: int) -> OrderDocument:
    order = plan(world, number)
    rng = world.rng("order", number)
    rate = rng.pick(_TAX_RATES)
    email = email_of(order.customer)
    sent = shipping.make_shipping(order, rng, rate, world.options.shipping_base_cost)
    pickup = number * 10 + 9 if order.scenario == "pickup" else 0
    addresses = [parcel.id for parcel in sent.parcels]
    items = lines.make_lines(world, order, rng, addresses, pickup, rate)
    if not any(item.address for item in items):
        # Nothing to send after all (every product was digital), so there is no address either.
        sent.parcels.clear()
    off = discounts.apply(world, order, items, sent)
    row = _row(world, order, rng, items, sent, off, email)
    parcels = []
    for parcel in sent.parcels:
        count = _quantity(world, [item for item in items if item.address == parcel.id])
        shipped = count if row["items_shipped"] else 0
        parcels.append(shipping.render(parcel, order, rng, count, shipped, email))
    return OrderDocument(
        order=order,
        row=row,
        products=[lines.render(item, order, rng) for item in items],
        addresses=parcels,
        pickups=[_pickup(pickup)] if pickup else [],
        coupons=off.coupon_rows,
        fees=[_fee(order)] if order.fee else [],
    )


def _row(
    world: World,
    order: Plan,
    rng: SeededRandom,
    items: list[lines.Line],
    sent: shipping.Shipping,
    off: discounts.Discounts,
    email: str,
) -> Row:
    table = world.tables["orders"]
    number = order.number
    done = order.status in (SHIPPED, COMPLETED)
    status = order.status
    ex_tax = sum(item.total for item in items)
    tax = sum(item.tax for item in items)
    ship_ex = sum(parcel.ex_tax for parcel in sent.parcels)
    ship_tax = sum(parcel.tax for parcel in sent.parcels)
    fee = 250 if order.fee else 0
    total_ex = ex_tax + ship_ex + fee - off.from_lines
    modified = table.modified(number)
    currency, default = order.currency, world.options.currency
    rate = exchange_rate(CURRENCIES[currency] / CURRENCIES[default])
    codes = list(CURRENCIES)
    notes = "" if rng.chance(0.8) else None
    return {
        "id": number,
        "customer_id": order.customer,
        "date_created": rfc2822(table.created(number)),
        "date_modified": rfc2822(modified),
        # "" until the order is sent, and not null.
        "date_shipped": rfc2822(modified) if done else "",
        "status_id": status,
        "status": STATUSES[status],
        "subtotal_ex_tax": money(ex_tax),
        "subtotal_inc_tax": money(ex_tax + tax),
        "subtotal_tax": money(tax),
        "base_shipping_cost": money(sum(parcel.base for parcel in sent.parcels)),
        "shipping_cost_ex_tax": money(ship_ex),
        "shipping_cost_inc_tax": money(ship_ex + ship_tax),
        "shipping_cost_tax": money(ship_tax),
        "shipping_cost_tax_class_id": 2,
        **same(_ZERO, "base_handling_cost handling_cost_ex_tax handling_cost_inc_tax"),
        **same(_ZERO, "handling_cost_tax base_wrapping_cost wrapping_cost_ex_tax"),
        **same(_ZERO, "wrapping_cost_inc_tax wrapping_cost_tax store_credit_amount"),
        "gift_certificate_amount": _ZERO,
        "handling_cost_tax_class_id": 2,
        "wrapping_cost_tax_class_id": 3,
        "total_ex_tax": money(total_ex),
        "total_inc_tax": money(total_ex + tax + ship_tax),
        "total_tax": money(tax + ship_tax),
        "items_total": _quantity(world, items),
        "items_shipped": _quantity(world, items) if done and sent.parcels else 0,
        "payment_method": rng.pick(texts.PAYMENT_METHODS),
        "payment_provider_id": rng.pick((None, None, "", "402-1", 77)),
        "payment_status": rng.pick(("", "", "captured", "authorized", "paid")),
        # Documented as always zero: refunds have an endpoint of their own.
        "refunded_amount": _ZERO,
        "order_is_digital": all(item.type != "physical" for item in items),
        "ip_address": f"198.51.100.{number % 250}",
        **same("", "ip_address_v6 geoip_country_iso2 external_order_id"),
        "geoip_country": "Germany" if rng.chance(0.2) else "",
        "currency_id": codes.index(currency) + 1,
        "currency_code": currency,
        "currency_exchange_rate": rate,
        "default_currency_id": codes.index(default) + 1,
        "default_currency_code": default,
        "staff_notes": notes,
        "customer_message": rng.pick(texts.MESSAGES) or notes,
        "discount_amount": money(off.others),
        "coupon_discount": money(off.coupons),
        "shipping_address_count": len(sent.parcels),
        "is_deleted": archived(world, number),
        "ebay_order_id": "0",
        "cart_id": None if rng.chance(0.2) else f"a8458391-ef68-4fe5-9ec1-442e{number:08d}",
        "billing_address": {**address(rng, email), "form_fields": form_fields(rng)},
        "is_email_opt_in": rng.chance(0.2),
        **same(None, "credit_card_type external_source external_id external_merchant_id"),
        "order_source": rng.pick(("www", "www", "www", "manual", "external")),
        "channel_id": _channel(world, rng),
        "products": link(f"/orders/{number}/products"),
        "shipping_addresses": link(f"/orders/{number}/shipping_addresses"),
        "coupons": link(f"/orders/{number}/coupons"),
        "tax_provider_id": "" if rng.chance(0.7) else "BasicTaxProvider",
        "customer_locale": rng.pick(("en", "en", "de", "ja", "")),
        "store_default_currency_code": default,
        "store_default_to_transactional_exchange_rate": rate,
        "custom_status": STATUSES[status],
        "is_tax_inclusive_pricing": False,
    }


def _quantity(world: World, items: list[lines.Line]) -> int:
    with_children = world.options.items_total_counts_children
    return sum(item.quantity for item in items if with_children or item.parent is None)


def _channel(world: World, rng: SeededRandom) -> int:
    channels = world.tables["channels"].base[:2]
    return channels[0] if rng.chance(0.95) else channels[-1]


def _fee(order: Plan) -> Row:
    return {
        "id": order.number * 10,
        "type": "custom_fee",
        "display_name_customer": "Pfand ♻",
        "display_name_merchant": "Deposit",
        "source": "AA",
        "base_cost": "2.5000",
        # The API's description spells it in both ways.
        "cost_ex_tax" if order.number % 2 else "cost_exc_tax": "2.5000",
        "cost_inc_tax": "2.5000",
        "cost_tax": _ZERO,
        "tax_class_id": None,
    }


def _pickup(number: int) -> Row:
    return {
        "id": number,
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
