"""Is what the tap wrote what the store holds? Answered without a line of the tap's own code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from tap_bigcommerce_sandbox import Store

Row = dict[str, Any]

STREAMS = ("coupons", "customers", "orders", "products")

NO_FIELDS = frozenset(
    {
        ("customers", "addresses"),
        ("orders", "shipping_addresses[].shipping_quotes"),
        ("orders", "consignments.shipping[].shipping_quotes"),
        # The same rows as in `products`, which have to be selected here.
        ("orders", "consignments.shipping[].line_items"),
        ("orders", "consignments.pickups[].line_items"),
        ("orders", "consignments.downloads[].line_items"),
        ("orders", "consignments.email.gift_certificates[].line_items"),
        # One of the images once more, which has to be selected.
        ("products", "primary_image"),
        # Streams of their own one day.
        ("products", "modifiers"),
        ("products", "options"),
        ("products", "reviews"),
    }
)
"""What the store shows and the tap need not: links to other lists, and rows shown twice."""

ONLY_IN_CHILD_LIST = frozenset({("orders", "products[].fulfillment_source")})
"""Fields that an order's child list has, and that line items which come with the order lack."""


def differences(
    store: Store,
    records: Mapping[str, Sequence[Row]],
    streams: Iterable[str] = STREAMS,
    limit: int = 12,
) -> list[str]:
    """How the last version of each record differs from the store now; empty: not at all."""
    found: list[str] = []
    for stream in streams:
        expected = {row["id"]: row for row in store.records(stream, full=True)}
        last = {row["id"]: row for row in records.get(stream, ())}
        missing = sorted(expected.keys() - last.keys())
        if missing:
            found.append(f"{stream}: {len(missing)} are missing: {missing[:10]}")
        surplus = sorted(last.keys() - expected.keys())
        if surplus:
            found.append(f"{stream}: the store has no {surplus[:10]}")
        for id_ in sorted(expected.keys() & last.keys()):
            found += row_differences(stream, expected[id_], last[id_])
    return found[:limit]


def row_differences(stream: str, row: Row, record: Row) -> list[str]:
    """How a record differs from the store's row."""
    known = json.loads(record["_rescued_data"]) if record.get("_rescued_data") else {}
    rescued = [re.sub(r"\[\d+\]", "[]", name) for name in known]
    paths = _object(stream, "", row, record)
    return [
        f"{stream} {row['id']}: {path}"
        for path, field in paths
        if not any(name.startswith(field) for name in rescued)
    ]


def _object(stream: str, path: str, row: Row, record: Row) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        inner = f"{path}.{name}" if path else name
        if (stream, inner) in NO_FIELDS:
            continue
        if name not in record:
            if (stream, inner) not in ONLY_IN_CHILD_LIST:
                yield f"{inner} is not there", inner
            continue
        if (stream, inner) in ONLY_IN_CHILD_LIST and record[name] is None:
            continue
        yield from _value(stream, inner, value, record[name])


def _value(stream: str, path: str, value: Any, written: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and isinstance(written, dict):
        yield from _object(stream, path, value, written)
    elif isinstance(value, dict) and isinstance(written, list) and len(written) == 1:
        yield from _value(stream, f"{path}[]", value, written[0])
    elif isinstance(value, list) and isinstance(written, list):
        if len(value) != len(written):
            yield f"{path} has {len(written)} entries instead of {len(value)}", path
            return
        for one, other in zip(value, written, strict=True):
            yield from _value(stream, f"{path}[]", one, other)
    elif not _same(value, written):
        yield f"{path} is {written!r} instead of {value!r}", path


def _same(value: Any, written: Any) -> bool:
    if value is None or isinstance(value, bool):
        return written is value
    if value == "":
        return written in ("", None)
    if value == written and not isinstance(written, bool):
        return True
    if isinstance(value, (list, dict)):
        # Values of form fields come in any shape; they go out as their text.
        return isinstance(written, str) and bool(json.loads(written) == value)
    number = _number(value)
    if number is not None and not isinstance(written, (bool, list, dict)):
        return number == _number(written)
    return isinstance(value, str) and isinstance(written, str) and _date(value) == written


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _date(text: str) -> str | None:
    """A date as the tap should write it."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text.replace("Z", "+00:00") if text.endswith("Z") else text)
        except ValueError:
            continue
        return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return None
