"""Foreign keys: which field names a row of which other stream.

Paths as everywhere: `products[].product_id` is a field of the items of `products`.
"""

from __future__ import annotations

_ORDER = {"order_id": "orders.id"}
_PRODUCT = {"product_id": "products.id"}

REFERENCES: dict[str, dict[str, str]] = {
    "customers": {
        "customer_group_id": "customer_groups.id",
        "origin_channel_id": "channels.id",
        "channel_ids[]": "channels.id",
        "attributes[].attribute_id": "customer_attributes.id",
        "segment_ids[]": "segments.id",
    },
    "orders": {
        "customer_id": "customers.id",
        "channel_id": "channels.id",
        "status_id": "order_statuses.id",
        "coupons[].coupon_id": "coupons.id",
        "products[].product_id": "products.id",
        "products[].variant_id": "product_variants.id",
    },
    "order_products": {
        **_ORDER,
        **_PRODUCT,
        "variant_id": "product_variants.id",
        "order_address_id": "order_shipping_addresses.id",
        "parent_order_product_id": "order_products.id",
    },
    "order_shipping_addresses": {**_ORDER, "shipping_zone_id": "shipping_zones.id"},
    "order_consignments": _ORDER,
    "order_fees": {**_ORDER, "tax_class_id": "tax_classes.id"},
    "order_coupons": {**_ORDER, "coupon_id": "coupons.id"},
    "order_taxes": {
        **_ORDER,
        "order_address_id": "order_shipping_addresses.id",
        "order_product_id": "order_products.id",
        "tax_class_id": "tax_classes.id",
        "tax_rate_id": "tax_rates.id",
    },
    "order_shipments": {
        **_ORDER,
        "customer_id": "customers.id",
        "order_address_id": "order_shipping_addresses.id",
        "items[].order_product_id": "order_products.id",
        "items[].product_id": "products.id",
    },
    "order_messages": {**_ORDER, "customer_id": "customers.id"},
    "order_transactions": _ORDER,
    "order_refunds": _ORDER,
    "order_metafields": {"resource_id": "orders.id"},
    "customer_addresses": {"customer_id": "customers.id"},
    "customer_groups": {
        "category_access.categories[]": "categories.id",
        "discount_rules[].price_list_id": "price_lists.id",
        "discount_rules[].category_id": "categories.id",
        "discount_rules[].product_id": "products.id",
    },
    "customer_attribute_values": {
        "customer_id": "customers.id",
        "attribute_id": "customer_attributes.id",
    },
    "customer_form_field_values": {
        "customer_id": "customers.id",
        "address_id": "customer_addresses.id",
    },
    "customer_metafields": {"resource_id": "customers.id"},
    "subscribers": {"order_id": "orders.id", "channel_id": "channels.id"},
    "wishlists": {
        "customer_id": "customers.id",
        "items[].product_id": "products.id",
        "items[].variant_id": "product_variants.id",
    },
    "products": {
        "brand_id": "brands.id",
        "categories[]": "categories.id",
        "related_products[]": "products.id",
        "tax_class_id": "tax_classes.id",
        "base_variant_id": "product_variants.id",
        "images[].product_id": "products.id",
        "variants[].product_id": "products.id",
        "videos[].product_id": "products.id",
        "channels[]": "channels.id",
    },
    "product_variants": _PRODUCT,
    "product_images": _PRODUCT,
    "product_videos": _PRODUCT,
    "product_custom_fields": _PRODUCT,
    "product_bulk_pricing_rules": _PRODUCT,
    "product_options": _PRODUCT,
    "product_modifiers": _PRODUCT,
    "product_reviews": _PRODUCT,
    "product_metafields": {"resource_id": "products.id"},
    "variant_metafields": {"resource_id": "product_variants.id"},
    "brand_metafields": {"resource_id": "brands.id"},
    "categories": {"parent_id": "categories.id"},
    "category_metafields": {"resource_id": "categories.id"},
    "category_trees": {"channels[]": "channels.id"},
    "product_category_assignments": {**_PRODUCT, "category_id": "categories.id"},
    "product_channel_assignments": {**_PRODUCT, "channel_id": "channels.id"},
    "inventory_items": {
        "variant_id": "product_variants.id",
        "identity.product_id": "products.id",
        "locations[].location_id": "locations.id",
    },
    "price_list_records": {
        **_PRODUCT,
        "price_list_id": "price_lists.id",
        "variant_id": "product_variants.id",
    },
    "price_list_assignments": {
        "price_list_id": "price_lists.id",
        "customer_group_id": "customer_groups.id",
        "channel_id": "channels.id",
    },
    "promotions": {"channels[].id": "channels.id"},
    "promotion_codes": {"promotion_id": "promotions.id"},
    "gift_certificates": {"order_id": "orders.id", "customer_id": "customers.id"},
    "channel_listings": {**_PRODUCT, "channel_id": "channels.id"},
    "sites": {"channel_id": "channels.id"},
    "pages": {"channel_id": "channels.id", "parent_id": "pages.id"},
    "redirects": {"site_id": "sites.id"},
    "store": {"default_channel_id": "channels.id", "default_site_id": "sites.id"},
    "tax_rates": {"tax_zone_id": "tax_zones.id"},
    "shipping_methods": {"zone_id": "shipping_zones.id"},
}
"""Stream, field, and the stream and key that it names. Streams that name no other are missing."""
