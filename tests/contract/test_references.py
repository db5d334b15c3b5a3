"""Every foreign key is a field that exists, and refers to the key of a stream that exists."""

from __future__ import annotations

from typing import Any

import pytest
from expected import STREAMS as EXPECTED
from expected import singular

from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.streams import STREAMS

ALL = [(name, *pair) for name, stream in STREAMS.items() for pair in stream.references.items()]


def field_at(schema: dict[str, Any], path: str) -> dict[str, Any] | None:
    """The schema of the field at `path`."""
    found: dict[str, Any] | None = schema
    for part in path.split("."):
        found = ((found or {}).get("properties") or {}).get(part.removesuffix("[]"))
        if part.endswith("[]"):
            found = (found or {}).get("items")
    return found


@pytest.mark.parametrize(("stream", "path", "key"), ALL)
def test_a_foreign_key_is_a_field_and_refers_to_a_key_of_the_same_type(
    stream: str, path: str, key: str
) -> None:
    other, name = key.split(".")
    field, target = field_at(load_schema(stream), path), load_schema(other)["properties"][name]
    assert field is not None
    assert name in STREAMS[other].primary_keys
    assert set(field["type"]) - {"null"} == set(target["type"]) - {"null"}


NAMES = {f"{singular(name)}_id" for name, listed in EXPECTED.items() if listed.key == ("id",)}
"""Names that foreign keys have, such as `customer_id`."""


def test_a_field_with_the_name_of_a_foreign_key_is_declared_as_one() -> None:
    undeclared = [
        f"{stream}.{name}"
        for stream, declared in STREAMS.items()
        for name in load_schema(stream)["properties"]
        if name in {*NAMES, "variant_id"} - {"store_id"} and name not in declared.references
    ]
    assert not undeclared
