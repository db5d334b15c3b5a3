"""Reads types, fields and items of a JSON schema; field paths as text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

# A tuple in a tuple, so that each level costs one small tuple: products[0].sku is
# (((None, "products"), 0), "sku").
FieldPath = tuple[Any, "str | int"] | None
"""Where a value is: the path of its parent, and its key or index there. None: the record."""

TYPES = frozenset(["string", "number", "integer", "boolean", "object", "array", "null"])


def branches_of(schemas: Sequence[Any]) -> list[Schema]:
    """Splits `anyOf` and lists of types: returns schemas of at most one type each."""
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


def type_of(schema: Schema) -> str:
    """The type name of a schema that has at most one type.

    "date" is a string with the format date-time. "any" is a schema without a type, or with a type
    that JSON schema does not define.
    """
    name = schema.get("type")
    if name == "string" or (name is None and "format" in schema):
        return "date" if schema.get("format") == "date-time" else "string" if name else "any"
    if isinstance(name, str) and name in TYPES:
        return name
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "any"


def types_of(schema: Any) -> set[str]:
    """The type names of all branches of a schema, without "null"."""
    return {type_of(branch) for branch in branches_of([schema])} - {"null"}


def fields_of(schemas: Sequence[Any]) -> dict[str, list[Any]] | None:
    """The fields of the objects among these schemas: by name, every schema of the field.

    None: there is no object among them.
    """
    found: dict[str, list[Any]] | None = None
    for schema in branches_of(schemas):
        fields = schema.get("properties")
        if type_of(schema) == "object" and isinstance(fields, Mapping):
            found = found or {}
            for key, value in fields.items():
                found.setdefault(key, []).append(value)
    return found


def items_of(schemas: Sequence[Any]) -> list[Any]:
    """The item schemas of the arrays among these schemas."""
    return [s["items"] for s in branches_of(schemas) if type_of(s) == "array" and "items" in s]


def has_fields(schemas: Sequence[Any]) -> bool:
    """Whether these schemas, or the items of their arrays, have fields."""
    return bool(fields_of(schemas)) or any(has_fields([item]) for item in items_of(schemas))


def path_parts(path: FieldPath) -> list[str | int]:
    """The keys and indexes of a path, from the record down: `["products", 0, "sku"]`."""
    parts: list[str | int] = []
    while path is not None:
        path, part = path
        parts.insert(0, part)
    return parts


def path_text(path: FieldPath, *, with_indexes: bool = False) -> str:
    """A path as text: `products[].sku`, or `products[0].sku` with indexes.

    Keys that would make the text ambiguous are quoted: `a["b.c"]`.
    """
    text = ""
    for part in path_parts(path):
        if isinstance(part, int):
            text += f"[{part}]" if with_indexes else "[]"
        elif not part or any(letter in '.[]"' for letter in part):
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
        else:
            text += f".{part}" if text else part
    return text
