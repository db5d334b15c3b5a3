"""The store itself, its channels, pages, taxes and shipping."""

from datetime import datetime

from tap_bigcommerce.pages.by_id import ASCENDING, DESCENDING, IdParameters
from tap_bigcommerce.pages.in_turn import AllAtOnce, ByListingId, OneObject
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.stream import CHANNELS as CHANNEL_SETTINGS
from tap_bigcommerce.streams.stream import (
    CONTENT,
    INFORMATION,
    LISTINGS,
    Channels,
    Child,
    Count,
    Incremental,
    Stream,
)
from tap_bigcommerce.streams.stream import SITES as SITES_AND_ROUTES


def with_logo_as_object(row: Row) -> Row:
    """A store without a logo has a list in its place."""
    return {**row, "logo": row["logo"] or None} if "logo" in row else row


def with_date(row: Row) -> Row:
    """A blog post's date may come as 5/18/2018 1:26:42 PM, in UTC: month first, whatever its name
    says."""
    text = row.get("published_date_iso8601")
    try:
        moment = datetime.strptime(str(text), "%m/%d/%Y %I:%M:%S %p")
    except ValueError:
        return row
    return {**row, "published_date_iso8601": moment.isoformat() + "Z"}


STORE = Stream(
    name="store",
    path="/v2/store",
    permission=INFORMATION,
    walk=OneObject(),
    reshape=with_logo_as_object,
)
CHANNELS = Stream(
    name="channels",
    channels=Channels(field="id"),
    path="/v3/channels",
    permission=CHANNEL_SETTINGS,
    params={"include": "currencies"},
    incremental=Incremental("date_modified", "date_modified:min"),
    presence=Presence("/v3/channels/{id}"),
)
CHANNEL_LISTINGS = Stream(
    name="channel_listings",
    permission=LISTINGS,
    child=Child("channels", own_list="listings", paging=ByListingId()),
    keys=("channel_id", "listing_id"),
    incremental=Incremental("date_modified", "date_modified:min"),
)
SITES = Stream(
    name="sites",
    channels=Channels(filter="channel_id:in", field="channel_id"),
    path="/v3/sites",
    permission=SITES_AND_ROUTES,
    presence=Presence("/v3/sites/{id}"),
)
CURRENCIES = Stream(
    name="currencies",
    path="/v2/currencies",
    permission=INFORMATION,
    presence=Presence("/v2/currencies/{id}"),
)
PAGES = Stream(
    name="pages",
    channels=Channels(filter="channel_id", field="channel_id"),
    path="/v3/content/pages",
    permission=CONTENT,
    params={"include": "body"},
    presence=Presence(params=IN_BULK, short={}),
)
BLOG_POSTS = Stream(
    name="blog_posts",
    path="/v2/blog/posts",
    permission=CONTENT,
    reshape=with_date,
    presence=Presence("/v2/blog/posts/{id}"),
    count=Count("/v2/blog/posts/count"),
)
REDIRECTS = Stream(
    name="redirects",
    path="/v3/storefront/redirects",
    permission=CONTENT,
    params={"include": "to_url"},
    walk=IdParameters("id:min", ASCENDING, DESCENDING),
    presence=Presence(params=IN_BULK, short={}),
)
TAX_CLASSES = Stream(
    name="tax_classes",
    path="/v2/tax_classes",
    permission=INFORMATION,
    presence=Presence("/v2/tax_classes/{id}"),
)
TAX_ZONES = Stream(
    name="tax_zones",
    path="/v3/tax/zones",
    permission=INFORMATION,
    walk=AllAtOnce(),
    presence=Presence(params=IN_BULK),
)
TAX_RATES = Stream(
    name="tax_rates",
    path="/v3/tax/rates",
    permission=INFORMATION,
    walk=AllAtOnce(),
    presence=Presence(params=IN_BULK),
)
SHIPPING_ZONES = Stream(
    name="shipping_zones",
    path="/v2/shipping/zones",
    permission=INFORMATION,
    walk=AllAtOnce(),
    presence=Presence("/v2/shipping/zones/{id}"),
)
SHIPPING_METHODS = Stream(
    name="shipping_methods",
    permission=INFORMATION,
    child=Child("shipping_zones", own_list="methods", paging=AllAtOnce()),
)
