"""Price lists, what is in them, and whom they are for."""

from tap_bigcommerce.pages.in_turn import ByCursor
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.stream import PRODUCTS, Channels, Child, Incremental, Stream

PRICE_LISTS = Stream(
    name="price_lists",
    path="/v3/pricelists",
    permission=PRODUCTS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
    presence=Presence(params=IN_BULK),
)
PRICE_LIST_RECORDS = Stream(
    name="price_list_records",
    permission=PRODUCTS,
    child=Child("price_lists", own_list="records"),
    params={"include": "bulk_pricing_tiers,sku"},
    keys=("price_list_id", "variant_id", "currency"),
    incremental=Incremental("date_modified", "date_modified:min"),
)
PRICE_LIST_ASSIGNMENTS = Stream(
    name="price_list_assignments",
    channels=Channels(filter="channel_id:in", field="channel_id"),
    path="/v3/pricelists/assignments",
    permission=PRODUCTS,
    walk=ByCursor(),
    presence=Presence(params=IN_BULK),
)
