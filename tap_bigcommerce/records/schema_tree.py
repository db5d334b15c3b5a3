"""What a converter must know of each place in a schema, worked out once.

Beside the emitted schema stands the known one (the tap's own whole schema): a key in neither is new
and may be rescued; a key only in the known one is deselected, and its values go nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.records.scalars import Misfit, clean_text

Schema = Mapping[str, Any]

# The fields of JSON types; "any" stands for a schema that promises no type.
TYPES = frozenset(["string", "number", "integer", "boolean", "object", "array", "null"])

RESCUED_DATA = "_rescued_data"


@dataclass(slots=True, eq=False)
class Node:
    """One place in the schema.

    kind: "string", "number", "integer", "boolean", "date" (a string of format date-time), "json"
    (a string that takes arrays and objects as JSON text), "object", "array", "null" (takes nothing
    else), "any", "union", or "guarded" (a rule keeps some of it from going out as it is).
    path: as it is counted, such as `products[].sku`.
    hides: something in it is deselected, so a value of the wrong shape must not be rescued whole.
    """

    kind: str
    path: str
    hides: bool = False
    # object: the selected fields, or None where any object goes out whole.
    fields: dict[str, Node] | None = None
    # object: known keys that do not go out. None: the tap knows no object with fields here, so it
    # cannot tell new keys from deselected ones.
    deselected: frozenset[str] | None = None
    # object: what `additionalProperties` allows beside the fields.
    extra: Node | None = None
    # array: its items, or None where any array goes out whole.
    items: Node | None = None
    # array: an object or scalar becomes the array's only item.
    wrap: bool = False
    # union: one node for each type or branch of anyOf, in order.
    branches: list[Node] = field(default_factory=list)
    # object: tells of keys that no schema knows whether a rule leaves them out.
    leaves_out: Callable[[str], bool] | None = None
    # guarded: how a value is converted, with the conversion of the node without the rule.
    guard: Callable[[Any, Callable[[Any], Any]], Any] | None = None
    within: Node | None = None


def compile_schema(
    schema: Schema,
    known: Schema,
    json_text: Container[str] = (),
    wrap: Container[str] = (),
    protection: Protection | None = None,
    as_text: Mapping[str, Schema] | None = None,
) -> Node:
    """The root of a stream's schema: always an object; `_rescued_data` is not one of its fields."""
    options = _Options(json_text, wrap, protection, as_text or {})
    root = _object({"properties": {}, **schema}, [known], "", options)
    if root.fields is not None:
        root.fields.pop(RESCUED_DATA, None)
    if root.deselected is not None:
        root.deselected -= {RESCUED_DATA}
    return root


@dataclass(frozen=True, slots=True)
class _Options:
    json_text: Container[str]
    wrap: Container[str]
    protection: Protection | None
    as_text: Mapping[str, Schema]


def below(path: str, key: str) -> str:
    """The path of a key; keys that would make paths ambiguous are quoted: `a["b.c"]`."""
    if not key or any(c in '.[]"' for c in key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _branches(schemas: Sequence[Any]) -> list[Schema]:
    """Schemas of at most one type each; null, which every field takes, is left out."""
    found: list[Schema] = []
    for schema in schemas:
        if not isinstance(schema, Mapping):
            found += [] if schema is False else [{}]
        elif isinstance(any_of := schema.get("anyOf"), list) and any_of:
            rest = {k: v for k, v in schema.items() if k != "anyOf"}
            found += _branches([{**rest, **b} if isinstance(b, Mapping) else b for b in any_of])
        elif isinstance(types := schema.get("type"), list) and types:
            found += _branches([{**schema, "type": one} for one in types])
        elif types != "null":
            found.append(schema)
    return found


def _kind(schema: Schema) -> str:
    """The kind of a schema of at most one type; a type that does not exist promises nothing."""
    kind = schema.get("type")
    if kind == "string" or (kind is None and "format" in schema):
        return "date" if schema.get("format") == "date-time" else "string" if kind else "any"
    if isinstance(kind, str) and kind in TYPES:
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "any"


def _node(schema: Any, known: Sequence[Any], path: str, options: _Options) -> Node:
    if path in options.as_text:
        parts = _unguarded(options.as_text[path], known, path, options)
        return Node("guarded", path, parts.hides, guard=_json_text, within=parts)
    node = _unguarded(schema, known, path, options)
    return node if options.protection is None else _guarded(node, options.protection)


def _unguarded(schema: Any, known: Sequence[Any], path: str, options: _Options) -> Node:
    branches = [_single(branch, known, path, options) for branch in _branches([schema])]
    node = branches[0] if len(branches) == 1 else Node("union" if branches else "null", path)
    node.branches = branches if len(branches) > 1 else []
    node.hides = _hides(branches, known)
    return node


def _guarded(node: Node, protection: Protection) -> Node:
    """The node itself, or one that keeps from going out what a rule names in its values."""
    if node.fields is not None or node.items is not None:
        return node  # What is in it is guarded.
    place = protection.place(node.path)
    is_free = node.kind in ("object", "array", "any") or _has_containers(node)
    hashed = protection.hashes(place)
    if not hashed and not ((is_free or node.kind == "json") and protection.looks_below(place)):
        return node

    def as_pseudonym(value: Any, convert: Callable[[Any], Any]) -> Any:
        if value == "":
            return value
        with suppress(Misfit):  # Its own text, then: nothing of it may go anywhere else.
            value = convert(value)
        return protection.pseudonym(value)

    def cleaned(value: Any, convert: Callable[[Any], Any]) -> Any:
        return convert(protection.cleaned(value, place))

    guard = as_pseudonym if hashed and not is_free else cleaned
    within = Node("any", node.path) if _has_containers(node) else node
    return Node("guarded", node.path, node.hides, guard=guard, within=within)


def _json_text(value: Any, convert: Callable[[Any], Any]) -> Any:
    """An object or array as its JSON text; a text as it is."""
    if isinstance(value, str):
        return clean_text(value)
    parts = convert(value)
    return parts if parts is None else orjson.dumps(parts).decode()


def _has_containers(node: Node) -> bool:
    """Whether it takes arrays or objects beside other values."""
    return any(b.kind in ("object", "array", "any") or _has_containers(b) for b in node.branches)


def _single(schema: Schema, known: Sequence[Any], path: str, options: _Options) -> Node:
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, known, path, options)
    if kind == "string" and path in options.json_text:
        kind = "json"
    node = Node(kind, path, wrap=kind == "array" and path in options.wrap)
    if kind == "array" and "items" in schema:
        node.items = _node(schema["items"], _items(known), f"{path}[]", options)
    return node


def _object(schema: Schema, known: Sequence[Any], path: str, options: _Options) -> Node:
    node = Node("object", path)
    fields, known_fields = schema.get("properties"), _fields(known)
    extra = schema.get("additionalProperties")
    if isinstance(fields, Mapping):
        takes_all = not fields and not known_fields and extra is True
    else:
        fields, takes_all = {}, extra is None or extra is True
    if takes_all:
        return node
    node.fields = {
        key: _node(value, (known_fields or {}).get(key, []), below(path, key), options)
        for key, value in fields.items()
    }
    if known_fields is not None:
        node.deselected = frozenset(known_fields) - frozenset(fields)
    protection = options.protection
    if protection is not None and protection.looks_below(place := protection.place(path)):
        node.leaves_out = lambda key: protection.excludes((*place, key))
    if extra is not None and extra is not False:
        node.extra = _node(extra, [], f"{path}[*]", options)
    return node


def _fields(schemas: Sequence[Any]) -> dict[str, list[Any]] | None:
    """The fields of the objects among these schemas, each with all its schemas."""
    found: dict[str, list[Any]] | None = None
    for schema in _branches(schemas):
        fields = schema.get("properties")
        if _kind(schema) == "object" and isinstance(fields, Mapping):
            found = {} if found is None else found
            for key, value in fields.items():
                found.setdefault(key, []).append(value)
    return found


def _items(schemas: Sequence[Any]) -> list[Any]:
    """The item schemas of the arrays among these schemas."""
    return [s["items"] for s in _branches(schemas) if _kind(s) == "array" and "items" in s]


def _hides(branches: Sequence[Node], known: Sequence[Any]) -> bool:
    """Whether the tap knows a field somewhere in here that these leave out.

    What passes values whole leaves nothing out. Where the two differ in shape, all that is known
    counts as left out.
    """
    kinds = {node.kind for node in branches}
    if "any" in kinds:
        return False
    if (_fields(known) and "object" not in kinds) or (
        _has_fields(_items(known)) and "array" not in kinds
    ):
        return True
    within = [field for node in branches for field in (node.fields or {}).values()]
    within += [node.items for node in branches if node.items is not None]
    return any(node.deselected for node in branches) or any(node.hides for node in within)


def _has_fields(schemas: Sequence[Any]) -> bool:
    return bool(_fields(schemas)) or any(_has_fields([item]) for item in _items(schemas))
