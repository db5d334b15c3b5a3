"""Products (/v3/catalog) and their child streams, brands, categories.

Adding, changing or deleting a variant does not change the product's date of modification, so all
variants are read in every sync. The same holds for reviews, which shoppers write.
"""

from tap_bigcommerce.pagination.id_ranges import ASCENDING, DESCENDING, ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce
from tap_bigcommerce.streams.enrichment.product_details import ProductDetails
from tap_bigcommerce.streams.id_lookup import IDS, IN_BULK, IdLookup
from tap_bigcommerce.streams.permissions import PRODUCTS
from tap_bigcommerce.streams.stream import BY_CHANNEL_ID, MODIFIED, Channels, Stream, metafields

ID_ONLY = {"include_fields": "id"}

CATEGORY_ID_ONLY = {"include_fields": "category_id"}

PRODUCT_ID_ONLY = {"include_fields": "is_visible"}
"""Gives the id and `is_visible`: a product's id is always included, and cannot be named here."""

STREAMS = [
    Stream(
        "products",
        PRODUCTS,
        "/v3/catalog/products",
        ByIdRange("id:min", ASCENDING, DESCENDING),
        modified_since=MODIFIED,
        channels=Channels("channel_id:in"),
        enricher=ProductDetails,
        id_lookup=IdLookup(IDS, short_rows=PRODUCT_ID_ONLY),
    ),
    Stream("product_images", PRODUCTS, parent="products", nested="images"),
    Stream("product_videos", PRODUCTS, parent="products", nested="videos"),
    Stream("product_custom_fields", PRODUCTS, parent="products", nested="custom_fields"),
    Stream("product_bulk_pricing_rules", PRODUCTS, parent="products", nested="bulk_pricing_rules"),
    # The API returns 10 products a page with these two, so they are read in a separate pass.
    Stream("product_options", PRODUCTS, parent="products", nested="options", separate_pass=True),
    Stream(
        "product_modifiers", PRODUCTS, parent="products", nested="modifiers", separate_pass=True
    ),
    Stream("product_reviews", PRODUCTS, parent="products", nested="reviews", changes_parent=False),
    Stream(
        "product_variants",
        PRODUCTS,
        "/v3/catalog/variants",
        id_lookup=IdLookup({"id": "{id}"}, short_rows=ID_ONLY),
    ),
    metafields("product_metafields", PRODUCTS, "/v3/catalog/products/metafields"),
    metafields("variant_metafields", PRODUCTS, "/v3/catalog/variants/metafields"),
    Stream(
        "brands",
        PRODUCTS,
        "/v3/catalog/brands",
        ByIdRange("id:min"),
        id_lookup=IdLookup(IDS, short_rows=ID_ONLY),
    ),
    metafields("brand_metafields", PRODUCTS, "/v3/catalog/brands/metafields"),
    Stream(
        "categories",
        PRODUCTS,
        "/v3/catalog/categories",
        ByIdRange("id:min", {"sort": "id"}),
        id_lookup=IdLookup(IDS, short_rows=ID_ONLY),
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
        "tree_categories",
        PRODUCTS,
        "/v3/catalog/trees/categories",
        primary_keys=("category_id",),
        id_lookup=IdLookup({"category_id:in": "{ids}"}, short_rows=CATEGORY_ID_ONLY),
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
        channels=BY_CHANNEL_ID,
    ),
]
