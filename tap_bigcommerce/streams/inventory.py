"""Stock and where it lies. It changes without its product's date: read whole, in bulk."""

from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.streams.id_lookup import IdLookup
from tap_bigcommerce.streams.permissions import INVENTORY, LOCATIONS
from tap_bigcommerce.streams.stream import Stream


def with_variant_id(row: Row) -> Row:
    """The variant's id is the key, but stands one floor below."""
    identity = row.get("identity")
    return {"variant_id": identity.get("variant_id") if isinstance(identity, dict) else None, **row}


STREAMS = [
    Stream(
        "inventory_items",
        INVENTORY,
        "/v3/inventory/items",
        primary_keys=("variant_id",),
        post_process=with_variant_id,
        id_lookup=IdLookup({"variant_id:in": "{ids}"}),
    ),
    Stream(
        "locations",
        LOCATIONS,
        "/v3/inventory/locations",
        id_lookup=IdLookup({"location_id:in": "{ids}"}),
    ),
]
