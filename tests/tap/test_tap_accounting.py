"""Every run accounts for its records: read, dropped as duplicates, written, rescued."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from all_streams import FOUR
from tap_runner import Result, discover, run, select, settings, succeed

from tap_bigcommerce.progress import metrics
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce_sandbox import Options, Sandbox


def counted(result: Result) -> Counter[tuple[str, str]]:
    """What the METRIC lines count, by stream and metric."""
    found: Counter[tuple[str, str]] = Counter()
    for line in result.logged("INFO"):
        if "METRIC: " in line:
            point = json.loads(line.split("METRIC: ", 1)[1])
            if point["type"] == "counter":
                found[point["tags"]["endpoint"], point["metric"]] += point["value"]
    return found


@pytest.mark.parametrize("inclusive", [True, False], ids=["inclusive bounds", "exclusive bounds"])
def test_what_was_read_and_what_was_written_differ_by_duplicates_alone(inclusive: bool) -> None:
    sizes: dict[str, Any] = {"orders": 90, "customers": 90, "products": 90, "coupons": 20}
    with Sandbox(Options(**sizes, inclusive_bounds=inclusive)) as store:
        result = succeed(settings(store, page_size=7, order_coupons="never"))
        ids = {name: [row["id"] for row in store.records(name)] for name in FOUR}
        shown: Counter[str] = Counter()
        for request in store.requests():
            # One row alone tells where a list ends, and is not read for itself.
            if request["query"].get("limit") != "1":
                shown[request["list"]] += request["rows"] or 0
    counts = counted(result)
    for stream in FOUR:
        read = counts[stream, "records_read"]
        known = counts[stream, "records_dropped_as_duplicates"]
        assert read == shown[stream], f"{stream}: not what the store has shown"
        assert read - known == counts[stream, "record_count"] == len(result.records(stream))
        assert result.ids(stream) == ids[stream]
        assert f"{len(ids[stream])} records" in summary_of(result, stream)
        if known:
            assert f"{read} read, {known} duplicates skipped" in summary_of(result, stream)
    assert sum(counts[stream, "records_dropped_as_duplicates"] for stream in FOUR) > 0


def test_records_of_a_long_run_are_told_in_parts_that_add_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metrics, "METRIC_INTERVAL", 0.0)
    counts = StreamCounts("orders")
    with caplog.at_level("INFO"):
        for written in (3, 4):
            counts.written += written
            metrics.log_records(counts)
        metrics.log_records(counts, last=True)
    told = [json.loads(line.split("METRIC: ")[1])["value"] for line in caplog.messages]
    assert told == [3, 4, 0]


def summary_of(result: Result, stream: str) -> str:
    [line] = [line for line in result.logged("INFO") if f"Summary of {stream}: " in line]
    return line


def test_the_summary_says_what_was_rescued_and_how_the_bookmark_moved(small: Sandbox) -> None:
    ids = [row["id"] for row in small.records("customers")]
    small.change("customers", ids[:3], {"new_to_the_api": "x"})
    small.change("customers", ids[3:5], {"customer_group_id": "many"})
    first = run(settings(small))
    assert counted(first)["customers", "values_rescued"] == 5
    rescued = summary_of(first, "customers").split("rescued values:")[1]
    assert "3 × new_to_the_api" in rescued
    assert "2 × customer_group_id" in rescued
    small.change("products", count=1)
    second = run(settings(small), state=first.state)
    was, moved = first.bookmark("products"), second.bookmark("products")
    assert summary_of(first, "products").endswith(f"; bookmark {was}")
    assert summary_of(second, "products").endswith(f"; bookmark from {was} to {moved}")
    assert summary_of(second, "orders").endswith(f"; bookmark {second.bookmark('orders')}")
    assert "bookmark" not in summary_of(second, "coupons")


@pytest.mark.real_time
def test_the_summary_says_how_long_requests_waited(small: Sandbox) -> None:
    assert not any(" waited " in line for line in run(settings(small)).logged())
    small.set(quota=12, window_seconds=2.0)
    lines = run(settings(small)).logged("INFO")
    assert any(re.search(r"; waited [1-9]\d* s over all requests", line) for line in lines)


def test_a_total_that_no_change_explains_is_accepted_by_whoever_says_so(small: Sandbox) -> None:
    brands = select(discover(settings(small)), "brands")
    there = len(small.records("brands"))
    figures = f"{there + 2} records, but returned {there}"
    small.set(brands_total_error=2)
    [line] = run(settings(small), brands).logged("CRITICAL")
    assert figures in line
    assert 'accept_incomplete: ["brands"]' in line
    accepted = succeed(settings(small, accept_incomplete=["brands"]), brands)
    [line] = [line for line in accepted.logged("WARNING") if figures in line]
    # One that is too low or that changes during the sync is no matter.
    small.set(brands_total_error=-2)
    low = succeed(settings(small), brands)
    small.set(brands_total_error=0)
    small.clear_requests()
    small.on("brands", 2, {"op": "add", "list": "brands", "count": 3})
    changing = succeed(settings(small, page_size=4, max_concurrency=1), brands)
    assert low.logged("WARNING") == changing.logged("WARNING") == []
    counts = [len(result.records("brands")) for result in (accepted, low, changing)]
    assert counts == [there, there, there + 3]
