"""Customers, in the forms of v2 and v3, and what belongs to them."""

from collections.abc import Sequence
from typing import Any

import orjson

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox.families.catalog import first_below
from tap_bigcommerce_sandbox.families.metafields import metafields
from tap_bigcommerce_sandbox.fields import Cell
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import List, only_count, words
from tap_bigcommerce_sandbox.paging import CURSORS, CURSORS_NO_LINKS, NO_LINKS, Paging
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import link, money, unique_id, zulu
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.world import Form, World

_STRIDE = 100
_INCLUDED_AT_MOST = 10
"""Addresses and attributes of a customer that include= shows; there are lists of all of them."""
_V3_ONLY = words(
    "authentication accepts_product_review_abandoned_cart_emails origin_channel_id channel_ids"
    " store_credit_amounts attributes shopper_profile_id segment_ids address_count attribute_count"
)
"""Fields that customers have in the v3 list only."""
_SAME = words(
    "id company customer_group_id email first_name last_name notes phone registration_ip_address"
    " tax_exempt_category"
)
"""Fields that are the same in both lists."""


def email_of(number: int) -> str:
    """The e-mail address of a customer; guests have id 0."""
    return f"customer{number}@example.com" if number else "guest@example.com"


def _form_values(world: World, number: int) -> dict[str, Any]:
    # A customer's own form fields: a text, a number or an array.
    has = world.draw("form field values", number) < 0.2
    return {"Referred by": "Häns", "Children": 2, "Interests": ["Kochen", "旅行"]} if has else {}


def _form_fields(cell: Cell) -> list[Row] | None:
    # Always a key of the row, but null where the store asks nothing. Values are texts in v2.
    return [
        {"name": name, "value": value if isinstance(value, str) else orjson.dumps(value).decode()}
        for name, value in _form_values(cell.world, cell.number).items()
    ] or None


_CUSTOMER = {
    "reset_pass_on_login": kind.flag(0.02),
    # The same twice, as v2 has it; v3 has it once. Its password fields are for writing only.
    "_authentication": lambda cell: {"force_reset": cell.row["reset_pass_on_login"]},
    "company": kind.COMPANY,
    "first_name": kind.FIRST_NAME,
    "last_name": kind.LAST_NAME,
    "email": lambda cell: email_of(cell.number),
    "phone": kind.PHONE,
    "form_fields": _form_fields,
    "date_created date_modified": kind.RFC2822,
    "store_credit": kind.mostly(money(0), money(1234), 0.9),
    "registration_ip_address": kind.one_of("", "203.0.113.7"),
    "customer_group_id": kind.mostly(0, kind.refers_to("customer_groups"), 0.7),
    "notes": kind.mostly("", "VIP – bitte anrufen", 0.9),
    "tax_exempt_category": kind.mostly("", "D", 0.97),
    "accepts_marketing": kind.FLAG,
    "addresses": lambda cell: link(f"/customers/{cell.number}/addresses"),
}


def _customer_v3(world: World, number: int) -> Row:
    known, table = world.row("customers", number), world.tables["customers"]
    channels = list(world.tables["channels"].base)
    draw = world.draw("customer channels", number)
    return {
        **{name: value for name, value in known.items() if name in _SAME},
        "authentication": {"force_password_reset": known["reset_pass_on_login"]},
        "date_created": zulu(table.created(number)),
        "date_modified": zulu(table.modified(number)),
        "accepts_product_review_abandoned_cart_emails": known["accepts_marketing"],
        "origin_channel_id": channels[0] if draw < 0.9 else channels[-1],
        # An array, or null for a customer of all channels.
        "channel_ids": None if draw < 0.5 else channels[:1] if draw < 0.9 else channels,
    }


def _included(world: World, number: int, form: Form) -> Row:
    row: Row = {}
    if "addresses" in form.includes:
        hidden = "" if "formfields" in form.includes else "form_fields"
        found = world.below("customer_addresses", number)
        row["addresses"] = [_without(hidden, address) for address in found[:_INCLUDED_AT_MOST]]
        row["address_count"] = len(found)
    if "attributes" in form.includes:
        found = world.below("customer_attribute_values", number)
        row["attributes"] = found[:_INCLUDED_AT_MOST]
        row["attribute_count"] = len(found)
    if "formfields" in form.includes:
        found = world.below("customer_form_field_values", number)
        row["form_fields"] = [_without("address_id", r) for r in found if not r["address_id"]]
    if "storecredit" in form.includes:
        credit = float(world.row("customers", number)["store_credit"])
        row["store_credit_amounts"] = [{"amount": amount(round(credit * 100))}]
    if "shopper_profile_id" in form.includes:
        has = _has_profile(world, number)
        row["shopper_profile_id"] = unique_id("profile", number) if has else None
    if "segment_ids" in form.includes:
        segments = world.tables["segments"].base
        many = segments and world.draw("customer channels", number) >= 0.8
        chosen = segments[number % len(segments)] if many else 0
        row["segment_ids"] = [unique_id("segment", chosen)] if many else []
    return row


def _without(name: str, row: Row) -> Row:
    return {key: value for key, value in row.items() if key != name}


def _has_profile(world: World, customer: int) -> bool:
    # The first one always has, also in small stores.
    first = world.tables["customers"].base_index(customer) == 0
    return first or world.draw("customer channels", customer) >= 0.7


# Below a customer
def _first_addresses(world: World, customer: int) -> Sequence[int]:
    draw = world.draw("addresses", customer)
    return range(int(draw * 4) + (9 if draw > 0.975 else 0))


_ADDRESS = {
    "customer_id": kind.PARENT,
    "first_name": kind.FIRST_NAME,
    "last_name": kind.LAST_NAME,
    "company": kind.COMPANY,
    "address1": kind.STREET,
    "address2": "",
    **{name: kind.PLACE[name] for name in ("city", "country", "country_code")},
    "state_or_province": kind.PLACE["state"],
    "postal_code": kind.PLACE["zip"],
    "phone": kind.PHONE,
    "address_type": kind.mostly("residential", "commercial"),
    "form_fields": lambda cell: (
        [{"name": "Floor", "value": "3", "address_id": cell.number}] if cell.at == 1 else []
    ),
}


def _known_attributes(world: World, customer: int) -> Sequence[int]:
    # A few customers have all attributes, more than include= shows.
    draw, known = world.draw("attribute values", customer), world.tables["customer_attributes"].base
    return known if draw > 0.96 else known[: 2 if draw > 0.6 else 0]


def _form_field_values(world: World, customer: int) -> list[Row]:
    # Each row is the customer's, or of one of the addresses; the other owner is null.
    return [
        {"name": name, "value": value, "customer_id": customer, "address_id": None}
        for name, value in _form_values(world, customer).items()
    ] + [
        {**item, "customer_id": None}
        for address in world.below("customer_addresses", customer)
        for item in address["form_fields"]
    ]


_WISH = {
    "id": kind.integer(1),
    "product_id": kind.refers_to("products"),
    "variant_id": lambda cell: first_below(cell.row["product_id"]),
}

# Lists of their own
_RULE = {"type": "all", "method": "percent", "amount": money(500)}
_GROUP = {
    "name": kind.written("Händler 卸売 {number}"),
    "is_default": lambda cell: cell.number == 1,
    "category_access": kind.in_turn(
        {"type": "specific", "categories": kind.array(kind.refers_to("categories"))},
        {"type": "all"},
    ),
    # PHP writes an empty list of rules as [], as any other list.
    "discount_rules": kind.in_turn(
        [],
        [{"type": "price_list", "price_list_id": kind.refers_to("price_lists")}],
        [_RULE, {**_RULE, "type": "category", "category_id": kind.refers_to("categories")}],
    ),
    "date_created date_modified": kind.RFC2822,
    "is_group_for_guests": lambda cell: cell.number == 2,
}


_READER = kind.Field(lambda cell: email_of(cell.some("customers")), "string")
_SUBSCRIBER = {
    "email": kind.in_turn(kind.written("reader{number}@example.com"), _READER),
    "first_name": kind.one_of("", kind.FIRST_NAME),
    "last_name": kind.one_of("", kind.LAST_NAME),
    "source": kind.one_of("storefront", "order", "custom"),
    "order_id": kind.mostly(None, lambda cell: cell.some("orders") or None),
    "channel_id": kind.refers_to("channels", 1),
    "consents": kind.one_of([], ["abandoned_cart"], ["marketing_newsletter", "abandoned_cart"]),
    "date_created date_modified": kind.ISO,
}


_DATES = "date_created:=,min,max date_modified:=,min,max"

LISTS: tuple[List, ...] = (
    # page and limit are no longer documented here, and yet what every client sends.
    List(
        *("customers", "v2/customers", "customers"),
        fields=_CUSTOMER,
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
        *("customers_v3", "v3/customers", "customers"),
        row=_customer_v3,
        included=_included,
        text="notes",
        shows="customers",
        facts={
            "name": lambda world, number: "{first_name} {last_name}".format(
                **world.row("customers", number)
            )
        },
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
        *("customer_addresses", "v3/customers/addresses", "customers"),
        parent="customers",
        basis=_first_addresses,
        fields=_ADDRESS,
        text="address2",
        stride=_STRIDE,
        filters=params(integer="id:in customer_id:in", text="company:in"),
        optional=words("form_fields"),
        includes=words("formfields"),
        shown_by="formfields",
        paging=NO_LINKS,
    ),
    List(
        *("customer_groups", "v2/customer_groups", "customers"),
        fields=_GROUP,
        filters=params(text="name:=,like", flag="is_default is_group_for_guests", date=_DATES),
        single="customer_group",
    ),
    List(
        *("customer_attribute_values", "v3/customers/attribute-values", "customers"),
        parent="customers",
        basis=_known_attributes,
        fields={
            "id": kind.ID,
            "attribute_id": lambda cell: cell.basis,
            "attribute_value": kind.one_of("1985-05-31", "12", "ja", ""),
            "customer_id": kind.PARENT,
            "date_created date_modified": kind.ZULU,
        },
        text="attribute_value",
        key=("customer_id", "attribute_id"),
        stride=_STRIDE,
        filters=params(integer="customer_id:in attribute_id:in", date=_DATES),
    ),
    List(
        *("customer_form_field_values", "v3/customers/form-field-values", "customers"),
        parent="customers",
        rows=_form_field_values,
        text="value",
        id="",
        key=("customer_id", "address_id", "name"),
        stride=_STRIDE,
        filters=params(integer="customer_id address_id", text="field_name>name"),
        paging=CURSORS,
    ),
    metafields("customer", "v3/customers", "customers", "customers"),
    List(
        *("subscribers", "v3/customers/subscribers", "customers"),
        fields=_SUBSCRIBER,
        text="last_name",
        size=lambda options: options.customers // 3,
        filters=params(
            text="email first_name last_name source", integer="id:=,in order_id", date=_DATES
        ),
    ),
    List(
        *("wishlists", "v3/wishlists", "customers"),
        parent="customers",
        fields={
            "customer_id": kind.PARENT,
            "name": kind.one_of("Geburtstag 🎂", "Wish list", "欲しい物"),
            "is_public": kind.FLAG,
            "token": kind.unique("wishlist token"),
            "items": kind.array(_WISH, 4),
        },
        text="name",
        size=2,
        share=0.2,
        stride=_STRIDE,
        filters=params(integer="customer_id"),
        paging=NO_LINKS,
        single="wishlist",
    ),
    List(
        *("customer_attributes", "v3/customers/attributes", "customers"),
        fields={
            "name": kind.NAME,
            "type": kind.one_of("string", "number", "date"),
            "date_created date_modified": kind.ZULU,
        },
        filters=params(text="name:=,like type", date=_DATES),
        paging=Paging(meta="nothing"),
    ),
    List(
        *("segments", "v3/segments", "customers"),
        fields={
            "id": kind.unique("segment"),
            "name": kind.NAME,
            "description": kind.TEXT,
            "created_at updated_at": kind.ZULU,
        },
        filters=params(unique_id="id:in"),
        paging=NO_LINKS,
        pattern="dense",
    ),
    List(
        *("shopper_profiles", "v3/shopper-profiles", "customers"),
        fields={
            "id": kind.unique("profile"),
            "customer_id": kind.PARENT,
            "created_at updated_at": kind.ZULU,
        },
        size=1,
        stride=1,
        paging=NO_LINKS,
        parent="customers",
        share=_has_profile,
    ),
)
