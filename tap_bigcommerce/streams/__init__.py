"""The streams, in the order in which they are read."""

from __future__ import annotations

from types import ModuleType

from tap_bigcommerce.streams import (
    catalog,
    customer_lists,
    customers,
    inventory,
    marketing,
    order_lists,
    orders,
    pricing,
    products,
    store,
)
from tap_bigcommerce.streams.stream import Stream

FAMILIES: dict[str, tuple[ModuleType, ...]] = {
    "orders": (orders, order_lists),
    "customers": (customers, customer_lists),
    "catalog": (products, catalog),
    "inventory": (inventory,),
    "pricing and marketing": (pricing, marketing),
    "store": (store,),
}
"""Where the streams of each family are declared."""

_READ_FIRST = ("coupons", "customers", "orders", "products")


def _declared() -> list[Stream]:
    return [
        stream
        for modules in FAMILIES.values()
        for module in modules
        for stream in vars(module).values()
        if isinstance(stream, Stream)
    ]


STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in sorted(
        _declared(),
        # The four that are read by default first, then family by family.
        key=lambda stream: (
            _READ_FIRST.index(stream.name) if stream.by_default else len(_READ_FIRST)
        ),
    )
}
