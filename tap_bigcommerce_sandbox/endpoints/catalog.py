"""Endpoints of products and their child lists, brands, categories, inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tap_bigcommerce_sandbox.endpoints.common import (
    PAGED,
    UNPAGED,
    equal,
    metafields,
    simple_metafields,
)
from tap_bigcommerce_sandbox.fields import refers_to
from tap_bigcommerce_sandbox.filters import Filter, v3_family, v3_in
from tap_bigcommerce_sandbox.lists import Computed, Context, Endpoint, RowList, Single
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.rows.catalog import CATALOG_KINDS
from tap_bigcommerce_sandbox.rows.inventory import INVENTORY_ITEMS, LOCATIONS
from tap_bigcommerce_sandbox.rows.metafields import METAFIELDS
from tap_bigcommerce_sandbox.rows.products.children import PARTS, PRODUCT_CHILDREN
from tap_bigcommerce_sandbox.rows.products.product import PRODUCTS
from tap_bigcommerce_sandbox.simple_lists import Simple
from tap_bigcommerce_sandbox.world import Child, Kind

KINDS: tuple[Kind, ...] = (PRODUCTS, *CATALOG_KINDS, LOCATIONS)
CHILDREN: tuple[Child, ...] = (*PRODUCT_CHILDREN, INVENTORY_ITEMS, *METAFIELDS[2:])

_ID_FILTERS = v3_family("id", "integer", "in", "not_in", "min", "max", "greater", "less")
_PRODUCTS = RowList(
    "products",
    "v3",
    "catalog/products",
    "products",
    filters=(
        *_ID_FILTERS,
        *v3_family("date_modified", "day date", "min", "max"),
        *v3_family("inventory_level", "integer", "in", "not_in", "min", "max", "greater", "less"),
        *v3_family("sku", "text", "in"),
        *equal("name", "upc", "condition", "type", "availability"),
        *equal("price", reads="number"),
        *equal("brand_id", "total_sold", reads="integer"),
        *equal("is_visible", "is_featured", "is_free_shipping", reads="flag"),
        Filter("channel_id:in", "channels", "has", "integer"),
        Filter("categories", "categories", "has", "integer"),
        Filter("categories:in", "categories", "has", "integer"),
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
    direction=True,
    includes=frozenset(PARTS),
    capping_includes=frozenset(("options", "modifiers")),
    chooses_fields=True,
    paging=Paging(extra={"too_many": False}),
)


def _below(path: str, *filters: Filter, paging: Paging = PAGED) -> RowList:
    name = path.replace("-", "_")
    return RowList(
        f"product_{name}",
        "v3",
        f"catalog/products/{{}}/{path}",
        "products",
        filters=filters,
        chooses_fields=True,
        paging=paging,
    )


def _assignments(to: str) -> RowList:
    return RowList(
        f"product_{to}_assignments",
        "v3",
        f"catalog/products/{to}-assignments",
        "products",
        filters=(v3_in("product_id"), v3_in(f"{to}_id")),
    )


def _product_count(context: Context, request: Request, parents: Sequence[int]) -> Any:
    return {"count": len(context.world.tables["products"].ids)}


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


ENDPOINTS: tuple[Endpoint, ...] = (
    _PRODUCTS,
    Single("product", _PRODUCTS),
    Computed("products_count", "v2", "products/count", "products", _product_count),
    Computed("catalog_summary", "v3", "catalog/summary", "products", _summary),
    _below("variants"),
    _below("images"),
    _below("videos"),
    _below("custom-fields"),
    _below("bulk-pricing-rules", paging=UNPAGED),
    _below("options"),
    _below("modifiers"),
    _below("reviews", *equal("status", reads="integer")),
    RowList(
        "variants",
        "v3",
        "catalog/variants",
        "products",
        kind="product_variants",
        filters=(*equal("id", reads="integer"), *equal("sku", "upc"), v3_in("product_id")),
        chooses_fields=True,
    ),
    _assignments("category"),
    _assignments("channel"),
    metafields("product", "catalog/products", "products"),
    metafields("variant", "catalog/variants", "products"),
    metafields("brand", "catalog/brands", "products"),
    metafields("category", "catalog/categories", "products"),
    RowList(
        "brands",
        "v3",
        "catalog/brands",
        "products",
        filters=(
            *_ID_FILTERS,
            *equal("name", "page_title"),
            Filter("name:like", "name", "like"),
        ),
        sorts=frozenset(("name",)),
        direction=True,
        chooses_fields=True,
        paging=Paging(miscounts=True),
    ),
    RowList(
        "categories",
        "v3",
        "catalog/categories",
        "products",
        filters=(
            *_ID_FILTERS,
            *v3_family("parent_id", "integer", "in", "min", "max", "greater", "less"),
            *equal("name", "page_title"),
            Filter("name:like", "name", "like"),
            Filter("keyword", "name", "like"),
            *equal("is_visible", reads="flag"),
        ),
        sorts=frozenset(("name", "id", "parent_id", "sort_order")),
        chooses_fields=True,
    ),
    RowList(
        "category_trees",
        "v3",
        "catalog/trees",
        "products",
        filters=(v3_in("id"), Filter("channel_id:in", "channels", "has", "integer")),
        paging=UNPAGED,
    ),
    RowList(
        "tree_categories",
        "v3",
        "catalog/trees/categories",
        "products",
        filters=(
            *v3_family("category_id", "integer", "in", "not_in")[1:],
            *v3_family("category_uuid", "text", "in", "not_in")[1:],
            *v3_family("tree_id", "integer", "in", "not_in")[1:],
            *v3_family("parent_id", "integer", "in", "not_in")[1:],
            *equal("name", "page_title"),
            Filter("name:like", "name", "like"),
            Filter("keyword", "name", "like"),
            *equal("is_visible", reads="flag"),
        ),
        chooses_fields=True,
    ),
    RowList(
        "inventory_items",
        "v3",
        "inventory/items",
        "inventory",
        filters=(
            v3_in("sku", "text"),
            v3_in("variant_id"),
            v3_in("product_id"),
            Filter("location_id:in", "location_id", "has", "integer"),
            Filter("location_code:in", "location_code", "has"),
        ),
        paging=Paging(larger=4),
    ),
    RowList(
        "locations",
        "v3",
        "inventory/locations",
        "locations",
        filters=(
            v3_in("id", param="location_id"),
            v3_in("location_code", "text"),
            *equal("is_default", "managed_by_external_source", reads="flag"),
            *equal("storefront_visibility", reads="flag"),
            Filter("is_active", "enabled", reads="flag"),
            v3_in("type_id", "text"),
        ),
        paging=Paging(larger=4),
    ),
)

SIMPLE_LISTS: tuple[Simple, ...] = (
    simple_metafields("location", "v3/inventory/locations", "locations", refers_to("locations")),
)
