"""The store itself: channels, sites, content, currencies, taxes, shipping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox.endpoints.common import UNPAGED, equal, simple_metafields
from tap_bigcommerce_sandbox.fields import (
    CODE,
    FLAG,
    ID,
    ISO,
    NAME,
    PARENT,
    RFC2822,
    TEXT,
    TEXT_ID,
    UNIX,
    URL,
    ZULU,
    Field,
    in_turn,
    integer,
    nested,
    nullable,
    one_of,
    refers_to,
    some_of,
)
from tap_bigcommerce_sandbox.filters import Filter, v3_dates, v3_family, v3_in
from tap_bigcommerce_sandbox.identity import STORE_HASH, link
from tap_bigcommerce_sandbox.lists import Computed, Context, Endpoint, RowList, Single
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.rows.channels import CHANNEL_CHILDREN, CHANNELS
from tap_bigcommerce_sandbox.rows.content import CONTENT_KINDS
from tap_bigcommerce_sandbox.rows.settings import SETTINGS_CHILDREN, SETTINGS_KINDS
from tap_bigcommerce_sandbox.simple_lists import Simple, SimpleList, SimpleObject
from tap_bigcommerce_sandbox.world import Child, Kind

KINDS: tuple[Kind, ...] = (CHANNELS, *CONTENT_KINDS, *SETTINGS_KINDS)
CHILDREN: tuple[Child, ...] = (*CHANNEL_CHILDREN, *SETTINGS_CHILDREN)


def _time(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return {"time": context.world.clock.second()}


def _store(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return context.world.row("store", 1)


# Some lists of taxes say nothing in `meta`.
_ALL_AT_ONCE = Paging("none", meta="nothing")

_CHANNELS = RowList(
    "channels",
    "v3",
    "channels",
    "channels",
    filters=(
        v3_in("status", "text"),
        v3_in("type", "text"),
        v3_in("platform", "text"),
        *v3_dates("date_created", "date_modified"),
    ),
    includes=frozenset(("currencies",)),
)

_SITES = RowList(
    "sites",
    "v3",
    "sites",
    "sites",
    filters=(v3_in("channel_id"),),
    paging=Paging(meta="offset"),
)

_BLOG_POSTS = RowList(
    "blog_posts",
    "v2",
    "blog/posts",
    "content",
    filters=(
        *equal("is_published", reads="flag"),
        *equal("url"),
        Filter("tag", "tags", "has"),
    ),
)

_CURRENCIES = RowList("currencies", "v2", "currencies", "information")

_SHIPPING_ZONES = RowList("shipping_zones", "v2", "shipping/zones", "information", paging=UNPAGED)

_ISO_CODES = {
    "Canada": ("CA", "CAN"),
    "Côte d'Ivoire": ("CI", "CIV"),
    "Germany": ("DE", "DEU"),
    "Japan": ("JP", "JPN"),
    "United States": ("US", "USA"),
}

ENDPOINTS: tuple[Endpoint, ...] = (
    # /v2/time needs a token but no particular scope.
    Computed("time", "v2", "time", "", _time),
    Computed("store", "v2", "store", "information", _store),
    _CHANNELS,
    Single("channel", _CHANNELS),
    RowList(
        "channel_listings",
        "v3",
        "channels/{}/listings",
        "listings",
        filters=(v3_in("product_id"), *v3_dates("date_created", "date_modified")),
        paging=Paging("after"),
    ),
    _SITES,
    Single("site", _SITES),
    _CURRENCIES,
    Single("currency", _CURRENCIES),
    RowList(
        "pages",
        "v3",
        "content/pages",
        "content",
        filters=(
            v3_in("id"),
            *equal("channel_id", reads="integer"),
            *equal("name"),
            Filter("name:like", "name", "like"),
        ),
        includes=frozenset(("body",)),
    ),
    _BLOG_POSTS,
    Single("blog_post", _BLOG_POSTS),
    RowList(
        "redirects",
        "v3",
        "storefront/redirects",
        "content",
        filters=(
            *v3_family("id", "integer", "in", "min", "max")[1:],
            *equal("site_id", reads="integer"),
            Filter("keyword", "from_path", "like"),
        ),
        sorts=frozenset(("from_path", "type", "site_id", "id")),
        direction=True,
        includes=frozenset(("to_url",)),
    ),
    RowList(
        "tax_zones",
        "v3",
        "tax/zones",
        "information",
        filters=(v3_in("id"),),
        paging=_ALL_AT_ONCE,
    ),
    RowList(
        "tax_rates",
        "v3",
        "tax/rates",
        "information",
        filters=(v3_in("id"), v3_in("tax_zone_id")),
        paging=UNPAGED,
    ),
    _SHIPPING_ZONES,
    Single("shipping_zone", _SHIPPING_ZONES),
    RowList("shipping_methods", "v2", "shipping/zones/{}/methods", "information", paging=UNPAGED),
)

_PRICE_DISPLAYS = ("ZONE", "INCLUSIVE", "EXCLUSIVE")

SIMPLE_LISTS: tuple[Simple, ...] = (
    SimpleObject(
        "store_profile",
        "v3/settings/store/profile",
        "information",
        {
            "store_address": TEXT,
            "store_address_type": one_of("Home Office", "Commercial Office", "Retail", "Warehouse"),
            "store_email": one_of("shop@example.com"),
            "store_name": NAME,
            "store_phone": one_of("+1 512 555 0100"),
        },
        parameters=frozenset(("channel_id",)),
    ),
    SimpleObject(
        "store_locale",
        "v3/settings/store/locale",
        "information",
        {
            "default_shopper_language": one_of("en", "de", "pt-BR"),
            "shopper_language_selection_method": one_of("browser", "default_shopper_language"),
            "store_country": one_of("United States", "Germany"),
        },
    ),
    SimpleObject(
        "inventory_settings",
        "v3/settings/inventory",
        "information",
        {
            "product_out_of_stock_behavior": one_of(
                "do_nothing",
                "hide_product",
                "hide_product_and_accessible",
                "hide_product_and_redirect",
            ),
            "option_out_of_stock_behavior": one_of("do_nothing", "hide_option", "label_option"),
            "update_stock_behavior": one_of("order_placed", "order_completed_or_shipped"),
            "edit_order_stock_adjustment": FLAG,
            "refund_order_stock_adjustment": FLAG,
            "stock_level_display": one_of("dont_show", "show", "show_when_low"),
            "default_out_of_stock_message": TEXT,
            "hide_in_product_filtering": FLAG,
            "show_pre_order_stock_levels": FLAG,
            "show_out_of_stock_message": FLAG,
        },
        parameters=frozenset(("channel_id",)),
    ),
    SimpleObject(
        "catalog_settings",
        "v3/settings/catalog",
        "information",
        {"auto_approve_reviews": FLAG, "enable_product_comparisons": FLAG},
        parameters=frozenset(("channel_id",)),
    ),
    SimpleObject(
        "tax_settings",
        "v3/tax/settings",
        "information",
        {
            "tax_entered_with_prices": FLAG,
            "price_display_settings": nested(
                {
                    "control_panel_price_display_strategy": one_of(*_PRICE_DISPLAYS),
                    "invoice_price_display_strategy": one_of(*_PRICE_DISPLAYS),
                }
            ),
            "fallback_strategy": one_of("FIXED", "BASIC", "DISABLE"),
            "should_subtract_store_tax": FLAG,
            "should_use_geolocation_to_determine_guest_shopper_tax_zone": FLAG,
            "guest_shopper_tax_zone_id": refers_to("tax_zones"),
            "store_tax_zone_id": refers_to("tax_zones"),
            "document_submission_strategy": one_of("ON_PAYMENT_CAPTURE", "ON_ORDER_CREATION"),
            "rounding_strategy": one_of("NO_ROUNDING", "RATE_ROUNDING"),
        },
    ),
    SimpleList(
        "tax_classes",
        "v2/tax_classes",
        "information",
        # The id is a text, unlike tax_class_id everywhere else.
        {
            "id": TEXT_ID,
            "name": in_turn("Default Tax Class", "Non-Taxable Products", "Shipping", "Büro"),
            "created_at": RFC2822,
            "updated_at": RFC2822,
        },
        rows=4,
        first_id=0,
        pattern="dense",
        single="tax_class",
    ),
    SimpleList(
        "channel_currency_assignments",
        "v3/channels/currency-assignments",
        "channels",
        {
            "channel_id": PARENT,
            "enabled_currencies": Field(lambda cell: [cell.world.options.currency], "array"),
            "default_currency": Field(lambda cell: cell.world.options.currency, "string"),
        },
        key=("channel_id",),
        rows=1,
        paging=_ALL_AT_ONCE,
        parent="channels",
    ),
    SimpleList(
        "site_routes",
        "v3/sites/{}/routes",
        "sites",
        {
            "id": ID,
            "type": one_of("product", "brand", "category", "page", "blog", "home", "static"),
            "matching": one_of("*", "5", ""),
            "route": one_of("/products/{slug}", "/my-amazing-product", "/größe/{id}"),
        },
        rows=9,
        filters=equal("type"),
        parent="sites",
    ),
    SimpleList(
        "countries",
        "v2/countries",
        "information",
        {
            "id": ID,
            "country": one_of(*_ISO_CODES),
            "country_iso2": Field(lambda cell: _ISO_CODES[cell.row["country"]][0], "string"),
            "country_iso3": Field(lambda cell: _ISO_CODES[cell.row["country"]][1], "string"),
            "states": Field(lambda cell: link(f"/countries/{cell.number}/states"), "object"),
        },
        filters=equal("country", "country_iso2", "country_iso3"),
        pattern="dense",
        single="country",
    ),
    SimpleList(
        "states",
        "v2/countries/states",
        "information",
        {
            "id": ID,
            "state": NAME,
            "state_abbreviation": one_of("NSW", "TX", "BY", ""),
            "country_id": refers_to("countries"),
        },
        pattern="dense",
    ),
    SimpleList(
        "tax_properties",
        "v3/tax/properties",
        "information",
        {
            "id": ID,
            "code": CODE,
            "display_name": NAME,
            "description": TEXT,
            "created_at": ISO,
            "updated_at": ISO,
            "type": one_of("PRODUCT", "CUSTOMER"),
        },
        filters=(v3_in("id"), v3_in("type", "text")),
        paging=_ALL_AT_ONCE,
    ),
    SimpleList(
        "tax_customers",
        "v3/tax/customers",
        "information",
        {
            "customer_id": PARENT,
            # The names are codes of tax properties.
            "tax_properties": some_of(
                {
                    "A-123456789": one_of("26", "200"),
                    "EXEMPTION": one_of("NY-0042", "größe", ""),
                }
            ),
        },
        key=("customer_id",),
        rows=1,
        filters=(v3_in("customer_id"),),
        paging=_ALL_AT_ONCE,
        parent="customers",
    ),
    SimpleList(
        "product_tax_properties",
        "v3/tax/products/properties",
        "information",
        {
            "product_id": PARENT,
            # The names are codes of tax properties.
            "tax_properties": some_of(
                {
                    "alcohol-percentage": one_of("4.9", "10"),
                    "netvolume-milliliters": one_of("200", "400"),
                }
            ),
        },
        key=("product_id",),
        rows=1,
        filters=(v3_in("product_id"),),
        paging=_ALL_AT_ONCE,
        parent="products",
        share=0.2,
    ),
    SimpleList(
        "product_customs_information",
        "v3/shipping/products/customs-information",
        "information",
        {
            "product_id": PARENT,
            "country_of_origin": one_of("US", "DE", "JP"),
            "commodity_description": TEXT,
            "international_shipping": FLAG,
            "hs_codes": some_of({"ALL": one_of("691110"), "NZ": one_of("6911100000", "392410")}),
            "created_at": ZULU,
            "updated_at": ZULU,
        },
        key=("product_id",),
        rows=1,
        filters=(v3_in("product_id"),),
        parent="products",
        share=0.3,
    ),
    SimpleList(
        "pickup_methods",
        "v3/pickup/methods",
        "fulfillment_methods",
        {
            "id": ID,
            "location_id": refers_to("locations"),
            "display_name": NAME,
            "collection_instructions": TEXT,
            "collection_time_description": TEXT,
            "location_identity": integer(1, 9),
            "date_created": ZULU,
            "date_modified": ZULU,
        },
        filters=(v3_in("id"), *v3_dates("date_created", "date_modified")),
        sorts=frozenset(("date_modified", "name")),
        pattern="dense",
    ),
    SimpleList(
        "system_logs",
        "v3/store/systemlogs",
        "store_logs",
        {
            "id": ID,
            "type": one_of("general", "payment", "shipping", "tax", "notification", "design"),
            "module": one_of("", "Export Only", "Theme Download", "Order Status"),
            "severity": one_of("success", "notices", "warnings", "errors"),
            "summary": in_turn(
                "Subscriber anna@example.com stored for export.",
                "Successfully retrieved shipping quote",
                "Marking order 100 as deleted.",
            ),
            "message": nullable(in_turn("", '{"id":11,"userEmail":"staff@example.com"}', "größe")),
            "date_created": ISO,
        },
        # Without severity, which is asked for by a number: Success is 1, Error is 4.
        filters=(
            v3_in("id"),
            *equal("type", "module"),
            Filter("type:not", "type", "!="),
            Filter("module:not", "module", "!="),
        ),
        sorts=frozenset(("date_created", "type")),
        direction=True,
    ),
    SimpleList(
        "webhooks",
        "v3/hooks",
        "information",
        {
            "id": ID,
            "client_id": one_of("ramyrcbehylatjoxyzzy"),
            "store_hash": one_of(STORE_HASH),
            "scope": one_of("store/order/created", "store/product/*", "store/cart/converted"),
            "destination": URL,
            "headers": nullable(
                some_of({"X-Key": CODE, "Authorization": one_of("Basic c2E6cHc=")})
            ),
            "is_active": FLAG,
            "created_at": UNIX,
            "updated_at": UNIX,
        },
        filters=(*equal("is_active", reads="flag"), *equal("scope", "destination")),
        single="webhook",
    ),
    simple_metafields("store", "v3/store", "information", one_of("1001"), TEXT_ID),
    simple_metafields("channel", "v3/channels", "channels", refers_to("channels")),
)
