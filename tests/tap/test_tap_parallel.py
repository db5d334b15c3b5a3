"""Requests in flight at once: the first record comes early, streams overlap, order stays."""

from __future__ import annotations

import json
from itertools import groupby

import pytest
import tap_runner
from tap_runner import discover, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox


def test_the_first_record_is_out_while_all_other_pages_are_still_awaited(small: Sandbox) -> None:
    """One answer is all that it takes, and the catalog's first stream is not even small."""
    catalog = select(discover(settings(small)), "customers", "products")
    small.fault("customers", request=2, kind="hang", times=0)
    small.fault("products", kind="hang", times=0)
    with tap_runner.start(settings(small, page_size=3), catalog) as tap:
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
    assert [stream for stream, _ in groupby(records)] == ["customers", "products"]


@pytest.mark.real_time
def test_no_more_requests_are_in_flight_than_max_concurrency_allows() -> None:
    with Sandbox(Options(orders=120, coupons=9, customers=80, products=80, latency_ms=20)) as store:
        most = {}
        for allowed in (1, 3, 8):
            store.clear_requests()
            succeed(settings(store, page_size=5, max_concurrency=allowed))
            most[allowed] = max(entry["in_flight"] for entry in store.requests())
    assert most == {1: 1, 3: 3, 8: 8}
