"""Customers: GET /v2/customers, which can be walked by id; v3 cannot filter by it."""

from tap_bigcommerce.pages.id_kind import IdParameters
from tap_bigcommerce.streams.stream import CUSTOMERS as PERMISSION
from tap_bigcommerce.streams.stream import Stream

CUSTOMERS = Stream(
    name="customers",
    by_default=True,
    path="/v2/customers",
    walk=IdParameters("min_id"),
    permission=PERMISSION,
    replication_key="date_modified",
    modified_since="min_date_modified",
    links=("addresses",),
    text_paths=("form_fields[].value",),
)
