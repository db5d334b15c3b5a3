"""Prices, promotions, coupons, gift certificates, banners."""

from __future__ import annotations

from tap_bigcommerce_sandbox.endpoints.common import count_of, equal
from tap_bigcommerce_sandbox.fields import (
    CODE,
    FLAG,
    ID,
    NAME,
    TEXT,
    UNIX_TEXT,
    array,
    integer,
    nested,
    one_of,
    only_if,
    some_of,
)
from tap_bigcommerce_sandbox.filters import Filter, v2_range, v3_dates, v3_family, v3_in
from tap_bigcommerce_sandbox.lists import Endpoint, RowList, Single
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.rows.coupons import COUPONS
from tap_bigcommerce_sandbox.rows.marketing import MARKETING_CHILDREN, MARKETING_KINDS
from tap_bigcommerce_sandbox.rows.pricing import PRICE_LISTS, PRICING_CHILDREN
from tap_bigcommerce_sandbox.simple_lists import Simple, SimpleList
from tap_bigcommerce_sandbox.world import Child, Kind

KINDS: tuple[Kind, ...] = (COUPONS, PRICE_LISTS, *MARKETING_KINDS)
CHILDREN: tuple[Child, ...] = (*PRICING_CHILDREN, *MARKETING_CHILDREN)

_NO_LINKS = Paging("both", links=False)
_COUPONS = RowList(
    "coupons",
    "v2",
    "coupons",
    "marketing",
    filters=(
        *v2_range("id", "integer"),
        *equal("id", reads="integer"),
        *equal("code", "name", "type"),
        Filter("exclude_type", "type", "!="),
    ),
)
_PRICES = ("price", "sale_price", "retail_price", "map_price", "calculated_price")

_CERTIFICATES = RowList(
    "gift_certificates",
    "v2",
    "gift_certificates",
    "marketing",
    filters=(
        *v2_range("id", "integer"),
        *equal("code", "to_name", "to_email", "from_name", "from_email"),
        *equal("order_id", reads="integer"),
    ),
    sorts=frozenset(("id",)),
    direction=True,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    _COUPONS,
    count_of(_COUPONS),
    RowList(
        "price_lists",
        "v3",
        "pricelists",
        "products",
        filters=(
            v3_in("id"),
            *equal("name"),
            Filter("name:like", "name", "like"),
            *v3_dates("date_created", "date_modified"),
        ),
        paging=_NO_LINKS,
    ),
    RowList(
        "price_list_records",
        "v3",
        "pricelists/{}/records",
        "products",
        filters=(
            v3_in("variant_id"),
            v3_in("product_id"),
            *v3_family("currency", "text", "in"),
            *v3_family("sku", "text", "in"),
            *(item for name in _PRICES for item in v3_family(name, "number", "min", "max")),
            *v3_dates("date_created", "date_modified"),
        ),
        includes=frozenset(("bulk_pricing_tiers", "sku")),
        paging=_NO_LINKS,
    ),
    RowList(
        "price_list_assignments",
        "v3",
        "pricelists/assignments",
        "products",
        filters=(
            *v3_family("id", "integer", "in"),
            *v3_family("price_list_id", "integer", "in"),
            *v3_family("customer_group_id", "integer", "in"),
            *v3_family("channel_id", "integer", "in"),
        ),
        paging=_NO_LINKS,
    ),
    RowList(
        "promotions",
        "v3",
        "promotions",
        "marketing",
        filters=(
            *equal("id", reads="integer"),
            *equal("name", "currency_code", "status"),
            Filter("redemption_type", "type"),
            Filter("channels", "channel_ids", "has", "integer"),
            Filter("query", "name", "like"),
        ),
        sorts=frozenset(("id", "name", "priority", "start_date")),
        direction=True,
    ),
    RowList(
        "promotion_codes",
        "v3",
        "promotions/{}/codes",
        "marketing",
        filters=equal("code"),
        paging=Paging("cursor"),
    ),
    _CERTIFICATES,
    Single("gift_certificate", _CERTIFICATES),
)

SIMPLE_LISTS: tuple[Simple, ...] = (
    SimpleList(
        "banners",
        "v2/banners",
        "marketing",
        {
            "id": ID,
            "name": NAME,
            "content": TEXT,
            "page": one_of("home_page", "category_page", "brand_page", "search_page"),
            "location": one_of("top", "bottom"),
            "date_created": UNIX_TEXT,
            "date_type": one_of("custom", "always"),
            "date_from": only_if("date_type", "custom", UNIX_TEXT, "0"),
            "date_to": only_if("date_type", "custom", UNIX_TEXT, "0"),
            "visible": one_of("1", "1", "0"),
            "item_id": one_of("0"),
        },
        filters=v2_range("id", "integer"),
        single="banner",
    ),
    # Without channel_id: a channel's own e-mails are other rows, and these name no channel.
    SimpleList(
        "abandoned_cart_emails",
        "v3/marketing/abandoned-cart-emails",
        "information",
        {
            "id": ID,
            "notify_at_minutes": one_of(60, 240, 1440, 14400),
            "coupon_code": CODE,
            "template": nested(
                {
                    "subject": NAME,
                    "body": TEXT,
                    "translations": array(
                        nested(
                            {
                                "locale": one_of("en", "fr-ca"),
                                "keys": some_of({"hello_phrase": TEXT, "größe": TEXT}),
                            }
                        )
                    ),
                }
            ),
            "is_active": FLAG,
            "sent_num": integer(),
        },
        paging=Paging("none", meta="nothing"),
        single="abandoned_cart_email",
    ),
)
