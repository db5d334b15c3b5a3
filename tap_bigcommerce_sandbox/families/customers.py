"""Customers, in the forms of v2 and v3, and what belongs to them."""

from typing import Any

import orjson

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.catalog import first_below
from tap_bigcommerce_sandbox.families.metafields import metafields
from tap_bigcommerce_sandbox.fields import ID, NAME, PARENT, TEXT, ZULU, one_of, unique
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, only_count, words
from tap_bigcommerce_sandbox.paging import CURSORS, CURSORS_NO_LINKS, NO_LINKS, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import (
    SeededRandom,
    iso,
    link,
    money,
    rfc2822,
    same,
    unique_id,
    zulu,
)
from tap_bigcommerce_sandbox.world import Form, World


def email_of(number: int) -> str:
    """The e-mail address of a customer; guests have id 0."""
    return f"customer{number}@example.com" if number else "guest@example.com"


def _customer(world: World, number: int) -> Row:
    table = world.tables["customers"]
    rng = world.rng("customer", number)
    row: Row = {
        "id": number,
        # The password fields of the same object are for writing only.
        "_authentication": {},
        "company": rng.pick(texts.COMPANIES),
        "first_name": rng.pick(texts.FIRST_NAMES),
        "last_name": rng.pick(texts.LAST_NAMES),
        "email": email_of(number),
        "phone": "" if rng.chance(0.3) else str(rng.between(10**8, 10**9)),
        "form_fields": _form_fields(world, number),
        "date_created": rfc2822(table.created(number)),
        "date_modified": rfc2822(table.modified(number)),
        "store_credit": money(0 if rng.chance(0.9) else rng.between(1, 9999)),
        "registration_ip_address": "" if rng.chance(0.5) else f"203.0.113.{number % 250}",
        "customer_group_id": 0 if rng.chance(0.7) else world.some_id("customer_groups", rng),
        "notes": "" if rng.chance(0.9) else "VIP – bitte anrufen",
        "tax_exempt_category": "" if rng.chance(0.97) else "D",
        "reset_pass_on_login": rng.chance(0.02),
        "accepts_marketing": rng.chance(0.4),
        "addresses": link(f"/customers/{number}/addresses"),
    }
    # The same twice, as v2 has it; v3 has it once.
    row["_authentication"]["force_reset"] = row["reset_pass_on_login"]
    return row


def _form_values(world: World, number: int) -> tuple[tuple[str, Any], ...]:
    """A customer's own form fields, with their values: a text, a number or an array."""
    if world.draw("form field values", number) >= 0.2:
        return ()
    return (("Referred by", "Häns"), ("Children", 2), ("Interests", ["Kochen", "旅行"]))


def _form_fields(world: World, number: int) -> list[Row] | None:
    # Always a key of the row, but null where the store asks nothing. Values are texts in v2.
    return [
        {"name": name, "value": value if isinstance(value, str) else orjson.dumps(value).decode()}
        for name, value in _form_values(world, number)
    ] or None


_V3_ONLY = frozenset(
    (
        *("authentication", "accepts_product_review_abandoned_cart_emails", "origin_channel_id"),
        *("channel_ids", "store_credit_amounts", "attributes", "shopper_profile_id"),
        *("segment_ids", "address_count", "attribute_count"),
    )
)
"""Fields that customers have in the v3 list only."""
_INCLUDED_AT_MOST = 10
"""Addresses and attributes of a customer that include= shows; there are lists of all of them."""
_SAME = (
    "id", "company", "customer_group_id", "email", "first_name", "last_name", "notes", "phone",
    "registration_ip_address", "tax_exempt_category",
)  # fmt: skip


def _customer_v3(world: World, number: int) -> Row:
    known = world.row("customers", number)
    table = world.tables["customers"]
    channels = list(world.tables["channels"].base)
    draw = world.draw("customer channels", number)
    row = {name: known[name] for name in _SAME}
    row["authentication"] = {"force_password_reset": known["reset_pass_on_login"]}
    row["date_created"] = iso(table.created(number), "Z")
    row["date_modified"] = iso(table.modified(number), "Z")
    row["accepts_product_review_abandoned_cart_emails"] = known["accepts_marketing"]
    row["origin_channel_id"] = channels[0] if draw < 0.9 else channels[-1]
    # An array, or null for a customer of all channels.
    row["channel_ids"] = None if draw < 0.5 else channels[:1] if draw < 0.9 else channels
    return row


def _included(world: World, number: int, form: Form) -> Row:
    row: Row = {}
    if "addresses" in form.includes:
        addresses = world.below("customer_addresses", number)
        if "formfields" not in form.includes:
            addresses = [_without_fields(address) for address in addresses]
        row["addresses"] = addresses[:_INCLUDED_AT_MOST]
        row["address_count"] = len(addresses)
    if "attributes" in form.includes:
        attributes = world.below("customer_attribute_values", number)
        row["attributes"] = attributes[:_INCLUDED_AT_MOST]
        row["attribute_count"] = len(attributes)
    if "formfields" in form.includes:
        values = world.below("customer_form_field_values", number)
        row["form_fields"] = [
            {k: v for k, v in value.items() if k != "address_id"}
            for value in values
            if not value["address_id"]
        ]
    if "storecredit" in form.includes:
        credit = float(world.row("customers", number)["store_credit"])
        row["store_credit_amounts"] = [{"amount": int(credit) if credit.is_integer() else credit}]
    if form.includes & {"shopper_profile_id", "segment_ids"}:
        row.update(_profile(world, number, form))
    return row


def _without_fields(address: Row) -> Row:
    return {key: value for key, value in address.items() if key != "form_fields"}


def _has_profile(world: World, customer: int) -> bool:
    """Whether a customer has a shopper profile. The first one always has, also in small stores."""
    first = world.tables["customers"].base_index(customer) == 0
    return first or world.draw("customer channels", customer) >= 0.7


def _profile(world: World, number: int, form: Form) -> Row:
    draw = world.draw("customer channels", number)
    segments = world.tables["segments"].base
    chosen = [] if draw < 0.8 or not segments else [segments[number % len(segments)]]
    found: Row = {}
    if "shopper_profile_id" in form.includes:
        found["shopper_profile_id"] = (
            unique_id("profile", number) if _has_profile(world, number) else None
        )
    if "segment_ids" in form.includes:
        found["segment_ids"] = [unique_id("segment", at) for at in chosen]
    return found


def _full_name(world: World, number: int) -> str:
    row = world.row("customers", number)
    return f"{row['first_name']} {row['last_name']}"


# Below a customer
def _addresses(world: World, customer: int) -> list[Row]:
    rng = world.rng("addresses", customer)
    count = rng.between(0, 3)
    if rng.chance(0.025):
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
            "date_created": zulu(created),
            "date_modified": zulu(created + rng.between(0, 30 * 86400)),
        }
        for at, number in enumerate(attributes[:count])
    ]


def _form_field_values(world: World, customer: int) -> list[Row]:
    # A value is a text, a number or an array; it is the customer's, or of one of the addresses.
    found = [_value(name, value, customer, 0) for name, value in _form_values(world, customer)]
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
        {"id": wishlist * 10 + at, "product_id": product, "variant_id": first_below(product)}
        for at, product in enumerate(products)
        if product
    ]


# Lists of their own
def _group(world: World, number: int) -> Row:
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


def _subscriber(world: World, number: int) -> Row:
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


_DATES = "date_created:=,min,max date_modified:=,min,max"

LISTS: tuple[List, ...] = (
    # page and limit are no longer documented here, and yet what every client sends.
    List(
        "customers",
        "v2/customers",
        "customers",
        row=_customer,
        text="notes",
        foreign=_V3_ONLY,
        filters=params(
            integer="min_id max_id customer_group_id",
            date="min_date_created max_date_created min_date_modified max_date_modified",
            text="first_name last_name company email phone tax_exempt_category",
            number="store_credit",
        ),
        single="customer",
        count=only_count,
    ),
    List(
        "customers_v3",
        "v3/customers",
        "customers",
        row=_customer_v3,
        included=_included,
        text="notes",
        shows="customers",
        facts={"name": _full_name},
        filters=params(
            integer="id:in customer_group_id:in",
            text="company:in email:in name:in,like phone:in registration_ip_address:in",
            date=_DATES,
        ),
        sorts=words("date_created last_name date_modified"),
        downwards=True,
        includes=words(
            "addresses storecredit attributes formfields shopper_profile_id segment_ids"
        ),
        paging=CURSORS_NO_LINKS,
        strict=True,
    ),
    List(
        "customer_addresses",
        "v3/customers/addresses",
        "customers",
        parent="customers",
        rows=_addresses,
        text="address2",
        parent_field="customer_id",
        stride=100,
        filters=params(integer="id:in customer_id:in", text="company:in"),
        optional=words("form_fields"),
        includes=words("formfields"),
        shown_by="formfields",
        paging=NO_LINKS,
    ),
    List(
        "customer_groups",
        "v2/customer_groups",
        "customers",
        row=_group,
        text="name",
        filters=params(text="name:=,like", flag="is_default is_group_for_guests", date=_DATES),
        single="customer_group",
    ),
    List(
        "customer_attribute_values",
        "v3/customers/attribute-values",
        "customers",
        parent="customers",
        rows=_attribute_values,
        text="attribute_value",
        parent_field="customer_id",
        key=("customer_id", "attribute_id"),
        stride=100,
        dates=Dates(zulu, "date_created", "date_modified"),
        filters=params(integer="customer_id:in attribute_id:in", date=_DATES),
    ),
    List(
        "customer_form_field_values",
        "v3/customers/form-field-values",
        "customers",
        parent="customers",
        rows=_form_field_values,
        text="value",
        id="",
        key=("customer_id", "address_id", "name"),
        stride=100,
        filters=params(integer="customer_id address_id", text="field_name>name"),
        paging=CURSORS,
    ),
    metafields("customer", "v3/customers", "customers", "customers"),
    List(
        "subscribers",
        "v3/customers/subscribers",
        "customers",
        row=_subscriber,
        text="last_name",
        size=lambda options: options.customers // 3,
        filters=params(
            text="email first_name last_name source", integer="id:=,in order_id", date=_DATES
        ),
    ),
    List(
        "wishlists",
        "v3/wishlists",
        "customers",
        parent="customers",
        rows=_wishlists,
        text="name",
        parent_field="customer_id",
        stride=100,
        filters=params(integer="customer_id"),
        paging=NO_LINKS,
        single="wishlist",
    ),
    List(
        "customer_attributes",
        "v3/customers/attributes",
        "customers",
        fields={
            "id": ID,
            "name": NAME,
            "type": one_of("string", "number", "date"),
            **same(ZULU, "date_created date_modified"),
        },
        filters=params(text="name:=,like type", date=_DATES),
        paging=Paging(meta="nothing"),
    ),
    List(
        "segments",
        "v3/segments",
        "customers",
        fields={
            "id": unique("segment"),
            "name": NAME,
            "description": TEXT,
            **same(ZULU, "created_at updated_at"),
        },
        filters=params(unique_id="id:in"),
        paging=NO_LINKS,
        pattern="dense",
    ),
    List(
        "shopper_profiles",
        "v3/shopper-profiles",
        "customers",
        fields={
            "id": unique("profile"),
            "customer_id": PARENT,
            **same(ZULU, "created_at updated_at"),
        },
        size=1,
        stride=1,
        paging=NO_LINKS,
        parent="customers",
        share=_has_profile,
    ),
)
