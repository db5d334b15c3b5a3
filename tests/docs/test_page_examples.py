"""Every example on every page of the documentation is run, or checked in another way."""

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from documents import DOCUMENTS, HASH, README, ROOT, TOKEN, Example, examples, run_examples
from tap_runner import clean_environment, discover, settings, succeed

from tap_bigcommerce.config import parse_config
from tap_bigcommerce_sandbox import Sandbox

DOCS = ROOT / "docs"
START = DOCS / "getting-started.md"
CONFIG = Example("json", json.dumps({"store_hash": HASH, "access_token": TOKEN}), "config.json")
TARGET = Example("json", '{"destination_path": ".", "do_timestamp_file": false}', "target.json")
CATALOG = Example("sh", "tap-bigcommerce --config config.json --discover > catalog.json\n", None)


def is_installation(example: Example) -> bool:
    return "-m venv" in example.text


def is_metadata(example: Example) -> bool:
    return example.text.startswith("[")


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_document_with_examples_is_named_in_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("*/*.py"))
    with_examples = [path for path in DOCUMENTS if examples(path)]
    assert len(with_examples) > 15
    assert [path for path in with_examples if f'{path.name}"' not in tests] == []


def test_the_readme_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = [e for e in examples(README) if not is_installation(e)]
    (demo,) = (e for e in shown if e.text.startswith("make demo"))
    (credentials,) = (e for e in examples(START) if e.file == "credentials.txt")
    printed = run_examples([credentials, *(e for e in shown if e != demo)], store, tmp_path)
    assert "Ready: all 4 selected streams can be read." in printed
    for stream in ("coupons", "products"):
        (file,) = tmp_path.glob(f"{stream}-*.jsonl")
        assert {r["id"] for r in read_lines(file)} == {r["id"] for r in store.records(stream)}
    state = json.loads((tmp_path / "state.json").read_text())
    assert set(state["bookmarks"]) == {"customers", "orders", "products"}


@pytest.mark.installs
@pytest.mark.timeout(600)
def test_the_installation_works_as_shown(tmp_path: Path) -> None:
    (shown,) = filter(is_installation, examples(README))
    (again,) = filter(is_installation, examples(START))
    assert shown.text == again.text
    ignored = shutil.ignore_patterns(".git", ".venv*", "demo-output", "*.egg-info", "*_cache")
    shutil.copytree(ROOT, tmp_path / "clone", ignore=ignored)
    script = shown.text.replace("python3 -m venv", f"'{sys.executable}' -m venv")
    command = ["bash", "-c", f"set -euo pipefail\ncd clone\n{script}\npython -m demo"]
    printed = subprocess.check_output(command, cwd=tmp_path, env=clean_environment(), text=True)
    assert "all rows are here, in their latest version" in printed


def test_what_is_excluded_does_not_go_out(store: Sandbox, tmp_path: Path) -> None:
    commands = [e for e in examples(DOCS / "selecting.md") if not is_metadata(e)]
    assert "items_total" in run_examples([CONFIG, *commands], store, tmp_path)
    written = read_lines(tmp_path / "messages.jsonl")
    assert {m.get("stream") for m in written} >= {"orders", "customers", "subscribers"}
    assert "@" not in str(written)
    streams = json.loads((tmp_path / "catalog.json").read_text())["streams"]
    selected = [e["stream"] for e in streams if e["metadata"][0]["metadata"]["selected"]]
    assert selected == ["orders"]


@pytest.mark.parametrize("page", ["selecting.md", "costs.md"])
def test_the_metadata_shown_select_as_the_text_says(page: str, store: Sandbox) -> None:
    (example,) = filter(is_metadata, examples(DOCS / page))
    (customers,) = (e for e in discover()["streams"] if e["stream"] == "customers")
    for shown in json.loads(example.text):
        (entry,) = (e for e in customers["metadata"] if e["breadcrumb"] == shown["breadcrumb"])
        entry["metadata"].update(shown["metadata"])
    state = {"bookmarks": {"customers": {"date_modified": "2026-03-31T00:00:00Z"}}}
    result = succeed(settings(store), {"streams": [customers]}, state)
    assert result.ids("customers") == [row["id"] for row in store.records("customers")]
    fields = result.schemas["customers"]["schema"]["properties"]
    assert ("notes" in fields) == (page == "costs.md")


def test_settings_are_taken_as_shown(caplog: pytest.LogCaptureFixture) -> None:
    for page in ("personal-data.md", "speed.md", "settings.md", "limits.md"):
        shown = [json.loads(e.text) for e in examples(DOCS / page) if e.language == "json"]
        assert shown
        for given in shown:
            parse_config({"store_hash": HASH, "access_token": TOKEN, **given})
    assert not caplog.messages


def test_the_first_hour_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = [e for e in examples(START) if "sandbox" not in e.text and not is_installation(e)]
    run_examples(shown, store, tmp_path)
    shop = tmp_path / "my-store"
    assert '"client_id": "the client id"' in (shop / "config.json").read_text()
    products = {row["id"] for row in read_lines(shop / "rows" / "products.jsonl")}
    assert products == {row["id"] for row in store.records("products")}
    assert json.loads((shop / "state.json").read_text())["store_hash"] == store.store_hash


def test_the_trial_without_a_store_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    trial = [e for e in examples(START) if "sandbox" in e.text]
    shown = [replace(e, text=e.text.replace("8910", port)) for e in trial]
    assert f'"api_url": "http://127.0.0.1:{port}"' in run_examples(shown, store, tmp_path)
    text = START.read_text("utf-8")
    for stream, number in (("orders", 2000), ("customers", 1000), ("products", 800)):
        assert f" {number:,} {stream}" in text
        assert len(read_lines(tmp_path / "sandbox-rows" / f"{stream}.jsonl")) == number


def test_the_environment_and_a_check_work_as_shown(store: Sandbox, tmp_path: Path) -> None:
    environment = [e for e in examples(DOCS / "settings.md") if e.language == "sh"]
    state = '{"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00Z"}}}'
    shown = [*environment, CONFIG, Example("json", state, "state.json")]
    printed = run_examples([*shown, *examples(DOCS / "check.md")], store, tmp_path)
    assert printed.count("Ready: all 4 selected streams can be read.") == 2
    assert json.loads((tmp_path / "check.json").read_text())["ready"] is True


def test_a_switch_with_and_without_the_old_state_works(store: Sandbox, tmp_path: Path) -> None:
    shown = examples(DOCS / "switching.md")
    run_examples([CONFIG, TARGET, CATALOG, *shown], store, tmp_path)
    for name in ("state.json", "next-state.json"):
        state = read_lines(tmp_path / name)[-1]
        assert set(state["bookmarks"]) == {"customers", "orders", "products"}
    # The second one began at the old state's bookmark, and target-jsonl has added its rows.
    assert any("Mon, 05 Jan 2026 10:00:00 +0000" in e.text for e in shown)
    again = read_lines(tmp_path / "orders.jsonl")[len(store.records("orders")) :]
    assert 0 < len(again) < len(store.records("orders")) / 2
    assert all(row["date_modified"] >= "2026-01-05T09" for row in again)
