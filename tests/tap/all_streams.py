"""All streams of the tap, as its users know them, and the rows that they should bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from store_truth import rows_of
from tap_runner import Json

from tap_bigcommerce_sandbox import Store

Key = tuple[Any, ...]

KEYS_FILE = Path(__file__).resolve().parents[1] / "contract" / "keys.tsv"

# Streams whose rows the list of their parents carries already.
IN_ORDERS = ("order_products", "order_shipping_addresses", "order_consignments", "order_fees")
IN_PRODUCTS = (
    "product_images",
    "product_videos",
    "product_custom_fields",
    "product_bulk_pricing_rules",
)
IN_SMALL_PAGES = ("product_options", "product_modifiers")

# Streams that cost a request a parent.
BELOW_ORDERS = (
    "order_taxes",
    "order_shipments",
    "order_messages",
    "order_transactions",
)


@dataclass(frozen=True)
class Parent:
    """Whose rows a stream's rows belong to, and the fields that say so."""

    stream: str
    id: str
    date: str | None = None


_ORDER = Parent("orders", "order_id", "order_date_modified")
_PRODUCT = Parent("products", "product_id", "product_date_modified")
PARENTS: Mapping[str, Parent] = {
    **dict.fromkeys((*IN_ORDERS, "order_coupons", *BELOW_ORDERS), _ORDER),
    **dict.fromkeys((*IN_PRODUCTS, *IN_SMALL_PAGES, "product_reviews"), _PRODUCT),
    "promotion_codes": Parent("promotions", "promotion_id"),
    "price_list_records": Parent("price_lists", "price_list_id"),
    "channel_listings": Parent("channels", "channel_id"),
    "shipping_methods": Parent("shipping_zones", "zone_id"),
}

BY_PARENTS_DATE = tuple(
    name
    for name, parent in PARENTS.items()
    if parent.date is not None and name != "product_reviews"
)
BY_OWN_DATE = (
    "order_metafields",
    "customers",
    "orders",
    "products",
    "customer_groups",
    "customer_attributes",
    "customer_attribute_values",
    "customer_metafields",
    "subscribers",
    "product_metafields",
    "variant_metafields",
    "brand_metafields",
    "category_metafields",
    "price_lists",
    "price_list_records",
    "channels",
    "channel_listings",
)
REPLICATION_KEYS: Mapping[str, str] = {
    **dict.fromkeys(BY_OWN_DATE, "date_modified"),
    **{name: str(PARENTS[name].date) for name in BY_PARENTS_DATE},
    "order_refunds": "created",
}

SCOPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "orders": (
        "Orders",
        (
            "orders",
            *IN_ORDERS,
            "order_coupons",
            *BELOW_ORDERS,
            "order_metafields",
            "order_statuses",
        ),
    ),
    "transactions": ("Order transactions", ("order_transactions",)),
    "customers": (
        "Customers",
        (
            "customers",
            "customer_addresses",
            "customer_groups",
            "customer_attributes",
            "customer_attribute_values",
            "customer_form_field_values",
            "customer_metafields",
            "subscribers",
            "wishlists",
            "segments",
        ),
    ),
    "products": (
        "Products",
        (
            "products",
            *IN_PRODUCTS,
            *IN_SMALL_PAGES,
            "product_reviews",
            "product_variants",
            "product_metafields",
            "variant_metafields",
            "brands",
            "brand_metafields",
            "categories",
            "category_metafields",
            "category_trees",
            "product_category_assignments",
            "product_channel_assignments",
            "price_lists",
            "price_list_records",
            "price_list_assignments",
        ),
    ),
    "inventory": ("Store inventory", ("inventory_items",)),
    "locations": ("Store locations", ("locations",)),
    "marketing": (
        "Marketing",
        ("coupons", "promotions", "promotion_codes", "gift_certificates", "banners"),
    ),
    "channels": ("Channel settings", ("channels", "channel_listings")),
    "listings": ("Channel listings", ("channel_listings",)),
    "sites": ("Sites & routes", ("sites",)),
    "content": ("Content", ("pages", "blog_posts", "redirects")),
    "information": (
        "Information & settings",
        (
            "store",
            "currencies",
            "tax_classes",
            "tax_zones",
            "tax_rates",
            "shipping_zones",
            "shipping_methods",
        ),
    ),
}
"""What cannot be read without a permission: what the control panel calls it, and the streams.

Refunds may be read with the permission for transactions as well as with that for orders.
"""


def keys() -> dict[str, Key]:
    """The primary key of every stream."""
    found: dict[str, Key] = {}
    for line in KEYS_FILE.read_text("utf-8").splitlines()[1:]:
        name, key, _ = line.split("\t")
        found[name] = (*found.get(name, ()), key)
    return found


KEYS = keys()
NAMES = tuple(KEYS)
FULL = tuple(name for name in NAMES if name not in REPLICATION_KEYS)


def list_of(name: str) -> str:
    """What the sandbox calls the list of a stream."""
    return {"product_variants": "variants"}.get(name, name)


def key_of(name: str, row: Json) -> Key:
    return tuple(row[field] for field in KEYS[name])


def truth(store: Store, name: str) -> dict[Key, Json]:
    """The rows of a stream by key, with all that it adds to what the store holds."""
    if name in ("orders", "products", "customers", "coupons"):
        return {(id_,): row for id_, row in rows_of(store, name).items()}
    rows = [_ADDED.get(name, dict)(row) for row in store.records(list_of(name), full=True)]
    parent = PARENTS.get(name)
    if parent is not None:
        dates = {
            row["id"]: row.get("date_modified") for row in store.records(list_of(parent.stream))
        }
        for row in rows:
            row[parent.id] = row.get("_parent", row.get(parent.id))
            if parent.date is not None:
                row[parent.date] = dates[row[parent.id]]
    for row in rows:
        row.pop("_parent", None)
    return {key_of(name, row): row for row in rows}


def _inventory(row: Json) -> Json:
    return {**row, "variant_id": row["identity"]["variant_id"]}


def _form_field_value(row: Json) -> Json:
    ids = {name: row.get(name) or 0 for name in ("customer_id", "address_id")}
    return {**row, **ids}


def _store(row: Json) -> Json:
    return {**row, "logo": row["logo"] or None}


def _certificate(row: Json) -> Json:
    dates = {name: _unix(row[name]) for name in ("purchase_date", "expiry_date")}
    return {**row, **dates, "template": row["template"] or None}


def _unix(text: str) -> str | None:
    moment = datetime.fromtimestamp(int(text), timezone.utc)
    return moment.isoformat() if int(text) else None


def _post(row: Json) -> Json:
    text = row["published_date_iso8601"]
    if "/" in text:
        text = f"{datetime.strptime(text, '%m/%d/%Y %I:%M:%S %p').isoformat()}+00:00"
    return {**row, "published_date_iso8601": text}


def _banner(row: Json) -> Json:
    return {**row, "visible": row["visible"] == "1"}


def _tax_class(row: Json) -> Json:
    return {**row, "id": int(row["id"])}


_ADDED: Mapping[str, Callable[[Json], Json]] = {
    "banners": _banner,
    "blog_posts": _post,
    "tax_classes": _tax_class,
    "inventory_items": _inventory,
    "customer_form_field_values": _form_field_value,
    "store": _store,
    "gift_certificates": _certificate,
}
