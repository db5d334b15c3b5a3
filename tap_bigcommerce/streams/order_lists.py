"""What belongs to orders: nested in their list, in lists of their own, and in bulk."""

from tap_bigcommerce.pages.in_turn import AllAtOnce, ByCursor
from tap_bigcommerce.streams.consignments import ITEM_PATHS
from tap_bigcommerce.streams.stream import ORDERS, TRANSACTIONS, Child, Incremental, Stream

DATE = "order_date_modified"

# Nested in the list of orders: they cost no requests.
ORDER_PRODUCTS = Stream(
    name="order_products",
    permission=ORDERS,
    child=Child("orders", nested="products"),
    incremental=Incremental(DATE),
)
ORDER_SHIPPING_ADDRESSES = Stream(
    name="order_shipping_addresses",
    permission=ORDERS,
    child=Child("orders", nested="shipping_addresses"),
    incremental=Incremental(DATE),
)
ORDER_CONSIGNMENTS = Stream(
    name="order_consignments",
    permission=ORDERS,
    child=Child("orders", nested="consignments", needs=ITEM_PATHS),
    keys=("order_id",),
    incremental=Incremental(DATE),
)
ORDER_FEES = Stream(
    name="order_fees",
    permission=ORDERS,
    child=Child("orders", nested="fees"),
    keys=("order_id", "id"),
    incremental=Incremental(DATE),
)

# In the orders, too, once they have been asked for as the setting order_coupons says.
ORDER_COUPONS = Stream(
    name="order_coupons",
    permission=ORDERS,
    child=Child("orders", nested="coupons"),
    incremental=Incremental(DATE),
)

# Lists of each order's own: a request for each order that changed.
ORDER_TAXES = Stream(
    name="order_taxes",
    permission=ORDERS,
    child=Child("orders", own_list="taxes"),
    params={"details": "true"},
    incremental=Incremental(DATE),
)
ORDER_SHIPMENTS = Stream(
    name="order_shipments",
    permission=ORDERS,
    child=Child("orders", own_list="shipments"),
    incremental=Incremental(DATE),
)
ORDER_MESSAGES = Stream(
    name="order_messages",
    permission=ORDERS,
    child=Child("orders", own_list="messages"),
    incremental=Incremental(DATE),
)
# v3, without pages; an order without any answers 404 or 204.
ORDER_TRANSACTIONS = Stream(
    name="order_transactions",
    permission=TRANSACTIONS,
    child=Child(
        "orders", own_list="/v3/orders/{id}/transactions", none_is_404=True, paging=AllAtOnce()
    ),
    incremental=Incremental(DATE),
)

# In bulk.
ORDER_REFUNDS = Stream(
    name="order_refunds",
    path="/v3/orders/payment_actions/refunds",
    permission=ORDERS,
    incremental=Incremental("created", "created:min"),
)
ORDER_METAFIELDS = Stream(
    name="order_metafields",
    path="/v3/orders/metafields",
    permission=ORDERS,
    walk=ByCursor(),
    incremental=Incremental("date_modified", "date_modified:min"),
)
ORDER_STATUSES = Stream(
    name="order_statuses",
    path="/v2/order_statuses",
    permission=ORDERS,
    walk=AllAtOnce(),
)
