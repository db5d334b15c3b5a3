"""Discounts of an order: coupons of each type, manual discounts, automatic promotions."""

from dataclasses import dataclass, field

from tap_bigcommerce_sandbox.families.orders.lines import Line
from tap_bigcommerce_sandbox.families.orders.plan import Plan
from tap_bigcommerce_sandbox.families.orders.shipping import Shipping
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import money
from tap_bigcommerce_sandbox.values import number as amount_of
from tap_bigcommerce_sandbox.world import World

COUPON_TYPES = (
    *("per_item_discount", "percentage_discount", "per_total_discount", "shipping_discount"),
    *("free_shipping", "promotion"),
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


_SHIPPING, _FREE_SHIPPING, _PROMOTION = 3, 4, 5


@dataclass
class Discounts:
    """The discounts in cents, and the rows of /orders/{id}/coupons."""

    coupon_rows: list[Row] = field(default_factory=list)
    coupons: int = 0
    others: int = 0
    from_lines: int = 0


def apply(world: World, order: Plan, lines: list[Line], shipping: Shipping) -> Discounts:
    """Apply all discounts of the order to its lines and its shipping."""
    total = Discounts()
    for at, known in enumerate(coupon(world, item) for item in order.coupons):
        touches_lines = known.type not in (_SHIPPING, _FREE_SHIPPING)
        if not touches_lines and not shipping.parcels:
            continue  # What is not shipped cannot use a coupon that only lowers shipping costs.
        taken = _use(known, lines, shipping, str(promotion_of(world, known.id)))
        if touches_lines:
            total.from_lines += taken
        if touches_lines or world.options.free_shipping_coupon_shows_discount:
            total.coupons += taken
        total.coupon_rows.append(_row(known, order.number, at, taken))
    if order.manual_discount:
        taken = _spread(lines, 300, "manual-discount", "Manual Discount", None)
        total.others += taken
        total.from_lines += taken
    if order.promotion:
        identity = str(promotion_of(world, order.number))
        name = "3 for 2 – Sommer ☀"
        taken = sum(ln.reduce(ln.total // 10, identity, name, None, "product") for ln in lines)
        total.others += taken
        total.from_lines += taken
    return total


def _use(known: Coupon, lines: list[Line], shipping: Shipping, promotion: str) -> int:
    if known.type == _SHIPPING:
        return shipping.reduce(known.amount)
    if known.type == _FREE_SHIPPING:
        return shipping.reduce(None)
    if known.type == 0:
        return sum(_off(line, known.amount * line.quantity, known, "product") for line in lines)
    if known.type == 1:
        return sum(_off(ln, ln.total * known.amount // 10000, known, "product") for ln in lines)
    if known.type == _PROMOTION:
        twentieth = sum(line.total for line in lines) // 20
        return _spread(lines, twentieth, promotion, known.name, known.code)
    return _spread(lines, known.amount, "coupon", known.name, known.code)


def promotion_of(world: World, number: int) -> int:
    """The promotion that gives an order or a coupon its discount."""
    base = world.tables["promotions"].base
    return base[number % len(base)] if base else 4711


def _off(line: Line, cents: int, known: Coupon, target: str) -> int:
    return line.reduce(cents, "coupon", known.name, known.code, target)


def _spread(lines: list[Line], cents: int, identity: str, name: str, code: str | None) -> int:
    """Share an order's discount out over its lines by their totals."""
    whole = sum(line.total for line in lines) or 1
    return sum(
        line.reduce(cents * line.total // whole, identity, name, code, "order") for line in lines
    )


def _row(known: Coupon, order: int, at: int, taken: int) -> Row:
    # The face amount arrives as text mostly, and as a number at times.
    amount = amount_of(known.amount) if known.id % 5 == 0 else money(known.amount)
    return {
        "id": order * 10 + at,
        "coupon_id": known.id,
        "order_id": order,
        "code": known.code if known.type != _PROMOTION or known.id % 2 else None,
        "amount": amount,
        "type": known.type,
        "discount": amount_of(taken),
    }
