"""The store itself: channels, sites, content, currencies, taxes, shipping."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from tap_bigcommerce_sandbox import fields as kind
from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.metafields import simple_metafields
from tap_bigcommerce_sandbox.fields import Cell
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import Endpoint, List, one_object, words
from tap_bigcommerce_sandbox.messages import Request, Response
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, ONE_OBJECT, UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Row
from tap_bigcommerce_sandbox.values import CURRENCIES, STORE_HASH, exchange_rate, iso, link
from tap_bigcommerce_sandbox.world import World

RATES_STRIDE = 10
_ROOM = 10_000_000
# The first two of a store are storefronts: those with the ids 1 and 675412.
_CHANNEL = kind.together(
    "type platform status",
    ("marketing", "facebook", "inactive"),
    ("storefront", "bigcommerce", "active"),
    ("storefront", "next", "prelaunch"),
    ("marketplace", "amazon", "connected"),
    ("pos", "square", "disconnected"),
)


def _sold(world: World, channel: int) -> list[int]:
    """The products that are sold on a channel."""
    return [
        product
        for product in world.tables["products"].ids
        for row in world.below("product_channel_assignments", product)
        if row["channel_id"] == channel
    ]


_LISTING = {
    "channel_id": kind.PARENT,
    "product_id": lambda cell: cell.basis,
    "external_id description": "",
    "state": kind.mostly("active", "disabled", 0.9),
    "name": kind.one_of("", "Anders genannt"),
    "date_created date_modified": kind.ZULU,
}


def _listed_variants(cell: Cell) -> list[Row]:
    listing = {name: cell.row[name] for names in _LISTING for name in names.split()}
    variants = cell.world.below("product_variants", listing["product_id"])
    return [{**listing, "variant_id": variant["id"]} for variant in variants]


_SITE = {"url": kind.written("https://shop{parent}.example.com")}
_SITE_DATES = {"created_at updated_at": kind.ZULU}
_SITE_URLS = [{**_SITE, "type": use, **_SITE_DATES} for use in ("primary", "canonical", "checkout")]


def _php_date(cell: Cell) -> Row:
    """A date as PHP writes one out."""
    moment = datetime.fromtimestamp(cell.created, timezone.utc)
    return {"timezone_type": 1, "date": f"{moment:%Y-%m-%d %H:%M:%S.%f}", "timezone": "+00:00"}


def _american(cell: Cell) -> str:
    moment = datetime.fromtimestamp(cell.created, timezone.utc)
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


_BODY = kind.in_turn(*(f"<p>{sentence}</p>" for sentence in texts.SENTENCES))


def _target(cell: Cell) -> Row:
    use = cell.rng.pick(("product", "brand", "category", "url"))
    lists = {"product": "products", "brand": "brands", "category": "categories"}
    entity = cell.some(lists[use]) if use in lists else 0
    target: Row = {"type": use, "entity_id": entity}
    return target if entity else {"type": "url", "url": f"/neu-{cell.number}/"}


def _currency(world: World, number: int) -> Row:
    codes, default = list(CURRENCIES), world.options.currency
    code = codes[number - 1] if number <= len(codes) else "CHF"
    euro = code == "EUR"
    return {
        "is_default": code == default,
        "country_iso2": "DE" if euro else code[:2],
        "default_for_country_codes": ["DEU", "AUT"] if euro else [],
        "currency_code": code,
        "currency_exchange_rate": exchange_rate(CURRENCIES.get(code, 1.0) / CURRENCIES[default]),
        "auto_update": code != default,
        "token_location": "right" if euro else "left",
        "token": {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(code, code),
        "decimal_token": "," if euro else ".",
        "thousands_token": "." if euro else ",",
        "decimal_places": 0 if code == "JPY" else 2,
        "name": f"{code} – Währung",
        "enabled": number < len(codes),
    }


_COUNTRY = kind.in_turn("AT", "US", "AU", "JP", "GB", "DE")


def _first(item: Any, others: Any) -> kind.Field:
    """A field that is different in the row with the id 1."""
    return kind.only_if("id", 1, item, others)


def _every(step: int) -> kind.Field:
    """False in each row whose id is a multiple of this."""
    return kind.in_turn(False, *[True] * (step - 1))


def _first_methods(world: World, zone: int) -> Sequence[int]:
    # The last zone has none yet.
    last = zone == world.tables["shipping_zones"].ids[-1]
    return range(0 if last and zone > 1 else 1 + zone % 3)


_DOMAIN = f"store-{STORE_HASH}.mybigcommerce.com"
_STORE = {
    "id": STORE_HASH,
    "account_uuid": "11111111-2222-4333-8444-555555555555",
    "domain": _DOMAIN,
    "secure_url control_panel_base_url": f"https://{_DOMAIN}",
    "status": "live",
    "name": "Sandbox – Café & 雑貨",
    "first_name": "Sam",
    "last_name": "Sandbox",
    "address": "1 Loopback Lane\nAustin",
    "country": "United States",
    "country_code": "US",
    "infrastructure_region": "us-central1",
    "phone favicon_url industry": "",
    "admin_email": "admin@example.com",
    "order_email": "orders@example.com",
    "timezone": {
        "name": "America/Chicago",
        "raw_offset": -21600,
        "dst_offset": -18000,
        "dst_correction": True,
        "date_format": {"display export": "M jS Y", "extended_display": "M jS Y @ g:i A"},
    },
    "language": "en",
    "currency": kind.CURRENCY,
    "currency_symbol": "$",
    "currency_symbol_location": "left",
    "decimal_separator dimension_decimal_token": ".",
    "thousands_separator dimension_thousands_token": ",",
    "decimal_places dimension_decimal_places": 2,
    "weight_units": "KGS",
    "dimension_units": "Centimeters",
    "plan_name": "BigCommerce Pro",
    "plan_level": "Pro",
    # An object with a url once a logo is set, and an empty array before.
    "logo active_comparison_modules": [],
    "plan_is_trial is_price_entered_with_tax": False,
    "store_id": 1001,
    "default_channel_id": 1,
    "default_site_id": 1000,
    "features": {
        "stencil_enabled sitewidehttps_enabled wishlists_enabled": True,
        "graphql_storefront_api_enabled multi_storefront_enabled": True,
        "facebook_catalog_id": "",
        "checkout_type": "optimized",
        "shopper_consent_tracking_enabled": False,
        "storefront_limits": {"active": 3, "total_including_inactive": 5},
    },
}


def _time(world: World, request: Request, ids: Sequence[int]) -> Response:
    return one_object({"time": int(world.now())})


_ISO_CODES = {
    "Canada": ("CA", "CAN"),
    "Côte d'Ivoire": ("CI", "CIV"),
    "Germany": ("DE", "DEU"),
    "Japan": ("JP", "JPN"),
    "United States": ("US", "USA"),
}


def _settings(name: str, path: str, fields: kind.Fields, **more: Any) -> List:
    """Settings of the store: one object."""
    more = {"key": (), "size": 1, "pattern": "dense", "paging": ONE_OBJECT, **more}
    return List(name, path, "information", fields=fields, **more)


_SHORT: dict[str, Any] = {"size": lambda options: max(1, options.small_lists), "pattern": "dense"}
_BY_CHANNEL = words("channel_id")
_DATES = "date_created:=,min,max date_modified:=,min,max"

# /v2/time needs a token but no particular scope.
OTHERS: tuple[Endpoint, ...] = (Endpoint("time", "v2/time", "", _time),)

LISTS: tuple[List, ...] = (
    _settings("store", "v2/store", _STORE, key=("id",), text="phone"),
    List(
        *("channels", "v3/channels", "channels"),
        fields={
            "external_id icon_url": "",
            "is_listable_from_ui is_visible": True,
            **_CHANNEL,
            "is_enabled": lambda cell: cell.row["status"] == "active",
            "name": kind.written("Kanal № {number}"),
            "date_created date_modified": kind.ZULU,
            "currencies": {
                "channel_id": kind.ID,
                "default_currency": kind.CURRENCY,
                "enabled_currencies": [kind.CURRENCY],
            },
        },
        ids=lambda options: (1, *range(675412, 675411 + max(1, options.channels))),
        filters=params(text="status:in type:in platform:in", date=_DATES),
        optional=words("currencies"),
        single="channel",
    ),
    List(
        *("channel_listings", "v3/channels/{}/listings", "listings"),
        parent="channels",
        basis=_sold,
        fields={"listing_id": kind.ID, **_LISTING, "variants": _listed_variants},
        text="description",
        key=("listing_id",),
        key_within_parent=True,
        stride=_ROOM,
        depends_on=("products",),
        filters=params(integer="product_id:in", date=_DATES),
        paging=Paging("after"),
    ),
    List(
        *("sites", "v3/sites", "sites"),
        parent="channels",
        basis=lambda world, channel: range(world.row("channels", channel)["type"] == "storefront"),
        fields={
            **_SITE,
            "channel_id": kind.PARENT,
            **_SITE_DATES,
            "ssl_status": kind.only_if("channel_id", 1, "dedicated", "shared"),
            "urls": kind.only_if("channel_id", 1, _SITE_URLS, _SITE_URLS[:1]),
            "is_checkout_url_customized": lambda cell: cell.parent == 1,
        },
        stride=10,
        filters=params(integer="channel_id:in"),
        paging=Paging(meta="offset"),
        single="site",
    ),
    List(
        *("currencies", "v2/currencies", "information"),
        basis=_currency,
        fields={
            "is_default country_iso2 default_for_country_codes currency_code": kind.BASIS,
            "currency_exchange_rate auto_update token_location token": kind.BASIS,
            "decimal_token thousands_token decimal_places name enabled": kind.BASIS,
            "is_transactional": True,
            "use_default_name": False,
            "last_updated": kind.RFC2822,
        },
        text="name",
        size=len(CURRENCIES),
        pattern="dense",
        single="currency",
    ),
    List(
        *("pages", "v3/content/pages", "content"),
        fields={
            "sort_order": kind.ID,
            "channel_id": kind.refers_to("channels", 2),
            "name": kind.written("Seite {number}"),
            "is_visible": _every(7),
            "parent_id": 0,
            "type": kind.in_turn("page", "raw", "contact_form", "link", "blog"),
            "is_homepage": _first(True, False),
            "is_customers_only": kind.flag(0.2),
            "meta_title meta_description search_keywords": None,
            "meta_keywords": kind.one_of(None, "büro, ofis"),
            "url": kind.written("/seite-{number}/"),
            # Each type of page has fields of its own, that the others lack.
            "link": kind.only_if("type", "link", "https://example.com/"),
            "email": kind.only_if("type", "contact_form", "shop@example.com"),
            "contact_fields": kind.only_if("type", "contact_form", "fullname,phone"),
            "body": kind.only_if("type", ("page", "raw", "contact_form"), _BODY),
            "content_type": kind.only_if("type", "raw", "text/html"),
        },
        filters=params(integer="id:in channel_id", text="name:=,like"),
        optional=words("body"),
    ),
    List(
        *("blog_posts", "v2/blog/posts", "content"),
        fields={
            "title": kind.written("Neuigkeiten № {number}"),
            "url": kind.written("/blog/neues-{number}/"),
            "preview_url": kind.written("/blog/neues-{number}/?preview=1"),
            "body": _BODY,
            "tags": kind.one_of(["news", "büro"], []),
            "summary thumbnail_path": "",
            "is_published": _every(4),
            "published_date": _php_date,
            # Not as its name says in the API's own example.
            "published_date_iso8601": kind.in_turn(_american, lambda cell: iso(cell.created)),
            "meta_description": None,
            "meta_keywords": kind.one_of("", None),
            "author": kind.one_of(None, "Zoë"),
        },
        text="summary",
        filters=params(flag="is_published", text="url tag>tags:has"),
        single="blog_post",
    ),
    List(
        *("redirects", "v3/storefront/redirects", "content"),
        fields={
            "site_id": kind.refers_to("sites", 1),
            "from_path": kind.written("/alt-{number}/"),
            "to": _target,
            "to_url": kind.written("https://shop1.example.com/neu-{number}/"),
        },
        facts={"type": lambda world, number: world.row("redirects", number)["to"]["type"]},
        filters=params(integer="id:in,min,max site_id", text="keyword>from_path:like"),
        sorts=words("from_path type site_id id"),
        direction=True,
        optional=words("to_url"),
    ),
    List(
        *("tax_zones", "v3/tax/zones", "information"),
        fields={
            "name": _first("Default Zone", kind.written("Zone {number} – Österreich")),
            "enabled": _every(4),
            "price_display_settings": {
                "show_inclusive show_both_on_detail_view show_both_on_list_view": kind.FLAG
            },
            "shopper_target_settings": {
                "locations": kind.array(
                    {
                        "country_code": _COUNTRY,
                        "subdivision_codes": ["ST", "W"],
                        "postal_codes": ["1010", "8010"],
                    }
                ),
                "customer_groups": kind.array(kind.refers_to("customer_groups"), 2),
            },
        },
        text="name",
        filters=params(integer="id:in"),
        paging=ALL_AT_ONCE,
        **_SHORT,
    ),
    List(
        *("tax_rates", "v3/tax/rates", "information"),
        parent="tax_zones",
        basis=lambda world, zone: range(1 + zone % 2),
        fields={
            "tax_zone_id": kind.PARENT,
            "name": kind.written("MwSt {at}"),
            "enabled": True,
            "priority": kind.integer(1, 9),
            "class_rates": [
                {"rate": rate, "tax_class_id": at} for at, rate in enumerate((20, 0, 10.5, 0))
            ],
        },
        stride=RATES_STRIDE,
        filters=params(integer="id:in tax_zone_id:in"),
        paging=UNPAGED,
    ),
    List(
        *("shipping_zones", "v2/shipping/zones", "information"),
        fields={
            "name": _first("Österreich & Rest of World", kind.written("Zone {number}")),
            "type": _first("global", kind.in_turn("zip", "country")),
            "locations": kind.only_if(
                "type",
                "global",
                [],
                [
                    {
                        "id": kind.integer(10, 900),
                        "country_iso2": _COUNTRY,
                        "zip": kind.in_turn("78759", kind.ABSENT),
                    }
                ],
            ),
            "free_shipping": {
                "enabled": kind.in_turn(True, False),
                "minimum_sub_total": kind.in_turn("100", ""),
                "exclude_fixed_shipping_products": False,
            },
            "handling_fees": kind.one_of(
                {"fixed_surcharge": "2.5", "display_separately": True},
                {"percentage_surcharge": "3", "display_separately": False},
            ),
            "enabled": _every(5),
        },
        text="name",
        paging=UNPAGED,
        single="shipping_zone",
        **_SHORT,
    ),
    List(
        *("shipping_methods", "v2/shipping/zones/{}/methods", "information"),
        parent="shipping_zones",
        basis=_first_methods,
        fields={
            "name": kind.written("Versand {at} ✈"),
            "type": kind.in_turn("perorder", "peritem", "weight", "auspost"),
            # An empty map is an array, as PHP writes it.
            "settings": kind.one_of({"rate": 7.5}, {"rate": 7}, []),
            "enabled": True,
            "handling_fees": kind.one_of({"fixed_surcharge": 0}, {"percentage_surcharge": 2.5}),
            "is_fallback": lambda cell: cell.at == 0,
            "channel_ids": kind.array(kind.refers_to("channels", 1), 1),
        },
        stride=10,
        paging=UNPAGED,
    ),
    _settings(
        "store_profile",
        "v3/settings/store/profile",
        {
            "store_address": kind.TEXT,
            "store_address_type": kind.one_of("Home Office", "Retail", "Warehouse"),
            "store_email": "shop@example.com",
            "store_name": kind.NAME,
            "store_phone": "+1 512 555 0100",
        },
        other_parameters=_BY_CHANNEL,
    ),
    _settings(
        "store_locale",
        "v3/settings/store/locale",
        {
            "default_shopper_language": kind.one_of("en", "de", "pt-BR"),
            "shopper_language_selection_method": kind.one_of("browser", "default"),
            "store_country": kind.one_of("United States", "Germany"),
        },
    ),
    _settings(
        "inventory_settings",
        "v3/settings/inventory",
        {
            "product_out_of_stock_behavior": kind.one_of("do_nothing", "hide_product"),
            "option_out_of_stock_behavior": kind.one_of("do_nothing", "label_option"),
            "update_stock_behavior": kind.one_of("order_placed", "order_completed_or_shipped"),
            "edit_order_stock_adjustment refund_order_stock_adjustment": kind.FLAG,
            "stock_level_display": kind.one_of("dont_show", "show", "show_when_low"),
            "default_out_of_stock_message": kind.TEXT,
            "hide_in_product_filtering show_pre_order_stock_levels": kind.FLAG,
            "show_out_of_stock_message": kind.FLAG,
        },
        other_parameters=_BY_CHANNEL,
    ),
    _settings(
        "catalog_settings",
        "v3/settings/catalog",
        {"auto_approve_reviews enable_product_comparisons": kind.FLAG},
        other_parameters=_BY_CHANNEL,
    ),
    _settings(
        "tax_settings",
        "v3/tax/settings",
        {
            "tax_entered_with_prices should_subtract_store_tax": kind.FLAG,
            "price_display_settings": {
                "control_panel_price_display_strategy": kind.one_of("ZONE", "INCLUSIVE"),
                "invoice_price_display_strategy": kind.one_of("ZONE", "EXCLUSIVE"),
            },
            "fallback_strategy": kind.one_of("FIXED", "BASIC", "DISABLE"),
            "should_use_geolocation_to_determine_guest_shopper_tax_zone": kind.FLAG,
            "guest_shopper_tax_zone_id store_tax_zone_id": kind.refers_to("tax_zones"),
            "document_submission_strategy": kind.one_of("ON_PAYMENT_CAPTURE"),
            "rounding_strategy": kind.one_of("NO_ROUNDING", "RATE_ROUNDING"),
        },
    ),
    List(
        *("tax_classes", "v2/tax_classes", "information"),
        # The id is a text, unlike tax_class_id everywhere else.
        fields={
            "id": kind.TEXT_ID,
            "name": kind.in_turn("Default Tax Class", "Non-Taxable Products", "Shipping", "Büro"),
            "created_at updated_at": kind.RFC2822,
        },
        size=4,
        first_id=0,
        pattern="dense",
        single="tax_class",
    ),
    List(
        *("channel_currency_assignments", "v3/channels/currency-assignments", "channels"),
        fields={
            "channel_id": kind.KEY,
            "enabled_currencies": [kind.CURRENCY],
            "default_currency": kind.CURRENCY,
        },
        paging=ALL_AT_ONCE,
        parent="channels",
    ),
    List(
        *("site_routes", "v3/sites/{}/routes", "sites"),
        fields={
            "type": kind.one_of("product", "brand", "category", "page", "blog", "home", "static"),
            "matching": kind.one_of("*", "5", ""),
            "route": kind.one_of("/products/{slug}", "/my-amazing-product", "/größe/{id}"),
        },
        size=9,
        filters=params(text="type"),
        parent="sites",
    ),
    List(
        *("countries", "v2/countries", "information"),
        fields={
            "country": kind.one_of(*_ISO_CODES),
            "country_iso2": lambda cell: _ISO_CODES[cell.row["country"]][0],
            "country_iso3": lambda cell: _ISO_CODES[cell.row["country"]][1],
            "states": lambda cell: link(f"/countries/{cell.number}/states"),
        },
        filters=params(text="country country_iso2 country_iso3"),
        pattern="dense",
        single="country",
    ),
    List(
        *("states", "v2/countries/states", "information"),
        fields={
            "state": kind.NAME,
            "state_abbreviation": kind.one_of("NSW", "TX", "BY", ""),
            "country_id": kind.refers_to("countries"),
        },
        pattern="dense",
    ),
    List(
        *("tax_properties", "v3/tax/properties", "information"),
        fields={
            "code": kind.CODE,
            "display_name": kind.NAME,
            "description": kind.TEXT,
            "created_at updated_at": kind.ISO,
            "type": kind.one_of("PRODUCT", "CUSTOMER"),
        },
        filters=params(integer="id:in", text="type:in"),
        paging=ALL_AT_ONCE,
    ),
    List(
        *("tax_customers", "v3/tax/customers", "information"),
        # The names in it are codes of tax properties, also in the next list.
        fields={
            "customer_id": kind.KEY,
            "tax_properties": kind.some_of(
                {"A-123456789": "26", "EXEMPTION": kind.one_of("NY-0042", "größe", "")}
            ),
        },
        filters=params(integer="customer_id:in"),
        paging=ALL_AT_ONCE,
        parent="customers",
    ),
    List(
        *("product_tax_properties", "v3/tax/products/properties", "information"),
        fields={
            "product_id": kind.KEY,
            "tax_properties": kind.some_of(
                {"alcohol-percentage": "4.9", "netvolume-milliliters": kind.one_of("200", "400")}
            ),
        },
        filters=params(integer="product_id:in"),
        paging=ALL_AT_ONCE,
        parent="products",
        share=0.2,
    ),
    List(
        *("product_customs_information", "v3/shipping/products/customs-information", "information"),
        fields={
            "product_id": kind.KEY,
            "country_of_origin": kind.one_of("US", "DE", "JP"),
            "commodity_description": kind.TEXT,
            "international_shipping": kind.FLAG,
            "hs_codes": kind.some_of({"ALL": "691110", "NZ": kind.one_of("6911100000", "392410")}),
            "created_at updated_at": kind.ZULU,
        },
        filters=params(integer="product_id:in"),
        parent="products",
        share=0.3,
    ),
    List(
        *("pickup_methods", "v3/pickup/methods", "fulfillment_methods"),
        fields={
            "location_id": kind.refers_to("locations"),
            "display_name": kind.NAME,
            "collection_instructions collection_time_description": kind.TEXT,
            "location_identity": kind.integer(1, 9),
            "date_created date_modified": kind.ZULU,
        },
        filters=params(integer="id:in", date=_DATES),
        sorts=words("date_modified name"),
        pattern="dense",
    ),
    List(
        *("system_logs", "v3/store/systemlogs", "store_logs"),
        fields={
            "type": kind.one_of("general", "payment", "shipping", "tax", "notification", "design"),
            "module": kind.one_of("", "Export Only", "Theme Download", "Order Status"),
            "severity": kind.one_of("success", "notices", "warnings", "errors"),
            "summary": kind.in_turn(
                "Subscriber anna@example.com stored for export.", "Marking order 100 as deleted."
            ),
            "message": kind.nullable(
                kind.in_turn("", '{"id":11,"userEmail":"staff@example.com"}', "größe")
            ),
            "date_created": kind.ISO,
        },
        # Without severity, which is asked for by a number: Success is 1, Error is 4.
        filters=params(integer="id:in", text="type:=,not module:=,not"),
        sorts=words("date_created type"),
        direction=True,
    ),
    List(
        *("webhooks", "v3/hooks", "information"),
        fields={
            "client_id": "ramyrcbehylatjoxyzzy",
            "store_hash": STORE_HASH,
            "scope": kind.one_of("store/order/created", "store/product/*", "store/cart/converted"),
            "destination": kind.URL,
            "headers": kind.nullable(
                kind.some_of({"X-Key": kind.CODE, "Authorization": "Basic c2E6cHc="})
            ),
            "is_active": kind.FLAG,
            "created_at updated_at": kind.UNIX,
        },
        filters=params(flag="is_active", text="scope destination"),
        single="webhook",
    ),
    simple_metafields("store", "v3/store", "information", "1001", kind.TEXT_ID),
    simple_metafields("channel", "v3/channels", "channels", kind.refers_to("channels")),
)
