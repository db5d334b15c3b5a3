"""An order with all of its child lists, for tests to compare with."""

from __future__ import annotations

import orjson

from tap_bigcommerce_sandbox.rows.orders.below import all_consignments
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import World


def full_order(world: World, number: int) -> Row:
    """The row as listed without includes, plus its complete child lists."""
    row: Row = orjson.loads(world.row_bytes("orders", number))
    for name in ("products", "shipping_addresses", "coupons", "fees"):
        row[name] = world.below(f"order_{name}", number)
    row["consignments"] = all_consignments(world, number)
    return row
