"""Existing records are never reported as deleted, whatever changes, fails or is killed."""

import copy
import signal
from datetime import datetime, timedelta, timezone

import pytest
from deletes_runs import LISTS, Runs, hiding, said, tombstones
from tap_runner import Json, Result, run, select, settings, some_of, start, wait_until

from tap_bigcommerce_sandbox import Options, Sandbox


@pytest.mark.parametrize("count", [6, 25])
def test_more_than_the_limit_stops_the_stream_with_an_error(
    small: Sandbox, catalog: Json, count: int
) -> None:
    runs = Runs(small, select(catalog, "products", "coupons"), deletes_limit=0.2)
    runs.run()
    small.change("products", ids=[small.records("products")[0]["id"]])
    small.delete("products", count=count)
    small.delete("coupons", ids=[small.records("coupons")[0]["id"]])
    result = runs.run(fails=True)
    assert tombstones(result, "products") == []
    assert len(tombstones(result, "coupons")) == 1, "other streams are not stopped"
    assert said(result, "deletes_limit")
    assert said(result, f"{count} of its 25 records are missing")
    # The records of that sync are kept, and a larger limit allows the deletions.
    assert len(tombstones(runs.run(deletes_limit=1), "products")) == count


@pytest.mark.parametrize("stream", ["products", "customers", "product_variants", "coupons"])
def test_an_id_that_a_list_does_not_show_is_looked_up_before_it_is_reported(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream))
    ids = runs.run().ids(stream)
    deleted, hidden = ids[2], set(ids[1:5])
    small.delete(LISTS.get(stream, stream), ids=[deleted])
    with hiding(small, hidden.__contains__):
        result = runs.run()
        assert tombstones(result, stream) == [deleted]
        assert "3 records were missing from the list, but still exist" in result.stderr
    # Their ids are kept: they are reported once they are really deleted.
    small.delete(LISTS.get(stream, stream), ids=[ids[1]])
    with hiding(small, filters=False):
        failed = runs.run(fails=True)
    assert tombstones(failed, stream) == []
    assert said(failed, "filter as documented")
    assert tombstones(runs.run(), stream) == [ids[1]]


def test_the_limit_counts_deleted_records_and_not_hidden_ones(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_limit=0.05)
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[2]])
    with hiding(small, lambda _: True):
        assert tombstones(runs.run(), "products") == [ids[2]]


def test_a_failed_id_scan_reports_nothing_and_is_repeated(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), max_attempts=1, max_retry_seconds=0)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[10])
    small.clear_requests()
    complete = run(runs.config, runs.catalog, runs.state)
    assert tombstones(complete, "products") == [7, 9]
    requests = len(small.requests())
    assert requests >= 5
    for request in range(1, requests + 1):
        small.clear_faults()
        small.fault("products", request=request, kind="403", times=0)
        failed = run(runs.config, runs.catalog, runs.state)
        assert failed.status == 1
        assert tombstones(failed, "products") == []
        small.clear_faults()
        again = run(runs.config, runs.catalog, failed.state)
        assert tombstones(again, "products") == [7, 9]


# Of 50: in floating point 58% of them are a little less than 29.
@pytest.mark.parametrize(("number", "limit"), [(10, 0.2), (29, 0.58)])
def test_the_limit_itself_is_allowed(catalog: Json, number: int, limit: float) -> None:
    with Sandbox(Options(products=50)) as store:
        runs = Runs(store, select(catalog, "products"), deletes_limit=limit)
        runs.run()
        store.delete("products", count=number)
        assert len(tombstones(run(runs.config, runs.catalog, runs.state), "products")) == number
        store.delete("products", count=1)
        assert tombstones(runs.run(fails=True), "products") == []


@pytest.mark.kills
def test_a_run_that_is_killed_after_any_message_reports_nothing_wrong(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=10, lookback_seconds=0)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[3])
    small.add("products", count=1)
    state, tables = runs.state, copy.deepcopy(runs.warehouse.tables)
    complete = runs.run()
    assert tombstones(complete, "products") == [7, 9]
    end = runs.warehouse.present("products")
    for kept in range(1, len(complete.messages)):
        runs.state, runs.warehouse.tables = state, copy.deepcopy(tables)
        received = complete.messages[:kept]
        runs.warehouse.load(received)
        runs.state = next((m["value"] for m in reversed(received) if m["type"] == "STATE"), state)
        runs.run()
        assert runs.warehouse.present("products") == end
        assert list(runs.warehouse.deleted("products")) == [(7,), (9,)]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
# The last of the pass, two of the id scan, and the last of all.
@pytest.mark.parametrize("request_", some_of([2, 4, 6, 7], 2, pytest.mark.kills))
def test_a_stopped_id_scan_reports_nothing_and_is_repeated(
    small: Sandbox, catalog: Json, signum: int, request_: int
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=10, max_concurrency=1)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[3])
    small.fault("products", request=request_, kind="hang")
    with start(runs.config, runs.catalog, runs.state) as process:
        wait_until(lambda: any(r["fault"] == "hang" for r in small.requests()), "no hang")
        process.send_signal(signum)
        out, _ = process.communicate(timeout=20)
    stopped = Result(process.returncode, out.decode(), "")
    assert tombstones(stopped, "products") == []
    runs.warehouse.load(stopped.messages)
    if request_ > 2:
        assert 3 in stopped.ids("products")
        assert "resume" not in stopped.state["bookmarks"]["products"], "the records are safe"
    runs.state = stopped.state if stopped.states else runs.state
    small.clear_faults()
    assert tombstones(runs.run(), "products") == [7, 9]


@pytest.mark.parametrize("moment", ["before", "after_read"])
@pytest.mark.parametrize("request_", some_of([1, 2, 3, 4, 5, 6], 2, pytest.mark.histories))
def test_existing_records_are_not_reported_whatever_changes_during_a_sync(
    small: Sandbox, catalog: Json, moment: str, request_: int
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=10)
    runs.run()
    small.delete("products", ids=[7])
    small.on(
        "products",
        request=request_,
        moment=moment,
        do=[
            {"op": "add", "list": "products", "count": 2},
            {"op": "change", "list": "products", "ids": [3, 12]},
            {"op": "delete", "list": "products", "ids": [20]},
        ],
    )
    reported = tombstones(runs.run(), "products")
    assert set(reported) <= {7, 20}
    assert 7 in reported
    runs.run()
    existing = sorted((row["id"],) for row in small.records("products"))
    assert sorted(runs.warehouse.present("products")) == existing
    assert list(runs.warehouse.deleted("products")) == [(7,), (20,)]


@pytest.mark.parametrize("cap", [1, 3])
def test_a_response_with_fewer_rows_than_requested_proves_no_deletion(
    small: Sandbox, catalog: Json, cap: int
) -> None:
    runs = Runs(small, select(catalog, "products"))
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[4], ids[-1]])
    small.set(page_cap=cap)
    with hiding(small, lambda id_: id_ > ids[2]):
        assert tombstones(runs.run(), "products") == [ids[4], ids[-1]]


def test_other_channels_do_not_look_deleted(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders", "products", "sites"), deletes_limit=0.2)
    runs.run()
    small.clear_requests()
    result = runs.run(channel_ids=[1])
    assert not any(tombstones(result, name) for name in ("orders", "products", "sites"))
    # The id scan shows them, so they are not looked up one by one.
    assert not {"order", "site"} & {request["list"] for request in small.requests()}
    assert not any("id:in" in request["query"] for request in small.requests())


def test_a_stream_is_scanned_as_often_as_the_setting_says(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    runs.run()
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == []
    assert tombstones(runs.run(deletes_every=0), "products") == [7]
    # A daily run that starts a little early also scans, as does one after a date in the future.
    nearly = datetime.now(timezone.utc) - timedelta(hours=22)
    for id_, scanned in ((8, nearly.isoformat()), (9, "2126-01-01T00:00:00.000000Z")):
        small.delete("products", ids=[id_])
        runs.state["bookmarks"]["products"]["deletes"]["swept"] = scanned
        assert tombstones(runs.run(), "products") == [id_]
    small.delete("products", ids=[10])
    assert tombstones(runs.run(), "products") == []


def id_scans(store: Sandbox, list_: str) -> list[Json]:
    """The requests of an id scan of the list, without those that look up ids."""
    queries = [
        request["query"]
        for request in store.requests()
        if request["list"] == list_ and "include_fields" in request["query"]
    ]
    return [query for query in queries if "id:in" not in query]


def test_an_id_scan_requests_the_shortest_rows(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"))
    runs.run()
    small.clear_requests()
    small.delete("products", ids=[7])
    runs.run()
    assert {query["include_fields"] for query in id_scans(small, "products")} == {"is_visible"}
    assert not any("date_modified:min" in query for query in id_scans(small, "products"))
    [confirmation] = [
        request["query"] for request in small.requests() if "id:in" in request["query"]
    ]
    assert (confirmation["id:in"], confirmation["include_fields"]) == ("7", "is_visible")


@pytest.mark.parametrize(
    ("stream", "method", "more"),
    [
        ("products", "INCREMENTAL", {}),
        ("products", "FULL_TABLE", {}),
        ("customers", "INCREMENTAL", {"start_date": "2025-06-01T00:00:00Z"}),
    ],
)
def test_a_first_sync_needs_no_id_scan(
    small: Sandbox, catalog: Json, stream: str, method: str, more: Json
) -> None:
    chosen = select(catalog, stream, replication_method=method)
    run(settings(small, **more), chosen)
    without = len(small.requests())
    small.clear_requests()
    runs = Runs(small, chosen, **more)
    runs.run()
    assert len(small.requests()) == without
    small.clear_requests()
    runs.run()
    has_id_scan = method == "INCREMENTAL"
    if not has_id_scan:
        assert len(small.requests()) == without, "a complete pass needs no id scan"
    elif stream == "products":
        assert id_scans(small, stream)
