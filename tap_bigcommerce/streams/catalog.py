"""Products: GET /v3/catalog/products, with their nested lists in the same answer; and beside them
what belongs to them, brands, categories, assignments.

Adding, changing or deleting a variant leaves the product's date of modification as it was, so
variants are read whole, in bulk. Reviews come from shoppers and are read whole, too.
"""

from tap_bigcommerce.pagination.id_ranges import ASCENDING, DESCENDING, ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce
from tap_bigcommerce.streams.enrichment.product_details import ProductDetails
from tap_bigcommerce.streams.id_lookup import IDS, IN_BULK, IdLookup
from tap_bigcommerce.streams.permissions import PRODUCTS
from tap_bigcommerce.streams.stream import MODIFIED, Channels, Stream, metafields

ID_ALONE = {"include_fields": "id"}

ID_AND_LITTLE = {"include_fields": "is_visible"}
"""A product's id comes with whatever is asked for, and is not among the fields that can be named
there."""

STREAMS = [
    Stream(
        "products",
        PRODUCTS,
        "/v3/catalog/products",
        ByIdRange("id:min", ASCENDING, DESCENDING),
        modified_since=MODIFIED,
        ignores_start_date=True,
        channels=Channels("channel_id:in"),
        enricher=ProductDetails,
        id_lookup=IdLookup(IDS, short_rows=ID_AND_LITTLE),
    ),
    Stream("product_images", PRODUCTS, parent="products", nested="images"),
    Stream("product_videos", PRODUCTS, parent="products", nested="videos"),
    Stream("product_custom_fields", PRODUCTS, parent="products", nested="custom_fields"),
    Stream("product_bulk_pricing_rules", PRODUCTS, parent="products", nested="bulk_pricing_rules"),
    # Including one of these two cuts a page of products to 10, so they have a walk of their own.
    Stream("product_options", PRODUCTS, parent="products", nested="options", separate_pass=True),
    Stream(
        "product_modifiers", PRODUCTS, parent="products", nested="modifiers", separate_pass=True
    ),
    Stream(
        "product_reviews", PRODUCTS, parent="products", nested="reviews", changes_parent_date=False
    ),
    Stream(
        "product_variants",
        PRODUCTS,
        "/v3/catalog/variants",
        id_lookup=IdLookup({"id": "{id}"}, short_rows=ID_ALONE),
    ),
    metafields("product_metafields", PRODUCTS, "/v3/catalog/products/metafields"),
    metafields("variant_metafields", PRODUCTS, "/v3/catalog/variants/metafields"),
    Stream(
        "brands",
        PRODUCTS,
        "/v3/catalog/brands",
        ByIdRange("id:min"),
        id_lookup=IdLookup(IDS, short_rows=ID_ALONE),
    ),
    metafields("brand_metafields", PRODUCTS, "/v3/catalog/brands/metafields"),
    Stream(
        "categories",
        PRODUCTS,
        "/v3/catalog/categories",
        ByIdRange("id:min", {"sort": "id"}),
        id_lookup=IdLookup(IDS, short_rows=ID_ALONE),
    ),
    metafields("category_metafields", PRODUCTS, "/v3/catalog/categories/metafields"),
    Stream(
        "category_trees",
        PRODUCTS,
        "/v3/catalog/trees",
        AllAtOnce(),
        channels=Channels("channel_id:in"),
        id_lookup=IN_BULK,
    ),
    Stream(
        "product_category_assignments",
        PRODUCTS,
        "/v3/catalog/products/category-assignments",
        primary_keys=("product_id", "category_id"),
    ),
    Stream(
        "product_channel_assignments",
        PRODUCTS,
        "/v3/catalog/products/channel-assignments",
        primary_keys=("product_id", "channel_id"),
        channels=Channels("channel_id:in", "channel_id"),
    ),
]
