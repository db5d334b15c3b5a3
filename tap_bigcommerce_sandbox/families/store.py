"""The store itself: channels, sites, content, currencies, taxes, shipping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.families.metafields import simple_metafields
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
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.lists import Computed, List, words
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.paging import ALL_AT_ONCE, ONE_OBJECT, UNPAGED, Paging
from tap_bigcommerce_sandbox.table import Dates, Row
from tap_bigcommerce_sandbox.values import (
    CURRENCIES,
    STORE_HASH,
    exchange_rate,
    iso,
    link,
    rfc2822,
    same,
    zulu,
)
from tap_bigcommerce_sandbox.world import World

_ROOM = 10_000_000
_SECOND_CHANNEL = 675412
_TYPES = (
    ("storefront", "bigcommerce", "active"),
    ("storefront", "next", "prelaunch"),
    ("marketplace", "amazon", "connected"),
    ("pos", "square", "disconnected"),
    ("marketing", "facebook", "inactive"),
)


def _type(world: World, channel: int) -> tuple[str, str, str]:
    place = world.tables["channels"].base_index(channel)
    return _TYPES[-1 if place is None else place % len(_TYPES)]


def _channel(world: World, number: int) -> Row:
    table = world.tables["channels"]
    kind, platform, status = _type(world, number)
    return {
        "id": number,
        "external_id": "",
        "is_listable_from_ui": True,
        "is_enabled": status == "active",
        "is_visible": True,
        "status": status,
        "name": f"Kanal {number} – {platform}",
        "type": kind,
        "platform": platform,
        "date_created": iso(table.created(number), "Z"),
        "date_modified": iso(table.modified(number), "Z"),
        "icon_url": "",
        "currencies": {
            "channel_id": number,
            "default_currency": world.options.currency,
            "enabled_currencies": [world.options.currency],
        },
    }


def _listings(world: World, channel: int) -> list[Row]:
    created = world.tables["channels"].created(channel)
    sold = (
        product
        for product in world.tables["products"].ids
        if any(
            row["channel_id"] == channel
            for row in world.below("product_channel_assignments", product)
        )
    )
    return [_listing(world, channel, at, item, created + at) for at, item in enumerate(sold)]


def _listing(world: World, channel: int, at: int, product: int, created: int) -> Row:
    common = {
        "channel_id": channel,
        "product_id": product,
        "external_id": "",
        "state": "disabled" if product % 9 == 0 else "active",
        "name": "" if product % 2 else "Anders genannt",
        "description": "",
        "date_created": iso(created, "Z"),
        "date_modified": iso(created + product % 997 * 3600, "Z"),
    }
    variants = world.below("product_variants", product)
    return {
        "listing_id": channel * _ROOM + at,
        **common,
        "variants": [{**common, "variant_id": variant["id"]} for variant in variants],
    }


def _sites(world: World, channel: int) -> list[Row]:
    if _type(world, channel)[0] != "storefront":
        return []
    stamp = iso(world.tables["channels"].created(channel), "Z")
    url = f"https://shop{channel}.example.com"
    kinds = ("primary", "canonical", "checkout") if channel == 1 else ("primary",)
    return [
        {
            "id": channel * 10,
            "url": url,
            "channel_id": channel,
            "created_at": stamp,
            "updated_at": stamp,
            "ssl_status": "dedicated" if channel == 1 else "shared",
            "urls": [
                {"url": url, "type": kind, "created_at": stamp, "updated_at": stamp}
                for kind in kinds
            ],
            "is_checkout_url_customized": channel == 1,
        }
    ]


def _channel_ids(options: Options) -> Sequence[int]:
    others = range(_SECOND_CHANNEL, _SECOND_CHANNEL + max(0, options.channels - 1))
    return (1, *others)


_PAGE_TYPES = ("page", "raw", "contact_form", "link", "blog")


def _page(world: World, number: int) -> Row:
    kind = _PAGE_TYPES[number % len(_PAGE_TYPES)]
    channels = world.tables["channels"].base
    row: Row = {
        "id": number,
        "channel_id": channels[number % min(2, len(channels))],
        "name": f"Seite {number}",
        "is_visible": number % 7 != 0,
        "parent_id": 0,
        "sort_order": number,
        "type": kind,
        "is_homepage": number == 1,
        "is_customers_only": number % 6 == 0,
        **same(None, "meta_title meta_description search_keywords"),
        "meta_keywords": None if number % 2 else "büro, ofis",
        "url": f"/seite-{number}/",
    }
    # Each type of page has fields of its own, that the others lack.
    if kind == "link":
        row["link"] = "https://example.com/"
    elif kind == "contact_form":
        row["email"], row["contact_fields"] = "shop@example.com", "fullname,phone"
    if kind in ("page", "raw", "contact_form"):
        row["body"] = f"<p>{texts.SENTENCES[number % len(texts.SENTENCES)]}</p>"
    if kind == "raw":
        row["content_type"] = "text/html"
    return row


def _post(world: World, number: int) -> Row:
    moment = world.tables["blog_posts"].created(number)
    text = iso(moment)
    return {
        "id": number,
        "title": f"Neuigkeiten № {number}",
        "url": f"/blog/neues-{number}/",
        "preview_url": f"/blog/neues-{number}/?preview=1",
        "body": f"<p>{texts.SENTENCES[number % len(texts.SENTENCES)]}</p>",
        "tags": ["news", "büro"] if number % 2 else [],
        "summary": "",
        "is_published": number % 4 != 0,
        # A date as PHP writes one out.
        "published_date": {
            "timezone_type": 1,
            "date": f"{text[:10]} {text[11:19]}.000000",
            "timezone": "+00:00",
        },
        # Not as its name says in the API's own example.
        "published_date_iso8601": text if number % 2 else _american(text),
        "meta_description": None,
        "meta_keywords": "" if number % 2 else None,
        "author": None if number % 3 else "Zoë",
        "thumbnail_path": "",
    }


def _american(text: str) -> str:
    moment = datetime.fromisoformat(text)
    hour = f"{moment.hour % 12 or 12}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}"


def _redirect(world: World, number: int) -> Row:
    rng = world.rng("redirect", number)
    sites = world.below("sites", world.tables["channels"].base[0])
    kind = rng.pick(("product", "brand", "category", "url"))
    tables = {"product": "products", "brand": "brands", "category": "categories"}
    entity = world.some_id(tables[kind], rng) if kind in tables else 0
    to: Row = {"type": kind, "entity_id": entity}
    url = f"/neu-{number}/"
    if not entity:
        to = {"type": "url", "url": url}
    return {
        "id": number,
        "site_id": sites[0]["id"] if sites else 1000,
        "from_path": f"/alt-{(number * 7919) % 100_000}/",
        "to": to,
        "to_url": f"https://shop1.example.com{url}",
    }


RATES_STRIDE = 10
_COUNTRIES = ("AT", "US", "AU", "JP", "GB", "DE")


def _currency(world: World, number: int) -> Row:
    codes, default = list(CURRENCIES), world.options.currency
    code = codes[number - 1] if number <= len(codes) else "CHF"
    whole = code == "JPY"
    return {
        "id": number,
        "is_default": code == default,
        "country_iso2": code[:2] if code != "EUR" else "DE",
        "default_for_country_codes": ["DEU", "AUT"] if code == "EUR" else [],
        "currency_code": code,
        "currency_exchange_rate": exchange_rate(CURRENCIES.get(code, 1.0) / CURRENCIES[default]),
        "auto_update": code != default,
        "token_location": "right" if code == "EUR" else "left",
        "token": {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(code, code),
        "decimal_token": "," if code == "EUR" else ".",
        "thousands_token": "." if code == "EUR" else ",",
        "decimal_places": 0 if whole else 2,
        "name": f"{code} – Währung",
        "enabled": number < len(codes),
        "is_transactional": True,
        "use_default_name": False,
        "last_updated": rfc2822(world.tables["currencies"].modified(number)),
    }


def _tax_zone(world: World, number: int) -> Row:
    place = {"country_code": _COUNTRIES[number % len(_COUNTRIES)]}
    settings = ("show_inclusive", "show_both_on_detail_view", "show_both_on_list_view")
    return {
        "id": number,
        "name": "Default Zone" if number == 1 else f"Zone {number} – Österreich",
        "enabled": number % 4 != 0,
        "price_display_settings": dict.fromkeys(settings, number % 2 == 0),
        "shopper_target_settings": {
            "locations": []
            if number == 1
            else [{**place, "subdivision_codes": ["ST", "W"], "postal_codes": ["1010", "8010"]}],
            "customer_groups": list(world.tables["customer_groups"].base[: number % 3]),
        },
    }


def _tax_rates(world: World, zone: int) -> list[Row]:
    return [
        {
            "id": zone * RATES_STRIDE + at,
            "tax_zone_id": zone,
            "name": f"MwSt {at}",
            "enabled": True,
            "priority": at + 1,
            "class_rates": [
                {"rate": rate, "tax_class_id": number}
                for number, rate in enumerate((20, 0, 10.5, 0))
            ],
        }
        for at in range(1 + zone % 2)
    ]


def _shipping_zone(world: World, number: int) -> Row:
    first = number == 1
    country = {"id": number * 10, "country_iso2": _COUNTRIES[number % len(_COUNTRIES)]}
    zip_code = {"zip": "78759"} if number % 3 == 0 else {}
    return {
        "id": number,
        "name": "Österreich & Rest of World" if first else f"Zone {number}",
        "type": "global" if first else ("zip" if zip_code else "country"),
        "locations": [] if first else [{**country, **zip_code}],
        "free_shipping": {
            "enabled": number % 2 == 0,
            "minimum_sub_total": "100" if number % 2 == 0 else "",
            "exclude_fixed_shipping_products": False,
        },
        "handling_fees": {"fixed_surcharge": "2.5", "display_separately": True}
        if number % 2
        else {"percentage_surcharge": "3", "display_separately": False},
        "enabled": number % 5 != 0,
    }


def _shipping_methods(world: World, zone: int) -> list[Row]:
    # The last zone has none yet.
    if zone == world.tables["shipping_zones"].ids[-1] and zone > 1:
        return []
    kinds = ("perorder", "peritem", "weight", "auspost")
    return [
        {
            "id": zone * 10 + at,
            "name": f"Versand {at} ✈",
            "type": kinds[(zone + at) % len(kinds)],
            # An empty map is an array, as PHP writes it.
            "settings": {"rate": 7.5 if at else 7} if (zone + at) % 2 == 0 else [],
            "enabled": True,
            "handling_fees": {"fixed_surcharge": 0} if at else {"percentage_surcharge": 2.5},
            "is_fallback": at == 0,
            "channel_ids": [] if at else [world.tables["channels"].base[0]],
        }
        for at in range(1 + zone % 3)
    ]


def _store_information(world: World, number: int) -> Row:
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
        **same("", "phone favicon_url industry"),
        "admin_email": "admin@example.com",
        "order_email": "orders@example.com",
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
        # An object with a url once a logo is set, and an empty array before.
        "logo": [],
        "is_price_entered_with_tax": False,
        "store_id": 1001,
        "default_channel_id": 1,
        "default_site_id": 1000,
        "active_comparison_modules": [],
        "features": {
            **same(True, "stencil_enabled sitewidehttps_enabled wishlists_enabled"),
            **same(True, "graphql_storefront_api_enabled multi_storefront_enabled"),
            "facebook_catalog_id": "",
            "checkout_type": "optimized",
            "shopper_consent_tracking_enabled": False,
            "storefront_limits": {"active": 3, "total_including_inactive": 5},
        },
    }


def _time(world: World, request: Request) -> Any:
    return {"time": world.clock.second()}


_ISO_CODES = {
    "Canada": ("CA", "CAN"),
    "Côte d'Ivoire": ("CI", "CIV"),
    "Germany": ("DE", "DEU"),
    "Japan": ("JP", "JPN"),
    "United States": ("US", "USA"),
}
_PRICE_DISPLAYS = ("ZONE", "INCLUSIVE", "EXCLUSIVE")

# /v2/time needs a token but no particular scope.
OTHERS: tuple[Computed, ...] = (Computed("time", "v2/time", "", _time),)

LISTS: tuple[List, ...] = (
    List(
        "store",
        "v2/store",
        "information",
        row=_store_information,
        text="phone",
        key_types={"id": "string"},
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "channels",
        "v3/channels",
        "channels",
        row=_channel,
        text="name",
        ids=_channel_ids,
        filters=params(
            text="status:in type:in platform:in",
            date="date_created:=,min,max date_modified:=,min,max",
        ),
        optional=words("currencies"),
        single="channel",
    ),
    List(
        "channel_listings",
        "v3/channels/{}/listings",
        "listings",
        parent="channels",
        rows=_listings,
        text="description",
        id="listing_id",
        key=("listing_id",),
        key_within_parent=True,
        parent_field="channel_id",
        stride=_ROOM,
        dates=Dates(zulu, "date_created", "date_modified"),
        depends_on=("products",),
        filters=params(
            integer="product_id:in", date="date_created:=,min,max date_modified:=,min,max"
        ),
        paging=Paging("after"),
    ),
    List(
        "sites",
        "v3/sites",
        "sites",
        parent="channels",
        rows=_sites,
        text="url",
        parent_field="channel_id",
        stride=10,
        dates=Dates(zulu, "created_at", "updated_at"),
        filters=params(integer="channel_id:in"),
        paging=Paging(meta="offset"),
        single="site",
    ),
    List(
        "currencies",
        "v2/currencies",
        "information",
        row=_currency,
        text="name",
        size=len(CURRENCIES),
        pattern="dense",
        single="currency",
    ),
    List(
        "pages",
        "v3/content/pages",
        "content",
        row=_page,
        text="name",
        filters=params(integer="id:in channel_id", text="name:=,like"),
        optional=words("body"),
    ),
    List(
        "blog_posts",
        "v2/blog/posts",
        "content",
        row=_post,
        text="summary",
        filters=params(flag="is_published", text="url tag>tags:has"),
        single="blog_post",
    ),
    List(
        "redirects",
        "v3/storefront/redirects",
        "content",
        row=_redirect,
        text="from_path",
        facts={"type": lambda world, number: world.row("redirects", number)["to"]["type"]},
        filters=params(integer="id:in,min,max site_id", text="keyword>from_path:like"),
        sorts=words("from_path type site_id id"),
        direction=True,
        optional=words("to_url"),
    ),
    List(
        "tax_zones",
        "v3/tax/zones",
        "information",
        row=_tax_zone,
        text="name",
        size=lambda options: max(1, options.small_lists),
        pattern="dense",
        filters=params(integer="id:in"),
        paging=ALL_AT_ONCE,
    ),
    List(
        "tax_rates",
        "v3/tax/rates",
        "information",
        parent="tax_zones",
        rows=_tax_rates,
        text="name",
        parent_field="tax_zone_id",
        stride=RATES_STRIDE,
        filters=params(integer="id:in tax_zone_id:in"),
        paging=UNPAGED,
    ),
    List(
        "shipping_zones",
        "v2/shipping/zones",
        "information",
        row=_shipping_zone,
        text="name",
        size=lambda options: max(1, options.small_lists),
        pattern="dense",
        paging=UNPAGED,
        single="shipping_zone",
    ),
    List(
        "shipping_methods",
        "v2/shipping/zones/{}/methods",
        "information",
        parent="shipping_zones",
        rows=_shipping_methods,
        text="name",
        stride=10,
        paging=UNPAGED,
    ),
    List(
        "store_profile",
        "v3/settings/store/profile",
        "information",
        fields={
            "store_address": TEXT,
            "store_address_type": one_of("Home Office", "Commercial Office", "Retail", "Warehouse"),
            "store_email": one_of("shop@example.com"),
            "store_name": NAME,
            "store_phone": one_of("+1 512 555 0100"),
        },
        other_parameters=words("channel_id"),
        key=(),
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "store_locale",
        "v3/settings/store/locale",
        "information",
        fields={
            "default_shopper_language": one_of("en", "de", "pt-BR"),
            "shopper_language_selection_method": one_of("browser", "default_shopper_language"),
            "store_country": one_of("United States", "Germany"),
        },
        key=(),
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "inventory_settings",
        "v3/settings/inventory",
        "information",
        fields={
            "product_out_of_stock_behavior": one_of(
                "do_nothing",
                "hide_product",
                "hide_product_and_accessible",
                "hide_product_and_redirect",
            ),
            "option_out_of_stock_behavior": one_of("do_nothing", "hide_option", "label_option"),
            "update_stock_behavior": one_of("order_placed", "order_completed_or_shipped"),
            **same(FLAG, "edit_order_stock_adjustment refund_order_stock_adjustment"),
            "stock_level_display": one_of("dont_show", "show", "show_when_low"),
            "default_out_of_stock_message": TEXT,
            "hide_in_product_filtering": FLAG,
            "show_pre_order_stock_levels": FLAG,
            "show_out_of_stock_message": FLAG,
        },
        other_parameters=words("channel_id"),
        key=(),
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "catalog_settings",
        "v3/settings/catalog",
        "information",
        fields={"auto_approve_reviews": FLAG, "enable_product_comparisons": FLAG},
        other_parameters=words("channel_id"),
        key=(),
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "tax_settings",
        "v3/tax/settings",
        "information",
        fields={
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
        key=(),
        size=1,
        pattern="dense",
        paging=ONE_OBJECT,
    ),
    List(
        "tax_classes",
        "v2/tax_classes",
        "information",
        # The id is a text, unlike tax_class_id everywhere else.
        fields={
            "id": TEXT_ID,
            "name": in_turn("Default Tax Class", "Non-Taxable Products", "Shipping", "Büro"),
            **same(RFC2822, "created_at updated_at"),
        },
        size=4,
        first_id=0,
        pattern="dense",
        single="tax_class",
    ),
    List(
        "channel_currency_assignments",
        "v3/channels/currency-assignments",
        "channels",
        fields={
            "channel_id": PARENT,
            "enabled_currencies": Field(lambda cell: [cell.world.options.currency], "array"),
            "default_currency": Field(lambda cell: cell.world.options.currency, "string"),
        },
        key=("channel_id",),
        size=1,
        paging=ALL_AT_ONCE,
        parent="channels",
    ),
    List(
        "site_routes",
        "v3/sites/{}/routes",
        "sites",
        fields={
            "id": ID,
            "type": one_of("product", "brand", "category", "page", "blog", "home", "static"),
            "matching": one_of("*", "5", ""),
            "route": one_of("/products/{slug}", "/my-amazing-product", "/größe/{id}"),
        },
        size=9,
        filters=params(text="type"),
        parent="sites",
    ),
    List(
        "countries",
        "v2/countries",
        "information",
        fields={
            "id": ID,
            "country": one_of(*_ISO_CODES),
            "country_iso2": Field(lambda cell: _ISO_CODES[cell.row["country"]][0], "string"),
            "country_iso3": Field(lambda cell: _ISO_CODES[cell.row["country"]][1], "string"),
            "states": Field(lambda cell: link(f"/countries/{cell.number}/states"), "object"),
        },
        filters=params(text="country country_iso2 country_iso3"),
        pattern="dense",
        single="country",
    ),
    List(
        "states",
        "v2/countries/states",
        "information",
        fields={
            "id": ID,
            "state": NAME,
            "state_abbreviation": one_of("NSW", "TX", "BY", ""),
            "country_id": refers_to("countries"),
        },
        pattern="dense",
    ),
    List(
        "tax_properties",
        "v3/tax/properties",
        "information",
        fields={
            "id": ID,
            "code": CODE,
            "display_name": NAME,
            "description": TEXT,
            **same(ISO, "created_at updated_at"),
            "type": one_of("PRODUCT", "CUSTOMER"),
        },
        filters=params(integer="id:in", text="type:in"),
        paging=ALL_AT_ONCE,
    ),
    List(
        "tax_customers",
        "v3/tax/customers",
        "information",
        fields={
            "customer_id": PARENT,
            # The names are codes of tax properties.
            "tax_properties": some_of(
                {"A-123456789": one_of("26", "200"), "EXEMPTION": one_of("NY-0042", "größe", "")}
            ),
        },
        key=("customer_id",),
        size=1,
        filters=params(integer="customer_id:in"),
        paging=ALL_AT_ONCE,
        parent="customers",
    ),
    List(
        "product_tax_properties",
        "v3/tax/products/properties",
        "information",
        fields={
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
        size=1,
        filters=params(integer="product_id:in"),
        paging=ALL_AT_ONCE,
        parent="products",
        share=0.2,
    ),
    List(
        "product_customs_information",
        "v3/shipping/products/customs-information",
        "information",
        fields={
            "product_id": PARENT,
            "country_of_origin": one_of("US", "DE", "JP"),
            "commodity_description": TEXT,
            "international_shipping": FLAG,
            "hs_codes": some_of({"ALL": one_of("691110"), "NZ": one_of("6911100000", "392410")}),
            **same(ZULU, "created_at updated_at"),
        },
        key=("product_id",),
        size=1,
        filters=params(integer="product_id:in"),
        parent="products",
        share=0.3,
    ),
    List(
        "pickup_methods",
        "v3/pickup/methods",
        "fulfillment_methods",
        fields={
            "id": ID,
            "location_id": refers_to("locations"),
            "display_name": NAME,
            **same(TEXT, "collection_instructions collection_time_description"),
            "location_identity": integer(1, 9),
            **same(ZULU, "date_created date_modified"),
        },
        filters=params(integer="id:in", date="date_created:=,min,max date_modified:=,min,max"),
        sorts=words("date_modified name"),
        pattern="dense",
    ),
    List(
        "system_logs",
        "v3/store/systemlogs",
        "store_logs",
        fields={
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
        filters=params(integer="id:in", text="type:=,not module:=,not"),
        sorts=words("date_created type"),
        direction=True,
    ),
    List(
        "webhooks",
        "v3/hooks",
        "information",
        fields={
            "id": ID,
            "client_id": one_of("ramyrcbehylatjoxyzzy"),
            "store_hash": one_of(STORE_HASH),
            "scope": one_of("store/order/created", "store/product/*", "store/cart/converted"),
            "destination": URL,
            "headers": nullable(
                some_of({"X-Key": CODE, "Authorization": one_of("Basic c2E6cHc=")})
            ),
            "is_active": FLAG,
            **same(UNIX, "created_at updated_at"),
        },
        filters=params(flag="is_active", text="scope destination"),
        single="webhook",
    ),
    simple_metafields("store", "v3/store", "information", one_of("1001"), TEXT_ID),
    simple_metafields("channel", "v3/channels", "channels", refers_to("channels")),
)
