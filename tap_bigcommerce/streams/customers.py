"""Customers (/v2/customers), their addresses, groups and attributes.

v2 can filter customers by a range of ids, which v3 cannot. A customer's date of modification does
not change with its addresses or attributes, so these are streams with lists of their own.

`limit` is no longer documented for /v2/customers. Other clients send it, and the API applies it. If
it did not, pages would be shorter, and reading by ranges of ids would still be complete.

BigCommerce recommends v3. Once a store no longer has /v2/customers, its customers are read from
/v3/customers.
"""

from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import ByCursor
from tap_bigcommerce.streams.enrichment.customer_details import V3Details, customer_details, from_v3
from tap_bigcommerce.streams.id_lookup import IDS, IN_BULK, SINGLY, IdLookup
from tap_bigcommerce.streams.permissions import CUSTOMERS
from tap_bigcommerce.streams.stream import MODIFIED, Channels, Stream, metafields


def with_complete_key(row: Row) -> Row:
    """A form field's value belongs to a customer or to an address: the other id becomes 0."""
    customer, address = row.get("customer_id") or 0, row.get("address_id") or 0
    return {**row, "customer_id": customer, "address_id": address}


OF_V3 = Stream(
    "customers",
    CUSTOMERS,
    "/v3/customers",
    ByCursor(),
    modified_since=MODIFIED,
    enricher=V3Details,
    post_process=from_v3,
    id_lookup=IN_BULK,
)

STREAMS = [
    Stream(
        "customers",
        CUSTOMERS,
        "/v2/customers",
        ByIdRange("min_id"),
        modified_since="min_date_modified",
        enricher=customer_details,
        # v3 can look up several ids with one request.
        id_lookup=IdLookup(IDS, "/v3/customers"),
        fallback=OF_V3,
    ),
    Stream(
        "customer_addresses",
        CUSTOMERS,
        "/v3/customers/addresses",
        params={"include": "formfields"},
        id_lookup=IN_BULK,
    ),
    Stream(
        "customer_groups",
        CUSTOMERS,
        "/v2/customer_groups",
        modified_since=MODIFIED,
        id_lookup=SINGLY,
    ),
    Stream("customer_attributes", CUSTOMERS, "/v3/customers/attributes", modified_since=MODIFIED),
    Stream(
        "customer_attribute_values",
        CUSTOMERS,
        "/v3/customers/attribute-values",
        modified_since=MODIFIED,
    ),
    Stream(
        "customer_form_field_values",
        CUSTOMERS,
        "/v3/customers/form-field-values",
        ByCursor(),
        primary_keys=("customer_id", "address_id", "name"),
        post_process=with_complete_key,
    ),
    metafields("customer_metafields", CUSTOMERS, "/v3/customers/metafields"),
    Stream(
        "subscribers",
        CUSTOMERS,
        "/v3/customers/subscribers",
        modified_since=MODIFIED,
        channels=Channels(field="channel_id"),
        id_lookup=IN_BULK,
    ),
    Stream("wishlists", CUSTOMERS, "/v3/wishlists", id_lookup=SINGLY),
    Stream("segments", CUSTOMERS, "/v3/segments"),
    Stream("shopper_profiles", CUSTOMERS, "/v3/shopper-profiles"),
]
