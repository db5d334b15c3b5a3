"""Every example on every page of the documentation is run, or checked in another way."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from documents import DOCUMENTS, README, ROOT, Example, examples
from shell import HASH, TOKEN, run_examples
from tap_runner import clean_environment, discover, run, settings

from tap_bigcommerce.config import parse_config
from tap_bigcommerce_sandbox import Sandbox

DOCS = ROOT / "docs"
CONFIG = Example("json", json.dumps({"store_hash": HASH, "access_token": TOKEN}), "config.json")
TARGET = Example("json", '{"destination_path": ".", "do_timestamp_file": false}', "target.json")
CATALOG = Example("sh", "tap-bigcommerce --config config.json --discover > catalog.json\n", None)


def is_installation(example: Example) -> bool:
    return "-m venv" in example.text


def is_make(example: Example) -> bool:
    return example.text.startswith("make ")


def is_trial(example: Example) -> bool:
    return "sandbox" in example.text


def is_metadata(example: Example) -> bool:
    return example.language == "json" and example.text.lstrip().startswith("[")


def on_page(name: str) -> list[Example]:
    found = examples(DOCS / name)
    assert found, name
    return found


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_document_with_examples_is_named_in_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("*/*.py"))
    with_examples = [path for path in DOCUMENTS if examples(path)]
    assert len(with_examples) > 15
    assert [path for path in with_examples if f'{path.name}"' not in tests] == []


def test_the_readme_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = examples(README)
    assert {example.language for example in shown} == {"sh"}
    (demo,) = filter(is_make, shown)
    command = [*demo.text.partition("#")[0].split(), "--dry-run"]
    subprocess.run(command, cwd=ROOT, timeout=60, check=True, stdout=subprocess.DEVNULL)
    (credentials,) = (e for e in on_page("getting-started.md") if e.file == "credentials.txt")
    commands = [e for e in shown if not is_make(e) and not is_installation(e)]
    printed = run_examples([credentials, *commands], store, tmp_path)
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
    (again,) = filter(is_installation, on_page("getting-started.md"))
    assert shown.text == again.text
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".venv*", "demo-output", "*.egg-info", "*_cache")
    shutil.copytree(ROOT, clone, ignore=ignored)
    script = shown.text.replace("python3 -m venv", f"'{sys.executable}' -m venv")
    result = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}\npython -m demo"],
        cwd=clone,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all rows are here, in their latest version" in result.stdout


def test_what_is_excluded_does_not_go_out(store: Sandbox, tmp_path: Path) -> None:
    commands = [e for e in on_page("selecting.md") if not is_metadata(e)]
    shown = run_examples([CONFIG, *commands], store, tmp_path)
    written = (tmp_path / "messages.jsonl").read_text("utf-8")
    streams = {json.loads(line).get("stream") for line in written.splitlines()}
    assert streams >= {"orders", "customers", "subscribers"}
    assert "@" not in written
    assert "items_total" in shown
    (orders,) = [
        entry
        for entry in json.loads((tmp_path / "catalog.json").read_text())["streams"]
        if any(i["metadata"].get("selected") and not i["breadcrumb"] for i in entry["metadata"])
    ]
    assert orders["tap_stream_id"] == "orders"


@pytest.mark.parametrize("page", ["selecting.md", "costs.md"])
def test_the_metadata_shown_select_as_the_text_says(page: str, store: Sandbox) -> None:
    (example,) = filter(is_metadata, on_page(page))
    catalog = discover(settings(store))
    (customers,) = (e for e in catalog["streams"] if e["stream"] == "customers")
    for shown in json.loads(example.text):
        (entry,) = (e for e in customers["metadata"] if e["breadcrumb"] == shown["breadcrumb"])
        entry["metadata"].update(shown["metadata"])
    state = {"bookmarks": {"customers": {"date_modified": "2026-03-31T00:00:00Z"}}}
    result = run(settings(store), {"streams": [customers]}, state)
    assert result.status == 0, result.stderr
    assert result.ids("customers") == [row["id"] for row in store.records("customers")]
    fields = result.schemas["customers"]["schema"]["properties"]
    assert ("notes" in fields) == (page == "costs.md")


@pytest.mark.parametrize("page", ["personal-data.md", "speed.md", "settings.md", "limits.md"])
def test_settings_are_taken_as_shown(page: str, caplog: pytest.LogCaptureFixture) -> None:
    shown = [json.loads(e.text) for e in on_page(page) if e.language == "json"]
    assert shown
    for given in shown:
        parse_config({"store_hash": HASH, "access_token": TOKEN, **given})
    assert not caplog.messages


def test_the_first_hour_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = [e for e in on_page("getting-started.md") if not is_trial(e)]
    assert [is_installation(e) for e in shown].count(True) == 1
    run_examples([e for e in shown if not is_installation(e)], store, tmp_path)
    shop = tmp_path / "my-store"
    assert json.loads((shop / "config.json").read_text()) == {
        "store_hash": store.store_hash,
        "access_token": store.access_token,
        "client_id": "the client id",
        "start_date": "2024-01-01T00:00:00Z",
    }
    products = {row["id"] for row in read_lines(shop / "rows" / "products.jsonl")}
    assert products == {row["id"] for row in store.records("products")}
    assert json.loads((shop / "state.json").read_text())["store_hash"] == store.store_hash


def test_the_trial_without_a_store_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shown = [e for e in on_page("getting-started.md") if is_trial(e)]
    shown = [replace(e, text=e.text.replace("8910", port)) for e in shown]
    printed = run_examples(shown, store, tmp_path)
    assert f'"api_url": "http://127.0.0.1:{port}"' in printed
    rows = {p.stem: len(read_lines(p)) for p in (tmp_path / "sandbox-rows").iterdir()}
    assert rows == {"orders": 2000, "customers": 1000, "products": 800, "coupons": 60}
    text = (DOCS / "getting-started.md").read_text("utf-8")
    assert "has 2,000 orders, 1,000 customers, 800 products and 60 coupons" in text


def test_the_environment_takes_the_place_of_a_file(store: Sandbox, tmp_path: Path) -> None:
    run_examples([e for e in on_page("settings.md") if e.language == "sh"], store, tmp_path)
    assert json.loads((tmp_path / "catalog.json").read_text())["streams"]


def test_a_check_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    state = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00Z"}}}
    given = Example("json", json.dumps(state), "state.json")
    shown = run_examples([CONFIG, CATALOG, given, *on_page("check.md")], store, tmp_path)
    assert shown.count("Ready: all 4 selected streams can be read.") == 2
    assert json.loads((tmp_path / "check.json").read_text())["ready"] is True


def test_a_switch_with_and_without_the_old_state_works(store: Sandbox, tmp_path: Path) -> None:
    run_examples([CONFIG, TARGET, CATALOG, *on_page("switching.md")], store, tmp_path)
    for name in ("state.json", "next-state.json"):
        state = read_lines(tmp_path / name)[-1]
        assert set(state["bookmarks"]) == {"customers", "orders", "products"}
    # The second one began at the old state's bookmark, and target-jsonl has added its rows.
    (old,) = (json.loads(e.text) for e in on_page("switching.md") if e.language == "json")
    since = parsedate_to_datetime(old["bookmarks"]["orders"]["date_modified"])
    oldest = (since - timedelta(hours=1)).isoformat()
    orders = read_lines(tmp_path / "orders.jsonl")
    again = orders[len(store.records("orders")) :]
    assert 0 < len(again) < len(store.records("orders")) / 2
    assert all(row["date_modified"] >= oldest for row in again)
