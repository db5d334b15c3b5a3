"""The facts of coupons that orders need."""

from __future__ import annotations

from dataclasses import dataclass

from tap_bigcommerce_sandbox.world import World

COUPON_TYPES = (
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
    return Coupon(
        number, kind, code, f"{COUPON_TYPES[kind].replace('_', ' ').title()} {number}", amount
    )
