"""Rows of customers, in the form of v2."""

from __future__ import annotations

from typing import Any

import orjson

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.dates import rfc2822
from tap_bigcommerce_sandbox.identity import link
from tap_bigcommerce_sandbox.money import money
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World


def email_of(number: int) -> str:
    """The e-mail address of a customer; guests have id 0."""
    return f"customer{number}@example.com" if number else "guest@example.com"


def _make(world: World, number: int, form: Form) -> Row:
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


def form_values(world: World, number: int) -> tuple[tuple[str, Any], ...]:
    """A customer's own form fields, with their values: a text, a number or an array."""
    if world.draw("form field values", number) >= 0.2:
        return ()
    return (("Referred by", "Häns"), ("Children", 2), ("Interests", ["Kochen", "旅行"]))


def _form_fields(world: World, number: int) -> list[Row] | None:
    # Always a key of the row, but null where the store asks nothing. Values are texts in v2.
    return [
        {"name": name, "value": value if isinstance(value, str) else orjson.dumps(value).decode()}
        for name, value in form_values(world, number)
    ] or None


V3_ONLY = frozenset(
    (
        *("authentication", "accepts_product_review_abandoned_cart_emails", "origin_channel_id"),
        *("channel_ids", "store_credit_amounts", "attributes", "shopper_profile_id"),
        *("segment_ids", "address_count", "attribute_count"),
    )
)
"""Fields that customers have in the v3 list only."""

CUSTOMERS = Kind(
    "customers",
    size=lambda options: options.customers,
    make=_make,
    changes="notes",
    foreign=V3_ONLY,
)
