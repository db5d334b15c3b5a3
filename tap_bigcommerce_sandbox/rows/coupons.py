"""Rows of coupons, in the form of v2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_sandbox.dates import rfc2822
from tap_bigcommerce_sandbox.money import money
from tap_bigcommerce_sandbox.randomness import SeededRandom
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Form, Kind, World

TYPES = (
    "per_item_discount",
    "percentage_discount",
    "per_total_discount",
    "shipping_discount",
    "free_shipping",
    "promotion",
)
"""In the order of the numbers 0 to 5 that order coupons use for the same types."""


@dataclass(frozen=True)
class Coupon:
    """The facts of a coupon that orders need. amount: cents, or hundredths of a percent."""

    id: int
    type: int
    code: str
    name: str
    amount: int


def coupon(world: World, number: int) -> Coupon:
    """The coupon with this id, as it was when the store started."""
    rng = world.rng("coupon", number)
    place = world.tables["coupons"].base_index(number)
    # Types go round among the first coupons, so that every store with six has them all.
    kind = rng.between(0, 5) if place is None else place % 6
    amount = {0: rng.between(50, 500), 1: rng.between(5, 50) * 100, 5: 0, 4: 0}.get(
        kind, rng.between(200, 1500)
    )
    code = f"{rng.pick(('SAVE', 'SPRING', 'ÉTÉ', 'VIP'))}{number:04d}"
    return Coupon(number, kind, code, f"{TYPES[kind].replace('_', ' ').title()} {number}", amount)


def _make(world: World, number: int, form: Form) -> Row:
    known = coupon(world, number)
    table = world.tables["coupons"]
    rng = world.rng("coupon terms", number)
    promotion = known.type == 5
    row: Row = {
        "id": number,
        "name": known.name,
        "type": TYPES[known.type],
        "amount": money(known.amount),
        "min_purchase": money(0 if promotion or rng.chance(0.6) else 2500),
        "expires": "" if rng.chance(0.6) else rfc2822(table.created(number) + 90 * 86400),
        "enabled": rng.chance(0.8),
        "code": known.code,
        "applies_to": {"entity": "categories", "ids": [0]},
        "num_uses": rng.between(0, 40),
        "max_uses": 0 if rng.chance(0.7) else 100,
        "max_uses_per_customer": 0 if rng.chance(0.8) else 1,
        "restricted_to": [] if promotion else _restriction(rng),
        "shipping_methods": None,
        "date_created": rfc2822(table.created(number)),
    }
    if promotion:
        _blank_applies_to(row, number)
    elif rng.chance(0.3):
        row["applies_to"] = {"entity": "products", "ids": [world.some_id("products", rng)]}
    if known.type == 3:
        row["shipping_methods"] = ["peritem", "shipping_upsready"]
    return row


def _blank_applies_to(row: Row, number: int) -> None:
    # A promotion's coupon has no targets of its own: the key is "" or not there at all.
    if number % 2:
        row["applies_to"] = ""
    else:
        del row["applies_to"]


def _restriction(rng: SeededRandom) -> Any:
    # PHP writes an empty map as an array, so "no restriction" is [] and any other is an object.
    draw = rng.random()
    if draw < 0.6:
        return []
    if draw < 0.8:
        return {"countries": ["AU", "NZ"]}
    if draw < 0.9:
        return {"zips": {"CL": ["8320000"], "US": ["78759", "97201"]}}
    return {"states": {"US": ["Texas"]}}


COUPONS = Kind("coupons", size=lambda options: options.coupons, make=_make, changes="name")
