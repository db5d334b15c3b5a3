"""What is set for single streams, streams that are read anew, and a test with few requests."""

from __future__ import annotations

from typing import Any

import pytest
from tap_runner import Json, Result, refused, run, select, settings, succeed
from tiers import some_of

from tap_bigcommerce_sandbox import Sandbox

END = "2025-06-01T00:00:00.000000Z"
CHILDREN = ("order_products", "order_taxes", "product_images", "price_list_records", "subscribers")
DATED = ("orders", "customers", "products", *CHILDREN)


def only(*streams: str) -> list[str]:
    return [word for stream in streams for word in ("--select", f"{stream}.*")]


def date_of(result: Result, stream: str) -> str:
    """The name of the stream's replication key."""
    (key,) = result.schemas[stream]["bookmark_properties"]
    return str(key)


def dates(result: Result, stream: str) -> list[str]:
    return [row[date_of(result, stream)] for row in result.records(stream)]


def bookmark(result: Result, stream: str) -> Any:
    return result.state["bookmarks"][stream].get(date_of(result, stream))


@pytest.mark.parametrize("stream", some_of([*DATED], 4, pytest.mark.every_stream))
def test_an_end_date_ends_the_rows_and_the_bookmark(quiet: Sandbox, stream: str) -> None:
    everything = run(settings(quiet), args=only(stream))
    assert any(date > END for date in dates(everything, stream))
    quiet.clear_requests()
    ended = succeed(settings(quiet, streams={stream: {"end_date": END}}), args=only(stream))
    sent = {name for request in quiet.requests() for name in request["query"]}
    if stream in ("orders", "products"):
        assert sent & {"max_date_modified", "date_modified:max"}
    wanted = [date for date in dates(everything, stream) if date <= END]
    assert wanted
    assert dates(ended, stream) == wanted
    assert bookmark(ended, stream) <= END
    rest = run(settings(quiet), state=ended.state, args=only(stream))
    both = {str(row) for row in ended.records(stream) + rest.records(stream)}
    assert both == {str(row) for row in everything.records(stream)}
    assert bookmark(rest, stream) == bookmark(everything, stream)


def test_with_an_end_date_nothing_is_activated_or_reported_deleted(small: Sandbox) -> None:
    config = settings(small, detect_deletes=True, activate_version=True, deletes_every=0)
    args = only("orders", "customers")
    first = run(config, args=args)
    deleted = [row["id"] for row in small.records("orders")][:3]
    small.delete("orders", deleted)
    ended = {"orders": {"end_date": END, "replication_method": "FULL_TABLE"}}
    second = succeed({**config, "streams": ended}, state=first.state, args=args)
    written = [m for m in second.messages if m.get("stream") == "orders"]
    assert not [m for m in written if m["type"] == "ACTIVATE_VERSION"]
    assert not [m for m in written if m.get("record", {}).get("_sdc_deleted_at")]
    third = run(config, state=second.state, args=args)
    reported = [row["id"] for row in third.records("orders") if row.get("_sdc_deleted_at")]
    assert reported == deleted


def test_start_dates_methods_and_lookbacks_are_the_streams_own(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    own: dict[str, Json] = {
        "orders": {"start_date": "2025-01-01"},
        "products": {"start_date": "2025-01-01"},
        "customers": {"replication_method": "INCREMENTAL", "lookback_seconds": 0},
    }
    chosen = select(catalog, "orders", "customers", "products", replication_method="FULL_TABLE")
    own["orders"]["replication_method"] = own["products"]["replication_method"] = "INCREMENTAL"
    result = succeed(settings(quiet, start_date="2024-01-01", streams=own), chosen)
    for stream, start in (("orders", "2025"), ("products", "2025"), ("customers", "2024")):
        expected = [date for date in dates(first_sync, stream) if date >= start]
        assert dates(result, stream) == expected, stream
    config = settings(quiet, lookback_seconds=31_000_000, streams=own)
    again = run(config, chosen, state=result.state)
    newest = max(dates(first_sync, "customers"))
    assert dates(again, "customers") == [d for d in dates(first_sync, "customers") if d == newest]


def test_a_full_refresh_reads_a_stream_as_if_for_the_first_time(
    quiet: Sandbox, first_sync: Result
) -> None:
    for name, expected in (("order", "Did you mean 'orders'"), ("banners", "not a selected")):
        assert expected in refused(settings(quiet), args=["--full-refresh", name])
    assert not quiet.requests()
    args = ["--full-refresh", "orders"]
    result = run(settings(quiet), state=first_sync.state, args=args)
    assert result.records("orders") == first_sync.records("orders")
    assert len(result.records("customers")) < len(first_sync.records("customers"))
    assert result.state["bookmarks"] == first_sync.state["bookmarks"]


AFTER = "streams.orders: start_date is after end_date"


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ({"order": {"lookback_seconds": 1}}, "not a stream. Did you mean 'orders'"),
        ({"orders": {"strat_date": "2024-01-01"}}, "'strat_date'. Did you mean 'start_date'"),
        ({"orders": {"start_date": "soon"}}, "streams.orders.start_date should be a date"),
        ({"orders": {"replication_method": "LOG"}}, "orders.replication_method should be"),
        ({"orders": "all"}, "streams.orders should be an object"),
        (["orders"], "streams should be an object"),
        ({"coupons": {"end_date": "2024-01-01"}}, "all rows of coupons are read in every sync"),
        ({"orders": {"start_date": "2024-01-01", "end_date": "2023-01-01"}}, AFTER),
        ({"orders": {"end_date": "2021-01-01"}}, AFTER),
    ],
)
def test_what_cannot_be_is_refused(streams: Any, expected: str) -> None:
    config = {"store_hash": "abc", "access_token": "x", "start_date": "2022-01-01"}
    assert expected in refused({**config, "streams": streams})


def test_a_test_writes_one_record_of_each_stream_and_ends(quiet: Sandbox) -> None:
    more = {"start_date": "2030-01-01", "detect_deletes": True, "activate_version": True}
    result = succeed(settings(quiet, **more), args=["--test"])
    assert [m["type"] for m in result.messages] == ["SCHEMA", "RECORD"] * 4
    assert len(quiet.requests()) <= 10
    assert {r["query"].get("limit") for r in quiet.requests() if r["rows"]} <= {"1", None}
