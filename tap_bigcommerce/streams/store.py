"""Store profile, channels, sites, currencies, pages, taxes, shipping."""

from collections.abc import Mapping
from datetime import datetime

from tap_bigcommerce.pagination.id_ranges import ASCENDING, DESCENDING, ByIdRange
from tap_bigcommerce.pagination.page import Page, Row
from tap_bigcommerce.pagination.sequential import AllAtOnce, ByPage, OneObject, Sequential
from tap_bigcommerce.records.schemas import STORE_HASH
from tap_bigcommerce.streams.id_lookup import IN_BULK, SINGLY, IdLookup
from tap_bigcommerce.streams.permissions import (
    CHANNELS,
    CONTENT,
    FULFILLMENT_METHODS,
    INFORMATION,
    LISTINGS,
    LOGS,
    SITES,
)
from tap_bigcommerce.streams.stream import BY_CHANNEL_ID, MODIFIED, Channels, Stream, metafields


class ByListingId(Sequential):
    """Reads on after the `listing_id` of the last row."""

    def after(self, page: Page, number: int) -> Mapping[str, str]:
        """The parameters for the rows after the last one of `page`."""
        rows = page.response.content
        return {"after": str(rows[-1].get("listing_id"))} if rows else super().after(page, number)


def with_date(row: Row) -> Row:
    """A blog post's `published_date_iso8601` may be 5/18/2018 1:26:42 PM: month first, in UTC."""
    text = row.get("published_date_iso8601")
    try:
        moment = datetime.strptime(str(text), "%m/%d/%Y %I:%M:%S %p")
    except ValueError:
        return row
    return {**row, "published_date_iso8601": moment.isoformat() + "Z"}


def without_store_hash(row: Row) -> Row:
    """A webhook names its store, the one that is read; the tap's own column has the same name."""
    return {name: value for name, value in row.items() if name != STORE_HASH}


def store_settings(name: str, permission: str, path: str) -> Stream:
    """A stream of one object without an id. Its key is the store's hash, which the tap adds."""
    return Stream(name, permission, path, OneObject(), primary_keys=(STORE_HASH,))


STREAMS = [
    Stream("store", INFORMATION, "/v2/store", OneObject()),
    store_settings("store_profile", INFORMATION, "/v3/settings/store/profile"),
    store_settings("store_locale", INFORMATION, "/v3/settings/store/locale"),
    store_settings("inventory_settings", INFORMATION, "/v3/settings/inventory"),
    store_settings("catalog_settings", INFORMATION, "/v3/settings/catalog"),
    metafields("store_metafields", INFORMATION, "/v3/store/metafields"),
    # A guess: it is not documented which permission webhooks need.
    Stream("webhooks", INFORMATION, "/v3/hooks", post_process=without_store_hash, id_lookup=SINGLY),
    Stream(
        "channels",
        CHANNELS,
        "/v3/channels",
        params={"include": "currencies"},
        modified_since=MODIFIED,
        channels=Channels(field="id"),
        id_lookup=SINGLY,
    ),
    Stream(
        "channel_listings",
        LISTINGS,
        "/v3/channels/{id}/listings",
        ByListingId(),
        parent="channels",
        primary_keys=("channel_id", "listing_id"),
        modified_since=MODIFIED,
    ),
    metafields("channel_metafields", CHANNELS, "/v3/channels/metafields", "resource_id"),
    Stream(
        "channel_currency_assignments",
        CHANNELS,
        "/v3/channels/currency-assignments",
        AllAtOnce(),
        primary_keys=("channel_id",),
        channels=Channels(field="channel_id"),
    ),
    Stream("sites", SITES, "/v3/sites", channels=BY_CHANNEL_ID, id_lookup=SINGLY),
    Stream("site_routes", SITES, "/v3/sites/{id}/routes", Sequential(), parent="sites"),
    Stream("currencies", INFORMATION, "/v2/currencies", id_lookup=SINGLY),
    Stream(
        "pages",
        CONTENT,
        "/v3/content/pages",
        params={"include": "body"},
        channels=Channels("channel_id", "channel_id"),
        id_lookup=IN_BULK,
    ),
    Stream("blog_posts", CONTENT, "/v2/blog/posts", post_process=with_date, id_lookup=SINGLY),
    Stream(
        "redirects",
        CONTENT,
        "/v3/storefront/redirects",
        ByIdRange("id:min", ASCENDING, DESCENDING),
        params={"include": "to_url"},
        id_lookup=IN_BULK,
    ),
    Stream("tax_classes", INFORMATION, "/v2/tax_classes", id_lookup=SINGLY),
    Stream("tax_zones", INFORMATION, "/v3/tax/zones", AllAtOnce(), id_lookup=IN_BULK),
    Stream("tax_rates", INFORMATION, "/v3/tax/rates", AllAtOnce(), id_lookup=IN_BULK),
    store_settings("tax_settings", INFORMATION, "/v3/tax/settings"),
    Stream("tax_properties", INFORMATION, "/v3/tax/properties", AllAtOnce(), id_lookup=IN_BULK),
    Stream(
        "tax_customers",
        INFORMATION,
        "/v3/tax/customers",
        AllAtOnce(),
        primary_keys=("customer_id",),
        id_lookup=IdLookup({"customer_id:in": "{ids}"}),
    ),
    # The oldest first: new events come after those that have been read.
    Stream(
        "system_logs",
        LOGS,
        "/v3/store/systemlogs",
        ByPage({"sort": "date_created", "direction": "asc"}),
        id_lookup=IN_BULK,
    ),
    Stream(
        "product_tax_properties",
        INFORMATION,
        "/v3/tax/products/properties",
        AllAtOnce(),
        primary_keys=("product_id",),
        id_lookup=IdLookup({"product_id:in": "{ids}"}),
    ),
    Stream("shipping_zones", INFORMATION, "/v2/shipping/zones", AllAtOnce(), id_lookup=SINGLY),
    Stream(
        "shipping_methods",
        INFORMATION,
        "/v2/shipping/zones/{id}/methods",
        AllAtOnce(),
        parent="shipping_zones",
    ),
    Stream(
        "pickup_methods",
        FULFILLMENT_METHODS,
        "/v3/pickup/methods",
        modified_since=MODIFIED,
        id_lookup=IN_BULK,
    ),
    Stream("countries", INFORMATION, "/v2/countries", id_lookup=SINGLY),
    # Of all countries in one list. Single states are below their country, not below this list.
    Stream("states", INFORMATION, "/v2/countries/states"),
    Stream(
        "product_customs_information",
        INFORMATION,  # A guess: the documentation does not say.
        "/v3/shipping/products/customs-information",
        primary_keys=("product_id",),
        id_lookup=IdLookup({"product_id:in": "{ids}"}),
    ),
]
