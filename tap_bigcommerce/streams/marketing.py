"""Price lists, coupons, promotions, gift certificates and banners."""

import re
from datetime import datetime, timezone

from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.pagination.id_ranges import ASCENDING, DESCENDING, ByIdRange
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import AllAtOnce, ByCursor, ByPage, Sequential
from tap_bigcommerce.streams.id_lookup import IN_BULK, SINGLY, IdLookup
from tap_bigcommerce.streams.permissions import INFORMATION, MARKETING, PRODUCTS
from tap_bigcommerce.streams.stream import BY_CHANNEL_ID, MODIFIED, Stream


def with_dates_and_template(row: Row) -> Row:
    """Gift certificates may have dates as strings of seconds since 1970, and false as template."""
    changed = dict(row)
    for name in ("purchase_date", "expiry_date"):
        seconds = row.get(name)
        if isinstance(seconds, str) and re.fullmatch(r"[0-9]{1,11}", seconds):
            moment = datetime.fromtimestamp(int(seconds), timezone.utc)
            changed[name] = format_instant(moment) if int(seconds) else None
    if changed.get("template") is False:
        changed["template"] = None
    return changed


STREAMS = [
    Stream(
        "price_lists",
        PRODUCTS,
        "/v3/pricelists",
        ByCursor(),
        modified_since=MODIFIED,
        id_lookup=IN_BULK,
    ),
    Stream(
        "price_list_records",
        PRODUCTS,
        "/v3/pricelists/{id}/records",
        Sequential(),
        parent="price_lists",
        primary_keys=("price_list_id", "variant_id", "currency"),
        params={"include": "bulk_pricing_tiers,sku"},
        modified_since=MODIFIED,
    ),
    Stream(
        "price_list_assignments",
        PRODUCTS,
        "/v3/pricelists/assignments",
        ByCursor(),
        channels=BY_CHANNEL_ID,
        id_lookup=IN_BULK,
    ),
    # num_uses changes, and there is no date of modification: all are read in every sync.
    Stream(
        "coupons",
        MARKETING,
        "/v2/coupons",
        ByIdRange("min_id"),
        # The API has no GET for a single coupon.
        id_lookup=IdLookup({"min_id": "{before}", "max_id": "{after}"}),
    ),
    Stream(
        "promotions",
        MARKETING,
        "/v3/promotions",
        ByPage(ASCENDING),
        id_lookup=IdLookup({"id": "{id}"}),
    ),
    Stream(
        "promotion_codes", MARKETING, "/v3/promotions/{id}/codes", Sequential(), parent="promotions"
    ),
    Stream(
        "gift_certificates",
        MARKETING,
        "/v2/gift_certificates",
        ByIdRange("min_id", ASCENDING, DESCENDING),
        post_process=with_dates_and_template,
        id_lookup=SINGLY,
    ),
    # `channel_id` is no filter: it asks for the e-mails of one channel instead of the store's.
    Stream(
        "abandoned_cart_emails",
        INFORMATION,
        "/v3/marketing/abandoned-cart-emails",
        AllAtOnce(),
        id_lookup=SINGLY,
    ),
    Stream("banners", MARKETING, "/v2/banners", ByIdRange("min_id"), id_lookup=SINGLY),
]
