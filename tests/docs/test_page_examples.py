"""Every example on every page of the documentation is run, or checked in another way."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from documents import DOCUMENTS, ROOT, Example, examples
from shell import HASH, TOKEN, run_examples
from tap_runner import discover, run, settings

from tap_bigcommerce.config import parse_config
from tap_bigcommerce_sandbox import Sandbox

DOCS = ROOT / "docs"
CONFIG = Example("json", json.dumps({"store_hash": HASH, "access_token": TOKEN}), "config.json")
TARGET = Example("json", '{"destination_path": ".", "do_timestamp_file": false}', "target.json")
CATALOG = Example("sh", "tap-bigcommerce --config config.json --discover > catalog.json\n", None)

CHECKED = {
    "README.md": "test_readme_examples",
    "CONTRIBUTING.md": "test_contributing",
    "docs/fleet.md": "tests/fleet",
    "docs/records.md": "test_docs_pages",
    "docs/state.md": "test_docs_pages",
    "docs/getting-started.md": "here",
    "docs/limits.md": "here",
    "docs/settings.md": "here",
    "docs/selecting.md": "here",
    "docs/personal-data.md": "here",
    "docs/check.md": "here",
    "docs/switching.md": "here",
    "docs/costs.md": "here",
    "docs/speed.md": "here",
    "docs/deletes.md": "test_deletes_page",
    "docs/targets.md": "tests/targets",
    "docs/meltano.md": "tests/examples",
    "docs/orchestrators.md": "tests/examples",
}
"""The documents that have examples, and where these are run."""


def is_installation(example: Example) -> bool:
    """Done by `make test` already, and as the README shows it, which is alike, by its own test."""
    return "-m venv" in example.text


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


def test_every_document_with_examples_has_a_test_of_them() -> None:
    with_examples = {str(path.relative_to(ROOT)) for path in DOCUMENTS if examples(path)}
    assert with_examples == set(CHECKED)


def test_what_is_excluded_does_not_go_out(store: Sandbox, tmp_path: Path) -> None:
    shown = run_examples([CONFIG, *on_page("selecting.md")], store, tmp_path)
    written = (tmp_path / "messages.jsonl").read_text("utf-8")
    assert {json.loads(line).get("stream") for line in written.splitlines()} >= {
        "orders",
        "customers",
        "subscribers",
    }
    assert "@" not in written
    assert "items_total" in shown
    (orders,) = [
        entry
        for entry in json.loads((tmp_path / "catalog.json").read_text())["streams"]
        if any(i["metadata"].get("selected") and not i["breadcrumb"] for i in entry["metadata"])
    ]
    assert orders["tap_stream_id"] == "orders"


def test_the_config_with_pseudonyms_is_one(caplog: pytest.LogCaptureFixture) -> None:
    (shown,) = on_page("personal-data.md")
    assert parse_config(json.loads(shown.text)).hash_fields
    assert not caplog.messages


def test_the_first_hour_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = [e for e in on_page("getting-started.md") if not is_trial(e)]
    assert [is_installation(e) for e in shown].count(True) == 1
    assert [is_metadata(e) for e in shown].count(True) == 1
    run_examples(
        [e for e in shown if not is_installation(e) and not is_metadata(e)], store, tmp_path
    )
    shop = tmp_path / "my-store"
    orders = {row["id"] for row in read_lines(shop / "rows" / "products.jsonl")}
    assert orders == {row["id"] for row in store.records("products")}
    assert json.loads((shop / "state.json").read_text())["store_hash"] == store.store_hash


def test_the_trial_without_a_store_works_as_shown(store: Sandbox, tmp_path: Path) -> None:
    shown = [e for e in on_page("getting-started.md") if is_trial(e)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shown = [replace(e, text=e.text.replace("8910", port)) for e in shown]
    printed = run_examples(shown, store, tmp_path)
    assert f'"api_url": "http://127.0.0.1:{port}"' in printed
    rows = {p.stem: len(read_lines(p)) for p in (tmp_path / "sandbox-rows").iterdir()}
    assert rows == {"orders": 2000, "customers": 1000, "products": 800, "coupons": 60}
    text = (DOCS / "getting-started.md").read_text("utf-8")
    assert "has 2,000 orders, 1,000 customers, 800 products and 60 coupons" in text


def test_the_installation_is_the_readmes_which_the_gate_runs() -> None:
    (shown,) = filter(is_installation, on_page("getting-started.md"))
    of_readme = "".join(example.text for example in examples(ROOT / "README.md"))
    for line in shown.text.replace("pip install .\n", "pip install -e '.[test]'\n").splitlines():
        assert f"{line}\n" in of_readme


def test_the_environment_takes_the_place_of_a_file(store: Sandbox, tmp_path: Path) -> None:
    commands = [example for example in on_page("settings.md") if example.language == "sh"]
    run_examples(commands, store, tmp_path)
    assert json.loads((tmp_path / "catalog.json").read_text())["streams"]


@pytest.mark.parametrize("page", ["settings.md", "limits.md"])
def test_settings_are_taken_as_shown(page: str, store: Sandbox) -> None:
    (shown,) = [json.loads(e.text) for e in on_page(page) if e.language == "json"]
    result = run(settings(store, **shown), args=["--check"])
    assert result.status == 0, result.stderr
    assert "WARNING" not in result.stderr


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


@pytest.mark.parametrize("page", ["getting-started.md", "costs.md"])
def test_the_metadata_shown_select_as_the_text_says(page: str, store: Sandbox) -> None:
    (example,) = filter(is_metadata, on_page(page))
    catalog = discover(settings(store))
    (customers,) = (e for e in catalog["streams"] if e["stream"] == "customers")
    for shown in json.loads(example.text):
        (entry,) = (e for e in customers["metadata"] if e["breadcrumb"] == shown["breadcrumb"])
        entry["metadata"].update(shown["metadata"])
    result = run(settings(store), {"streams": [customers]})
    assert result.status == 0, result.stderr
    assert result.ids("customers") == [row["id"] for row in store.records("customers")]
    fields = result.schemas["customers"]["schema"]["properties"]
    assert ("notes" in fields) == (page == "costs.md")


def test_the_settings_shown_for_tuning_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    for example in on_page("speed.md"):
        parse_config({"store_hash": HASH, "access_token": TOKEN, **json.loads(example.text)})
    assert not caplog.messages
