"""Rows as a converter gets them: read from a body, whatever was in it."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.api.response import clean
from tap_bigcommerce.records.scalars import loads


def as_parsed(row: dict[str, Any]) -> dict[str, Any]:
    """The row, written and read as a body with it would be."""
    parsed: dict[str, Any] = loads(clean(row))
    return parsed
