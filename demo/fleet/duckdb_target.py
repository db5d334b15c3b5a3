"""A small Singer target: keeps the last row of each key in tables of one DuckDB file.

The demo has its own target because target-duckdb 0.8.0 takes the first row of a batch for a header,
and loses it (https://github.com/jwills/target-duckdb/pull/58). It needs only the package duckdb.

Settings: `filepath`, `schema`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "string": "VARCHAR"}


@dataclass
class Table:
    """A stream's table, and the rows that are not written yet."""

    name: str
    columns: Mapping[str, str]
    keys: list[str]
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def create(self, database: duckdb.DuckDBPyConnection) -> None:
        """Create the table if it does not exist."""
        columns = ", ".join(f'"{name}" {kind}' for name, kind in self.columns.items())
        keys = ", ".join(f'"{key}"' for key in self.keys)
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({keys}))"
        )

    def take(self, record: Mapping[str, Any]) -> None:
        """Add a row; it replaces an earlier one with the same key."""
        self.rows[json.dumps([record[key] for key in self.keys])] = record

    def flush(self, database: duckdb.DuckDBPyConnection) -> None:
        """Write the rows into the table."""
        if not self.rows:
            return
        columns = ", ".join(f'"{name}"' for name in self.columns)
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in self.columns.items())
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in self.rows.values())
            file.flush()
            database.execute(
                f"INSERT OR REPLACE INTO {self.name} ({columns}) SELECT {columns} FROM "
                f"read_json(?, format = 'newline_delimited', columns = {{{kinds}}})",
                [file.name],
            )
        self.rows.clear()


def kind_of(schema: Mapping[str, Any]) -> str:
    """The type of a field's column."""
    given = schema.get("type") or []
    names = [given] if isinstance(given, str) else given
    name = next((name for name in names if name != "null"), "")
    if name == "string" and schema.get("format") == "date-time":
        return "TIMESTAMPTZ"
    return TYPES.get(name, "JSON")


def main() -> int:
    """Write the records, and print each state once all records before it are written."""
    settings = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    target_schema = settings["schema"]
    tables: dict[str, Table] = {}
    with duckdb.connect(settings["filepath"]) as database:
        database.execute(f'CREATE SCHEMA IF NOT EXISTS "{target_schema}"')
        for line in sys.stdin:
            message = json.loads(line)
            name = message.get("stream")
            if message["type"] == "SCHEMA":
                fields = message["schema"]["properties"]
                tables[name] = Table(
                    f'"{target_schema}"."{name}"',
                    {column: kind_of(schema) for column, schema in fields.items()},
                    message["key_properties"],
                )
                tables[name].create(database)
            elif message["type"] == "RECORD":
                tables[name].take(message["record"])
            elif message["type"] == "STATE":
                for table in tables.values():
                    table.flush(database)
                print(json.dumps(message["value"]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
