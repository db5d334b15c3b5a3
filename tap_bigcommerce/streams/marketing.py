"""Coupons, promotions, gift certificates, banners."""

import re
from datetime import datetime, timezone
from typing import Any

from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.pages.by_id import ASCENDING, DESCENDING, IdParameters
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.presence import Presence
from tap_bigcommerce.streams.stream import MARKETING, Child, Count, Stream


def with_dates_and_template(row: Row) -> Row:
    """Gift certificates may have dates as seconds since 1970, in a text, and false as template."""
    changed: Row = {
        **row,
        **{name: _date(row[name]) for name in ("purchase_date", "expiry_date") if name in row},
    }
    if changed.get("template") is False:
        changed["template"] = None
    return changed


def _date(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,11}", value):
        return value
    seconds = int(value)
    return format_instant(datetime.fromtimestamp(seconds, timezone.utc)) if seconds else None


# No date of modification and no filter by one, and num_uses changes: read whole every time.
COUPONS = Stream(
    name="coupons",
    path="/v2/coupons",
    walk=IdParameters("min_id"),
    permission=MARKETING,
    # There is no address of a single coupon to be read at.
    presence=Presence(params={"min_id": "{before}", "max_id": "{after}"}),
    count=Count("/v2/coupons/count"),
)
PROMOTIONS = Stream(
    name="promotions",
    path="/v3/promotions",
    permission=MARKETING,
    params=ASCENDING,
    presence=Presence(params={"id": "{id}"}),
)
PROMOTION_CODES = Stream(
    name="promotion_codes",
    permission=MARKETING,
    child=Child("promotions", own_list="codes"),
)
GIFT_CERTIFICATES = Stream(
    name="gift_certificates",
    path="/v2/gift_certificates",
    permission=MARKETING,
    reshape=with_dates_and_template,
    walk=IdParameters("min_id", ASCENDING, DESCENDING),
    presence=Presence("/v2/gift_certificates/{id}"),
)
BANNERS = Stream(
    name="banners",
    path="/v2/banners",
    permission=MARKETING,
    walk=IdParameters("min_id"),
    presence=Presence("/v2/banners/{id}"),
    count=Count("/v2/banners/count"),
)
