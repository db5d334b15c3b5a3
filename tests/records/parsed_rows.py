"""Rows as a converter gets them: parsed from a cleaned body."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.records.scalars import json_text, loads


def as_parsed(row: dict[str, Any]) -> dict[str, Any]:
    """The row after it was written to a body and parsed."""
    parsed: dict[str, Any] = loads(json_text(row))
    return parsed
