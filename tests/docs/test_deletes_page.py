"""What the page about deletions shows is what the tap, a database and the audit make of one."""

from __future__ import annotations

import contextlib
import json
import runpy
import sqlite3
from pathlib import Path

import pytest
from documents import ROOT, Example, examples
from shell import HASH, TOKEN, run_examples
from tap_runner import Json, discover, run, select, settings

from bench.results import load
from tap_bigcommerce.config import SETTINGS, parse_config
from tap_bigcommerce_sandbox import Sandbox

PAGE = ROOT / "docs" / "deletes.md"
INSTALL, CONFIG, TOMBSTONE, SQL, PROGRAM, AUDIT, REPORT = (e.text for e in examples(PAGE))
GONE = 7


@pytest.fixture
def synced(store: Sandbox) -> tuple[Json, Json, Json]:
    """A sync with the settings shown, after which the store changes: config, catalog, state."""
    config = settings(store, **json.loads(CONFIG))
    catalog = select(discover(config), "customers", "products")
    first = run(config, catalog)
    assert first.status == 0, first.stderr
    store.delete("products", [GONE])
    store.add("products", 2)
    return {**config, "deletes_every": 0}, catalog, first.state


def test_the_installation_and_the_settings_are_those_of_the_tap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert f"Needs {INSTALL.strip()}." in SETTINGS["detect_deletes"]["description"]
    extras = (ROOT / "pyproject.toml").read_text("utf-8").partition("optional-dependencies]")[2]
    assert f'\ndeletes = [\n  "{INSTALL.split()[-1]}>=' in extras
    parse_config({"store_hash": HASH, "access_token": TOKEN, **json.loads(CONFIG)})
    assert not caplog.messages


def test_the_tombstone_is_as_shown_and_the_program_shown_merges_it(
    synced: tuple[Json, Json, Json], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(*synced)
    assert result.status == 0, result.stderr
    (tombstone,) = (row for row in result.records("products") if row.get("_sdc_deleted_at"))
    assert set(tombstone) == set(json.loads(TOMBSTONE))
    assert tombstone["id"] == json.loads(TOMBSTONE)["id"] == GONE
    versions = [{"id": GONE, "name": "as it was"}, {"id": GONE + 1, "name": "another"}]
    (tmp_path / "rows").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in [*versions, tombstone])
    (tmp_path / "rows" / "products.jsonl").write_text(lines)
    (tmp_path / "merge.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    merged = runpy.run_path("merge.py")["products"]
    assert merged == {GONE: {**versions[0], **tombstone}, GONE + 1: versions[1]}


def test_the_statement_shown_removes_what_is_marked() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE products (id INTEGER, _sdc_deleted_at TEXT)")
        database.execute("INSERT INTO products VALUES (6, NULL), (7, '2026-01-06T02:00:11Z')")
        database.execute(SQL)
        assert database.execute("SELECT id FROM products").fetchall() == [(6,)]


def test_the_audit_shown_is_what_it_prints(
    synced: tuple[Json, Json, Json], store: Sandbox, tmp_path: Path
) -> None:
    for name, value in zip(("config", "catalog", "state"), synced, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    # It ends with status 1, because something differs.
    audit = Example("sh", f"{AUDIT.rstrip()} || [ $? = 1 ]", None)
    assert run_examples([audit], store, tmp_path) == REPORT


def test_the_sizes_named_are_those_that_were_measured() -> None:
    result = load("deletes")
    assert result is not None
    kept = [check for check in result.checks if check.what.endswith("in the state")]
    least, _, most = sorted(check.value for check in kept)
    assert {check.unit for check in kept} == {"KB"}
    assert "ids take between 1 KB and 100 KB" in " ".join(PAGE.read_text("utf-8").split())
    assert least <= 1
    assert 50 < most <= 100
