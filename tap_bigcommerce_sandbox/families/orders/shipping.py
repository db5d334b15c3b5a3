"""Shipping addresses of an order and what shipping costs."""

from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.orders.plan import Plan
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import SeededRandom, link, money, same


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


_ZERO = "0.0000"


@dataclass
class Parcel:
    """One address and its costs in cents. base: what it cost before coupons."""

    id: int
    base: int
    ex_tax: int
    tax: int

    @property
    def inc_tax(self) -> int:
        """The cost with tax."""
        return self.ex_tax + self.tax


@dataclass
class Shipping:
    """All parcels of an order."""

    tax_rate: float
    parcels: list[Parcel] = field(default_factory=list)

    def reduce(self, cents: int | None) -> int:
        """Reduce the costs without tax by an amount (None: by all); returns the reduction.

        `base` does not change: base_shipping_cost and shipping_cost_ex_tax differ from here on.
        """
        left, taken = cents, 0
        for parcel in self.parcels:
            part = parcel.ex_tax if left is None else min(left - taken, parcel.ex_tax)
            parcel.ex_tax -= part
            parcel.tax = round(parcel.ex_tax * self.tax_rate)
            taken += part
        return taken


def make_shipping(order: Plan, rng: SeededRandom, rate: float, base_is: str) -> Shipping:
    """The parcels an order of this plan has; none when nothing is sent."""
    made = Shipping(rate)
    if order.scenario in ("digital", "pickup"):
        return made
    for at in range(rng.between(2, 4) if order.scenario == "several_addresses" else 1):
        cost = 0 if order.scenario == "free_shipping" else rng.between(450, 2500)
        tax = round(cost * rate)
        base = cost + tax if base_is == "inc_tax" else cost
        made.parcels.append(Parcel(order.number * 10 + at, base, cost, tax))
    return made


def render(
    parcel: Parcel, order: Plan, rng: SeededRandom, items: int, sent: int, email: str
) -> Row:
    """The row of /orders/{id}/shipping_addresses."""
    method = rng.pick(texts.SHIPPING_METHODS) if parcel.base else "Free Shipping"
    place = f"/orders/{order.number}/shipping_addresses/{parcel.id}/shipping_quotes"
    return {
        "id": parcel.id,
        "order_id": order.number,
        **address(rng, email),
        "items_total": items,
        "items_shipped": sent,
        "shipping_method": method,
        "base_cost": money(parcel.base),
        "cost_ex_tax": money(parcel.ex_tax),
        "cost_inc_tax": money(parcel.inc_tax),
        "cost_tax": money(parcel.tax),
        "cost_tax_class_id": 2,
        **same(_ZERO, "base_handling_cost handling_cost_ex_tax handling_cost_inc_tax"),
        "handling_cost_tax": _ZERO,
        "handling_cost_tax_class_id": 2,
        "shipping_zone_id": 1,
        "shipping_zone_name": "Österreich & Rest of World",
        "form_fields": form_fields(rng),
        "shipping_quotes": link(place),
    }
