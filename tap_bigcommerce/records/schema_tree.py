"""What a JSON schema says of a place, in whichever of the usual ways it says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

Place = tuple[Any, "str | int"] | None
"""Where a value stands: the place of what it is in, and its own key or index; None: the record."""

TYPES = frozenset(["string", "number", "integer", "boolean", "object", "array", "null"])


def branches_of(schemas: Sequence[Any]) -> list[Schema]:
    """Schemas of at most one type each."""
    found: list[Schema] = []
    for schema in schemas:
        if not isinstance(schema, Mapping):
            found += [] if schema is False else [{}]
        elif isinstance(any_of := schema.get("anyOf"), list) and any_of:
            rest = {k: v for k, v in schema.items() if k != "anyOf"}
            found += branches_of([{**rest, **b} if isinstance(b, Mapping) else b for b in any_of])
        elif isinstance(types := schema.get("type"), list):
            found += branches_of([{**schema, "type": one} for one in types or [None]])
        else:
            found.append(schema)
    return found


def kind_of(schema: Schema) -> str:
    """The type of a schema of at most one; "date" for texts that are dates, "any" for no type.

    A type that does not exist promises nothing.
    """
    kind = schema.get("type")
    if kind == "string" or (kind is None and "format" in schema):
        return "date" if schema.get("format") == "date-time" else "string" if kind else "any"
    if isinstance(kind, str) and kind in TYPES:
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "any"


def kinds_of(schema: Any) -> set[str]:
    """The kinds of all its branches, without null, which every field takes."""
    return {kind_of(branch) for branch in branches_of([schema])} - {"null"}


def fields_of(schemas: Sequence[Any]) -> dict[str, list[Any]] | None:
    """The fields of the objects among these schemas, each with all its schemas; None: no object."""
    found: dict[str, list[Any]] | None = None
    for schema in branches_of(schemas):
        fields = schema.get("properties")
        if kind_of(schema) == "object" and isinstance(fields, Mapping):
            found = found or {}
            for key, value in fields.items():
                found.setdefault(key, []).append(value)
    return found


def items_of(schemas: Sequence[Any]) -> list[Any]:
    """The item schemas of the arrays among these schemas."""
    return [s["items"] for s in branches_of(schemas) if kind_of(s) == "array" and "items" in s]


def has_fields(schemas: Sequence[Any]) -> bool:
    """Whether there are fields in them, or in the items of their arrays."""
    return bool(fields_of(schemas)) or any(has_fields([item]) for item in items_of(schemas))


def steps_to(place: Place) -> list[str | int]:
    """The keys and indexes that lead to a place, from the record on."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.insert(0, step)
    return steps


def path_of(place: Place, *, exact: bool = False) -> str:
    """As text, such as `products[].sku`; `exact`: `products[0].sku`.

    Keys that would make it ambiguous are quoted: `a["b.c"]`.
    """
    path = ""
    for step in steps_to(place):
        if isinstance(step, int):
            path += f"[{step}]" if exact else "[]"
        elif not step or any(letter in '.[]"' for letter in step):
            path += f"[{json.dumps(step, ensure_ascii=False)}]"
        else:
            path += f".{step}" if path else step
    return path
