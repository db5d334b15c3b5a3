"""Shipping addresses of an order and what shipping costs."""

from dataclasses import dataclass, field

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.orders.plan import Plan
from tap_bigcommerce_sandbox.fields import Cell, Shape
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import SeededRandom, link, money, taxed

ADDRESS = {
    "first_name": kind.FIRST_NAME,
    "last_name": kind.LAST_NAME,
    "company": kind.COMPANY,
    "street_1": kind.STREET,
    "street_2": kind.mostly("", "Apt. 7", 0.9),
    "city": kind.CITY,
    "state": kind.STATE,
    "zip": kind.ZIP,
    "country": kind.COUNTRY,
    "country_iso2": kind.COUNTRY_CODE,
    "phone email": kind.BASIS,
}
"""An address in an order."""
# Mostly none; a value is a text, a number or an array, as the form asks.
FORM_FIELDS = kind.mostly(
    [],
    [
        {"name": "License Id", "value": "123BAF"},
        {"name": "Floor", "value": kind.integer(0, 30)},
        {"name": "Deliver on", "value": ["Monday", "Mié"]},
    ],
    0.92,
)


@dataclass
class Parcel:
    """One address and its costs in cents. base: what it cost before coupons."""

    id: int
    base: int
    ex_tax: int
    tax: int


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


_ADDRESS = Shape(
    {
        "id": kind.ID,
        "order_id": kind.PARENT,
        **ADDRESS,
        "items_total items_shipped base_cost cost_ex_tax cost_inc_tax cost_tax": kind.BASIS,
        "shipping_method": kind.one_of(*texts.SHIPPING_METHODS),
        "cost_tax_class_id handling_cost_tax_class_id": 2,
        "base_handling_cost handling_cost_ex_tax handling_cost_inc_tax handling_cost_tax": money(0),
        "shipping_zone_id": 1,
        "shipping_zone_name": "Österreich & Rest of World",
        "form_fields": FORM_FIELDS,
        "shipping_quotes": lambda cell: link(
            f"/orders/{cell.parent}/shipping_addresses/{cell.number}/shipping_quotes"
        ),
    }
)


def render(parcel: Parcel, cell: Cell, items: int, sent: int) -> Row:
    """The row of /orders/{id}/shipping_addresses; the cell is the order's."""
    order, basis = cell.number, cell.basis
    cell.parent, cell.number = order, parcel.id
    cell.basis = {
        **basis,
        "items_total": items,
        "items_shipped": sent,
        "base_cost": money(parcel.base),
        **taxed("cost", parcel.ex_tax, parcel.tax),
    }
    row = _ADDRESS.fill(cell)
    cell.number, cell.basis = order, basis
    return row if parcel.base else {**row, "shipping_method": "Free Shipping"}
