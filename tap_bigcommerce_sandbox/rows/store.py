"""The store's own information."""

from __future__ import annotations

from tap_bigcommerce_sandbox.identity import STORE_HASH
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.world import World


def store_information(world: World) -> Row:
    """The object at /v2/store."""
    domain = f"store-{STORE_HASH}.mybigcommerce.com"
    return {
        "id": STORE_HASH,
        "account_uuid": "11111111-2222-4333-8444-555555555555",
        "domain": domain,
        "secure_url": f"https://{domain}",
        "control_panel_base_url": f"https://{domain}",
        "status": "live",
        "name": "Sandbox – Café & 雑貨",
        "first_name": "Sam",
        "last_name": "Sandbox",
        "address": "1 Loopback Lane\nAustin",
        "country": "United States",
        "country_code": "US",
        "infrastructure_region": "us-central1",
        "phone": "",
        "admin_email": "admin@example.com",
        "order_email": "orders@example.com",
        "favicon_url": "",
        "timezone": {
            "name": "America/Chicago",
            "raw_offset": -21600,
            "dst_offset": -18000,
            "dst_correction": True,
            "date_format": {
                "display": "M jS Y",
                "export": "M jS Y",
                "extended_display": "M jS Y @ g:i A",
            },
        },
        "language": "en",
        "currency": world.options.currency,
        "currency_symbol": "$",
        "decimal_separator": ".",
        "thousands_separator": ",",
        "decimal_places": 2,
        "currency_symbol_location": "left",
        "weight_units": "KGS",
        "dimension_units": "Centimeters",
        "dimension_decimal_places": 2,
        "dimension_decimal_token": ".",
        "dimension_thousands_token": ",",
        "plan_name": "BigCommerce Pro",
        "plan_level": "Pro",
        "plan_is_trial": False,
        "industry": "",
        # An object with a url once a logo is set, and an empty array before.
        "logo": [],
        "is_price_entered_with_tax": False,
        "store_id": 1001,
        "default_channel_id": 1,
        "default_site_id": 1000,
        "active_comparison_modules": [],
        "features": {
            "stencil_enabled": True,
            "sitewidehttps_enabled": True,
            "facebook_catalog_id": "",
            "checkout_type": "optimized",
            "wishlists_enabled": True,
            "graphql_storefront_api_enabled": True,
            "shopper_consent_tracking_enabled": False,
            "multi_storefront_enabled": True,
            "storefront_limits": {"active": 3, "total_including_inactive": 5},
        },
    }
