"""Orders: GET /v2/orders, with line items and addresses in the same answer."""

from tap_bigcommerce.config import Config
from tap_bigcommerce.pages.by_id import IdParameters
from tap_bigcommerce.streams.order_details import OrderDetails
from tap_bigcommerce.streams.presence import Presence
from tap_bigcommerce.streams.stream import ORDERS as PERMISSION
from tap_bigcommerce.streams.stream import Channels, Count, Incremental, Plan, Stream, Wish

LINKS_OF_ADDRESSES = ("shipping[].shipping_quotes",)


def without_coupons(config: Config | None) -> tuple[str, ...]:
    """Orders have no field `coupons` where nobody asks for them: null would be a lie."""
    return ("coupons",) if config is not None and config.order_coupons == "never" else ()


def plan(wish: Wish) -> Plan:
    """Line items, addresses and fees come with the list, 250 orders a request."""
    details = OrderDetails(wish)
    return Plan(details=details.params, enricher=details)


ABANDONED = ("status_id", 0)
"""Checkouts that were not completed, which the API lists as orders."""

ORDERS = Stream(
    name="orders",
    channels=Channels(filter="channel_id", field="channel_id"),
    path="/v2/orders",
    walk=IdParameters("min_id", {"sort": "id:asc"}, {"sort": "id:desc"}),
    permission=PERMISSION,
    incremental=Incremental("date_modified", "min_date_modified"),
    plan=plan,
    fields_without=without_coupons,
    presence=Presence("/v2/orders/{id}", archived="is_deleted"),
    count=Count("/v2/orders/count", ABANDONED),
)
