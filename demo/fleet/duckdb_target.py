"""A small Singer target: keeps the last row of each key in tables of one DuckDB file.

The demo has its own target because target-duckdb 0.8.0 takes the first row of a batch for a header,
and loses it (https://github.com/jwills/target-duckdb/pull/58). It needs only the package duckdb.

Settings: `filepath`, `schema`.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "string": "VARCHAR"}


class Table:
    """A stream's table, and the rows that are not written yet."""

    def __init__(self, database: duckdb.DuckDBPyConnection, name: str, message: Any) -> None:
        fields = message["schema"]["properties"]
        self.database, self.name, self.keys = database, name, message["key_properties"]
        self.kinds = {field: kind_of(schema) for field, schema in fields.items()}
        self.rows: dict[str, Any] = {}
        columns = ", ".join(f'"{field}" {kind}' for field, kind in self.kinds.items())
        key = ", ".join(f'"{field}"' for field in self.keys)
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns}, PRIMARY KEY ({key}))")

    def flush(self) -> None:
        """Write the rows into the table."""
        columns = ", ".join(f'"{field}"' for field in self.kinds)
        read = f"read_json(?, format = 'newline_delimited', columns = {self.kinds})"
        insert = f"INSERT OR REPLACE INTO {self.name} ({columns}) SELECT {columns} FROM {read}"
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in self.rows.values())
            file.flush()
            if self.rows:
                self.database.execute(insert, [file.name])
        self.rows.clear()


def kind_of(schema: Any) -> str:
    """The type of a field's column."""
    given = schema.get("type") or []
    names = [given] if isinstance(given, str) else given
    name = next((name for name in names if name != "null"), "")
    is_date = name == "string" and schema.get("format") == "date-time"
    return "TIMESTAMPTZ" if is_date else TYPES.get(name, "JSON")


def main() -> None:
    """Write the records, and print each state once all records before it are written."""
    settings = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    schema, tables = f'"{settings["schema"]}"', {}
    with duckdb.connect(settings["filepath"]) as database:
        database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for message in map(json.loads, sys.stdin):
            stream = message.get("stream")
            if message["type"] == "SCHEMA":
                tables[stream] = Table(database, f'{schema}."{stream}"', message)
            elif message["type"] == "RECORD":
                # It replaces an earlier one with the same key.
                table, record = tables[stream], message["record"]
                table.rows[json.dumps([record[key] for key in table.keys])] = record
            elif message["type"] == "STATE":
                for table in tables.values():
                    table.flush()
                print(json.dumps(message["value"]), flush=True)


if __name__ == "__main__":
    main()
