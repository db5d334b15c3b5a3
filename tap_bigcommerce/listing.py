"""What a sync would read, and what it costs: a table for a person who chooses."""

from __future__ import annotations

from collections.abc import Mapping

from tap_bigcommerce.config import Config
from tap_bigcommerce.costs import of_selection
from tap_bigcommerce.display import table
from tap_bigcommerce.rules import Path
from tap_bigcommerce.selection import Selection, all_fields


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


def _fields(selection: Selection) -> list[str]:
    """The fields that go out: those that are whole by their own name, of others what is in them."""
    kept = [path for _, path, _ in all_fields(selection.schema)]
    left_out = {path for _, path, _ in all_fields(selection.given)}.difference(kept)
    in_part = {(), *(path[:length] for path in left_out for length in range(1, len(path)))}
    return [
        ".".join(path) + _hashed(selection, path)
        for path in kept
        if path not in in_part and path[:-1] in in_part
    ]


def _hashed(selection: Selection, path: Path) -> str:
    protection = selection.protection
    hashed = protection is not None and protection.hashes((selection.stream.name, *path))
    return " (pseudonym)" if hashed else ""
