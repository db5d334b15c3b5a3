"""The streams' JSON schemas, one file each, and the reading of them."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

RESCUED = "_rescued_data"
"""The field for what a schema does not know or what does not fit into it."""

_RESCUED_SCHEMA = {
    "type": ["null", "string"],
    "description": (
        "A JSON object, by path, of what the store sent and this schema does not know, or what "
        "does not fit a field's type; empty when there is nothing of the kind."
    ),
}


def load_schema(stream: str) -> dict[str, Any]:
    """The whole schema of a stream, with every reference to a shared part resolved."""
    schema: dict[str, Any] = _resolved(f"{stream}.json")
    base = schema.pop("$extends", None)
    if base is not None:
        schema["properties"] = {**_resolved(base)["properties"], **schema["properties"]}
    schema["properties"][RESCUED] = dict(_RESCUED_SCHEMA)
    return schema


def _resolved(name: str) -> Any:
    return _resolve(json.loads(_text(name)))


@functools.cache
def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _resolve(node: Any) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(node["$ref"])
        return {key: _resolve(value) for key, value in node.items()}
    return [_resolve(item) for item in node] if isinstance(node, list) else node
