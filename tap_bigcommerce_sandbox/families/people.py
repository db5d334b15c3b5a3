"""Names and postal addresses, as customers, billing and shipping share them."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import SeededRandom


def address(rng: SeededRandom, email: str) -> Row:
    """An order address without its id and costs."""
    city, state, zip_code, country, iso2 = rng.pick(texts.PLACES)
    return {
        "first_name": rng.pick(texts.FIRST_NAMES),
        "last_name": rng.pick(texts.LAST_NAMES),
        "company": rng.pick(texts.COMPANIES),
        "street_1": f"{rng.between(1, 999)} {rng.pick(texts.STREETS)}",
        "street_2": "Apt. 7" if rng.chance(0.1) else "",
        "city": city,
        "state": state,
        "zip": zip_code,
        "country": country,
        "country_iso2": iso2,
        "phone": f"+{rng.between(1, 99)} {rng.between(1000000, 9999999)}",
        "email": email,
    }


def form_fields(rng: SeededRandom) -> list[dict[str, Any]]:
    """Form fields, mostly none; a value is a text, a number or an array, as the form asks."""
    if not rng.chance(0.08):
        return []
    return [
        {"name": "License Id", "value": "123BAF"},
        {"name": "Floor", "value": rng.between(0, 30)},
        {"name": "Deliver on", "value": ["Monday", "Mié"]},
    ]
