"""The targets that are tested, and what they have loaded, in the form in which the tap wrote it."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import tap_runner
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


TIME_TO_END = 300.0


@dataclass(frozen=True)
class Load:
    """What a load left. state: the target's last one, None if it wrote none.

    schemas: the last one of each stream that the tap sent, that of its tombstones aside.
    """

    tap_status: int
    target_status: int
    state: Json | None
    schemas: dict[str, Json]
    lines: int
    records: int
    log: str

    @property
    def well(self) -> bool:
        return self.tap_status == self.target_status == 0


@dataclass(frozen=True)
class Kill:
    """Both programs, or the tap alone, are killed at a STATE.

    It is the first one after so many lines: what the next run leaves out is then missing, and not
    in rows that the target has read but no STATE covers.
    """

    after: int
    target_too: bool


def load(
    store: Store,
    target: Sequence[str],
    folder: Path,
    catalog: Json,
    state: Json | None = None,
    kill: Kill | None = None,
    **more: Any,
) -> Load:
    config = tap_runner.settings(store, **more)
    states, log = folder / "states.jsonl", folder / "target.log"
    lines = records = 0
    schemas: dict[str, Json] = {}
    with (
        tap_runner.start(
            config, catalog, state, tap_runner.EVERY_PAGE, ("--log-level", "WARNING")
        ) as tap,
        states.open("wb") as out,
        log.open("wb") as err,
        subprocess.Popen(target, stdin=subprocess.PIPE, stdout=out, stderr=err) as loader,
        contextlib.ExitStack() as at_the_end,
    ):
        at_the_end.callback(loader.kill)
        assert tap.stdout is not None
        assert loader.stdin is not None
        try:
            for line in tap.stdout:
                loader.stdin.write(line)
                lines += 1
                if line.startswith(b'{"type":"RECORD"'):
                    records += 1
                elif line.startswith(b'{"type":"SCHEMA"'):
                    message = json.loads(line)
                    before = schemas.get(message["stream"], {"properties": {}})
                    if len(message["schema"]["properties"]) > len(before["properties"]):
                        schemas[message["stream"]] = message["schema"]
                at_state = line.startswith(b'{"type":"STATE"')
                if kill is not None and at_state and lines >= kill.after:
                    tap.kill()
                    if kill.target_too:
                        loader.kill()
                    break
            loader.stdin.close()
        except BrokenPipeError:
            tap.kill()  # the target's status and log say why it went
        target_status = loader.wait(TIME_TO_END)
        tap.stdout.close()
        said = tap.communicate(timeout=TIME_TO_END)[1]
    words = said.decode() + log.read_text("utf-8", errors="replace")[-3000:]
    return Load(tap.returncode, target_status, _last(states), schemas, lines, records, words)


def _last(states: Path) -> Json | None:
    whole = [line for line in states.read_text("utf-8").splitlines() if line]
    return json.loads(whole[-1]) if whole else None
