"""What a sync would read, and what it costs: a table for a person who chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.costs import of_selection
from tap_bigcommerce.display import table
from tap_bigcommerce.rules import Path
from tap_bigcommerce.selection import Selection, all_fields, fields_within


def as_table(selections: Mapping[str, Selection], config: Config, width: int) -> str:
    """A row for each stream: its fields, how it is read, and the requests that it takes."""
    rows = [
        (
            name,
            ", ".join(_fields(selection)),
            "full" if selection.full_table else "incremental",
            of_selection(selection, config, selections),
        )
        for name, selection in selections.items()
    ]
    head = ("stream", "fields", "replication", "requests")
    return "\n".join(table(head, rows, width=width)) + "\n"


def _fields(selection: Selection) -> Iterator[str]:
    """The fields that go out: those that are whole by their own name, of others what is in them."""
    known = {path for _, path, _ in all_fields(selection.given)}
    kept = {path for _, path, _ in all_fields(selection.schema)}

    def within(node: dict[str, Any], path: Path) -> Iterator[str]:
        for _, inner, field in fields_within(node, (), path):
            below = {other for other in known if other[: len(inner)] == inner}
            if below <= kept:
                yield ".".join(inner) + _hashed(selection, inner)
            else:
                yield from within(field, inner)

    return within(selection.schema, ())


def _hashed(selection: Selection, path: Path) -> str:
    protection = selection.protection
    hashed = protection is not None and protection.hashes((selection.stream.name, *path))
    return " (pseudonym)" if hashed else ""
