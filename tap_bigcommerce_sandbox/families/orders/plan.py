"""The kind of order that an id has, from which all of its rows follow."""

from dataclasses import dataclass

from tap_bigcommerce_sandbox.values import CURRENCIES, SeededRandom
from tap_bigcommerce_sandbox.world import World

STATUSES = (
    *("Incomplete", "Pending", "Shipped", "Partially Shipped", "Refunded", "Cancelled"),
    *("Declined", "Awaiting Payment", "Awaiting Pickup", "Awaiting Shipment", "Completed"),
    *("Awaiting Fulfillment", "Manual Verification Required", "Disputed", "Partially Refunded"),
)
SHIPPED, COMPLETED, PARTIALLY_REFUNDED = 2, 10, 14
_USUAL_STATUSES = (10, 10, 10, 10, 2, 2, 2, 11, 11, 9, 7, 1, 5, 3, 0)
_SCENARIOS = (
    *("plain", "free_shipping", "digital", "pickup", "gift", "several_addresses", "bundle"),
    *("custom", "huge"),
)
_RARE = ("digital", "pickup", "gift", "several_addresses", "bundle", "custom")
_FREE_SHIPPING_SHARE, _RARE_SHARE = 0.012, 0.17
# The first orders of a store show one speciality each, so that small stores have them all.
_COUPON_SHOW = len(_SCENARIOS)
_MANY_COUPONS_SHOW = _COUPON_SHOW + 6
_MANUAL_SHOW, _PROMOTION_SHOW, _REFUND_SHOW, _CURRENCY_SHOW, _INCOMPLETE_SHOW = range(16, 21)
_ARCHIVED_SHOW, _FEE_SHOW = 21, 22


@dataclass(frozen=True)
class Plan:
    """The facts that an order's rows are computed from."""

    number: int
    customer: int
    scenario: str
    status: int
    coupons: tuple[int, ...]
    manual_discount: bool
    promotion: bool
    refund: bool
    fee: bool
    currency: str


def plan(world: World, number: int) -> Plan:
    """The plan of an order; a pure function of seed and id."""
    rng = world.rng("order plan", number)
    place = _place(world, number)
    foreign = place == _CURRENCY_SHOW or rng.chance(0.08)
    others = [code for code in CURRENCIES if code != world.options.currency]
    return Plan(
        number=number,
        customer=customer_of(world, number),
        scenario=_scenario(world, place, rng),
        status=status_of(world, number),
        coupons=_coupons(world, place, rng),
        manual_discount=place == _MANUAL_SHOW or rng.chance(0.03),
        promotion=place == _PROMOTION_SHOW or rng.chance(world.options.promotion_share),
        refund=refunded(world, number),
        fee=place == _FEE_SHOW or rng.chance(0.02),
        currency=rng.pick(others) if foreign else world.options.currency,
    )


def customer_of(world: World, number: int) -> int:
    """The customer's id; 0 for a guest."""
    base = world.tables["customers"].base
    draw = world.draw("order customer", number)
    if draw < 0.15 or not base:
        return 0
    return base[int((draw - 0.15) / 0.85 * len(base))]


def status_of(world: World, number: int) -> int:
    """The status id; refunds show in it."""
    if refunded(world, number):
        return PARTIALLY_REFUNDED
    if _place(world, number) == _INCOMPLETE_SHOW:
        return 0
    draw = world.draw("order status", number)
    return _USUAL_STATUSES[int(draw * len(_USUAL_STATUSES))]


def refunded(world: World, number: int) -> bool:
    """Whether something was refunded."""
    return _place(world, number) == _REFUND_SHOW or world.draw("order refund", number) < 0.03


def archived(world: World, number: int) -> bool:
    """Whether the order is archived now."""
    if world.tables["orders"].archived(number) or _place(world, number) == _ARCHIVED_SHOW:
        return True
    return world.draw("order archived", number) < 0.02


def _place(world: World, number: int) -> int:
    place = world.tables["orders"].base_index(number)
    return -1 if place is None else place


def _scenario(world: World, place: int, rng: SeededRandom) -> str:
    huge = world.options.huge_order_share
    if 0 <= place < len(_SCENARIOS):
        shown = _SCENARIOS[place]
        return shown if shown != "huge" or huge else "plain"
    draw = rng.random()
    if draw < huge:
        return "huge"
    draw -= huge
    if draw < _FREE_SHIPPING_SHARE:
        return "free_shipping"
    draw -= _FREE_SHIPPING_SHARE
    return rng.pick(_RARE) if draw < _RARE_SHARE else "plain"


def _coupons(world: World, place: int, rng: SeededRandom) -> tuple[int, ...]:
    base = world.tables["coupons"].base
    if not base or not world.options.couponed_share:
        return ()
    if _COUPON_SHOW <= place < _COUPON_SHOW + 6:
        return (base[(place - _COUPON_SHOW) % len(base)],)
    if place == _MANY_COUPONS_SHOW:
        return tuple(base[:5])
    if not rng.chance(world.options.couponed_share):
        return ()
    first = rng.pick(base)
    second = rng.pick(base)
    return (first, second) if rng.chance(0.1) and first != second else (first,)
