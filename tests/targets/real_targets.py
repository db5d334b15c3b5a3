"""The targets that are tested, and what they have loaded, in the form in which the tap wrote it."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from all_streams import Key, key_of, truth
from installed_tools import ROOT, installed
from postgres_server import Postgres
from store_truth import differences
from tap_runner import Json

from tap_bigcommerce.dates import normalize_date
from tap_bigcommerce_sandbox import Store

DOCUMENT = ROOT / "docs" / "targets.md"
SCHEMA = "store"
READ_DUCKDB = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as database:
    for (row,) in database.execute(f"SELECT to_json(t) FROM {sys.argv[2]} AS t").fetchall():
        print(row)
"""


@dataclass(frozen=True)
class Target:
    """A target with a place of its own to load into.

    read gives the rows of a stream as they lie there. exact: numbers keep their digits. appends:
    it keeps every version of a row, the last one last. kept: what the target is known to make of
    the value of a column.
    """

    name: str
    command: Sequence[str]
    folder: Path
    read: Callable[[str], list[Json]]
    exact: bool = False
    appends: bool = False
    kept: Callable[[Any], Any] = lambda value: value

    def rows(self, stream: str, schema: Json) -> dict[Key, Json]:
        """The rows of a stream by key, without what the target has added to them."""
        found: dict[Key, Json] = {}
        for row in self.read(stream):
            record = _as_record(row, schema)
            key = key_of(stream, record)
            assert self.appends or key not in found, f"{stream} {key}: twice"
            found[key] = record
        return found


def jsonl(folder: Path) -> Target:
    rows = folder / "new" / "rows"
    settings = shown("target-jsonl", destination_path=str(rows))

    def read(stream: str) -> list[Json]:
        return _parsed((rows / f"{stream}.jsonl").read_text("utf-8").splitlines())

    command = _command(installed("target-jsonl", "target-jsonl"), folder, settings)
    return Target("jsonl", command, folder, read, appends=True)


def duckdb(folder: Path) -> Target:
    program = installed("target-duckdb", "target-duckdb")
    file = folder / "loaded.duckdb"
    settings = shown("target-duckdb", path=str(file))

    def read(stream: str) -> list[Json]:
        command = [str(program.parent / "python"), "-c", READ_DUCKDB, str(file)]
        command.append(f"{SCHEMA}.{stream}")
        read = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return _parsed(read.stdout.split("\n"))

    return Target(
        "duckdb", _command(program, folder, settings), folder, read, kept=_through_guessed_csv
    )


def _through_guessed_csv(value: Any) -> Any:
    """A text after target-duckdb: it writes CSV, and leaves DuckDB to guess how that is to be read.

    An empty text becomes null, and a backslash may be taken for the sign that escapes.
    """
    return value.replace("\\", "") or None if isinstance(value, str) else value


def postgres(folder: Path, server: Postgres) -> Target:
    server.query(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    settings = shown("target-postgres", sqlalchemy_url=server.url)
    command = _command(installed("target-postgres", "target-postgres"), folder, settings)
    return Target("postgres", command, folder, lambda s: server.rows(f"{SCHEMA}.{s}"), exact=True)


def compare(store: Store, target: Target, schemas: Mapping[str, Json]) -> Iterator[str]:
    """What of these streams is not in the target as the store holds it, value by value."""
    for stream, schema in schemas.items():
        held = truth(store, stream)
        loaded = target.rows(stream, schema)
        for key in held.keys() - loaded.keys():
            yield f"{target.name}: {stream} {key} is missing"
        for key in loaded.keys() - held.keys():
            yield f"{target.name}: {stream} {key} is not in the store"
        for key in held.keys() & loaded.keys():
            record, row = loaded[key], held[key]
            if record.pop("_rescued_data", None) is not None:
                yield f"{target.name}: {stream} {key} has rescued data"
            if not target.appends:  # a column has a value in every row
                record = {k: value for k, value in record.items() if value is not None or k in row}
            record, row = ({k: target.kept(v) for k, v in one.items()} for one in (record, row))
            yield from differences(
                record, row, schema, exact=target.exact, path=f"{target.name}: {stream} {key}"
            )


def shown(target: str, **places: str) -> Json:
    """The settings that the documentation shows for a target, with other places to load into."""
    text = DOCUMENT.read_text("utf-8").partition(f"\n## {target}\n")[2]
    settings: Json = json.loads(text.partition("```json\n")[2].partition("```")[0])
    assert set(places) <= set(settings)
    return {**settings, **places}


def _command(program: Path, folder: Path, settings: Json) -> Sequence[str]:
    config = folder / "target.json"
    config.write_text(json.dumps(settings))
    return (str(program), "--config", str(config))


def _parsed(lines: Sequence[str]) -> list[Json]:
    return [json.loads(line, parse_float=Decimal) for line in lines if line]


def _as_record(row: Json, schema: Json) -> Json:
    """A row as the tap wrote it: without the target's own columns, dates as texts in UTC."""
    return {
        name: _as_value(row[name], kind)
        for name, kind in schema["properties"].items()
        if name in row
    }


def _as_value(value: Any, schema: Json) -> Any:
    if value is None or schema.get("format") != "date-time":
        return value
    return normalize_date(value.replace(" ", "T"))
