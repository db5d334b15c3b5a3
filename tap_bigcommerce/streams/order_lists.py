"""What belongs to orders: nested in their list, in lists of their own, and in bulk."""

from tap_bigcommerce.pages.in_turn import AllAtOnce, ByCursor, ByPage
from tap_bigcommerce.streams.orders import ITEM_PATHS, LINKS_OF_ADDRESSES
from tap_bigcommerce.streams.own_lists import Paging
from tap_bigcommerce.streams.stream import ORDERS, TRANSACTIONS, Child, Stream

DATE = "order_date_modified"

# Nested in the list of orders: they cost no requests.
ORDER_PRODUCTS = Stream(
    name="order_products",
    permission=ORDERS,
    child=Child("orders", nested="products"),
    replication_key=DATE,
)
ORDER_SHIPPING_ADDRESSES = Stream(
    name="order_shipping_addresses",
    permission=ORDERS,
    child=Child("orders", nested="shipping_addresses"),
    replication_key=DATE,
    links=("shipping_quotes",),
    text_paths=("form_fields[].value",),
)
ORDER_CONSIGNMENTS = Stream(
    name="order_consignments",
    permission=ORDERS,
    child=Child("orders", nested="consignments", needs=ITEM_PATHS),
    keys=("order_id",),
    replication_key=DATE,
    links=LINKS_OF_ADDRESSES,
    text_paths=("shipping[].form_fields[].value",),
)
ORDER_FEES = Stream(
    name="order_fees",
    permission=ORDERS,
    child=Child("orders", nested="fees"),
    keys=("order_id", "id"),
    replication_key=DATE,
)

# Lists of each order's own: a request for each order that changed.
ORDER_COUPONS = Stream(
    name="order_coupons",
    permission=ORDERS,
    child=Child("orders", own_list="coupons"),
    replication_key=DATE,
)
ORDER_TAXES = Stream(
    name="order_taxes",
    permission=ORDERS,
    child=Child("orders", own_list="taxes", params={"details": "true"}),
    replication_key=DATE,
)
ORDER_SHIPMENTS = Stream(
    name="order_shipments",
    permission=ORDERS,
    child=Child("orders", own_list="shipments"),
    replication_key=DATE,
    text_paths=("billing_address.form_fields[].value",),
)
ORDER_MESSAGES = Stream(
    name="order_messages",
    permission=ORDERS,
    child=Child("orders", own_list="messages"),
    replication_key=DATE,
    links=("customer",),
)
# v3, without pages; an order without any answers 404 or 204.
ORDER_TRANSACTIONS = Stream(
    name="order_transactions",
    permission=TRANSACTIONS,
    child=Child(
        "orders", own_list="/v3/orders/{id}/transactions", none_is_404=True, paging=Paging.NONE
    ),
    replication_key=DATE,
)

# In bulk.
ORDER_REFUNDS = Stream(
    name="order_refunds",
    path="/v3/orders/payment_actions/refunds",
    permission=ORDERS,
    walk=ByPage(),
    replication_key="created",
    modified_since="created:min",
)
ORDER_METAFIELDS = Stream(
    name="order_metafields",
    path="/v3/orders/metafields",
    permission=ORDERS,
    walk=ByCursor(),
    replication_key="date_modified",
    modified_since="date_modified:min",
)
ORDER_STATUSES = Stream(
    name="order_statuses",
    path="/v2/order_statuses",
    permission=ORDERS,
    walk=AllAtOnce(),
)
