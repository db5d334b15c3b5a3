"""All streams, as the sandbox declares their lists, and the rows that they should bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from expected import STREAMS
from store_truth import rows_of
from tap_runner import Json

from tap_bigcommerce_sandbox import Store
from tap_bigcommerce_sandbox.lists import RowList

Key = tuple[Any, ...]

NAMES = tuple(STREAMS)
KEYS: Mapping[str, tuple[str, ...]] = {name: listed.key for name, listed in STREAMS.items()}


@dataclass(frozen=True)
class Parent:
    """Whose rows a stream's rows belong to, and the fields that say so."""

    stream: str
    id: str
    date: str | None = None


# Where some rows change their parent's date, all rows below it have it.
_DATES = {listed.parent: listed.parents_date for listed in STREAMS.values() if listed.parents_date}
PARENTS: Mapping[str, Parent] = {
    name: Parent(listed.parent, listed.parent_id, _DATES.get(listed.parent))
    for name, listed in STREAMS.items()
    if listed.parent is not None and listed.parent_id is not None
}

# Streams whose rows the list of their parents carries already.
IN_ORDERS = ("order_products", "order_shipping_addresses", "order_consignments", "order_fees")


def _in_products() -> dict[str, bool]:
    """The lists in the rows of products, and whether the API shows few products with one."""
    listed = STREAMS["products"].endpoint
    assert isinstance(listed, RowList)
    names = {name: f"product_{name}" for name in sorted(listed.includes)}
    return {
        names[name]: name in listed.capping_includes for name in names if names[name] in PARENTS
    }


_IN_PRODUCTS = _in_products()
IN_SMALL_PAGES = tuple(name for name, small in _IN_PRODUCTS.items() if small)
# The others, whose changes are changes of the product. A review is none.
IN_PRODUCTS = tuple(
    name for name, small in _IN_PRODUCTS.items() if not small and STREAMS[name].parents_date
)
NESTED = (*IN_ORDERS, *_IN_PRODUCTS)

# Streams that cost a request a parent; coupons one for each order that seems to have some.
WITH_CHILD_LIST = tuple(name for name in PARENTS if name not in (*NESTED, "order_coupons"))
BELOW_ORDERS = tuple(name for name in WITH_CHILD_LIST if PARENTS[name].stream == "orders")

BY_OWN_DATE = tuple(name for name in NAMES if STREAMS[name].own_date == "date_modified")
BY_PARENTS_DATE = tuple(
    name for name in NAMES if STREAMS[name].parents_date and not STREAMS[name].own_date
)
REPLICATION_KEYS: Mapping[str, str] = {
    name: date
    for name, listed in STREAMS.items()
    if (date := listed.own_date or listed.parents_date) is not None
}
FULL = tuple(name for name in NAMES if name not in REPLICATION_KEYS)

PERMISSIONS: Mapping[str, str] = {
    "transactions": "Order transactions",
    "inventory": "Store inventory",
    "locations": "Store locations",
    "channels": "Channel settings",
    "listings": "Channel listings",
    "sites": "Sites & routes",
    "information": "Information & settings",
}
"""What the control panel calls a permission, if not as the sandbox does: "Orders" for orders."""

SCOPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    scope: (
        PERMISSIONS.get(scope, scope.replace("_", " ").capitalize()),
        tuple(name for name in NAMES if scope in STREAMS[name].scopes),
    )
    for scope in sorted(frozenset().union(*(listed.scopes for listed in STREAMS.values())))
}
"""What cannot be read without a permission: what the control panel calls it, and the streams.

Refunds may be read with the permission for transactions as well as with that for orders.
"""


def list_of(name: str) -> str:
    """What the sandbox calls the list of a stream."""
    return STREAMS[name].endpoint.name


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
        if KEYS[name] == ("store_hash",):
            row["store_hash"] = store.store_hash
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


def _webhook(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "store_hash"}


_ADDED: Mapping[str, Callable[[Json], Json]] = {
    "banners": _banner,
    "blog_posts": _post,
    "tax_classes": _tax_class,
    "webhooks": _webhook,
    "inventory_items": _inventory,
    "customer_form_field_values": _form_field_value,
    "store": _store,
    "gift_certificates": _certificate,
}
