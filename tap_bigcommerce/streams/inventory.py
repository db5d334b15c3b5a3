"""Stock levels and locations.

Stock changes without a change of any date, so all of it is read in every sync.
"""

from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.streams.id_lookup import IdLookup
from tap_bigcommerce.streams.permissions import INVENTORY, LOCATIONS
from tap_bigcommerce.streams.stream import Stream, metafields


def with_variant_id(row: Row) -> Row:
    """Copies the variant's id, the primary key, from `identity` to the top level."""
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
    metafields("location_metafields", LOCATIONS, "/v3/inventory/locations/metafields"),
]
