"""Customers: GET /v2/customers, which can be walked by id; v3 cannot filter by it.

`limit` is no longer documented there, and yet every client sends it, and it is heeded. Were it not,
pages would be shorter, and a walk by id whole all the same.
"""

from tap_bigcommerce.pages.by_id import IdParameters
from tap_bigcommerce.streams.customer_details import ONLY_V3, CustomerDetails
from tap_bigcommerce.streams.presence import IN_BULK, Presence
from tap_bigcommerce.streams.stream import CUSTOMERS as PERMISSION
from tap_bigcommerce.streams.stream import Count, Incremental, Plan, Stream, Wish


def plan(wish: Wish) -> Plan:
    """Ask v3, too, where one of the fields is selected that only v3 has."""
    fields = [name for name in ONLY_V3 if wish.wants(name)]
    return Plan(enricher=CustomerDetails(fields, wish) if fields else None)


# v2 lists customers by id, v3 takes several ids at once.
CUSTOMERS = Stream(
    name="customers",
    path="/v2/customers",
    walk=IdParameters("min_id"),
    permission=PERMISSION,
    incremental=Incremental("date_modified", "min_date_modified"),
    plan=plan,
    presence=Presence("/v3/customers", IN_BULK),
    count=Count("/v2/customers/count"),
)
