"""Names and postal addresses, as customers, billing and shipping share them."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce_sandbox import words
from tap_bigcommerce_sandbox.chance import Chance
from tap_bigcommerce_sandbox.table import Row


def address(chance: Chance, email: str) -> Row:
    """An order address without its id and costs."""
    city, state, zip_code, country, iso2 = chance.pick(words.PLACES)
    return {
        "first_name": chance.pick(words.FIRST_NAMES),
        "last_name": chance.pick(words.LAST_NAMES),
        "company": chance.pick(words.COMPANIES),
        "street_1": f"{chance.between(1, 999)} {chance.pick(words.STREETS)}",
        "street_2": "Apt. 7" if chance.share(0.1) else "",
        "city": city,
        "state": state,
        "zip": zip_code,
        "country": country,
        "country_iso2": iso2,
        "phone": f"+{chance.between(1, 99)} {chance.between(1000000, 9999999)}",
        "email": email,
    }


def form_fields(chance: Chance) -> list[dict[str, Any]]:
    """Form fields, mostly none; a value is a text, a number or an array, as the form asks."""
    if not chance.share(0.08):
        return []
    return [
        {"name": "License Id", "value": "123BAF"},
        {"name": "Floor", "value": chance.between(0, 30)},
        {"name": "Deliver on", "value": ["Monday", "Mié"]},
    ]
