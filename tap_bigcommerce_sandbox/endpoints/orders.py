"""Endpoints of orders and of their child lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox.endpoints.common import (
    UNPAGED,
    counted,
    equal,
    metafields,
    simple_metafields,
)
from tap_bigcommerce_sandbox.fields import (
    ID,
    PARENT,
    TEXT,
    TEXT_ID,
    ZULU,
    Cell,
    Field,
    array,
    in_turn,
    integer,
    nested,
    nullable,
    one_of,
    only_if,
    refers_to,
    unique,
)
from tap_bigcommerce_sandbox.filters import Filter, v2_range, v3_in
from tap_bigcommerce_sandbox.lists import Computed, Context, Endpoint, RowList, Single
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.responses import ApiError
from tap_bigcommerce_sandbox.rows.metafields import METAFIELDS
from tap_bigcommerce_sandbox.rows.orders.below import ORDER_CHILDREN, TAX_DETAILS
from tap_bigcommerce_sandbox.rows.orders.consignments import consignments
from tap_bigcommerce_sandbox.rows.orders.document import document
from tap_bigcommerce_sandbox.rows.orders.order import INCLUDES, ORDERS
from tap_bigcommerce_sandbox.rows.orders.payments import PAYMENT_CHILDREN, no_transactions
from tap_bigcommerce_sandbox.rows.orders.plan import STATUSES
from tap_bigcommerce_sandbox.simple_lists import Simple, SimpleList
from tap_bigcommerce_sandbox.world import Child, Kind

KINDS: tuple[Kind, ...] = (ORDERS,)
CHILDREN: tuple[Child, ...] = (*ORDER_CHILDREN, *PAYMENT_CHILDREN, *METAFIELDS[:1])

_ORDERS = RowList(
    "orders",
    "v2",
    "orders",
    "orders",
    filters=(
        *v2_range("id", "integer"),
        *v2_range("date_created", "date"),
        *v2_range("date_modified", "date"),
        Filter("min_total", "total_inc_tax", ">=", "number"),
        Filter("max_total", "total_inc_tax", "<=", "number"),
        *equal("customer_id", "status_id", "channel_id", reads="integer"),
        Filter("email", "billing_email"),
        *equal("cart_id", "payment_method", "external_order_id"),
        Filter("is_deleted", "is_deleted", reads="flag", documented=False),
    ),
    sorts=frozenset(
        (
            "id",
            "customer_id",
            "date_created",
            "date_modified",
            "status_id",
            "channel_id",
            "external_id",
        )
    ),
    includes=INCLUDES,
    hides_archived=True,
)

_MOST_TRANSACTIONS = 250


def _order_count(context: Context, request: Request, parents: Sequence[int]) -> Any:
    ids = counted(_ORDERS, context, request)
    statuses = [context.world.field("orders", number, "status_id") for number in ids]
    by_status = [
        {"id": at, "name": name, "sort_order": at, "count": statuses.count(at)}
        for at, name in enumerate(STATUSES)
    ]
    left_out = 0 if context.world.options.counts_incomplete_orders else statuses.count(0)
    return {"statuses": by_status, "count": len(ids) - left_out}


def _consignments(context: Context, request: Request, parents: Sequence[int]) -> Any:
    world, number = context.world, parents[0]
    if number not in world.tables["orders"]:
        raise ApiError(404, "The requested resource was not found.")
    items = "consignments.line_items" in request.comma_list("include")
    cut = world.options.line_item_cut
    return consignments(document(world, number), world.options, items=items, cut=cut)


def _first_line(cell: Cell) -> int:
    """The id of the first line of an order; 0 if it has none."""
    lines = cell.world.below("order_products", cell.parent)
    return lines[0]["id"] if lines else 0


def _below(path: str, *filters: Filter, paging: Paging | None = None) -> RowList:
    return RowList(
        f"order_{path}",
        "v2",
        f"orders/{{}}/{path}",
        "orders",
        filters=filters,
        shown_by={"details": TAX_DETAILS} if path == "taxes" else {},
        paging=paging or Paging(),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _ORDERS,
    Single("order", _ORDERS),
    Computed(
        "orders_count",
        "v2",
        "orders/count",
        "orders",
        _order_count,
        frozenset(item.param for item in _ORDERS.filters),
    ),
    _below("products"),
    _below("shipping_addresses"),
    _below("coupons"),
    _below("taxes"),
    _below("shipments"),
    _below(
        "messages",
        *v2_range("id", "integer"),
        *v2_range("date_created", "date"),
        *equal("customer_id", reads="integer"),
        *equal("is_flagged", reads="flag"),
        *equal("status"),
    ),
    _below("fees", paging=UNPAGED),
    Computed(
        "order_consignments",
        "v2",
        "orders/{}/consignments",
        "orders",
        _consignments,
        frozenset(("include",)),
    ),
    RowList(
        "order_transactions",
        "v3",
        "orders/{}/transactions",
        "transactions",
        paging=Paging("none", most=_MOST_TRANSACTIONS),
        empty_status=no_transactions,
    ),
    RowList(
        "order_refunds",
        "v3",
        "orders/payment_actions/refunds",
        "transactions|orders",
        filters=(
            Filter("created:min", "date_created", ">=", "date", firm=True),
            Filter("created:max", "date_created", "<=", "date", firm=True),
            v3_in("order_id"),
            v3_in("id"),
        ),
        paging=Paging(meta="open"),
    ),
    metafields("order", "orders", "orders"),
)

_PICKUP_ITEM = {
    "id": integer(1, 9000),
    "order_product_id": Field(_first_line, "integer"),
    "quantity": integer(1, 5),
    "status": one_of("AWAITING_COLLECTION", "COLLECTED"),
    "collected_at": only_if("status", "COLLECTED", nullable(ZULU), None),
}

SIMPLE_LISTS: tuple[Simple, ...] = (
    simple_metafields("cart", "v3/carts", "carts", unique("cart"), TEXT_ID),
    SimpleList(
        "order_statuses",
        "v2/order_statuses",
        "orders",
        {
            "id": ID,
            "name": in_turn(*STATUSES),
            "system_label": in_turn(*STATUSES),
            "custom_label": in_turn(*STATUSES[:2], "Versandt 📦", *STATUSES[3:]),
            "system_description": TEXT,
            "order": ID,
        },
        rows=len(STATUSES),
        paging=UNPAGED,
        first_id=0,
        pattern="dense",
    ),
    SimpleList(
        "order_pickups",
        "v3/orders/pickups",
        "order_fulfillment",
        {
            "id": ID,
            "pickup_method_id": refers_to("pickup_methods"),
            "order_id": PARENT,
            "ready_at": ZULU,
            "created_at": ZULU,
            "updated_at": ZULU,
            "pickup_items": array(nested(_PICKUP_ITEM)),
        },
        rows=2,
        filters=(v3_in("order_id"), v3_in("id", param="pickup_id")),
        paging=Paging("none", meta="nothing"),
        parent="orders",
        share=0.1,
    ),
)
