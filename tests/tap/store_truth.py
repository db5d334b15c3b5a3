"""Compares what the tap wrote with what the store holds, value for value."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from tap_runner import Json

from tap_bigcommerce_sandbox import Store

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NOTHING: Mapping[str, tuple[Any, ...]] = {
    "date": ("", "0000-00-00 00:00:00"),
    "object": ([], ""),
    **dict.fromkeys(("number", "integer", "array"), ("",)),
}
"""By type, the values for which null is written."""


def instant(text: str) -> datetime:
    if text[:1].isdigit():
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    else:
        moment = parsedate_to_datetime(text)
    return moment.astimezone(timezone.utc)


def rows_of(store: Store, name: str) -> list[Json]:
    """All rows of a list, complete: with everything that the tap can show of them."""
    rows = store.records(name, full=True)
    if name == "customers":
        of_v3 = {row["id"]: row for row in store.records("customers_v3", full=True)}
        attributes: dict[int, list[Json]] = {row["id"]: [] for row in rows}
        for value in store.records("customer_attribute_values"):
            attributes[value["customer_id"]].append(value)
        rows = [{**of_v3[row["id"]], "attributes": attributes[row["id"]], **row} for row in rows]
    return rows


def differences(
    record: Any, row: Any, schema: Mapping[str, Any], *, exact: bool = True, path: str = ""
) -> Iterator[str]:
    """What of a row did not arrive in the record as the store holds it, or is not in the row.

    `schema` is the one that was emitted. exact: numbers agree in their digits, not only in value.
    """
    types = schema.get("type", "any")  # without one, anything goes out whole
    (kind,) = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    if kind == "array" and isinstance(record, list) and row not in (None, ""):
        several = row if isinstance(row, list) else [row]
        if len(record) != len(several):
            yield f"{path}: {len(record)} items instead of {len(several)}"
        for at, (one, other) in enumerate(zip(record, several, strict=False)):
            items = schema.get("items", {})
            yield from differences(one, other, items, exact=exact, path=f"{path}[{at}]")
    elif "properties" in schema and isinstance(record, dict) and isinstance(row, dict):
        fields, extra = schema["properties"], schema.get("additionalProperties", False)
        for name in record.keys() | row.keys():
            inner, at_field = fields.get(name, extra), f"{path}.{name}"
            if inner is False or name not in record:
                if name in record or name in fields:
                    yield f"{at_field}: {'not in the schema' if name in record else 'missing'}"
            else:
                known = inner if isinstance(inner, dict) else {}
                yield from differences(
                    record[name], row.get(name), known, exact=exact, path=at_field
                )
    elif not _same(record, row, "date" if "format" in schema else kind, exact=exact):
        yield f"{path}: {record!r:.200} is not {row!r:.200}"


def _same(record: Any, row: Any, kind: str, *, exact: bool) -> bool:
    if record is None or row is None:
        return record is None and (row is None or row in NOTHING.get(kind, ()))
    if kind == "date":
        return bool(INSTANT.fullmatch(record)) and instant(record) == instant(row)
    if kind in ("number", "integer"):
        if isinstance(record, (str, bool)) or (kind == "integer" and not isinstance(record, int)):
            return False
        if exact and isinstance(row, str):
            return str(record) == row.replace(".", "0.", row.startswith("."))
        return Decimal(str(record)) == Decimal(str(row))
    if kind == "string" and not isinstance(row, str):
        return isinstance(record, str) and bool(json.loads(record) == row)
    return (kind == "any" or type(record) is type(row)) and bool(record == row)
