"""Reads the files of target-jsonl: one per stream, a line for each record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce_sandbox import Store

Row = dict[str, Any]


class WrittenRows:
    """The rows of one stream that were written until now."""

    def __init__(self, rows: Path, stream: str, skip: int = 0) -> None:
        """Read the stream's file without its first `skip` rows."""
        self.stream = stream
        lines = list(_lines(rows / f"{stream}.jsonl"))[skip:]
        self.rows: list[Row] = [json.loads(line) for line in lines]
        self.by_id: dict[int, Row] = {row["id"]: row for row in self.rows}

    def __len__(self) -> int:
        return len(self.rows)

    def differences(self, store: Store) -> list[int]:
        """The ids of the store's rows that are missing, or not in their latest version."""
        return [
            row["id"]
            for row in store.records(self.stream)
            if row["id"] not in self.by_id or _instant(self.by_id[row["id"]]) != _instant(row)
        ]


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from file


def _instant(row: Row) -> Any:
    date = row.get("date_modified")
    return parse_instant(date) if date else None
