"""Runs of a fleet: what is read, saved, shown, retried and refused."""

import contextlib
import errno
import json
import logging
import os
import re
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from fleet_runs import (
    MATERIALIZED,
    RETRIED,
    TAP,
    Fleet,
    dagster_home,
    events,
    fleet,
    instance,
    log_of,
    materialized,
    shown,
    store,
)

from tap_bigcommerce_dagster import FolderStates, Reports, Retries, SqlStates, Target
from tap_bigcommerce_sandbox import Sandbox

FOUR = ("coupons", "customers", "orders", "products")


def ids_in(store: Sandbox, name: str) -> list[int]:
    return sorted(row["id"] for row in store.records(name))


def test_a_store_is_read_and_then_its_changes_and_the_figures_are_shown(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    store.fault("orders", request=2, kind="503", times=4)
    store.change("customers", count=3, fields={"first_name": 7, "new_to_the_schema": [1]})
    fleet.more = {"settings": {"store_hash_column": True}, "reports": fleet.folder / "reports"}
    result = fleet.run(instance, "shoes")
    log = log_of(instance, result.run_id)
    assert result.success, log
    for stream in FOUR:
        assert fleet.ids("shoes", stream) == ids_in(store, stream)
        assert {row["store_hash"] for row in fleet.rows("shoes", stream)} == {"shoes"}
        assert shown(instance, stream)["rows"] == len(ids_in(store, stream))
        assert materialized(instance, stream) == {"shoes"}
    orders = shown(instance, "orders")
    asked = [request for request in store.requests() if request["list"].startswith("order")]
    # The first request of orders may be one for the store's time.
    assert 0 <= orders["requests"] - len(asked) <= 2
    assert orders["bookmark"] == max(row["date_modified"] for row in fleet.rows("shoes", "orders"))
    assert (orders["failed_requests"], orders["rescued_values"]) == (4, 0)
    assert orders["seconds_waited"] >= 1
    assert shown(instance, "customers")["rescued_values"] == 3
    assert "orders: 40 records" in orders["summary"]
    assert re.search(r"tap \d+\.\d s, target \d+\.\d s; memory: tap \d+ MB", orders["summary"])
    assert "orders: reading" in log
    assert "METRIC" not in log
    levels = {entry.level for entry in instance.all_logs(result.run_id)}
    assert logging.WARNING in levels, "the tap's levels are the log's"
    (page,) = (fleet.folder / "reports").glob("*/*.html")
    assert page.name.startswith("shoes-")
    assert orders["sync_report"] == str(page)
    assert f"The tap's report: {page}" in log
    assert page.stat().st_size < 20_000, "docs/fleet.md reckons with it"
    # The state is independent of Dagster, so another instance continues from it.
    changed = store.change("orders", count=2)
    with dg.DagsterInstance.ephemeral() as another:
        assert fleet.run(another, "shoes").success
        after = shown(another, "orders")
    assert len(changed) <= after["rows"] <= 4
    assert after["bookmark_before"] == orders["bookmark"] < after["bookmark"]
    notes = {row["id"]: row["staff_notes"] for row in store.records("orders")}
    assert {row["id"]: row["staff_notes"] for row in fleet.rows("shoes", "orders")} == notes


class BrokenStates(FolderStates):
    """A state storage that raises an unexpected error for one store."""

    def lock(self, store: str) -> Any:
        if store == "gloves":
            raise ZeroDivisionError("hunter2")
        return super().lock(store)


def test_a_failing_store_does_not_affect_others_and_is_retried_if_that_can_help(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    (fleet.folder / "once").touch()
    fleet.target["hats"] = {
        "fails_after": 30,
        "fails_once": str(fleet.folder / "once"),
        "url": "https://someone:hush-hush@warehouse",
    }
    reports = Reports(fleet.folder / "reports", url="https://reports.example.com/")
    fleet.more = {"states": BrokenStates(fleet.folder / "states"), "reports": reports}
    for name in ("boots", "gloves", "hats"):
        fleet.add(name, store)
    fleet.add("shirts", store, access_token="a-token-nobody-may-see")
    with fleet.states.lock("boots"):
        result = fleet.run(instance, "boots", "gloves", "hats", "shirts", "shoes")
    assert not result.success
    assert materialized(instance, "orders") == {"hats", "shoes"}
    found = [event.partition for event in events(instance, result.run_id, MATERIALIZED)]
    assert sorted(found) == sorted(["hats", "shoes"] * 4), "each once for each stream"
    assert fleet.ids("hats", "orders") == ids_in(store, "orders")
    assert len([r for r in store.requests() if r["status"] == 401]) == 1, "it was tried again"
    assert "boots" not in {r["path"].split("/")[2] for r in store.requests()}
    assert fleet.states.read("shirts") is None
    log = log_of(instance, result.run_id)
    assert "the access token is refused" in log
    assert "Another run is reading boots," in log
    assert "cannot reach https://[hidden]@warehouse" in log
    assert len(re.findall(r"^gloves: .*ZeroDivisionError \(at ", log, re.MULTILINE)) >= 3
    for secret in ("a-token-nobody-may-see", "hush-hush", "hunter2"):
        assert secret not in log
    pages = {path.name.split("-")[0]: path for path in (fleet.folder / "reports").glob("*/*.html")}
    assert set(pages) == {"hats", "shirts", "shoes"}, "that of a run that failed is wanted most"
    link = f"https://reports.example.com/{pages['shoes'].parent.name}/{pages['shoes'].name}"
    assert f"[shoes] The tap's report: {link}" in log
    assert shown(instance, "orders")["sync_report"].startswith("https://reports.example.com/")
    failed = pages["shirts"].read_text("utf-8")
    assert "the access token is refused" in failed
    assert "a-token-nobody-may-see" not in failed


KILLED = "kill -KILL $$"  # As for taking too much memory.
ERROR = {"level": "CRITICAL", "message": "Unexpected error:", "traceback": "Trace\nKeyError: 1"}
BREAKS = f"printf '%s' '{json.dumps(ERROR)}' >&2; exit 1"


@pytest.mark.parametrize(
    ("which", "script", "text", "retries"),
    [
        ("tap", KILLED, "shoes: the tap ended by signal 9", 2),
        ("target", KILLED, "shoes: the target ended by signal 9", 2),
        ("tap", BREAKS, "shoes: Unexpected error:\nTrace\nKeyError: 1", 2),
        (
            "tap",
            f'exec "{TAP}" --no-such',
            "shoes: the tap ended with status 2. Its last lines:",
            0,
        ),
        ("tap", None, "cannot be started: {}: No such file", 0),
        ("target", None, "cannot be started: {}: No such file", 0),
        ("target", "cat >/dev/null", "shoes: the target acknowledged no state", 0),
    ],
)
def test_what_a_program_that_fails_said_is_shown_and_it_is_retried_after_increasing_waits(
    fleet: Fleet,
    instance: dg.DagsterInstance,
    which: str,
    script: str | None,
    text: str,
    retries: int,
) -> None:
    path = str(fleet.folder / "no-program") if script is None else fleet.program(which, script)
    fleet.more[which] = path if which == "tap" else Target([path])
    result = fleet.run(instance, "shoes")
    assert not result.success
    log = log_of(instance, result.run_id)
    assert text.replace("{}", path) in log
    assert ("unrecognized arguments: --no-such" in log) == ("--no-such" in str(script))
    retried = events(instance, result.run_id, RETRIED)
    waits = [event.step_retry_data.seconds_to_wait for event in retried]
    assert len(waits) == retries
    assert waits == sorted(waits)
    assert fleet.states.read("shoes") is None


def test_the_next_run_continues_after_the_last_acknowledged_state_and_is_retried(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet.more["retries"] = Retries(most=0)
    fleet.add("shoes", store, page_size=10, max_concurrency=1, max_attempts=1, max_retry_seconds=0)
    (fleet.folder / "once").touch()
    # Four coupons, fifteen customers, and 21 of the orders, of which two pages are acknowledged.
    fleet.target["shoes"] = {"fails_after": 40, "fails_once": str(fleet.folder / "once")}
    assert not fleet.run(instance, "shoes").success
    kept = fleet.states.read("shoes")
    assert kept is not None
    assert kept.completed_at is None
    assert "resume" in kept.value["bookmarks"]["orders"]
    assert materialized(instance, "orders") == set()
    fleet.more["retries"] = Retries(most=2, delay=0.1)
    store.fault("orders", kind="503", times=1)  # It is down for a moment.
    result = fleet.run(instance, "shoes")
    log = log_of(instance, result.run_id)
    assert result.success, log
    assert "503: this part of the API, or the whole store, is not available" in log
    assert len(events(instance, result.run_id, RETRIED)) == 1
    assert fleet.ids("shoes", "orders") == ids_in(store, "orders")
    assert shown(instance, "orders")["rows"] < 40, "it went on, and did not begin again"


def test_a_state_that_cannot_be_written_is_an_error(
    fleet: Fleet, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr("tap_bigcommerce_dagster.states.os.replace", full)
    fleet.more["retries"] = Retries(most=0)
    result = fleet.run(instance, "shoes")
    assert not result.success
    words = r"shoes: its state, or a file of this run, .*: No space left on device \(.*shoes\.json"
    assert re.search(words, log_of(instance, result.run_id))


def test_a_run_that_loses_its_lock_ends_and_saves_no_state(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'states.db'}"
    fleet.more["states"] = SqlStates(url, term=0.6)
    fleet.add("shoes", store, page_size=10, max_concurrency=1)
    fleet.target["shoes"] = {"sleeps": 0.1}
    steal = "update bigcommerce_states set version = version + 1, locked_until = 9e9"

    def another_run() -> None:
        with contextlib.closing(sqlite3.connect(tmp_path / "states.db")) as database:
            for _ in range(200):
                time.sleep(0.05)
                with contextlib.suppress(sqlite3.OperationalError), database:
                    if database.execute(steal).rowcount:
                        return

    with ThreadPoolExecutor() as pool:
        pool.submit(another_run)
        result = fleet.run(instance, "shoes")
    assert not result.success
    log = log_of(instance, result.run_id)
    assert "The lock on the state of shoes was lost" in log
    # The retry finds the lock taken.
    assert "Another run is reading shoes," in log
    assert SqlStates(url).read("shoes") is None
    products = fleet.folder / "rows" / "shoes" / "products.json"
    assert not products.exists(), "it ended at once"


def test_a_real_target_is_read_into_and_a_report_that_cannot_be_saved_does_not_matter(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    program = os.environ.get("FLEET_TARGET_JSONL", "")
    if not Path(program).exists():
        pytest.skip("`make fleet-test` installs target-jsonl, which this needs")
    (tmp_path / "reports").write_text("a file where the folder should be")
    settings = {"destination_path": str(fleet.folder), "do_timestamp_file": False}
    fleet.more = {"target": Target([program], settings), "reports": tmp_path / "reports"}
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    lines = (fleet.folder / "orders.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ids_in(store, "orders")
    kept = fleet.states.read("shoes")
    assert kept is not None
    assert set(kept.value["bookmarks"]) == {"customers", "orders", "products"}
    assert "report cannot be saved: " in log_of(instance, result.run_id)
    assert "sync_report" not in shown(instance, "orders")


def test_a_catalog_selects_streams_which_can_be_read_alone_and_the_others_keep_their_bookmarks(
    fleet: Fleet, store: Sandbox, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    streams = {"coupons", "customers", "orders", "order_products"}
    found = subprocess.run([TAP, "--discover"], capture_output=True, timeout=60, check=True)
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        entry["metadata"][0]["metadata"]["selected"] = entry["stream"] in streams
    fleet.more["catalog"] = tmp_path / "catalog.json"
    fleet.more["catalog"].write_text(json.dumps(catalog))
    key = dg.AssetKey(["bigcommerce", "coupons"])
    asset = fleet.definitions().resolve_assets_def(key)
    columns = asset.metadata_by_key[key]["dagster/column_schema"].columns
    assert ("id", "integer") in [(column.name, column.type) for column in columns]
    assert asset.descriptions_by_key[key].startswith("A coupon code that shoppers can redeem")

    def materialize(stream: str) -> None:
        """As "Materialize selected" does."""
        instance.add_dynamic_partitions("bigcommerce_stores", ["shoes"])
        job = fleet.definitions().resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(["bigcommerce", stream])]
        result = job.execute_in_process(
            instance=instance, partition_key="shoes", asset_selection=keys, raise_on_error=False
        )
        assert result.success, log_of(instance, result.run_id)
        made = events(instance, result.run_id, MATERIALIZED)
        assert [event.asset_key.path[-1] for event in made] == [stream]

    materialize("coupons")  # No bookmark at all is a state, too.
    assert fleet.run(instance, "shoes").success
    assert {path.stem for path in (fleet.folder / "rows/shoes").glob("*.json")} == streams
    whole = fleet.states.read("shoes")
    store.change("orders", count=2)
    store.clear_requests()
    materialize("order_products")  # A child stream without its parent.
    part = fleet.states.read("shoes")
    assert whole is not None
    assert part is not None
    assert {r["list"] for r in store.requests()} <= {"orders", "order_products", "time"}
    before, after = whole.value["bookmarks"], part.value["bookmarks"]
    assert [name for name in after if after[name] != before[name]] == ["order_products"]
    assert part.completed_at == whole.completed_at, "the store as a whole is not newer"
    assert set(part.streams_completed_at) == {"order_products"}
    assert fleet.run(instance, "shoes").success
    last = fleet.states.read("shoes")
    assert last is not None
    assert last.streams_completed_at == {}
    assert shown(instance, "orders")["rows"] >= 2, "its changes were not skipped"
