"""Singer messages: their order, their content, and when they are written."""

import itertools
import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from all_streams import FOUR
from store_truth import INSTANT, instant
from tap_runner import EVERY_PAGE, Json, Result, discover, run, select, settings, start, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

LARGE_STATE_BYTES = 16 * 1024


@pytest.fixture(scope="module")
def pages(_quiet_store: Sandbox) -> Result:
    return run(settings(_quiet_store, page_size=6), env=EVERY_PAGE)


def test_time_extracted_is_when_the_request_was_sent(small: Sandbox, catalog: Json) -> None:
    small.set(latency_ms=700)
    began = datetime.now(timezone.utc)
    result = run(settings(small), select(catalog, "coupons", fields={"coupons": ()}))
    ended = datetime.now(timezone.utc)
    times = {m["time_extracted"] for m in result.messages if m["type"] == "RECORD"}
    assert all(INSTANT.fullmatch(moment) for moment in times)
    # Two requests are sent, one after the other; the first one returned the records.
    assert all(began <= instant(moment) < ended - timedelta(seconds=1.3) for moment in times)


def test_no_two_equal_states_follow_each_other(small: Sandbox, pages: Result) -> None:
    # A stream that fails right after a page ends with a state that has been written already.
    small.fault("customers", request=3, kind="403", times=0)
    broken = run(settings(small, page_size=6, max_concurrency=1), env=EVERY_PAGE)
    assert broken.status == 1
    assert broken.records("customers")
    for result in (pages, broken):
        assert all(one != other for one, other in itertools.pairwise(result.states))


@pytest.mark.real_time
def test_a_state_is_written_once_a_second_while_a_list_is_read(
    small: Sandbox, catalog: Json
) -> None:
    small.set(latency_ms=120)
    config = settings(small, page_size=2, max_concurrency=1)
    with start(config, select(catalog, "customers", fields={"customers": ()})) as process:
        assert process.stdout is not None
        times = [
            time.monotonic()
            for line in process.stdout
            if b'"resume"' in line and b'"type":"STATE"' in line
        ]
    assert len(times) >= 3
    # One is written after the first page. A line that is read late makes the next gap shorter.
    assert all(later - earlier > 0.8 for earlier, later in itertools.pairwise(times))


def test_a_schema_comes_first_and_a_state_covers_exactly_the_records_before_it(
    pages: Result,
) -> None:
    assert pages.messages[-1]["type"] == "STATE"
    assert "currently_syncing" not in pages.state
    assert "resume" not in json.dumps(pages.state)
    for name in FOUR:
        kinds = [m["type"] for m in pages.messages if m.get("stream") == name]
        assert kinds == ["SCHEMA", *("RECORD" for _ in pages.records(name))]
    last: dict[str, int] = {}
    counts = dict.fromkeys(FOUR, 0)
    stream = ""
    for message in pages.messages:
        if message["type"] == "RECORD":
            stream, id_ = message["stream"], message["record"]["id"]
            assert id_ > last.get(stream, 0)
            last[stream] = id_
            counts[stream] += 1
        elif message["type"] == "STATE":
            value = message["value"]
            assert len(json.dumps(value)) < 2048
            for name, entry in value["bookmarks"].items():
                if "resume" in entry:
                    assert entry["resume"]["after_id"] == last[name]
                    assert value["currently_syncing"] == stream == name
                # A bookmark appears only when its stream is complete.
                if "date_modified" in entry:
                    assert counts[name] == len(pages.records(name))


def test_a_large_state_or_set_of_ids_is_written_once_a_minute(
    quiet: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    chosen = select(catalog, "customers", fields={"customers": ()})

    def resume_points(padding: int, **more: Any) -> int:
        state = {"bookmarks": {"other": {"pad": "x" * padding}}}
        result = succeed(settings(quiet, page_size=3, **more), chosen, state, env=EVERY_PAGE)
        assert result.state["bookmarks"]["other"] == state["bookmarks"]["other"]
        return sum("resume" in value["bookmarks"]["customers"] for value in result.states)

    assert resume_points(LARGE_STATE_BYTES - 1500) > 10
    # After the first page alone.
    assert resume_points(LARGE_STATE_BYTES) <= 1
    in_files = {"deletes_state_limit": 0, "deletes_path": str(tmp_path)}
    assert resume_points(0, detect_deletes=True, **in_files) <= 1
    assert len(list(tmp_path.iterdir())) <= 2


# Requests in flight at once


def test_the_first_record_is_out_while_all_other_pages_are_still_awaited(small: Sandbox) -> None:
    """One answer is all that it takes, and the catalog's first stream is not even small."""
    catalog = select(discover(settings(small)), "customers", "products")
    small.fault("customers", request=2, kind="hang", times=0)
    small.fault("products", kind="hang", times=0)
    with start(settings(small, page_size=3), catalog) as tap:
        assert tap.stdout is not None
        types = [json.loads(tap.stdout.readline())["type"] for _ in range(2)]
        assert tap.poll() is None
    assert types == ["SCHEMA", "RECORD"]


@pytest.mark.real_time
def test_the_next_streams_first_page_is_asked_for_while_the_last_ones_come() -> None:
    latency = 0.2
    options = Options(orders=0, coupons=0, customers=100, products=100, latency_ms=1000 * latency)
    with Sandbox(options) as store:
        catalog = select(discover(settings(store)), "customers", "products")
        store.clear_requests()
        result = succeed(settings(store, page_size=10), catalog)
        requests = store.requests()
    last_answer = max(entry["at"] for entry in requests if entry["list"] == "customers") + latency
    first_request = min(entry["at"] for entry in requests if entry["list"] == "products")
    assert first_request < last_answer
    records = [message["stream"] for message in result.messages if message["type"] == "RECORD"]
    assert [stream for stream, _ in itertools.groupby(records)] == ["customers", "products"]


def test_pages_wait_for_the_lookups_of_those_before_and_not_in_memory() -> None:
    """However quick the list is, and however slow what its rows need beside it."""
    with Sandbox(Options(orders=500, customers=0, products=0, coupons=5)) as store:
        catalog = select(discover(settings(store)), "orders")
        store.clear_requests()
        succeed(settings(store, page_size=50, order_coupons="always", max_buffered_mb=1), catalog)
        requests = store.requests()
    waiting = [0]
    for request in requests:
        came = request["rows"] if request["list"] == "orders" else 0
        waiting.append(waiting[-1] + came - (request["list"] == "order_coupons"))
    assert sum(request["list"] == "order_coupons" for request in requests) == 500
    # A megabyte holds three or four pages, and one more may be on its way.
    assert max(waiting) <= 6 * 50
