"""All streams, as the sandbox declares their lists, and the rows that they should bring."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from expected import STREAMS
from store_truth import differences, rows_of
from tap_runner import Json, Result

from tap_bigcommerce_sandbox import Store

Key = tuple[Any, ...]

NAMES = tuple(STREAMS)
FOUR = ("coupons", "customers", "orders", "products")
"""Those that are selected by default."""
DATED = {
    "customers": "min_date_modified",
    "orders": "min_date_modified",
    "products": "date_modified:min",
}
"""Those of the four that are incremental, with the parameter that filters them by date."""
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
    name: Parent(listed.parent, str(listed.parent_id), _DATES.get(listed.parent))
    for name, listed in STREAMS.items()
    if listed.parent is not None
}
# Streams that cost a request a parent; coupons cost one for each order that seems to have some.
WITH_CHILD_LIST = tuple(
    name
    for name, parent in PARENTS.items()
    if parent.stream != "products"
    and name not in ("order_products", "order_shipping_addresses", "order_consignments")
    and name not in ("order_fees", "order_coupons")
)

BY_OWN_DATE = tuple(name for name in NAMES if STREAMS[name].own_date == "date_modified")
BY_PARENTS_DATE = tuple(
    name for name in NAMES if STREAMS[name].parents_date and not STREAMS[name].own_date
)
REPLICATION_KEYS: Mapping[str, str] = {
    name: date
    for name, listed in STREAMS.items()
    if (date := listed.own_date or listed.parents_date) is not None
}

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


def automatic(name: str) -> set[str]:
    return {*KEYS[name], *({REPLICATION_KEYS[name]} if name in REPLICATION_KEYS else ())}


def list_of(name: str) -> str:
    """What the sandbox calls the list of a stream."""
    return STREAMS[name].endpoint.name


def key_of(name: str, row: Json) -> Key:
    return tuple(row[field] for field in KEYS[name])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The scalars in a value, with their paths."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def asked(store: Store, list_: str) -> list[Json]:
    return [entry["query"] for entry in store.requests() if entry["list"] == list_]


def truth(store: Store, name: str) -> dict[Key, Json]:
    """The rows of a stream by key, with all that it adds to what the store holds."""
    added = _ADDED.get(name, dict)
    rows = [{**row, **added(row)} for row in rows_of(store, list_of(name))]
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
        row.pop("store_hash", None)  # That of a webhook: the tap has a column of this name.
        if KEYS[name] == ("store_hash",):
            row["store_hash"] = store.store_hash
    return {key_of(name, row): row for row in rows}


def compare(result: Result, name: str, held: Mapping[Key, Json], *, exact: bool = True) -> None:
    """Fail, with the first differences, unless exactly these rows have arrived, each once."""
    records = {key_of(name, record): record for record in result.records(name)}
    assert len(records) == len(result.records(name)), f"{name}: a record comes twice"
    assert sorted(records) == sorted(held), name
    schema = result.schemas[name]["schema"]
    for key, record in records.items():
        found = differences(record, held[key], schema, exact=exact, path=f"{name} {key}")
        assert not [*itertools.islice(found, 5)]


def _certificate(row: Json) -> Json:
    dates = {name: _unix(row[name]) for name in ("purchase_date", "expiry_date")}
    return {**dates, "template": row["template"] or None}


def _unix(text: str) -> str | None:
    return datetime.fromtimestamp(int(text), timezone.utc).isoformat() if int(text) else None


def _post(row: Json) -> Json:
    text = row["published_date_iso8601"]
    if "/" in text:
        text = f"{datetime.strptime(text, '%m/%d/%Y %I:%M:%S %p').isoformat()}+00:00"
    return {"published_date_iso8601": text}


_ADDED: Mapping[str, Callable[[Json], Json]] = {
    "banners": lambda row: {"visible": row["visible"] == "1"},
    "blog_posts": _post,
    "customer_form_field_values": lambda row: {
        name: row.get(name) or 0 for name in ("customer_id", "address_id")
    },
    "gift_certificates": _certificate,
    "inventory_items": lambda row: {"variant_id": row["identity"]["variant_id"]},
    "store": lambda row: {"logo": row["logo"] or None},
    "tax_classes": lambda row: {"id": int(row["id"])},
}
"""What the tap changes in the rows of a stream, and adds to them."""
