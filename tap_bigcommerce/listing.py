"""What a sync would read, and what it costs: a table for a person who chooses."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tap_bigcommerce.config import Config
from tap_bigcommerce.costs import of_selection
from tap_bigcommerce.rules import Path
from tap_bigcommerce.selection import Selection, all_fields, fields_within


def as_table(selections: Mapping[str, Selection], config: Config, width: int) -> str:
    """A row for each stream: its fields, how it is read, and the requests that it takes."""
    table = Table(show_lines=True, expand=True)
    for head, ratio in (("stream", 2), ("fields", 5), ("replication", 2), ("requests", 2)):
        table.add_column(head, ratio=ratio, overflow="fold")
    for name, selection in selections.items():
        table.add_row(
            name,
            escape(", ".join(_fields(selection))),
            "full" if selection.full_table else "incremental",
            of_selection(selection, config, selections),
        )
    text = io.StringIO()
    Console(file=text, width=width, no_color=True, highlight=False).print(table)
    return text.getvalue()


def _fields(selection: Selection) -> Iterator[str]:
    """The fields that go out: those that are whole by their own name, of others what is in them."""
    known = {path for _, path in all_fields(selection.given, (), ())}
    kept = {path for _, path in all_fields(selection.schema, (), ())}

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
