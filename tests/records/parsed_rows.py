"""Rows as a converter gets them: parsed from a cleaned body."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.api.response import clean
from tap_bigcommerce.records.scalars import loads


def as_parsed(row: dict[str, Any]) -> dict[str, Any]:
    """The row after it was written to a body and parsed."""
    parsed: dict[str, Any] = loads(clean(row))
    return parsed
