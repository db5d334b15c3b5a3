"""Every endpoint the sandbox answers, as a table. To add a list, add a declaration here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.answers import ApiError
from sandbox.filters import Filter, v2_range, v3_family
from sandbox.lists import ChildList, Computed, Context, Endpoint, Single, TopList
from sandbox.request import Request
from sandbox.rows.coupons import COUPONS
from sandbox.rows.customers import CUSTOMERS
from sandbox.rows.orders import below
from sandbox.rows.orders.consignments import consignments
from sandbox.rows.orders.document import document
from sandbox.rows.orders.order import INCLUDES, ORDERS
from sandbox.rows.orders.plan import STATUSES
from sandbox.rows.products.parts import PARTS
from sandbox.rows.products.product import PRODUCTS
from sandbox.rows.store import store_information
from sandbox.world import Kind, World

KINDS: tuple[Kind, ...] = (ORDERS, CUSTOMERS, COUPONS, PRODUCTS)

_ORDERS = TopList(
    "orders",
    "v2",
    "orders",
    "orders",
    kind="orders",
    filters=(
        *v2_range("id", "whole"),
        *v2_range("date_created", "date"),
        *v2_range("date_modified", "date"),
        Filter("min_total", "total_inc_tax", ">=", "number"),
        Filter("max_total", "total_inc_tax", "<=", "number"),
        Filter("customer_id", "customer_id", reads="whole"),
        Filter("status_id", "status_id", reads="whole"),
        Filter("channel_id", "channel_id", reads="whole"),
        Filter("email", "billing_email"),
        Filter("cart_id", "cart_id"),
        Filter("payment_method", "payment_method"),
        Filter("external_order_id", "external_order_id"),
        Filter("is_deleted", "is_deleted", reads="flag"),
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

_CUSTOMERS = TopList(
    "customers",
    "v2",
    "customers",
    "customers",
    kind="customers",
    filters=(
        *v2_range("id", "whole"),
        *v2_range("date_created", "date"),
        *v2_range("date_modified", "date"),
        Filter("first_name", "first_name"),
        Filter("last_name", "last_name"),
        Filter("company", "company"),
        Filter("email", "email"),
        Filter("phone", "phone"),
        Filter("store_credit", "store_credit", reads="number"),
        Filter("customer_group_id", "customer_group_id", reads="whole"),
        Filter("tax_exempt_category", "tax_exempt_category"),
    ),
)

_COUPONS = TopList(
    "coupons",
    "v2",
    "coupons",
    "marketing",
    kind="coupons",
    filters=(
        *v2_range("id", "whole"),
        Filter("id", "id", reads="whole"),
        Filter("code", "code"),
        Filter("name", "name"),
        Filter("type", "type"),
        Filter("exclude_type", "type", "!="),
    ),
)

_PRODUCTS = TopList(
    "products",
    "v3",
    "catalog/products",
    "products",
    kind="products",
    filters=(
        *v3_family("id", "whole", "in", "not_in", "min", "max", "greater", "less"),
        *v3_family("date_modified", "day date", "min", "max"),
        *v3_family("inventory_level", "whole", "in", "not_in", "min", "max", "greater", "less"),
        *v3_family("sku", "text", "in"),
        Filter("name", "name"),
        Filter("upc", "upc"),
        Filter("price", "price", reads="number"),
        Filter("condition", "condition"),
        Filter("brand_id", "brand_id", reads="whole"),
        Filter("is_visible", "is_visible", reads="flag"),
        Filter("is_featured", "is_featured", reads="flag"),
        Filter("is_free_shipping", "is_free_shipping", reads="flag"),
        Filter("total_sold", "total_sold", reads="whole"),
        Filter("type", "type"),
        Filter("availability", "availability"),
        Filter("keyword", "name", "like"),
    ),
    sorts=frozenset(
        (
            "id",
            "name",
            "sku",
            "price",
            "date_modified",
            "date_last_imported",
            "inventory_level",
            "is_visible",
            "total_sold",
            "calculated_price",
        )
    ),
    includes=frozenset(PARTS),
    capping_includes=frozenset(("options", "modifiers")),
    chooses_fields=True,
    extra_meta={"too_many": False},
)


def _time(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return {"time": context.world.clock.second()}


def _store(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return store_information(context.world)


def _summary(context: Context, request: Request, parents: Sequence[int]) -> Any:
    count = len(context.world.tables["products"].ids)
    data = {
        "inventory_count": count * 10,
        "variant_count": count * 2,
        "inventory_value": count * 250,
        "highest_variant_price": 299.99,
        "average_variant_price": 123.45,
        "lowest_variant_price": 1.99,
        "oldest_variant_date": "2023-04-02T00:00:00+00:00",
        "newest_variant_date": "2026-03-31T00:00:00+00:00",
        "primary_category_id": 18,
        "primary_category_name": "Kitchen 🍳",
    }
    return {"data": data, "meta": {}}


def _count_of(listed: TopList) -> Computed:
    def count(context: Context, request: Request, parents: Sequence[int]) -> Any:
        return {"count": len(listed.matching(context, request))}

    return Computed(f"{listed.name}_count", "v2", f"{listed.path}/count", listed.scope, count)


def _order_count(context: Context, request: Request, parents: Sequence[int]) -> Any:
    ids = _ORDERS.matching(context, request)
    statuses = [context.world.field("orders", number, "status_id") for number in ids]
    counted = [
        {"id": at, "name": name, "sort_order": at, "count": statuses.count(at)}
        for at, name in enumerate(STATUSES)
    ]
    return {"statuses": counted, "count": len(ids)}


def _consignments(context: Context, request: Request, parents: Sequence[int]) -> Any:
    world, number = context.world, parents[0]
    if number not in world.tables["orders"]:
        raise ApiError(404, "The requested resource was not found.")
    items = "consignments.line_items" in request.words("include")
    cut = world.options.line_item_cut
    return consignments(document(world, number), world.options, items=items, cut=cut)


def _below_order(
    name: str, path: str, rows: Callable[[World, int, Request], list[Any]], paged: bool = True
) -> ChildList:
    return ChildList(name, "v2", f"orders/{{}}/{path}", "orders", "orders", rows, paged)


def _below_product(name: str, path: str, part: str) -> ChildList:
    def rows(world: World, number: int, request: Request) -> list[Any]:
        found: list[Any] = PARTS[part](world, number)
        return found

    path = f"catalog/products/{{}}/{path}"
    return ChildList(name, "v3", path, "products", "products", rows)


def _product_count(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return {"count": len(context.world.tables["products"].ids)}


ENDPOINTS: tuple[Endpoint, ...] = (
    # /v2/time needs a token but no particular scope.
    Computed("time", "v2", "time", "", _time),
    Computed("store", "v2", "store", "information", _store),
    _ORDERS,
    Single("order", _ORDERS),
    Computed("orders_count", "v2", "orders/count", "orders", _order_count),
    _below_order("order_products", "products", below.products),
    _below_order("order_shipping_addresses", "shipping_addresses", below.shipping_addresses),
    _below_order("order_coupons", "coupons", below.coupons),
    _below_order("order_taxes", "taxes", below.taxes),
    _below_order("order_shipments", "shipments", below.shipments),
    _below_order("order_messages", "messages", below.messages),
    _below_order("order_fees", "fees", below.fees, paged=False),
    Computed("order_consignments", "v2", "orders/{}/consignments", "orders", _consignments),
    _CUSTOMERS,
    Single("customer", _CUSTOMERS),
    _count_of(_CUSTOMERS),
    _COUPONS,
    Single("coupon", _COUPONS),
    _count_of(_COUPONS),
    _PRODUCTS,
    Single("product", _PRODUCTS),
    _below_product("product_variants", "variants", "variants"),
    _below_product("product_images", "images", "images"),
    _below_product("product_custom_fields", "custom-fields", "custom_fields"),
    _below_product("product_bulk_pricing_rules", "bulk-pricing-rules", "bulk_pricing_rules"),
    _below_product("product_videos", "videos", "videos"),
    Computed("products_count", "v2", "products/count", "products", _product_count),
    Computed("catalog_summary", "v3", "catalog/summary", "products", _summary),
)
