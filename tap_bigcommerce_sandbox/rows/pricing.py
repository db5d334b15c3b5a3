"""Price lists, the prices in them and to whom they apply."""

from __future__ import annotations

from tap_bigcommerce_sandbox.dates import iso
from tap_bigcommerce_sandbox.money import number as amount
from tap_bigcommerce_sandbox.rows.products.brief import brief
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import Child, Form, Kind, World

_ROOM = 10_000_000


def _price_list(world: World, number: int, form: Form) -> Row:
    table = world.tables["price_lists"]
    return {
        "id": number,
        "date_created": iso(table.created(number)),
        "date_modified": iso(table.modified(number)),
        "name": f"{('Händler', 'Wholesale', '卸売')[number % 3]} {number}",
        "active": number % 5 != 0,
    }


def _records(world: World, price_list: int) -> list[Row]:
    share = world.options.priced_share
    found: list[Row] = []
    for product in world.tables["products"].ids:
        if world.draw(f"priced {price_list}", product) < share:
            for variant in world.below("product_variants", product):
                found += _prices(world, price_list, product, variant)
    return found


def _prices(world: World, price_list: int, product: int, variant: Row) -> list[Row]:
    rng = world.rng(f"price {price_list}", variant["id"])
    cents = brief(world, product).price
    created = world.tables["price_lists"].created(price_list) + rng.between(0, 86400)
    # Most variants have a price in one currency, some in two.
    default = world.options.currency
    other = "EUR" if default != "EUR" else "USD"
    return [
        {
            "price_list_id": price_list,
            "variant_id": variant["id"],
            "product_id": product,
            "sku": variant["sku"],
            "currency": currency.lower() if price_list % 2 else currency,
            "price": amount(cents * 90 // 100),
            "sale_price": None if rng.chance(0.7) else amount(cents * 80 // 100),
            "retail_price": None,
            "map_price": None,
            "calculated_price": amount(cents * 90 // 100),
            "date_created": iso(created),
            "date_modified": iso(created + rng.between(0, 200 * 86400)),
            "bulk_pricing_tiers": _tiers() if rng.chance(0.2) else [],
        }
        for currency in ((default, other) if rng.chance(0.3) else (default,))
    ]


def _tiers() -> list[Row]:
    return [
        {"quantity_min": 10, "quantity_max": 19, "type": "fixed", "amount": 1.5},
        {"quantity_min": 20, "quantity_max": None, "type": "percent", "amount": 10},
    ]


def _assignments(world: World, price_list: int) -> list[Row]:
    groups, channels = world.tables["customer_groups"].base, world.tables["channels"].base
    return [
        {
            "id": price_list * 100 + at,
            "price_list_id": price_list,
            "customer_group_id": group,
            "channel_id": channels[at % len(channels)],
        }
        for at, group in enumerate(groups)
        if (group + price_list) % 2
    ]


PRICE_LISTS = Kind("price_lists", lambda options: options.price_lists, _price_list, "name")
PRICING_CHILDREN: tuple[Child, ...] = (
    Child(
        "price_list_records",
        "price_lists",
        _records,
        id="",
        key=("price_list_id", "variant_id", "currency"),
        key_types={"currency": "string"},
        parent_field="price_list_id",
        stride=_ROOM,
        created=("date_created", iso),
        modified=("date_modified", iso),
        optional=frozenset(("bulk_pricing_tiers", "sku")),
        includes=frozenset(("bulk_pricing_tiers", "sku")),
        depends_on=("products",),
    ),
    Child(
        "price_list_assignments",
        "price_lists",
        _assignments,
        parent_field="price_list_id",
        stride=100,
    ),
)
