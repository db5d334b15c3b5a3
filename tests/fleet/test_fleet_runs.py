"""Runs of a fleet: what is read, saved, shown, retried and refused."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from fleet_runs import TAP, Fleet, dagster_home, events, log_of, materialized, shown  # noqa: F401

from tap_bigcommerce_dagster import Reports, Retries, SqlStates, Target
from tap_bigcommerce_sandbox import Options, Sandbox

SMALL = Options(orders=40, customers=15, products=12, coupons=4, any_hash=True)
MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION


@pytest.fixture
def store() -> Iterator[Sandbox]:
    with Sandbox(SMALL) as running:
        yield running


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def ids_in(store: Sandbox, name: str) -> list[int]:
    return sorted(row["id"] for row in store.records(name))


def test_a_store_is_read_into_its_target_and_its_figures_are_shown(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    for stream in ("coupons", "customers", "orders", "products"):
        assert fleet.ids("shoes", stream) == ids_in(store, stream)
        assert shown(instance, stream)["rows"] == len(ids_in(store, stream))
        assert materialized(instance, stream) == {"shoes"}
    orders = shown(instance, "orders")
    asked = [request for request in store.requests() if request["list"].startswith("order")]
    # The first request of orders may be one for the store's time.
    assert 0 <= orders["requests"] - len(asked) <= 2
    assert orders["bookmark"] == max(row["date_modified"] for row in fleet.rows("shoes", "orders"))
    assert (orders["rescued_values"], orders["seconds_waited"], orders["failed_requests"]) == (
        0,
        0,
        0,
    )
    assert "orders: 40 records" in orders["summary"]
    assert "orders: reading" in log_of(instance, result.run_id)
    assert "METRIC" not in log_of(instance, result.run_id)


def test_failed_requests_waits_and_rescued_values_are_shown(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    store.fault("orders", request=2, kind="503", times=4)
    store.change("customers", count=3, fields={"first_name": 7, "new_to_the_schema": [1]})
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    assert shown(instance, "customers")["rescued_values"] == 3
    orders = shown(instance, "orders")
    assert orders["failed_requests"] == 4
    assert orders["seconds_waited"] >= 1
    levels = {entry.level for entry in instance.all_logs(result.run_id)}
    assert logging.WARNING in levels, "the tap's levels are the log's"
    store.change("orders", count=1)
    assert fleet.run(instance, "shoes").success
    after = shown(instance, "orders")
    assert after["bookmark_before"] == orders["bookmark"] < after["bookmark"]


@pytest.mark.parametrize("url", [None, "https://reports.example.com/"])
def test_the_report_of_the_tap_is_saved_and_linked(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance, url: str | None
) -> None:
    fleet = Fleet(tmp_path, more={"reports": Reports(tmp_path / "reports", url=url)})
    fleet.add("hats", store, access_token="a-token-nobody-may-see")
    fleet.add("shoes", store)
    result = fleet.run(instance, "hats", "shoes")
    pages = {path.name.split("-")[0]: path for path in (tmp_path / "reports").glob("*/*.html")}
    assert set(pages) == {"hats", "shoes"}, "that of a run that failed is wanted most"
    kept, page = shown(instance, "orders")["sync_report"], pages["shoes"]
    named = f"{url}{page.parent.name}/{page.name}" if url else str(page)
    assert kept == named
    assert f"[shoes] The tap's report: {named}" in log_of(instance, result.run_id)
    assert "<table" in page.read_text("utf-8")
    assert page.stat().st_size < 20_000, "docs/fleet.md reckons with it"
    assert "the access token is refused" in pages["hats"].read_text("utf-8")
    assert "a-token-nobody-may-see" not in pages["hats"].read_text("utf-8")


def test_a_run_succeeds_if_its_report_cannot_be_saved(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    fleet = Fleet(tmp_path, more={"reports": tmp_path / "reports"})
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert result.success
    assert "report cannot be saved: " in log_of(instance, result.run_id)
    assert "sync_report" not in shown(instance, "orders")


def test_the_next_run_continues_from_the_last_state_even_with_a_new_dagster_instance(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    fleet.run(instance, "shoes")
    changed = store.change("orders", count=2)
    with dg.DagsterInstance.ephemeral() as another:
        result = fleet.run(another, "shoes")
        assert result.success
        assert len(changed) <= shown(another, "orders")["rows"] <= 4
    before = {row["id"]: row for row in store.records("orders")}
    for row in fleet.rows("shoes", "orders"):
        assert row["staff_notes"] == before[row["id"]]["staff_notes"]


def test_a_refused_token_fails_without_retries_and_does_not_affect_other_stores(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("boots", store)
    fleet.add("hats", store, access_token="a-token-nobody-may-see")
    fleet.add("shoes", store)
    result = fleet.run(instance, "boots", "hats", "shoes")
    assert not result.success
    assert materialized(instance, "orders") == {"boots", "shoes"}
    log = log_of(instance, result.run_id)
    assert "the access token is refused" in log
    assert "a-token-nobody-may-see" not in log
    assert len([r for r in store.requests() if r["status"] == 401]) == 1, "it was tried again"
    assert not events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)
    assert fleet.states.read("hats") is None


def test_only_a_store_with_a_temporary_failure_is_retried(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    once = tmp_path / "once"
    once.touch()
    fleet = Fleet(tmp_path)
    fleet.target["hats"] = {
        "fails_after": 30,
        "fails_once": str(once),
        "url": "https://someone:hush-hush@warehouse",
    }
    for name in ("boots", "hats", "shoes"):
        fleet.add(name, store)
    fleet.add("shirts", store, access_token="refused")
    result = fleet.run(instance, "boots", "hats", "shirts", "shoes")
    log = log_of(instance, result.run_id)
    assert not result.success
    assert materialized(instance, "orders") == {"boots", "hats", "shoes"}
    found = [e.partition for e in events(instance, result.run_id, MATERIALIZED)]
    assert sorted(found) == sorted(["boots", "hats", "shoes"] * 4), "each once for each stream"
    assert len([r for r in store.requests() if r["status"] == 401]) == 1
    assert "cannot reach https://[hidden]@warehouse" in log
    assert "hush-hush" not in log
    assert fleet.ids("hats", "orders") == ids_in(store, "orders")


def test_the_next_run_continues_after_the_last_acknowledged_state(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path, more={"retries": Retries(most=0)})
    fleet.add("shoes", store, page_size=10, max_concurrency=1)
    once = tmp_path / "once"
    once.touch()
    # Four coupons, fifteen customers, and 21 of the orders, of which two pages are acknowledged.
    fleet.target["shoes"] = {"fails_after": 40, "fails_once": str(once)}
    assert not fleet.run(instance, "shoes").success
    kept = fleet.states.read("shoes")
    assert kept is not None
    assert kept.completed_at is None
    assert "resume" in kept.value["bookmarks"]["orders"]
    assert materialized(instance, "orders") == set()
    assert fleet.run(instance, "shoes").success
    assert fleet.ids("shoes", "orders") == ids_in(store, "orders")
    assert shown(instance, "orders")["rows"] < 40, "it went on, and did not begin again"


@pytest.mark.parametrize("which", ["tap", "target"])
def test_a_killed_program_is_retried_after_increasing_waits(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance, which: str
) -> None:
    # Replaces the tap or the target, and is killed as for taking too much memory.
    dies = tmp_path / "dies"
    dies.write_text("#!/bin/sh\nkill -KILL $$\n")
    dies.chmod(0o700)
    fleet = Fleet(tmp_path, more={which: str(dies) if which == "tap" else Target([str(dies)])})
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert not result.success
    retried = events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)
    waits = [event.step_retry_data.seconds_to_wait for event in retried]
    assert len(waits) == 2
    assert 0 < waits[0] < waits[1]
    assert f"shoes: the {which} ended by signal 9" in log_of(instance, result.run_id)
    del fleet.more[which]
    assert fleet.run(instance, "shoes").success
    assert fleet.ids("shoes", "orders") == ids_in(store, "orders")


def test_a_store_that_is_down_is_retried(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    store.fault("orders", kind="503", times=1)
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store, max_attempts=1, max_retry_seconds=0, max_concurrency=1)
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    words = "503: this part of the API, or the whole store, is not available"
    assert words in log_of(instance, result.run_id)
    assert len(events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)) == 1
    assert fleet.ids("shoes", "orders") == ids_in(store, "orders")


def test_an_unexpected_error_of_the_tap_is_shown_with_its_traceback_and_retried(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    entry = {"level": "CRITICAL", "message": "Unexpected error:", "traceback": "Trace\nKeyError: 1"}
    tap = tmp_path / "tap"
    tap.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{json.dumps(entry)}\nEND\nexit 1\n")
    tap.chmod(0o700)
    fleet = Fleet(tmp_path, more={"tap": str(tap)})
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert not result.success
    assert "shoes: Unexpected error:\nTrace\nKeyError: 1" in log_of(instance, result.run_id)
    assert len(events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)) == 2


def test_the_output_of_a_tap_that_cannot_start_is_shown(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path, more={"tap": [TAP, "--no-such-option"]})
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    log = log_of(instance, result.run_id)
    assert "the tap ended with status 2. Its last lines:" in log
    assert "unrecognized arguments: --no-such-option" in log
    assert not events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)


def test_a_state_that_cannot_be_written_is_an_error_and_the_old_one_is_kept(
    tmp_path: Path,
    store: Sandbox,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = Fleet(tmp_path, more={"retries": Retries(most=0)})
    fleet.add("shoes", store)
    assert fleet.run(instance, "shoes").success
    before = fleet.states.read("shoes")

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr("tap_bigcommerce_dagster.states.os.replace", full)
    result = fleet.run(instance, "shoes")
    assert not result.success
    assert "shoes: its state, or a file of this run" in log_of(instance, result.run_id)
    assert "No space left on device" in log_of(instance, result.run_id)
    assert fleet.states.read("shoes") == before


def test_a_run_that_loses_its_lock_ends_and_saves_no_state(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    url = f"sqlite:///{tmp_path / 'states.db'}"
    fleet = Fleet(tmp_path, more={"states": SqlStates(url, term=0.6)})
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

    thread = threading.Thread(target=another_run, daemon=True)
    thread.start()
    result = fleet.run(instance, "shoes")
    thread.join(30)
    assert not result.success
    log = log_of(instance, result.run_id)
    assert "The lock on the state of shoes was lost" in log
    # The retry finds the lock taken.
    assert "Another run is reading shoes," in log
    assert SqlStates(url).read("shoes") is None
    assert not (tmp_path / "rows" / "shoes" / "products.json").exists(), "it ended at once"


def test_a_second_run_of_a_store_is_refused(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    fleet.add("hats", store)
    with fleet.states.lock("shoes"):
        result = fleet.run(instance, "hats", "shoes")
    assert not result.success
    assert "Another run is reading shoes," in log_of(instance, result.run_id)
    assert materialized(instance, "orders") == {"hats"}
    assert {r["path"].split("/")[2] for r in store.requests()} == {"hats"}


def test_a_target_that_acknowledges_no_state_is_an_error(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    silent = Target([sys.executable, "-c", "import sys; sys.stdin.read()", "--"])
    fleet.more["target"] = silent
    result = fleet.run(instance, "shoes")
    assert "acknowledged no state" in log_of(instance, result.run_id)
    assert fleet.states.read("shoes") is None


def test_a_missing_program_is_named(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path, more={"tap": "/no/such/tap-bigcommerce"})
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert "/no/such/tap-bigcommerce" in log_of(instance, result.run_id)
    assert not events(instance, result.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY)


def test_the_state_that_a_real_target_acknowledges_is_saved(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    program = os.environ.get("FLEET_TARGET_JSONL", "")
    if not Path(program).exists():
        pytest.skip("`make fleet-test` installs target-jsonl, which this needs")
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store)
    rows = tmp_path / "rows"
    rows.mkdir()
    settings = {"destination_path": str(rows), "do_timestamp_file": False}
    fleet.more["target"] = Target([program], settings)
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    lines = (rows / "orders.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ids_in(store, "orders")
    kept = fleet.states.read("shoes")
    assert kept is not None
    assert set(kept.value["bookmarks"]) == {"customers", "orders", "products"}


def test_rows_of_stores_in_shared_tables_differ_by_their_hash(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = Fleet(tmp_path, more={"settings": {"store_hash_column": True}})
    for name in ("hats", "shoes"):
        fleet.add(name, store)
        fleet.target[name] = {"folder": str(tmp_path / "rows" / "all")}
    fleet.more["at_once"] = 1
    assert fleet.run(instance, "hats", "shoes").success
    rows = fleet.rows("all", "orders")
    assert len(rows) == 80
    assert {row["store_hash"] for row in rows} == {"hats", "shoes"}


def fleet_that_reads(folder: Path, *streams: str) -> Fleet:
    """A fleet in this folder, with a catalog that selects these streams."""
    catalog = json.loads(
        subprocess.run([TAP, "--discover"], capture_output=True, timeout=60, check=True).stdout
    )
    for entry in catalog["streams"]:
        entry["metadata"][0]["metadata"]["selected"] = entry["stream"] in streams
    (folder / "catalog.json").write_text(json.dumps(catalog))
    return Fleet(folder, more={"catalog": folder / "catalog.json"})


def test_a_catalog_selects_the_streams_and_has_their_columns(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = fleet_that_reads(tmp_path, "coupons", "order_products")
    fleet.add("shoes", store)
    result = fleet.run(instance, "shoes")
    assert result.success, log_of(instance, result.run_id)
    assert {path.stem for path in (tmp_path / "rows" / "shoes").glob("*.json")} == {
        "coupons",
        "order_products",
    }
    assert shown(instance, "order_products")["rows"] > 0
    key = dg.AssetKey(["bigcommerce", "coupons"])
    asset = fleet.definitions().resolve_assets_def(key)
    columns = asset.metadata_by_key[key]["dagster/column_schema"].columns
    assert ("id", "integer") in [(column.name, column.type) for column in columns]
    assert asset.descriptions_by_key[key].startswith("A coupon code that shoppers can redeem")


def test_some_streams_are_read_alone_and_the_others_keep_their_bookmarks(
    tmp_path: Path, store: Sandbox, instance: dg.DagsterInstance
) -> None:
    fleet = fleet_that_reads(tmp_path, "coupons", "customers", "orders", "order_products")

    def materialize(*streams: str) -> dg.ExecuteInProcessResult:
        """As "Materialize selected" does."""
        instance.add_dynamic_partitions("bigcommerce_stores", ["shoes"])
        job = fleet.definitions().resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(["bigcommerce", stream]) for stream in streams]
        result = job.execute_in_process(
            instance=instance, partition_key="shoes", asset_selection=keys, raise_on_error=False
        )
        found = events(instance, result.run_id, MATERIALIZED)
        assert {event.asset_key.path[-1] for event in found} == set(streams)
        return result

    fleet.add("shoes", store)
    assert materialize("coupons").success, "no bookmark at all is a state, too"
    assert fleet.run(instance, "shoes").success
    whole = fleet.states.read("shoes")
    store.change("orders", count=2)
    store.clear_requests()
    # A child stream without its parent.
    result = materialize("order_products")
    assert result.success, log_of(instance, result.run_id)
    part = fleet.states.read("shoes")
    assert whole is not None
    assert part is not None
    assert {r["list"] for r in store.requests()} <= {"orders", "order_products", "time"}
    changed = {
        stream
        for stream, marks in part.value["bookmarks"].items()
        if marks != whole.value["bookmarks"][stream]
    }
    assert changed == {"order_products"}
    assert part.completed_at == whole.completed_at, "the store as a whole is not newer"
    assert set(part.streams_completed_at) == {"order_products"}
    assert fleet.run(instance, "shoes").success
    last = fleet.states.read("shoes")
    assert last is not None
    assert last.streams_completed_at == {}
    assert shown(instance, "orders")["rows"] >= 2, "its changes were not skipped"
