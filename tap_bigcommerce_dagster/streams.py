"""The streams that a fleet reads, and their columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError

BY_DEFAULT = {
    "coupons": "A coupon code that shoppers can redeem, read in full every time because it carries "
    "no date of change.",
    "customers": "A customer with an account in the store; guests who only ordered are not among "
    "them.",
    "orders": "An order with its line items, addresses, coupons and fees, abandoned checkouts "
    "(status 0) included.",
    "products": "A product of the catalog with its variants, pictures, videos, custom fields and "
    "quantity prices.",
}
"""What the tap reads without a catalog, with descriptions; a test compares it with the tap."""


@dataclass(frozen=True)
class StreamInfo:
    """A stream: its name and description, and its columns with types and descriptions, if known."""

    name: str
    description: str = ""
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def selected(catalog: Path | None) -> list[StreamInfo]:
    """The streams that a catalog selects (None: the tap's default).

    Raises FleetError if the file is not a catalog, or selects no stream.
    """
    if catalog is None:
        return [StreamInfo(name, text) for name, text in BY_DEFAULT.items()]
    try:
        entries = json.loads(catalog.read_text(encoding="utf-8-sig"))["streams"]
        found = [_info(entry) for entry in entries if _is_selected(entry)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FleetError(
            f"The catalog {catalog} cannot be read ({type(error).__name__}). Make it with "
            "tap-bigcommerce --discover."
        ) from error
    if not found:
        raise FleetError(f"The catalog {catalog} selects no stream.")
    return found


def _is_selected(entry: Mapping[str, Any]) -> bool:
    for item in entry.get("metadata") or ():
        if not item["breadcrumb"]:
            given: dict[str, Any] = item["metadata"]
            selected = given.get("selected", given.get("selected-by-default"))
            return str(selected).lower() == "true"
    return False


def _info(entry: Mapping[str, Any]) -> StreamInfo:
    fields = entry["schema"]["properties"]
    columns = {
        name: (_type(field.get("type")), str(field.get("description") or ""))
        for name, field in fields.items()
    }
    description = str(entry["schema"].get("description") or "")
    return StreamInfo(entry.get("tap_stream_id") or entry["stream"], description, columns)


def _type(given: Any) -> str:
    names = [given] if isinstance(given, str) else list(given or ())
    return next((str(name) for name in names if name != "null"), "any")
