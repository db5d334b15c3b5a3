"""How the store is asked whether records are there, by their ids.

What is missing here cannot be asked for by its id alone, or has keys that are no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Presence:
    """At `path` (None: the stream's own list) with the parameters `params`.

    In these {ids} stands for several ids, {id} for one, {before} and {after} for those beside it,
    which may be shown, too: whether a bound includes itself is not documented. A path with {id} has
    one object, and none once the record is gone. `short` are the parameters that make the list's
    rows short, in place of the stream's own; `archived` is the field of rows that are as good as
    gone; `count` is where a list is counted that names no total, and `uncounted` the value of a
    field of those rows that this count may leave out.
    """

    path: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] | None = None
    archived: str | None = None
    count: str | None = None
    uncounted: tuple[str, int] | None = None

    @property
    def in_bulk(self) -> bool:
        """Several ids can be asked for at once."""
        return any("{ids}" in value for value in self.params.values())

    @property
    def shows_neighbours(self) -> bool:
        """The records with the ids before and after may come as well."""
        return any("{before}" in value for value in self.params.values())


IN_BULK = {"id:in": "{ids}"}
ID_ALONE = {"include_fields": "id"}
SHORT_PRODUCT = {"include_fields": "is_visible"}
"""The id comes with whatever is asked for, and is not among the fields that can be named here."""

PRESENCE: Mapping[str, Presence] = {
    "banners": Presence("/v2/banners/{id}"),
    "blog_posts": Presence("/v2/blog/posts/{id}"),
    "brands": Presence(params=IN_BULK, short=ID_ALONE),
    "categories": Presence(params=IN_BULK, short=ID_ALONE),
    "category_trees": Presence(params=IN_BULK),
    "channels": Presence("/v3/channels/{id}"),
    # There is no address of a single coupon to be read at.
    "coupons": Presence(
        params={"min_id": "{before}", "max_id": "{after}"}, count="/v2/coupons/count"
    ),
    "currencies": Presence("/v2/currencies/{id}"),
    "customer_addresses": Presence(params=IN_BULK, short={}),
    "customer_groups": Presence("/v2/customer_groups/{id}"),
    # v2 lists customers by id, v3 takes several ids at once.
    "customers": Presence("/v3/customers", IN_BULK, count="/v2/customers/count"),
    "gift_certificates": Presence("/v2/gift_certificates/{id}"),
    "inventory_items": Presence(params={"variant_id:in": "{ids}"}),
    "locations": Presence(params={"location_id:in": "{ids}"}),
    "orders": Presence(
        "/v2/orders/{id}",
        archived="is_deleted",
        count="/v2/orders/count",
        # Abandoned checkouts.
        uncounted=("status_id", 0),
    ),
    "pages": Presence(params=IN_BULK, short={}),
    "price_list_assignments": Presence(params=IN_BULK),
    "price_lists": Presence(params=IN_BULK),
    "product_variants": Presence(params={"id": "{id}"}, short=ID_ALONE),
    "products": Presence(params=IN_BULK, short=SHORT_PRODUCT),
    "promotions": Presence(params={"id": "{id}"}),
    "redirects": Presence(params=IN_BULK, short={}),
    "shipping_zones": Presence("/v2/shipping/zones/{id}"),
    "sites": Presence("/v3/sites/{id}"),
    "subscribers": Presence(params=IN_BULK),
    "tax_classes": Presence("/v2/tax_classes/{id}"),
    "tax_rates": Presence(params=IN_BULK),
    "tax_zones": Presence(params=IN_BULK),
    "wishlists": Presence("/v3/wishlists/{id}"),
}
