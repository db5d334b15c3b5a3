"""Comparison of the hosted integration's fields with those of the tap."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from scripts.docs.fields import FieldRow, field_rows
from scripts.docs.markdown import code, table

CONTRACT = Path(__file__).resolve().parents[2] / "tests" / "contract" / "contract.tsv"


def summary() -> str:
    """The number of fields of each table in both."""
    rows = []
    for name, fields in _hosted():
        here = {_plain(row.path) for row in field_rows(name)}
        # Here, the items of a list of plain values are not a separate field.
        there = [path for path, _ in fields if path in here]
        rows.append((code(name), str(len(there)), str(len(here))))
    return table(("table", "fields there", "fields here, all of those among them"), rows)


def page() -> str:
    """The page with every field of the hosted integration, and its types in both."""
    parts = [
        "# The hosted integration, field by field\n\n",
        "Every field of version 1 of the hosted integration, with its type there and here. `value` "
        "at the end of a path there means the items of a list.\n",
    ]
    for name, fields in _hosted():
        here = {_plain(row.path): row for row in field_rows(name)}
        rows = [(code(path), there, *_here(path, there, here)) for path, there in fields]
        head = ("field", "there", "here", "")
        parts.append(f"\n## {name}\n\n{table(head, rows)}")
    return "".join(parts)


def _here(path: str, there: str, here: dict[str, FieldRow]) -> tuple[str, str]:
    """The type here, and a remark if it differs. Raises KeyError if there is no such field."""
    holder = path.removesuffix(".value")
    if path not in here:
        of = here[holder].type.removeprefix("array of ").removesuffix("s")
        return of, "" if of == there else "differs"
    kind = here[path].type
    same = kind == there or (there == "array" and kind.startswith("array"))
    return kind, "" if same else "[differs](records.md)"


def _plain(path: str) -> str:
    return path.replace("[]", "")


def _hosted() -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with CONTRACT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found[row["stream"]].append((row["path"], row["type"]))
    return list(found.items())
