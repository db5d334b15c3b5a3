"""The declarations of all streams, and the order in which they are read."""

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
"""The streams of each part of the API, by the name that the documents have for it."""

BY_DEFAULT = ("coupons", "customers", "orders", "products")
"""The streams that discovery selects. They are read first."""

STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in sorted(
        (stream for streams in FAMILIES.values() for stream in streams),
        # The others follow, family by family.
        key=lambda stream: (*BY_DEFAULT, stream.name).index(stream.name),
    )
}


def root_of(stream: Stream) -> Stream:
    """The stream whose list is read for `stream`: its parent stream, or itself."""
    return STREAMS[stream.parent] if stream.parent else stream
