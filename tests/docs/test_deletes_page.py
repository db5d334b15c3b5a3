"""What the page about deletions shows is what the tap, a database and the audit make of one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from documents import ROOT, Example, examples
from shell import HASH, TOKEN, run_examples
from tap_runner import Json, discover, run, select, settings

from bench.results import load
from tap_bigcommerce.config import SETTINGS, parse_config
from tap_bigcommerce_sandbox import Sandbox

PAGE = ROOT / "docs" / "deletes.md"
GONE = 7


@pytest.fixture(scope="module")
def shown() -> list[Example]:
    found = examples(PAGE)
    kinds = [example.language for example in found]
    assert kinds == ["sh", "json", "json", "sql", "python", "sh", "text"]
    return found


@pytest.fixture
def synced(store: Sandbox, shown: list[Example]) -> tuple[Json, Json, Json]:
    """A sync with the settings shown, after which the store changes: config, catalog, state."""
    config = settings(store, **json.loads(shown[1].text))
    catalog = select(discover(config), "customers", "products")
    first = run(config, catalog)
    assert first.status == 0, first.stderr
    store.delete("products", [GONE])
    store.add("products", 2)
    return config, catalog, first.state


def test_the_installation_is_that_of_the_extra(shown: list[Example]) -> None:
    description = SETTINGS["detect_deletes"]["description"]
    assert f"Needs {shown[0].text.strip()}." in description
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    package = shown[0].text.split()[-1]
    assert (
        f'\ndeletes = [\n  "{package}>=' in project.partition("[project.optional-dependencies]")[2]
    )


def test_the_settings_shown_are_taken(
    shown: list[Example], caplog: pytest.LogCaptureFixture
) -> None:
    parse_config({"store_hash": HASH, "access_token": TOKEN, **json.loads(shown[1].text)})
    assert not caplog.messages


def test_the_tombstone_shown_is_what_is_written(
    synced: tuple[Json, Json, Json], shown: list[Example]
) -> None:
    config, catalog, state = synced
    result = run({**config, "deletes_every": 0}, catalog, state)
    assert result.status == 0, result.stderr
    example = json.loads(shown[2].text)
    (tombstone,) = (row for row in result.records("products") if row.get("_sdc_deleted_at"))
    assert set(tombstone) == set(example)
    assert tombstone["id"] == example["id"] == GONE


def test_the_statement_shown_removes_what_is_marked(shown: list[Example]) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE products (id INTEGER, _sdc_deleted_at TEXT)")
        database.execute("INSERT INTO products VALUES (6, NULL), (7, '2026-01-06T02:00:11Z')")
        database.execute(shown[3].text)
        assert database.execute("SELECT id FROM products").fetchall() == [(6,)]


def test_the_program_shown_leaves_of_each_row_what_was_known_last(
    synced: tuple[Json, Json, Json],
    shown: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, catalog, state = synced
    versions = [{"id": GONE, "name": "as it was"}, {"id": GONE + 1, "name": "another"}]
    told = run({**config, "deletes_every": 0}, catalog, state).record("products", GONE)
    (tmp_path / "rows").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in [*versions, told])
    (tmp_path / "rows" / "products.jsonl").write_text(lines)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(compile(shown[4].text, "products.py", "exec"), found)
    assert found["products"] == {GONE: {**versions[0], **told}, GONE + 1: versions[1]}


def test_the_audit_shown_is_what_it_prints(
    synced: tuple[Json, Json, Json], shown: list[Example], store: Sandbox, tmp_path: Path
) -> None:
    config, catalog, state = synced
    command, report = shown[5:]
    for name, value in {"config": config, "catalog": catalog, "state": state}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    # It ends with status 1, because something differs.
    audit = Example("sh", f"{command.text.rstrip()} || [ $? = 1 ]", None)
    assert run_examples([audit], store, tmp_path) == report.text


def test_the_sizes_named_are_those_that_were_measured() -> None:
    result = load("deletes")
    assert result is not None
    kept = [check for check in result.checks if check.what.endswith("in the state")]
    assert len(kept) >= 3
    least, *_, most = sorted(check.value for check in kept)
    assert {check.unit for check in kept} == {"KB"}
    words = "a million ids take between 1 KB and 100 KB"
    assert words in " ".join(PAGE.read_text("utf-8").split())
    assert least <= 1
    assert 50 < most <= 100
