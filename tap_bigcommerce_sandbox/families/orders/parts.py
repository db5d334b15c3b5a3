"""Lines, shipping and discounts of an order: computed in cents, then made into rows."""

from dataclasses import dataclass, field

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.catalog import Brief, brief, first_below
from tap_bigcommerce_sandbox.families.orders.plan import COMPLETED, SHIPPED, Plan
from tap_bigcommerce_sandbox.fields import Cell, Shape
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import SeededRandom, link, money, same, taxed
from tap_bigcommerce_sandbox.values import number as amount
from tap_bigcommerce_sandbox.world import World

# Lines
_ALL_PHYSICAL = frozenset(("huge", "bundle", "pickup", "several_addresses"))
_GIFT = Brief(0, "$25.00 Gift Certificate", "", 2500, True, 0)


@dataclass
class Line:
    """A line item before it is rendered; money in cents, totals for the full quantity."""

    id: int
    product: Brief
    type: str
    quantity: int
    tax_rate: float
    address: int = 0
    pickup: int = 0
    parent: int | None = None
    refunded: int = 0
    discounts: list[Row] = field(default_factory=list)
    discount: int = 0

    @property
    def total(self) -> int:
        """Total without tax and before discounts."""
        return 0 if self.parent else self.product.price * self.quantity

    @property
    def tax(self) -> int:
        """Tax on the total."""
        return round(self.total * self.tax_rate)

    def reduce(self, cents: int, identity: str, name: str, code: str | None, target: str) -> int:
        """Apply a discount, at most the price that is left; returns what it took."""
        taken = min(cents, self.total - self.discount)
        if taken <= 0:
            return 0
        self.discount += taken
        self.discounts.append(
            {"id": identity, "amount": money(taken), "name": name, "code": code, "target": target}
        )
        return taken


def make_lines(
    world: World, order: Plan, rng: SeededRandom, addresses: list[int], pickup: int, rate: float
) -> list[Line]:
    """The line items; each is shipped to an address, picked up, or digital."""
    made: list[Line] = []
    for at in range(_count(world, order, rng)):
        gift = order.scenario == "gift" and at == 0
        custom = order.scenario == "custom" and at == 0
        number = 0 if custom else world.some_id("products", rng)
        product = _GIFT if gift else brief(world, number)
        kind = "giftcertificate" if gift else _type(order, product)
        quantity = 1 if rng.chance(0.7) else rng.between(2, 6)
        line = Line(order.number * 1000 + at, product, kind, quantity, rate)
        if kind == "physical":
            line.pickup = pickup
            line.address = 0 if pickup or not addresses else addresses[at % len(addresses)]
        if order.scenario == "bundle" and at and kind == made[0].type:
            line.parent, line.address, line.pickup = made[0].id, made[0].address, made[0].pickup
        line.refunded = 1 if order.refund and at == 0 else 0
        made.append(line)
    return made


def _count(world: World, order: Plan, rng: SeededRandom) -> int:
    if order.scenario == "huge":
        return rng.between(51, 300)
    least = 2 if order.scenario in ("bundle", "several_addresses") else 1
    return rng.between(least, max(least, world.options.line_items))


def _type(order: Plan, product: Brief) -> str:
    if order.scenario in _ALL_PHYSICAL:
        return "physical"
    return "digital" if product.digital or order.scenario == "digital" else "physical"


_LINE = {
    **same("", "upc ebay_item_id ebay_transaction_id bin_picking_number"),
    **same(money(0), "width height depth base_cost_price cost_price_inc_tax cost_price_ex_tax"),
    **same(money(0), "cost_price_tax base_wrapping_cost wrapping_cost_ex_tax wrapping_cost_tax"),
    **same(money(0), "wrapping_cost_inc_tax fixed_shipping_cost"),
    **same(0, "return_id wrapping_id"),
    **same(None, "event_name event_date"),
}
"""What all lines have in common."""


def line_row(line: Line, order: Plan, rng: SeededRandom) -> Row:
    """The row without fulfillment_source, which only the order's endpoint always has."""
    product, quantity = line.product, line.quantity
    unit = 0 if line.parent else product.price
    sent = quantity if order.status in (SHIPPED, COMPLETED) and line.address else 0
    return {
        "id": line.id,
        "order_id": order.number,
        "product_id": product.id,
        "variant_id": first_below(product.id),
        "order_pickup_method_id": line.pickup,
        "order_address_id": line.address,
        **dict.fromkeys(("name", "name_customer", "name_merchant"), product.name),
        "sku": product.sku,
        "type": line.type,
        "base_price": money(unit),
        **taxed("price", unit, round(unit * line.tax_rate)),
        "base_total": money(line.total),
        **taxed("total", line.total, line.tax),
        "weight": "1.0000" if line.type == "physical" else "0",
        "quantity": quantity,
        **_LINE,
        "is_refunded": line.refunded == quantity,
        "quantity_refunded": line.refunded,
        "refund_amount": money(unit * line.refunded),
        "wrapping_name": "" if rng.chance(0.9) else None,
        "wrapping_message": "" if rng.chance(0.9) else None,
        "quantity_shipped": sent,
        "option_set_id": product.id if product.variants > 1 else None,
        "parent_order_product_id": line.parent,
        "is_bundled_product": line.parent is not None,
        # A number, a text or null: it was all of these over the years.
        "external_id": rng.pick((None, None, None, None, "", "EXT-9", 4711)),
        "brand": "" if rng.chance(0.7) else "Sagaform ®",
        "applied_discounts": line.discounts,
        "product_options": _options(line, rng),
        "configurable_fields": [{"name": "Nota", "value": "«hola»"}] if rng.chance(0.01) else [],
        "gift_certificate_id": order.number * 10 if line.type == "giftcertificate" else None,
        "discounted_total_inc_tax": money(line.total + line.tax - line.discount),
    }


def _options(line: Line, rng: SeededRandom) -> list[Row]:
    if line.product.variants < 2:
        return []
    option: Row = {
        "id": line.id * 10,
        "order_product_id": line.id,
        **same(first_below(line.product.id), "option_id product_option_id"),
        **same("Size", "display_name display_name_customer display_name_merchant"),
        **same(
            rng.pick(texts.SIZES), "display_value display_value_customer display_value_merchant"
        ),
        # The id of the chosen value, as text.
        "value": str(100 + rng.between(0, 97)),
        "type": "Multiple choice",
        "name": f"Size1521{line.product.id}",
        "display_style": "Rectangle",
    }
    upload = {
        **option,
        "id": line.id * 10 + 1,
        "display_name": "Your picture",
        "value": '{"originalName":"été.png","temporaryPath":"ab12.png"}',
        "type": "File Upload",
        "display_style": "",
    }
    return [option] if rng.chance(0.95) else [option, upload]


# Shipping
ADDRESS = {
    "first_name": kind.FIRST_NAME,
    "last_name": kind.LAST_NAME,
    "company": kind.COMPANY,
    "street_1": kind.STREET,
    "street_2": kind.mostly("", "Apt. 7", 0.9),
    **{name: kind.PLACE[name] for name in ("city", "state", "zip", "country")},
    "country_iso2": kind.PLACE["country_code"],
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


def address_row(parcel: Parcel, cell: Cell, items: int, sent: int) -> Row:
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


# Discounts
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
    sort = rng.between(0, 5) if place is None else place % 6
    cents = {0: rng.between(50, 500), 1: rng.between(5, 50) * 100, 4: 0, 5: 0}
    off = cents.get(sort, rng.between(200, 1500))
    code = f"{rng.pick(('SAVE', 'SPRING', 'ÉTÉ', 'VIP'))}{number:04d}"
    name = f"{COUPON_TYPES[sort].replace('_', ' ').title()} {number}"
    return Coupon(number, sort, code, name, off)


_SHIPPING, _FREE_SHIPPING, _PROMOTION = 3, 4, 5


@dataclass
class Discounts:
    """The discounts in cents, and the rows of /orders/{id}/coupons."""

    coupon_rows: list[Row] = field(default_factory=list)
    coupons: int = 0
    others: int = 0
    from_lines: int = 0


def apply_discounts(world: World, order: Plan, lines: list[Line], shipping: Shipping) -> Discounts:
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
        total.coupon_rows.append(_coupon_row(known, order.number, at, taken))
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


def _coupon_row(known: Coupon, order: int, at: int, taken: int) -> Row:
    # The face amount arrives as text mostly, and as a number at times.
    face = amount(known.amount) if known.id % 5 == 0 else money(known.amount)
    return {
        "id": order * 10 + at,
        "coupon_id": known.id,
        "order_id": order,
        "code": known.code if known.type != _PROMOTION or known.id % 2 else None,
        "amount": face,
        "type": known.type,
        "discount": amount(taken),
    }
