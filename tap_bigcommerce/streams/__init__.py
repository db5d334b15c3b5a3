"""The streams, in the order in which they are read."""

from __future__ import annotations

from tap_bigcommerce.streams import catalog, customers, inventory, marketing, orders, store
from tap_bigcommerce.streams.stream import Stream

FAMILIES: dict[str, list[Stream]] = {
    "orders": orders.STREAMS,
    "customers": customers.STREAMS,
    "catalog": catalog.STREAMS,
    "inventory": inventory.STREAMS,
    "pricing and marketing": marketing.STREAMS,
    "store": store.STREAMS,
}
"""The streams of each family."""

BY_DEFAULT = ("coupons", "customers", "orders", "products")
"""The streams that are selected where a catalog does not say otherwise. They are read first."""

STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in sorted(
        (stream for streams in FAMILIES.values() for stream in streams),
        # Behind these four family by family.
        key=lambda stream: (*BY_DEFAULT, stream.name).index(stream.name),
    )
}


def root_of(stream: Stream) -> Stream:
    """The stream whose list is walked for `stream`: itself, or the one that its rows belong to."""
    return STREAMS[stream.parent] if stream.parent else stream
