"""Child rows of customers, and groups and subscribers."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import iso, rfc2822
from tap_bigcommerce_sandbox.ids import unique_id
from tap_bigcommerce_sandbox.money import money
from tap_bigcommerce_sandbox.randomness import SeededRandom
from tap_bigcommerce_sandbox.rows.customers import email_of, form_values
from tap_bigcommerce_sandbox.rows.products.brief import base_variant
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World


def _zulu(second: int) -> str:
    return iso(second, "Z")


# Below a customer
def _addresses(world: World, customer: int) -> list[Row]:
    rng = world.rng("addresses", customer)
    count = rng.between(0, max(0, world.options.addresses_per_customer))
    if rng.chance(0.025) and world.options.addresses_per_customer:
        count += 9
    return [_address(customer, at, rng) for at in range(count)]


def _address(customer: int, at: int, rng: SeededRandom) -> Row:
    city, state, zip_code, country, iso2 = rng.pick(texts.PLACES)
    return {
        "id": customer * 100 + at,
        "customer_id": customer,
        "first_name": rng.pick(texts.FIRST_NAMES),
        "last_name": rng.pick(texts.LAST_NAMES),
        "company": rng.pick(texts.COMPANIES),
        "address1": f"{rng.between(1, 999)} {rng.pick(texts.STREETS)}",
        "address2": "",
        "city": city,
        "state_or_province": state,
        "postal_code": zip_code,
        "country": country,
        "country_code": iso2,
        "phone": "" if rng.chance(0.3) else str(rng.between(10**8, 10**9)),
        "address_type": "residential" if rng.chance(0.8) else "commercial",
        "form_fields": [{"name": "Floor", "value": "3", "address_id": customer * 100 + at}]
        if at == 1
        else [],
    }


def _attribute_values(world: World, customer: int) -> list[Row]:
    attributes = world.tables["customer_attributes"].base
    rng = world.rng("attribute values", customer)
    if not attributes or rng.chance(0.6):
        return []
    created = world.tables["customers"].created(customer)
    # A few customers have all attributes, more than include= shows.
    count = len(attributes) if rng.chance(0.1) else min(2, len(attributes))
    return [
        {
            "id": customer * 100 + at,
            "attribute_id": number,
            "attribute_value": rng.pick(("1985-05-31", "12", "ja", "")),
            "customer_id": customer,
            "date_created": _zulu(created),
            "date_modified": _zulu(created + rng.between(0, 30 * 86400)),
        }
        for at, number in enumerate(attributes[:count])
    ]


def _form_field_values(world: World, customer: int) -> list[Row]:
    # A value is a text, a number or an array; it is the customer's, or of one of the addresses.
    found = [_value(name, value, customer, 0) for name, value in form_values(world, customer)]
    for address in world.below("customer_addresses", customer):
        for item in address["form_fields"]:
            found.append(_value(item["name"], item["value"], customer, address["id"]))
    return found


def _value(name: str, value: Any, customer: int, address: int) -> Row:
    # Each row names one owner; the other is null.
    owner = {"customer_id": None, "address_id": address} if address else {}
    return {"name": name, "value": value, "customer_id": customer, "address_id": None, **owner}


def _wishlists(world: World, customer: int) -> list[Row]:
    rng = world.rng("wishlists", customer)
    if rng.chance(0.8):
        return []
    return [
        {
            "id": customer * 100 + at,
            "customer_id": customer,
            "name": rng.pick(("Geburtstag 🎂", "Wish list", "欲しい物")),
            "is_public": at == 1,
            "token": unique_id("wishlist token", customer * 100 + at),
            "items": _wishes(world, customer * 100 + at, rng),
        }
        for at in range(rng.between(1, 2))
    ]


def _wishes(world: World, wishlist: int, rng: SeededRandom) -> list[Row]:
    products = [world.some_id("products", rng) for _ in range(rng.between(0, 4))]
    return [
        {"id": wishlist * 10 + at, "product_id": product, "variant_id": base_variant(product)}
        for at, product in enumerate(products)
        if product
    ]


CUSTOMER_CHILDREN: tuple[Child, ...] = (
    Child(
        "customer_addresses",
        "customers",
        _addresses,
        "address2",
        parent_field="customer_id",
        optional=frozenset(("form_fields",)),
        includes=frozenset(("formfields",)),
        stride=100,
    ),
    Child(
        "customer_attribute_values",
        "customers",
        _attribute_values,
        "attribute_value",
        parent_field="customer_id",
        key=("customer_id", "attribute_id"),
        stride=100,
        created=("date_created", _zulu),
        modified=("date_modified", _zulu),
    ),
    Child(
        "customer_form_field_values",
        "customers",
        _form_field_values,
        "value",
        id="",
        key=("customer_id", "address_id", "name"),
        key_types={"name": "string"},
        stride=100,
    ),
    Child(
        "wishlists",
        "customers",
        _wishlists,
        "name",
        parent_field="customer_id",
        stride=100,
    ),
)


# Lists of their own
def _group(world: World, number: int, form: Form) -> Row:
    table = world.tables["customer_groups"]
    rng = world.rng("customer group", number)
    categories, lists = world.tables["categories"].base, world.tables["price_lists"].base
    specific = number % 3 == 0
    rules: list[Row] = [{"type": "all", "method": "percent", "amount": money(500)}]
    if categories and number == 2:
        rules += [{**rules[0], "type": "category", "category_id": categories[0]}]
    if lists and number % 2:
        rules = [{"type": "price_list", "price_list_id": lists[number % len(lists)]}]
    access: Row = {"type": "specific" if specific else "all"}
    if specific:
        access["categories"] = list(categories[:3])
    return {
        "id": number,
        "name": f"{rng.pick(('Händler', 'Wholesale', '卸売', 'VIP'))} {number}",
        "is_default": number == 1,
        "category_access": access,
        # PHP writes an empty list of rules as [], as any other list.
        "discount_rules": rules if number % 4 else [],
        "date_created": rfc2822(table.created(number)),
        "date_modified": rfc2822(table.modified(number)),
        "is_group_for_guests": number == 2,
    }


def _subscriber(world: World, number: int, form: Form) -> Row:
    table = world.tables["subscribers"]
    rng = world.rng("subscriber", number)
    customer = world.some_id("customers", rng) if rng.chance(0.6) else 0
    order = world.some_id("orders", rng) if rng.chance(0.2) else 0
    consents = ("marketing_newsletter", "abandoned_cart")
    return {
        "id": number,
        "email": email_of(customer) if customer else f"reader{number}@example.com",
        "first_name": rng.pick(("", *texts.FIRST_NAMES)),
        "last_name": rng.pick(("", *texts.LAST_NAMES)),
        "source": rng.pick(("storefront", "order", "custom")),
        "order_id": order or None,
        "channel_id": world.tables["channels"].base[0],
        "consents": list(consents[: rng.between(0, 2)]),
        "date_created": iso(table.created(number)),
        "date_modified": iso(table.modified(number)),
    }


CUSTOMER_KINDS: tuple[Kind, ...] = (
    Kind("customer_groups", lambda options: options.customer_groups, _group, "name"),
    Kind("subscribers", lambda options: options.customers // 3, _subscriber, "last_name"),
)
