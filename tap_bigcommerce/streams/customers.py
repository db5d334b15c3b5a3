"""Customers: GET /v2/customers, which can be walked by id; v3 cannot filter by it. And what belongs
to them, all in bulk: their date of modification does not change with these.

`limit` is no longer documented there, and yet every client sends it, and it is heeded. Were it not,
pages would be shorter, and a walk by id whole all the same.
"""

from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.pagination.sequential import ByCursor
from tap_bigcommerce.streams.enrichment.customer_details import customer_details
from tap_bigcommerce.streams.id_lookup import IDS, IN_BULK, SINGLY, IdLookup
from tap_bigcommerce.streams.permissions import CUSTOMERS
from tap_bigcommerce.streams.stream import MODIFIED, Channels, Count, Stream, metafields


def with_complete_key(row: Row) -> Row:
    """A form field's value belongs to a customer or to an address: 0 for the other."""
    customer, address = row.get("customer_id") or 0, row.get("address_id") or 0
    return {**row, "customer_id": customer, "address_id": address}


STREAMS = [
    Stream(
        "customers",
        CUSTOMERS,
        "/v2/customers",
        ByIdRange("min_id"),
        modified_since="min_date_modified",
        enricher=customer_details,
        # v2 lists customers by id, v3 takes several ids at once.
        id_lookup=IdLookup(IDS, "/v3/customers"),
        count=Count(),
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
        count=Count(),
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
]
