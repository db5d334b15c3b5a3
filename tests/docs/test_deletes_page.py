"""What the page about deletions shows is what the tap, a database and the audit make of one."""

import json
import runpy
from pathlib import Path

import pytest
from documents import ROOT, Example, examples, run_examples
from tap_runner import discover, select, settings, succeed

from bench.results import load
from tap_bigcommerce.config import SETTINGS
from tap_bigcommerce_sandbox import Sandbox

PAGE = ROOT / "docs" / "deletes.md"
INSTALL, CONFIG, TOMBSTONE, _, PROGRAM, AUDIT, REPORT = (e.text for e in examples(PAGE))


def test_the_installation_is_that_of_the_extra_deletes() -> None:
    assert f"Needs {INSTALL.strip()}." in SETTINGS["detect_deletes"]["description"]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'\ndeletes = [\n  "{INSTALL.split()[-1]}>=' in project


def test_a_tombstone_and_an_audit_are_as_shown_and_the_program_shown_merges_tombstones(
    store: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(store, **json.loads(CONFIG))
    catalog = select(discover(config), "customers", "products")
    state = succeed(config, catalog).state
    shown = json.loads(TOMBSTONE)
    gone = shown["id"]
    store.delete("products", [gone])
    store.add("products", 2)
    config["deletes_every"] = 0
    records = succeed(config, catalog, state).records("products")
    (tombstone,) = (row for row in records if row.get("_sdc_deleted_at"))
    assert (tombstone.keys(), tombstone["id"]) == (shown.keys(), gone)

    rows = [{"id": gone, "name": "as it was"}, {"id": gone + 1, "name": "another"}, tombstone]
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "products.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "merge.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    merged = runpy.run_path("merge.py")["products"]
    assert merged == {gone: {**rows[0], **tombstone}, gone + 1: rows[1]}

    for name, value in (("config", config), ("catalog", catalog), ("state", state)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    # It ends with status 1, because something differs.
    audit = Example("sh", f"{AUDIT.rstrip()} || [ $? = 1 ]", None)
    assert run_examples([audit], store, tmp_path) == REPORT


def test_the_sizes_named_are_those_that_were_measured() -> None:
    checks = [check for check in load("deletes").checks if check.what.endswith("in the state")]
    least, _, most = sorted((check.value, check.unit) for check in checks)
    assert "ids take between 1 KB and 100 KB" in " ".join(PAGE.read_text("utf-8").split())
    assert least <= (1, "KB")
    assert (50, "KB") < most <= (100, "KB")
