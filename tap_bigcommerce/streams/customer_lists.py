"""What belongs to customers, all in bulk.

A customer's date of modification does not change with these, so none of them follows from it.
"""

from tap_bigcommerce.pages.in_turn import ByCursor
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.stream import CUSTOMERS, Channels, Count, Incremental, Stream


def with_whole_key(row: Row) -> Row:
    """A form field's value belongs to a customer or to an address: 0 for the other."""
    customer, address = row.get("customer_id") or 0, row.get("address_id") or 0
    return {**row, "customer_id": customer, "address_id": address}


CUSTOMER_ADDRESSES = Stream(
    name="customer_addresses",
    path="/v3/customers/addresses",
    permission=CUSTOMERS,
    params={"include": "formfields"},
    presence=Presence(params=IN_BULK, short={}),
)
CUSTOMER_GROUPS = Stream(
    name="customer_groups",
    path="/v2/customer_groups",
    permission=CUSTOMERS,
    incremental=Incremental("date_modified", "date_modified:min"),
    presence=Presence("/v2/customer_groups/{id}"),
    count=Count("/v2/customer_groups/count"),
)
CUSTOMER_ATTRIBUTES = Stream(
    name="customer_attributes",
    path="/v3/customers/attributes",
    permission=CUSTOMERS,
    incremental=Incremental("date_modified", "date_modified:min"),
)
CUSTOMER_ATTRIBUTE_VALUES = Stream(
    name="customer_attribute_values",
    path="/v3/customers/attribute-values",
    permission=CUSTOMERS,
    incremental=Incremental("date_modified", "date_modified:min"),
)
CUSTOMER_FORM_FIELD_VALUES = Stream(
    name="customer_form_field_values",
    path="/v3/customers/form-field-values",
    permission=CUSTOMERS,
    walk=ByCursor(),
    keys=("customer_id", "address_id", "name"),
    reshape=with_whole_key,
)
CUSTOMER_METAFIELDS = Stream(
    name="customer_metafields",
    path="/v3/customers/metafields",
    permission=CUSTOMERS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
SUBSCRIBERS = Stream(
    name="subscribers",
    channels=Channels(field="channel_id"),
    path="/v3/customers/subscribers",
    permission=CUSTOMERS,
    incremental=Incremental("date_modified", "date_modified:min"),
    presence=Presence(params=IN_BULK),
)
WISHLISTS = Stream(
    name="wishlists",
    path="/v3/wishlists",
    permission=CUSTOMERS,
    presence=Presence("/v3/wishlists/{id}"),
)
SEGMENTS = Stream(
    name="segments",
    path="/v3/segments",
    permission=CUSTOMERS,
)
