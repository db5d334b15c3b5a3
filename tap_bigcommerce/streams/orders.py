"""Orders (/v2/orders), their line items, addresses, shipments, payments."""

from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce, Sequential
from tap_bigcommerce.streams.enrichment.order_details import OrderDetails
from tap_bigcommerce.streams.id_lookup import IdLookup
from tap_bigcommerce.streams.permissions import CARTS, FULFILLMENT, ORDERS, TRANSACTIONS
from tap_bigcommerce.streams.stream import Channels, Stream, metafields

STREAMS = [
    Stream(
        "orders",
        ORDERS,
        "/v2/orders",
        ByIdRange("min_id", {"sort": "id:asc"}, {"sort": "id:desc"}),
        modified_since="min_date_modified",
        channels=Channels("channel_id", "channel_id"),
        enricher=OrderDetails,
        id_lookup=IdLookup(archived="is_deleted"),
    ),
    # Nested in the list of orders: no further requests.
    Stream("order_products", ORDERS, parent="orders", nested="products"),
    Stream("order_shipping_addresses", ORDERS, parent="orders", nested="shipping_addresses"),
    Stream(
        "order_consignments",
        ORDERS,
        parent="orders",
        nested="consignments",
        primary_keys=("order_id",),
    ),
    Stream("order_fees", ORDERS, parent="orders", nested="fees", primary_keys=("order_id", "id")),
    # Nested, too: the enricher adds them to the orders, as the setting order_coupons says.
    Stream("order_coupons", ORDERS, parent="orders", nested="coupons"),
    # Child lists: a request for each order that changed.
    Stream(
        "order_taxes",
        ORDERS,
        "/v2/orders/{id}/taxes",
        Sequential(),
        parent="orders",
        params={"details": "true"},
    ),
    Stream("order_shipments", ORDERS, "/v2/orders/{id}/shipments", Sequential(), parent="orders"),
    Stream("order_messages", ORDERS, "/v2/orders/{id}/messages", Sequential(), parent="orders"),
    # This child list has no pages. Without transactions it answers 404 or 204.
    Stream(
        "order_transactions",
        TRANSACTIONS,
        "/v3/orders/{id}/transactions",
        AllAtOnce(),
        parent="orders",
        empty_is_404=True,
    ),
    # Lists for all orders.
    Stream(
        "order_refunds", ORDERS, "/v3/orders/payment_actions/refunds", modified_since="created:min"
    ),
    metafields("order_metafields", ORDERS, "/v3/orders/metafields"),
    # No date to filter by. Without the ids of orders it has the pickups of all, as far as we know.
    Stream(
        "order_pickups",
        FULFILLMENT,
        "/v3/orders/pickups",
        AllAtOnce(),
        id_lookup=IdLookup({"pickup_id:in": "{ids}"}),
    ),
    metafields("cart_metafields", CARTS, "/v3/carts/metafields"),
    Stream("order_statuses", ORDERS, "/v2/order_statuses", AllAtOnce()),
]
