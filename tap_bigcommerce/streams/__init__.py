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

BY_DEFAULT = ("coupons", "customers", "orders", "products")
"""The streams that are selected where a catalog does not say otherwise. They are read first."""


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
        # Behind these four family by family.
        key=lambda stream: (*BY_DEFAULT, stream.name).index(stream.name),
    )
}


def root_of(stream: Stream) -> Stream:
    """The stream whose list is walked for `stream`: itself, or the one that its rows belong to."""
    return STREAMS[stream.child.parent] if stream.child else stream
