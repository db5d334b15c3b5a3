"""Coupons: GET /v2/coupons."""

from tap_bigcommerce.pages.reading import IdParameters
from tap_bigcommerce.streams.stream import MARKETING, Stream

# No date of modification and no filter by one, and num_uses changes: read whole every time.
COUPONS = Stream(
    name="coupons",
    path="/v2/coupons",
    walk=IdParameters("min_id"),
    permission=MARKETING,
    wrapped_paths=("restricted_to", "restricted_to[].countries"),
)
