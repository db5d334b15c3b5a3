"""Rows of customers in the form of v3, which can include more."""

from __future__ import annotations

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.ids import unique_id
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World

INCLUDED_AT_MOST = 10
"""Addresses and attributes of a customer that include= shows; there are lists of all of them."""
_SAME = (
    "id", "company", "customer_group_id", "email", "first_name", "last_name", "notes", "phone",
    "registration_ip_address", "tax_exempt_category",
)  # fmt: skip
INCLUDES = frozenset(
    ("addresses", "storecredit", "attributes", "formfields", "shopper_profile_id", "segment_ids")
)


def _make(world: World, number: int, form: Form) -> Row:
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
    if "addresses" in form.includes:
        addresses = world.below("customer_addresses", number)
        if "formfields" not in form.includes:
            addresses = [_without_fields(address) for address in addresses]
        row["addresses"] = addresses[:INCLUDED_AT_MOST]
        row["address_count"] = len(addresses)
    if "attributes" in form.includes:
        attributes = world.below("customer_attribute_values", number)
        row["attributes"] = attributes[:INCLUDED_AT_MOST]
        row["attribute_count"] = len(attributes)
    if "formfields" in form.includes:
        values = world.below("customer_form_field_values", number)
        row["form_fields"] = [
            {k: v for k, v in value.items() if k != "address_id"}
            for value in values
            if not value["address_id"]
        ]
    if "storecredit" in form.includes:
        credit = float(known["store_credit"])
        row["store_credit_amounts"] = [{"amount": int(credit) if credit.is_integer() else credit}]
    if form.includes & {"shopper_profile_id", "segment_ids"}:
        row.update(_profile(world, number, form, draw))
    return row


def _without_fields(address: Row) -> Row:
    return {key: value for key, value in address.items() if key != "form_fields"}


def has_profile(world: World, customer: int) -> bool:
    """Whether a customer has a shopper profile. The first one always has, also in small stores."""
    first = world.tables["customers"].base_index(customer) == 0
    return first or world.draw("customer channels", customer) >= 0.7


def _profile(world: World, number: int, form: Form, draw: float) -> Row:
    segments = world.tables["segments"].base
    chosen = [] if draw < 0.8 or not segments else [segments[number % len(segments)]]
    found: Row = {}
    if "shopper_profile_id" in form.includes:
        found["shopper_profile_id"] = (
            unique_id("profile", number) if has_profile(world, number) else None
        )
    if "segment_ids" in form.includes:
        found["segment_ids"] = [unique_id("segment", at) for at in chosen]
    return found


CUSTOMERS_V3 = Kind(
    "customers_v3",
    size=lambda options: options.customers,
    make=_make,
    changes="notes",
    shows="customers",
    includes=INCLUDES,
    facts={
        "name": lambda world, number: " ".join(
            world.row("customers", number)[part] for part in ("first_name", "last_name")
        )
    },
)
