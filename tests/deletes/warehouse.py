"""A small target: tables in memory, in which a RECORD sets the columns of its SCHEMA."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
Key = tuple[Any, ...]

DELETED_AT = "_sdc_deleted_at"


class Warehouse:
    """Tables by stream, rows by key. A column that the SCHEMA has and the RECORD lacks is null."""

    def __init__(self, *, hard_delete: bool = False) -> None:
        self.tables: dict[str, dict[Key, Json]] = {}
        self._schemas: dict[str, Json] = {}
        self._hard_delete = hard_delete

    def load(self, messages: Iterable[Json]) -> None:
        for message in messages:
            if message["type"] == "SCHEMA":
                self._schemas[message["stream"]] = message
            elif message["type"] == "RECORD":
                self._upsert(message)
            elif message["type"] == "ACTIVATE_VERSION":
                self._activate(message["stream"], message["version"])

    def present(self, stream: str) -> dict[Key, Json]:
        return {k: row for k, row in self._table(stream).items() if row.get(DELETED_AT) is None}

    def deleted(self, stream: str) -> dict[Key, Json]:
        return {k: row for k, row in self._table(stream).items() if row.get(DELETED_AT)}

    def row(self, stream: str, *key: Any) -> Json:
        return self._table(stream)[key]

    def _table(self, stream: str) -> dict[Key, Json]:
        return self.tables.setdefault(stream, {})

    def _upsert(self, message: Json) -> None:
        stream, record = message["stream"], message["record"]
        schema = self._schemas[stream]
        columns = schema["schema"]["properties"]
        assert record.keys() <= columns.keys(), f"{stream}: {record.keys() - columns.keys()}"
        key = tuple(record[name] for name in schema["key_properties"])
        row = self._table(stream).setdefault(key, {})
        row.update({name: record.get(name) for name in columns})
        row["_version"] = message.get("version")

    def _activate(self, stream: str, version: int) -> None:
        table = self._table(stream)
        for key, row in list(table.items()):
            # Like target-postgres, which also removes rows without a version.
            if row["_version"] is None or row["_version"] < version:
                if self._hard_delete:
                    del table[key]
                else:
                    row[DELETED_AT] = "marked by the target"
