"""Line items of an order: computed in cents, rendered as rows of /orders/{id}/products."""

from dataclasses import dataclass, field

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.catalog import Brief, brief, first_below
from tap_bigcommerce_sandbox.families.orders.plan import COMPLETED, SHIPPED, Plan
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import SeededRandom, money, same, taxed
from tap_bigcommerce_sandbox.world import World

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


def render(line: Line, order: Plan, rng: SeededRandom) -> Row:
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
