"""Products: GET /v3/catalog/products, with their nested lists in the same answer."""

from tap_bigcommerce.pages.by_id import ASCENDING, DESCENDING, IdParameters
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.product_details import ProductDetails
from tap_bigcommerce.streams.stream import PRODUCTS as PERMISSION
from tap_bigcommerce.streams.stream import Channels, Incremental, Plan, Stream, Wish

INCLUDED = (
    "variants",
    "images",
    "custom_fields",
    "bulk_pricing_rules",
    "videos",
    "primary_image",
    "channels",
    "parent_relations",
)
"""The fields that come only when they are asked for."""

NO_FIELDS = ("options", "modifiers", "reviews")
"""What could come so, too, but is no field of products: the first two cap the list at 10 rows a
page, and reviews come without a change of the product's date."""


ID_AND_LITTLE = {"include_fields": "is_visible"}
"""The id comes with whatever is asked for, and is not among the fields that can be named here."""


def plan(wish: Wish) -> Plan:
    """Ask for the nested lists that are selected, and have the API leave out what is not.

    Left out by name instead of asked for by name, so that fields new to the API still arrive.
    """
    included = tuple(name for name in (*INCLUDED, *NO_FIELDS) if wish.wants(name))
    left_out = [name for name in wish.unselected if name not in INCLUDED]
    params = {"exclude_fields": ",".join(left_out)} if left_out else {}
    if not wish.whole_rows:
        params = {"include_fields": "date_modified"}
    return Plan(
        params=params,
        details={"include": ",".join(included)} if included else {},
        enricher=ProductDetails(included, wish),
    )


PRODUCTS = Stream(
    name="products",
    channels=Channels(filter="channel_id:in"),
    path="/v3/catalog/products",
    walk=IdParameters("id:min", ASCENDING, DESCENDING),
    permission=PERMISSION,
    incremental=Incremental("date_modified", "date_modified:min"),
    everything_first=True,
    plan=plan,
    presence=Presence(params=IN_BULK, short=ID_AND_LITTLE),
)
