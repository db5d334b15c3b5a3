"""All lists of the sandbox in a table: where each is, what it needs, how it comes in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox_client import Get

from tap_bigcommerce_sandbox import Store

Row = dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """A list. {} in its path stands for a row of `parents`.

    pages: "page"; "both" (cursors too); "cursor"; "after"; "once" (all rows in one answer).
    all: what a request asks for so that rows are whole. key: what rows are unique by.
    """

    name: str
    path: str
    scope: str
    pages: str = "page"
    parents: str = ""
    all: str = ""
    key: tuple[str, ...] = ("id",)
    derived: bool = False

    @property
    def api(self) -> str:
        return self.path[:2]


def _order(name: str, pages: str = "page", all: str = "") -> Listed:
    return Listed(f"order_{name}", f"v2/orders/{{}}/{name}", "orders", pages, "orders", all)


def _product(path: str) -> Listed:
    name = "product_" + path.replace("-", "_")
    return Listed(name, f"v3/catalog/products/{{}}/{path}", "products", parents="products")


def _metafields(name: str, path: str, scope: str = "products") -> Listed:
    return Listed(f"{name}_metafields", f"v3/{path}/metafields", scope, "both")


_PRICES = "include=bulk_pricing_tiers,sku"
LISTS = (
    Listed("orders", "v2/orders", "orders"),
    _order("products"),
    _order("shipping_addresses"),
    _order("coupons"),
    _order("fees", "once"),
    _order("taxes", all="details=true"),
    _order("shipments"),
    _order("messages"),
    Listed("order_transactions", "v3/orders/{}/transactions", "transactions", "once", "orders"),
    Listed("order_refunds", "v3/orders/payment_actions/refunds", "transactions|orders"),
    _metafields("order", "orders", "orders"),
    Listed("order_statuses", "v2/order_statuses", "orders", "once"),
    Listed("customers", "v2/customers", "customers"),
    Listed("customers_v3", "v3/customers", "customers", "both"),
    Listed("customer_addresses", "v3/customers/addresses", "customers", all="include=formfields"),
    Listed("customer_groups", "v2/customer_groups", "customers"),
    Listed("customer_attributes", "v3/customers/attributes", "customers"),
    Listed("customer_attribute_values", "v3/customers/attribute-values", "customers"),
    Listed(
        "customer_form_field_values",
        "v3/customers/form-field-values",
        "customers",
        "both",
        key=("customer_id", "address_id", "name"),
    ),
    _metafields("customer", "customers", "customers"),
    Listed("subscribers", "v3/customers/subscribers", "customers"),
    Listed("wishlists", "v3/wishlists", "customers"),
    Listed("segments", "v3/segments", "customers"),
    Listed("products", "v3/catalog/products", "products"),
    Listed("product_variants", "v3/catalog/variants", "products"),
    _product("variants"),
    _product("images"),
    _product("videos"),
    _product("custom-fields"),
    _product("bulk-pricing-rules"),
    _product("options"),
    _product("modifiers"),
    _product("reviews"),
    _metafields("product", "catalog/products"),
    _metafields("variant", "catalog/variants"),
    Listed("brands", "v3/catalog/brands", "products"),
    _metafields("brand", "catalog/brands"),
    Listed("categories", "v3/catalog/categories", "products"),
    _metafields("category", "catalog/categories"),
    Listed("category_trees", "v3/catalog/trees", "products", "once"),
    Listed("tree_categories", "v3/catalog/trees/categories", "products", key=("category_id",)),
    Listed(
        "product_category_assignments",
        "v3/catalog/products/category-assignments",
        "products",
        key=("product_id", "category_id"),
    ),
    Listed(
        "product_channel_assignments",
        "v3/catalog/products/channel-assignments",
        "products",
        key=("product_id", "channel_id"),
    ),
    Listed("inventory_items", "v3/inventory/items", "inventory", key=("identity",), derived=True),
    Listed("locations", "v3/inventory/locations", "locations"),
    Listed("price_lists", "v3/pricelists", "products", "both"),
    Listed(
        "price_list_records",
        "v3/pricelists/{}/records",
        "products",
        "both",
        "price_lists",
        _PRICES,
        ("price_list_id", "variant_id", "currency"),
    ),
    Listed("price_list_assignments", "v3/pricelists/assignments", "products", "both"),
    Listed("promotions", "v3/promotions", "marketing"),
    Listed("promotion_codes", "v3/promotions/{}/codes", "marketing", "cursor", "promotions"),
    Listed("coupons", "v2/coupons", "marketing"),
    Listed("gift_certificates", "v2/gift_certificates", "marketing"),
    Listed("banners", "v2/banners", "marketing"),
    Listed("channels", "v3/channels", "channels", all="include=currencies"),
    Listed(
        "channel_listings",
        "v3/channels/{}/listings",
        "listings",
        "after",
        "channels",
        key=("listing_id",),
    ),
    Listed("sites", "v3/sites", "sites"),
    Listed("currencies", "v2/currencies", "information"),
    Listed("pages", "v3/content/pages", "content", all="include=body"),
    Listed("blog_posts", "v2/blog/posts", "content"),
    Listed("redirects", "v3/storefront/redirects", "content", all="include=to_url"),
    Listed("tax_classes", "v2/tax_classes", "information"),
    Listed("tax_zones", "v3/tax/zones", "information", "once"),
    Listed("tax_rates", "v3/tax/rates", "information", "once"),
    Listed("shipping_zones", "v2/shipping/zones", "information", "once"),
    Listed(
        "shipping_methods",
        "v2/shipping/zones/{}/methods",
        "information",
        "once",
        "shipping_zones",
    ),
)


def every_row(store: Store, get: Get, listed: Listed, limit: int, **query: Any) -> list[Row]:
    """All rows of a list, below all parents, read as its kind of pages wants."""
    name, _, value = listed.all.partition("=")
    query = {**({name: value} if name else {}), **query}
    return [
        row
        for path in paths(store, listed)
        for row in walk(get, path, listed.pages, limit, **query)
    ]


def paths(store: Store, listed: Listed) -> list[str]:
    """The path of a list, or one for each parent."""
    if not listed.parents:
        return [listed.path]
    return [listed.path.format(row["id"]) for row in store.records(listed.parents)]


def walk(get: Get, path: str, pages: str, limit: int, **query: Any) -> Iterator[Row]:
    """The rows at one path, part by part."""
    if pages == "once":
        answer = get(path, **query)
        yield from _rows(answer.json) if answer.status == 200 else ()
        return
    place: Any = {"page": 1} if pages in ("page", "both") else {}
    for _ in range(1000):
        answer = get(path, limit=limit, **place, **query)
        rows = _rows(answer.json)
        yield from rows
        place = _next(pages, place, answer.json, rows)
        if place is None:
            return
    raise AssertionError(f"{path} does not end")


def _rows(body: Any) -> list[Row]:
    return (body["data"] if isinstance(body, dict) else body) or []


def _next(pages: str, place: Any, body: Any, rows: list[Row]) -> Any:
    """Where the next part begins; None at the end."""
    if pages == "after":
        whole = "next" not in body["meta"]["pagination"]["links"]
        return None if whole else {"after": rows[-1]["listing_id"]}
    if pages == "cursor":
        cursors = body["meta"]["cursor_pagination"]
        return {"after": cursors["end_cursor"]} if "next" in cursors["links"] else None
    meta = body["meta"].get("pagination", {}) if isinstance(body, dict) else {}
    if "total_pages" in meta:
        return {"page": place["page"] + 1} if place["page"] < meta["total_pages"] else None
    return {"page": place["page"] + 1} if rows else None
