"""Every example in the README does what it says, with the sandbox in the place of a store.

The examples are run as they stand, in their order, in one shell. Only the store's hash and the
token are replaced by the sandbox's, and its address comes from the environment.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import README, ROOT, Example, examples
from shell import run_examples, target_jsonl
from tap_runner import clean_environment, discover, run, settings

from tap_bigcommerce_sandbox import Sandbox


def is_make(example: Example) -> bool:
    return example.text.startswith("make ")


def is_installation(example: Example) -> bool:
    return "-m venv" in example.text


def is_metadata(example: Example) -> bool:
    return example.language == "json" and example.file is None


@pytest.fixture(scope="module")
def all_examples() -> list[Example]:
    return examples(README)


def test_the_readme_begins_with_two_commands_that_make_knows(all_examples: list[Example]) -> None:
    first = all_examples[0]
    lines = first.text.splitlines()
    commands = [line.partition("#")[0].split() for line in lines]
    assert commands == [["make", "demo"], ["make", "test"]]
    for command in commands:
        subprocess.run(
            [*command, "--dry-run"], cwd=ROOT, timeout=60, check=True, capture_output=True
        )


def test_every_example_is_of_a_kind_that_is_run(all_examples: list[Example]) -> None:
    assert {example.language for example in all_examples} == {"sh", "json", "text"}
    assert [is_make(e) for e in all_examples].count(True) == 1
    assert [is_installation(e) for e in all_examples].count(True) == 1
    assert [is_metadata(e) for e in all_examples].count(True) == 1


def test_a_first_sync_and_the_next_ones_work_as_shown(
    all_examples: list[Example], store: Sandbox, tmp_path: Path
) -> None:
    clone = tmp_path / "tap-bigcommerce"
    clone.mkdir()
    (clone / ".venv").symlink_to(sys.prefix)
    (clone / ".venv-target-jsonl").symlink_to(target_jsonl())
    shown = run_examples(
        [e for e in all_examples if not (is_make(e) or is_installation(e) or is_metadata(e))],
        store,
        clone,
    )
    shop = tmp_path / "my-store"
    config = (shop / "config.json").read_text()
    assert "client secret" not in config
    assert json.loads(config) == {
        "store_hash": store.store_hash,
        "access_token": store.access_token,
        "client_id": "the client id",
        "start_date": "2024-01-01T00:00:00Z",
    }
    assert "Ready: all 4 selected streams can be read." in shown
    coupons = {row["id"] for row in read_lines(shop / "rows" / "coupons.jsonl")}
    assert coupons == {row["id"] for row in store.records("coupons")}
    products = {row["id"] for row in read_lines(shop / "rows" / "products.jsonl")}
    assert products == {row["id"] for row in store.records("products")}
    state = json.loads((shop / "state.json").read_text())
    assert state["store_hash"] == store.store_hash
    assert set(state["bookmarks"]) == {"customers", "orders", "products"}
    kinds = {message["type"] for message in read_lines(shop / "messages.jsonl")}
    assert kinds == {"SCHEMA", "RECORD", "STATE"}


def test_the_metadata_shown_does_what_the_text_says(
    all_examples: list[Example], store: Sandbox
) -> None:
    (example,) = filter(is_metadata, all_examples)
    catalog = discover(settings(store))
    (orders,) = (entry for entry in catalog["streams"] if entry["stream"] == "orders")
    for shown in json.loads(example.text):
        (entry,) = (e for e in orders["metadata"] if e["breadcrumb"] == shown["breadcrumb"])
        entry["metadata"].update(shown["metadata"])
    state = {"bookmarks": {"orders": {"date_modified": "2050-01-01T00:00:00Z"}}}
    result = run(settings(store), catalog, state)
    assert result.status == 0, result.stderr
    assert "staff_notes" not in result.schemas["orders"]["schema"]["properties"]
    assert result.ids("orders") == [row["id"] for row in store.records("orders")]
    assert result.ids("coupons")


@pytest.mark.installs
@pytest.mark.timeout(600)
def test_the_commands_without_make_install_and_run(
    all_examples: list[Example], tmp_path: Path
) -> None:
    (example,) = filter(is_installation, all_examples)
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".venv*", "demo-output", "*.egg-info", "*_cache")
    shutil.copytree(ROOT, clone, ignore=ignored)
    # The tests themselves are what runs here: they only have to be found.
    script = example.text.replace("-m pytest -n auto", "-m pytest --collect-only")
    script = script.replace("python3 -m venv", f"'{sys.executable}' -m venv")
    result = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}"],
        cwd=clone,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all rows are here, in their latest version" in result.stdout


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
