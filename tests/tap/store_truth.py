"""Compares what the tap wrote with what the store holds, value for value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from sandbox_client import client

from tap_bigcommerce_sandbox import Store

Json = dict[str, Any]

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NOT_SET = ("", "0000-00-00 00:00:00")
PARTS = (
    "variants,images,custom_fields,bulk_pricing_rules,videos,primary_image,channels,"
    "parent_relations"
)


MOST_ATTRIBUTES = 10
V3_PARTS = ("addresses", "attributes", "storecredit", "shopper_profile_id", "segment_ids")
ONLY_V3 = (
    "channel_ids",
    "origin_channel_id",
    "authentication",
    "accepts_product_review_abandoned_cart_emails",
    "attributes",
    "store_credit_amounts",
    "shopper_profile_id",
    "segment_ids",
    "address_count",
    "attribute_count",
)


def instant(text: str) -> datetime:
    """The moment that a date of the API, or of the tap, names."""
    if text[:1].isdigit():
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    else:
        moment = parsedate_to_datetime(text)
    return moment.astimezone(timezone.utc)


def rows_of(store: Store, name: str) -> dict[int, Json]:
    """All rows of a list by id, complete: with everything that the tap can show of them."""
    if name == "products":
        rows: list[Json] = []
        get = client(store)
        while more := get(
            "v3/catalog/products",
            include=PARTS,
            limit=250,
            **{"id:greater": rows[-1]["id"] if rows else 0, "sort": "id"},
        ).json["data"]:
            rows += more
    else:
        rows = store.records(name, full=True)
    if name == "customers":
        only_v3 = _customers_of_v3(store)
        rows = [{**row, **only_v3[row["id"]]} for row in rows]
    return {row["id"]: row for row in rows}


def _customers_of_v3(store: Store) -> dict[int, Json]:
    """What v3 alone says about customers, by id."""
    get = client(store)
    rows: list[Json] = []
    page = 1
    while more := get("v3/customers", include=",".join(V3_PARTS), limit=250, page=page).json[
        "data"
    ]:
        rows += more
        page += 1
    for row in rows:
        if len(row["attributes"]) >= MOST_ATTRIBUTES:  # as many as the API includes
            row["attributes"] = get(
                "v3/customers/attribute-values", limit=250, **{"customer_id:in": row["id"]}
            ).json["data"]
    return {row["id"]: {name: row[name] for name in ONLY_V3 if name in row} for row in rows}


def differences(
    record: Any, row: Any, schema: Mapping[str, Any], *, exact: bool = True, path: str = ""
) -> Iterator[str]:
    """What of a row did not arrive in the record as the store holds it, or is not in the row.

    `schema` is the one that was emitted. exact: numbers agree in their digits, not only in value.
    """
    kind = _kind(schema)
    if row is None or record is None:
        if record is not None or not _is_nothing(row, kind):
            yield f"{path}: {record!r} is not {row!r}"
    elif kind == "object" and isinstance(row, dict):
        yield from _object_differences(record, row, schema, exact, path)
    elif kind == "array":
        # A list that comes as its only item.
        several = row if isinstance(row, list) else [row]
        if not isinstance(record, list) or len(record) != len(several):
            yield f"{path}: {_short(record)} is not {_short(several)}"
            return
        for at, (one, other) in enumerate(zip(record, several, strict=True)):
            yield from differences(
                one, other, schema.get("items", {}), exact=exact, path=f"{path}[{at}]"
            )
    elif not _same(record, row, kind, exact=exact):
        yield f"{path}: {record!r} is not {row!r}"


def _object_differences(
    record: Any, row: Json, schema: Mapping[str, Any], exact: bool, path: str
) -> Iterator[str]:
    if not isinstance(record, dict):
        yield f"{path}: {_short(record)} is no object"
        return
    fields = schema.get("properties")
    if fields is None:  # Any object goes out whole.
        if record != row:
            yield f"{path}: {_short(record)} is not {_short(row)}"
        return
    extra = schema.get("additionalProperties", False)
    if extra is False:
        for name in record.keys() - fields.keys():
            yield f"{path}.{name}: not in the schema"
    for name in record.keys() - row.keys():
        if record[name] is not None:
            yield f"{path}.{name}: not in the store"
    for name, value in row.items():
        if name in record:
            inner = fields.get(name, extra)
            yield from differences(
                record[name],
                value,
                inner if isinstance(inner, dict) else {},
                exact=exact,
                path=f"{path}.{name}",
            )
        elif name in fields:
            yield f"{path}.{name}: missing"


def _kind(schema: Mapping[str, Any]) -> str:
    types = schema.get("type", "any")  # without one, anything goes out whole
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    assert len(names) == 1, schema
    return "date" if schema.get("format") == "date-time" else str(names[0])


def _is_nothing(row: Any, kind: str) -> bool:
    """Whether null is how this value is written in a field of this kind."""
    if row is None:
        return True
    if kind == "object":
        return row in ([], "")
    return (kind == "date" and row in NOT_SET) or (
        kind in ("number", "integer", "array") and row == ""
    )


def _same(record: Any, row: Any, kind: str, *, exact: bool) -> bool:
    if kind == "date":
        return bool(INSTANT.fullmatch(record)) and instant(record) == instant(row)
    if kind in ("number", "integer"):
        if isinstance(record, (str, bool)) or (kind == "integer" and not isinstance(record, int)):
            return False
        if exact and isinstance(row, str):
            return str(record) == row.replace(".", "0.", row.startswith("."))
        return Decimal(str(record)) == Decimal(str(row))
    if kind == "string":
        if isinstance(row, str):
            return bool(record == row)
        return isinstance(record, str) and json.loads(record) == row
    return (kind == "any" or type(record) is type(row)) and bool(record == row)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "…"
