"""Where the API counts the rows of lists of v2; lists of v3 name their totals themselves."""

from __future__ import annotations

COUNT_PATHS: dict[str, str] = {
    "banners": "/v2/banners/count",
    "blog_posts": "/v2/blog/posts/count",
    "coupons": "/v2/coupons/count",
    "customer_groups": "/v2/customer_groups/count",
    "customers": "/v2/customers/count",
    "orders": "/v2/orders/count",
}
"""By stream. The other lists of v2 are counted nowhere."""
