"""Price lists, what is in them, and whom they are for."""

from tap_bigcommerce.pages.in_turn import ByCursor
from tap_bigcommerce.streams.own_lists import Paging
from tap_bigcommerce.streams.stream import PRODUCTS, Child, Stream

PRICE_LISTS = Stream(
    name="price_lists",
    path="/v3/pricelists",
    permission=PRODUCTS,
    walk=ByCursor(),
    replication_key="date_modified",
    modified_since="date_modified:min",
)
PRICE_LIST_RECORDS = Stream(
    name="price_list_records",
    permission=PRODUCTS,
    child=Child(
        "price_lists",
        own_list="records",
        params={"include": "bulk_pricing_tiers,sku"},
        paging=Paging.CURSOR,
        parent_id="price_list_id",
        parent_date=None,
        modified_since="date_modified:min",
    ),
    keys=("price_list_id", "variant_id", "currency"),
    replication_key="date_modified",
)
PRICE_LIST_ASSIGNMENTS = Stream(
    name="price_list_assignments",
    channel_param="channel_id:in",
    channel_field="channel_id",
    path="/v3/pricelists/assignments",
    permission=PRODUCTS,
    walk=ByCursor(),
)
