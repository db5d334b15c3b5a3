"""Products: GET /v3/catalog/products, with their nested lists in the same answer."""

from tap_bigcommerce.pages.reading import IdParameters
from tap_bigcommerce.streams.own_lists import OwnLists
from tap_bigcommerce.streams.product_details import ProductDetails
from tap_bigcommerce.streams.stream import PRODUCTS as PERMISSION
from tap_bigcommerce.streams.stream import Plan, Stream, Wish

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
"""The fields that come only when they are asked for. `options` and `modifiers` could come so, too,
but cap the list at 10 rows a page, so they are no fields of products."""


def plan(wish: Wish) -> Plan:
    """Ask for the nested lists that are selected, and have the API leave out what is not.

    Left out by name instead of asked for by name, so that fields new to the API still arrive.
    """
    included = tuple(name for name in INCLUDED if wish.wants(name))
    left_out = [name for name in wish.unselected if name not in INCLUDED]
    return Plan(
        params={"exclude_fields": ",".join(left_out)} if left_out else {},
        details={"include": ",".join(included)} if included else {},
        completion=ProductDetails(included, OwnLists(wish.client, wish.purpose)),
    )


PRODUCTS = Stream(
    name="products",
    path="/v3/catalog/products",
    walk=IdParameters(
        "id:min",
        {"sort": "id", "direction": "asc"},
        {"sort": "id", "direction": "desc"},
    ),
    permission=PERMISSION,
    replication_key="date_modified",
    modified_since="date_modified:min",
    everything_first=True,
    # One of `images` once more.
    off_by_default=("primary_image",),
    plan=plan,
)
