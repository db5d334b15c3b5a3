"""--check: which streams can be read, and an estimate of a sync."""

import json
import re
from typing import Any

import pytest
from all_streams import FOUR, NAMES, PARENTS, list_of
from expected import STREAMS as EXPECTED
from tap_runner import Json, Result, discover, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox


def check(config: Json, catalog: Any = None, state: Any = None) -> Json:
    result = succeed(config, catalog, state, args=["--check", "--format", "json"])
    found: Json = json.loads(result.stdout)
    return found


def stream_of(found: Json, name: str) -> Json:
    stream: Json = next(stream for stream in found["streams"] if stream["stream"] == name)
    return stream


def flat(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_the_store_is_shown_and_the_check_fits_one_screen(small: Sandbox) -> None:
    small.set(quota=450)
    result = succeed(settings(small), args=["--check"], env={"COLUMNS": "100"})
    asking, end = result.logged()
    assert re.fullmatch(r"INFO Asking 127.0.0.1:\d+ which of \d+ streams the token .*", asking)
    assert re.fullmatch(r"INFO Done: \d+ requests, \d+ s", end)
    for word in ("Café", "BigCommerce Pro", "America/Chicago", "USD", "450 requests in 30 s"):
        assert word in result.stdout
    lines = result.stdout.splitlines()
    assert len(lines) + 2 <= 50
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "Ready: all 4 selected streams can be read."


def test_counts_are_those_of_the_store_and_no_list_is_read(quiet: Sandbox, catalog: Json) -> None:
    found = check(settings(quiet, start_date="2025-06-01"), select(catalog, *NAMES))
    for entry in quiet.requests():
        counts = entry["path"].endswith("/count")
        assert counts or entry["query"].get("limit", "1") == "1"
        assert "page" not in entry["query"]
    requests = [(entry["path"], str(entry["query"])) for entry in quiet.requests()]
    assert len(requests) == len(set(requests)), "no request is made twice"
    assert len(requests) < 135, "it fits the quota of the smallest plan"
    for stream in found["streams"]:
        name, rows = stream["stream"], None
        if name not in PARENTS and EXPECTED[name].counted:
            rows = 1 if name == "store" else len(quiet.records(list_of(name)))
        assert (stream["readable"], stream["records"]) == (True, rows), name


def test_records_are_counted_as_a_sync_reads_them(small: Sandbox) -> None:
    config = settings(small, start_date="2025-06-01")
    found, synced = check(config), run(config)
    assert {s["stream"] for s in found["streams"] if s["selected"]} == {*FOUR}
    for name in FOUR:
        assert stream_of(found, name)["full_sync_records"] == len(synced.records(name))
    assert 0 < stream_of(found, "orders")["full_sync_records"] < len(small.records("orders"))
    # The first sync of products takes all.
    assert stream_of(found, "products")["full_sync_from"] is None
    # The next one, from the bookmark on.
    small.change("orders", count=4)
    small.change("products", count=2)
    found, again = check(config, state=synced.state), run(config, state=synced.state)
    for name in FOUR:
        assert stream_of(found, name)["next_sync_records"] == len(again.records(name))
    assert stream_of(found, "orders")["bookmark"] == synced.bookmark("orders")
    assert found["next_sync"]["from_state"] is True


def test_a_stopped_sync_is_shown_as_resumed(small: Sandbox) -> None:
    resume = {"after_id": 110, "since": "2025-01-01T00:00:00Z", "newest": None, "walk": "0"}
    resume["sync_start"] = "2026-01-01T00:00:00.000000Z"
    state = {"bookmarks": {"orders": {"resume": resume}}}
    assert stream_of(check(settings(small), state=state), "orders")["goes_on"] is True
    shown = run(settings(small), state=state, args=["--check"]).stdout
    assert "2025-01-01T00:00:00Z, resumed" in shown


def test_counts_that_ignore_filters_and_quotas_that_are_not_named_are_not_used(
    small: Sandbox,
) -> None:
    small.set(counts_apply_filters=False, rate_limit_headers=False)
    config = settings(small, start_date="2025-06-01")
    found = check(config)
    orders = stream_of(found, "orders")
    assert orders["records"] == len(small.records("orders"))
    assert orders["full_sync_records"] is orders["next_sync_records"] is None
    assert found["quota"] is None
    assert "The API reports no quota, so there are no waits for it." in found["assumptions"]
    assert "the API reports none" in run(config, args=["--check"]).stdout


def test_channels_are_counted_where_the_list_can_be_filtered_by_them(small: Sandbox) -> None:
    config = settings(small, channel_ids=[675412])
    products = stream_of(check(config), "products")["full_sync_records"]
    assert 0 < products < len(small.records("products"))
    assert products == len(run(config).records("products"))


@pytest.mark.parametrize("coupons", ["never", pytest.param("always", marks=pytest.mark.loads)])
def test_the_estimate_is_close_to_what_the_sync_takes(coupons: str) -> None:
    options = Options(orders=600, customers=300, products=300, coupons=40, huge_order_share=0)
    with Sandbox(options) as store:
        config = settings(store, order_coupons=coupons)
        catalog = select(discover(config), *FOUR, "order_taxes", "product_options", "brands")
        found = check(config, catalog)
        store.clear_requests()
        succeed(config, catalog)
        taken = len(store.requests())
    estimate = found["full_sync"]
    assert 0.85 * taken - 5 <= estimate["requests"] <= 1.15 * taken + 5
    assert estimate["requests_high"] == estimate["requests"]


def test_the_estimate_is_held_to_the_quota(small: Sandbox) -> None:
    window, quota = 1.5, 200
    config = settings(small, order_coupons="always")
    catalog = select(discover(config), "orders", "order_taxes", "order_shipments")
    small.set(quota=quota, window_seconds=window)
    full = check({**config, "quota_share": 1}, catalog)
    assert (full["quota"]["quota"], full["quota"]["window"]) == (quota, window)
    assert 0 <= full["quota"]["left"] <= quota  # All of it, once the window has passed.
    requests = full["full_sync"]["requests"]
    assert 90 < requests < quota, "three lists of each order"
    assert full["full_sync"]["seconds"] < window
    part = check({**config, "quota_share": 0.2}, catalog)["full_sync"]
    assert part["requests"] == requests
    assert part["seconds"] == window * ((requests - 1) // (quota * 0.2))


def test_the_share_of_coupons_is_shown_as_an_assumption(quiet: Sandbox) -> None:
    for coupons, assumed in (("auto", True), ("never", False)):
        found = check(settings(quiet, order_coupons=coupons))
        assert (found["full_sync"]["requests_high"] > found["full_sync"]["requests"]) is assumed
        assert any("coupon" in sentence for sentence in found["assumptions"]) is assumed


def test_a_missing_permission_of_a_selected_stream_is_named_with_status_1(small: Sandbox) -> None:
    small.set(withheld_scopes=("orders", "information"))
    result = run(settings(small), args=["--check"])
    assert result.status == 1
    assert not result.logged("WARNING", "CRITICAL")
    assert re.fullmatch(r"ERROR Failed: \d+ requests, \d+ s", result.logged()[-1])
    assert "lacks 'Orders: read-only'" in result.stdout
    assert "Not ready: 1 of 4 selected streams cannot be read." in result.stdout
    missing = "sandbox1: name and plan need the permission 'Information & settings: read-only'"
    assert missing in flat(result)
    as_json = run(settings(small), args=["--check", "--format", "json"])
    assert as_json.status == 1
    found = json.loads(as_json.stdout)
    assert found["ready"] is False
    assert found["store"] is None
    orders = stream_of(found, "orders")
    assert (orders["readable"], orders["lacks"]) == (False, "Orders")


def test_what_is_not_selected_may_lack_its_permission(small: Sandbox) -> None:
    small.set(withheld_scopes=("content", "transactions"))
    shown = flat(succeed(settings(small), args=["--check"]))
    assert "lacks 'Content: read-only', so these cannot be read: pages, blog_posts" in shown
    of_child = "lacks 'Order transactions: read-only', so these cannot be read: order_transactions"
    assert of_child in shown
    selected = run(settings(small), select(discover(), "order_transactions"), args=["--check"])
    assert selected.status == 1
    assert of_child in flat(selected)


def test_a_stream_that_fails_otherwise_is_not_ready_either(small: Sandbox) -> None:
    small.fault("orders", kind="501", times=0)
    result = run(settings(small), args=["--check"])
    assert result.status == 1
    assert "Cannot be read: orders: GET /v2/orders failed: 501" in flat(result)
    assert flat(result).count("failed: 501") == 1, "for all streams that are read from its list"
    assert "lacks" not in result.stdout


def test_streams_that_may_be_incomplete_are_named(quiet: Sandbox) -> None:
    names = ["products", "order_transactions:103"]
    config = settings(quiet, accept_incomplete=",".join(names))
    assert check(config)["accepted_incomplete"] == names
    assert ", ".join(names) in flat(run(config, args=["--check"]))
