"""The catalog beside products: what belongs to them, brands, categories, assignments.

Adding, changing or deleting a variant leaves the product's date of modification as it was, so
variants are read whole, in bulk. Reviews come from shoppers and are read whole, too.
"""

from tap_bigcommerce.pages.by_id import IdParameters
from tap_bigcommerce.pages.in_turn import AllAtOnce, ByCursor
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.stream import PRODUCTS, Channels, Child, Incremental, Stream

DATE = "product_date_modified"

ID_ALONE = {"include_fields": "id"}


def of_product(nested: str, *, apart: bool = False) -> Child:
    """Rows nested in the list of products."""
    return Child("products", nested=nested, apart=apart)


PRODUCT_IMAGES = Stream(
    name="product_images",
    permission=PRODUCTS,
    child=of_product("images"),
    incremental=Incremental(DATE),
)
PRODUCT_VIDEOS = Stream(
    name="product_videos",
    permission=PRODUCTS,
    child=of_product("videos"),
    incremental=Incremental(DATE),
)
PRODUCT_CUSTOM_FIELDS = Stream(
    name="product_custom_fields",
    permission=PRODUCTS,
    child=of_product("custom_fields"),
    incremental=Incremental(DATE),
)
PRODUCT_BULK_PRICING_RULES = Stream(
    name="product_bulk_pricing_rules",
    permission=PRODUCTS,
    child=of_product("bulk_pricing_rules"),
    incremental=Incremental(DATE),
)
# Including one of these two cuts a page of products to 10, so they have a walk of their own.
PRODUCT_OPTIONS = Stream(
    name="product_options",
    permission=PRODUCTS,
    child=of_product("options", apart=True),
    incremental=Incremental(DATE),
)
PRODUCT_MODIFIERS = Stream(
    name="product_modifiers",
    permission=PRODUCTS,
    child=of_product("modifiers", apart=True),
    incremental=Incremental(DATE),
)
PRODUCT_REVIEWS = Stream(
    name="product_reviews",
    permission=PRODUCTS,
    child=of_product("reviews"),
)

PRODUCT_VARIANTS = Stream(
    name="product_variants",
    path="/v3/catalog/variants",
    permission=PRODUCTS,
    presence=Presence(params={"id": "{id}"}, short=ID_ALONE),
)
PRODUCT_METAFIELDS = Stream(
    name="product_metafields",
    path="/v3/catalog/products/metafields",
    permission=PRODUCTS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
VARIANT_METAFIELDS = Stream(
    name="variant_metafields",
    path="/v3/catalog/variants/metafields",
    permission=PRODUCTS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
BRANDS = Stream(
    name="brands",
    path="/v3/catalog/brands",
    permission=PRODUCTS,
    walk=IdParameters("id:min"),
    presence=Presence(params=IN_BULK, short=ID_ALONE),
)
BRAND_METAFIELDS = Stream(
    name="brand_metafields",
    path="/v3/catalog/brands/metafields",
    permission=PRODUCTS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
CATEGORIES = Stream(
    name="categories",
    path="/v3/catalog/categories",
    permission=PRODUCTS,
    walk=IdParameters("id:min", {"sort": "id"}),
    presence=Presence(params=IN_BULK, short=ID_ALONE),
)
CATEGORY_METAFIELDS = Stream(
    name="category_metafields",
    path="/v3/catalog/categories/metafields",
    permission=PRODUCTS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
CATEGORY_TREES = Stream(
    name="category_trees",
    channels=Channels(filter="channel_id:in"),
    path="/v3/catalog/trees",
    permission=PRODUCTS,
    walk=AllAtOnce(),
    presence=Presence(params=IN_BULK),
)
PRODUCT_CATEGORY_ASSIGNMENTS = Stream(
    name="product_category_assignments",
    path="/v3/catalog/products/category-assignments",
    permission=PRODUCTS,
    keys=("product_id", "category_id"),
)
PRODUCT_CHANNEL_ASSIGNMENTS = Stream(
    name="product_channel_assignments",
    channels=Channels(filter="channel_id:in", field="channel_id"),
    path="/v3/catalog/products/channel-assignments",
    permission=PRODUCTS,
    keys=("product_id", "channel_id"),
)
