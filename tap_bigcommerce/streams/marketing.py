"""Coupons, promotions, gift certificates, banners."""

from tap_bigcommerce.pages.id_kind import IdParameters
from tap_bigcommerce.pages.in_turn import ByPage
from tap_bigcommerce.streams.own_lists import Paging
from tap_bigcommerce.streams.stream import MARKETING, Child, Stream

# No date of modification and no filter by one, and num_uses changes: read whole every time.
COUPONS = Stream(
    name="coupons",
    path="/v2/coupons",
    by_default=True,
    walk=IdParameters("min_id"),
    permission=MARKETING,
    wrapped_paths=("restricted_to", "restricted_to[].countries"),
)
PROMOTIONS = Stream(
    name="promotions",
    path="/v3/promotions",
    permission=MARKETING,
    walk=ByPage(),
    params={"sort": "id", "direction": "asc"},
    wrapped_paths=("codes", "rules[].action.shipping.zone_ids"),
)
PROMOTION_CODES = Stream(
    name="promotion_codes",
    permission=MARKETING,
    child=Child(
        "promotions",
        own_list="codes",
        paging=Paging.CURSOR,
        parent_id="promotion_id",
        parent_date=None,
    ),
)
GIFT_CERTIFICATES = Stream(
    name="gift_certificates",
    path="/v2/gift_certificates",
    permission=MARKETING,
    walk=IdParameters(
        "min_id", {"sort": "id", "direction": "asc"}, {"sort": "id", "direction": "desc"}
    ),
)
BANNERS = Stream(
    name="banners",
    path="/v2/banners",
    permission=MARKETING,
    walk=IdParameters("min_id"),
)
