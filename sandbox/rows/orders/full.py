"""An order with everything below it, the truth that tests compare with."""

from __future__ import annotations

import orjson

from sandbox.rows.orders import below
from sandbox.table import Row
from sandbox.world import World


def full_order(world: World, number: int) -> Row:
    """The row as listed without includes, and the order's own lists, complete, in its keys."""
    row: Row = orjson.loads(world.row_bytes("orders", number))
    row["products"] = below.products(world, number)
    row["shipping_addresses"] = below.shipping_addresses(world, number)
    row["coupons"] = below.coupons(world, number)
    row["fees"] = below.fees(world, number)
    row["consignments"] = below.all_consignments(world, number)
    return row
