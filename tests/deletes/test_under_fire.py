"""Whatever changes, fails or is killed meanwhile: what is there is never reported gone."""

from __future__ import annotations

import copy
import signal

import pytest
from deletes_runs import FOUR, LISTS, Runs, tombstones
from forgetful import forgetful
from tap_runner import Json, Result, run, select, start, wait_until
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox


def test_more_than_the_limit_stops_the_stream_with_an_error(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products", "coupons"), deletes_limit=0.2)
    runs.run()
    small.delete("products", count=6)
    small.delete("coupons", ids=[small.records("coupons")[0]["id"]])
    small.change("products", ids=[small.records("products")[0]["id"]])
    result = runs.run(fails=True)
    assert result.status == 1
    assert tombstones(result, "products") == []
    assert len(tombstones(result, "coupons")) == 1, "others are not stopped"
    assert any("deletes_limit" in line for line in result.logged("CRITICAL"))
    assert len(result.records("products")) >= 1
    # The walk counts all the same, and a larger limit lets them pass.
    result = runs.run(deletes_limit=1)
    assert len(tombstones(result, "products")) == 6


@pytest.mark.parametrize("stream", ["products", "customers", "product_variants", "coupons"])
def test_what_a_list_does_not_show_is_asked_for_before_it_is_reported(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream))
    ids = runs.run().ids(stream)
    dead, hidden = ids[2], set(ids[1:5])
    small.delete(LISTS.get(stream, stream), ids=[dead])
    with forgetful(small, hidden.__contains__) as api_url:
        result = runs.run(api_url=api_url)
        assert tombstones(result, stream) == [dead]
        assert "3 records were missing from the list, but still exist" in result.stderr
    # They are still known: once they are gone indeed, that is told.
    small.delete(LISTS.get(stream, stream), ids=[ids[1]])
    assert tombstones(runs.run(), stream) == [ids[1]]


@pytest.mark.parametrize("stream", ["products", "customers", "product_variants"])
def test_an_api_that_does_not_filter_as_documented_leads_to_no_report(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream))
    ids = runs.run().ids(stream)
    small.delete(LISTS.get(stream, stream), ids=[ids[2]])
    with forgetful(small, lambda _: False, filters=False) as api_url:
        result = runs.run(api_url=api_url, fails=True)
    assert tombstones(result, stream) == []
    assert any("filter as documented" in line for line in result.logged("CRITICAL"))


def test_the_limit_counts_what_is_gone_and_not_what_a_list_hides(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_limit=0.05)
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[2]])
    with forgetful(small, lambda _: True) as api_url:
        assert tombstones(runs.run(api_url=api_url), "products") == [ids[2]]


def test_a_sweep_that_fails_reports_nothing_and_starts_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), max_attempts=1, max_retry_seconds=0)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[10])
    small.clear_requests()
    whole = run(runs.config, runs.catalog, runs.state)
    assert tombstones(whole, "products") == [7, 9]
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


def test_a_lost_permission_is_no_deletion(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, *FOUR), max_attempts=1, max_retry_seconds=0)
    runs.run()
    for moment in ("from the start", "after the records"):
        if moment == "from the start":
            small.set(withheld_scopes=["orders", "products"])
        else:
            small.set(withheld_scopes=[])
            small.fault("orders", request=2, kind="403", times=0)
            small.fault("products", request=2, kind="403", times=0)
        result = runs.run(fails=True)
        assert not any(tombstones(result, name) for name in FOUR)
    small.clear_faults()
    runs.run()
    assert not any(runs.warehouse.deleted(name) for name in FOUR if name != "orders")


def test_a_list_that_is_empty_all_of_a_sudden_is_no_deletion(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_limit=0.2)
    runs.run()
    small.delete("products", count=25)
    result = runs.run(fails=True)
    assert tombstones(result, "products") == []
    assert any("25 of its 25 records are missing" in line for line in result.logged("CRITICAL"))


# Of 50: in floating point 58% of them are a little less than 29.
@pytest.mark.parametrize(("gone", "limit"), [(10, 0.2), (29, 0.58)])
def test_the_limit_itself_is_allowed(catalog: Json, gone: int, limit: float) -> None:
    with Sandbox(Options(products=50)) as store:
        runs = Runs(store, select(catalog, "products"), deletes_limit=limit)
        runs.run()
        store.delete("products", count=gone)
        assert len(tombstones(run(runs.config, runs.catalog, runs.state), "products")) == gone
        store.delete("products", count=1)
        assert tombstones(runs.run(fails=True), "products") == []


@pytest.mark.kills
def test_a_run_that_is_killed_behind_any_message_reports_nothing_wrong(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=10, lookback_seconds=0)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[3])
    small.add("products", count=1)
    state, tables = runs.state, copy.deepcopy(runs.warehouse.tables)
    whole = runs.run()
    assert tombstones(whole, "products") == [7, 9]
    end = runs.warehouse.alive("products")
    for kept in range(1, len(whole.messages)):
        runs.state, runs.warehouse.tables = state, copy.deepcopy(tables)
        came = whole.messages[:kept]
        runs.warehouse.load(came)
        runs.state = next((m["value"] for m in reversed(came) if m["type"] == "STATE"), state)
        runs.run()
        assert runs.warehouse.alive("products") == end
        assert list(runs.warehouse.deleted("products")) == [(7,), (9,)]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
# The walk's last, two of the sweep, the last.
@pytest.mark.parametrize("request_", some_of([2, 4, 6, 7], 2, pytest.mark.kills))
def test_a_sweep_that_is_stopped_reports_nothing_and_starts_again(
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
def test_what_changes_during_a_sync_is_never_reported_while_it_is_there(
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
    told = tombstones(runs.run(), "products")
    assert set(told) <= {7, 20}
    assert 7 in told
    runs.run()
    there = sorted((row["id"],) for row in small.records("products"))
    assert sorted(runs.warehouse.alive("products")) == there
    assert list(runs.warehouse.deleted("products")) == [(7,), (20,)]


@pytest.mark.parametrize("cap", [1, 3])
def test_an_answer_with_fewer_rows_than_asked_for_is_no_proof(
    small: Sandbox, catalog: Json, cap: int
) -> None:
    runs = Runs(small, select(catalog, "products"))
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[4], ids[-1]])
    small.set(page_cap=cap)
    with forgetful(small, lambda id_: id_ > ids[2]) as api_url:
        assert tombstones(runs.run(api_url=api_url), "products") == [ids[4], ids[-1]]


def test_other_channels_do_not_look_deleted(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders", "products", "sites"), deletes_limit=0.2)
    runs.run()
    small.clear_requests()
    result = runs.run(channel_ids=[1])
    assert not any(tombstones(result, name) for name in ("orders", "products", "sites"))
    # They are in the lists that are swept, so nobody has to ask for them one by one.
    assert not {"order", "site"} & {request["list"] for request in small.requests()}
    assert not any("id:in" in request["query"] for request in small.requests())
