"""A strict validator for the keywords that the tap's schemas use, written for these tests."""

import math
import re
from collections.abc import Mapping
from typing import Any

DATE_TIME = re.compile(
    r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)


def is_type(value: Any, name: str) -> bool:
    if name == "null":
        return value is None
    if name == "boolean":
        return isinstance(value, bool)
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "object": dict, "array": list}[name])


def fits(value: Any, schema: Any) -> bool:
    """Whether the value is valid; null is, everywhere, and no key that the schema lacks."""
    if value is None:
        return True
    if not isinstance(schema, Mapping):
        return schema is not False
    if "anyOf" in schema and not any(fits(value, branch) for branch in schema["anyOf"]):
        return False
    types = schema.get("type")
    if types is not None:
        names = types if isinstance(types, list) else [types]
        if not any(is_type(value, name) for name in names):
            return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, str) and schema.get("format") == "date-time":
        return bool(DATE_TIME.fullmatch(value))
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict) and "properties" in schema:
        extra = schema.get("additionalProperties", False)
        return all(fits(v, schema["properties"].get(k, extra)) for k, v in value.items())
    if isinstance(value, list) and "items" in schema:
        return all(fits(item, schema["items"]) for item in value)
    return True
