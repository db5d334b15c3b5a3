"""The streams, in the order in which they are read."""

from __future__ import annotations

from tap_bigcommerce.streams.customers import CUSTOMERS
from tap_bigcommerce.streams.marketing import COUPONS
from tap_bigcommerce.streams.orders import ORDERS
from tap_bigcommerce.streams.products import PRODUCTS
from tap_bigcommerce.streams.stream import Stream

STREAMS: dict[str, Stream] = {
    stream.name: stream for stream in (COUPONS, CUSTOMERS, ORDERS, PRODUCTS)
}
