"""The standard tests of taps: first and further syncs, bookmarks, and what is set for streams."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from all_streams import DATED, FOUR, automatic
from store_truth import instant
from tap_runner import Json, Result, refused, run, select, settings, some_of, succeed

from tap_bigcommerce_sandbox import Sandbox

FUTURE = "2098-01-01T00:00:00.000000Z"


def ids_in(store: Sandbox, name: str) -> list[int]:
    return [row["id"] for row in store.records(name)]


def queries(store: Sandbox, name: str) -> list[Json]:
    return [entry["query"] for entry in store.requests() if entry["list"] == name]


def test_without_a_catalog_four_streams_are_read_in_the_order_of_their_ids(
    quiet: Sandbox, first_sync: Result
) -> None:
    assert not first_sync.logged("WARNING", "ERROR", "CRITICAL")
    assert set(first_sync.schemas) == set(FOUR)
    for name in FOUR:
        assert first_sync.ids(name) == ids_in(quiet, name)


@pytest.mark.parametrize("inclusion", ["automatic", None])
def test_automatic_fields_come_even_where_they_are_deselected(
    quiet: Sandbox, catalog: Json, inclusion: str | None
) -> None:
    # As Meltano does it; and in a catalog that does not say that they are automatic.
    chosen = select(catalog, *FOUR, fields=dict.fromkeys(FOUR, ()))
    for entry in chosen["streams"] if inclusion is None else ():
        for item in entry["metadata"][1:]:
            item["metadata"] = {"selected": False}
    result = succeed(settings(quiet), chosen)
    for name in FOUR:
        assert result.ids(name) == ids_in(quiet, name)
        assert all(set(record) == automatic(name) for record in result.records(name))
        assert set(result.schemas[name]["schema"]["properties"]) == automatic(name)


# Bookmarks and start dates


def test_what_changed_within_the_lookback_comes_again(small: Sandbox) -> None:
    bookmark = small.records("customers")[5]["date_modified"]
    state = {"bookmarks": {"customers": {"date_modified": bookmark}}}
    for seconds in (0, 90 * 86_400):
        small.clear_requests()
        # The bookmark counts more than the start date.
        config = settings(small, lookback_seconds=seconds, start_date="2023-01-01")
        result = run(config, state=state)
        since = instant(bookmark) - timedelta(seconds=seconds)
        rows = small.records("customers")
        wanted = {row["id"] for row in rows if instant(row["date_modified"]) >= since}
        assert set(result.ids("customers")) == wanted
        for query in queries(small, "customers"):
            assert query["min_date_modified"] == since.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_bookmark_in_the_far_future_brings_no_records_and_stays(
    quiet: Sandbox, catalog: Json
) -> None:
    # That of the catalog says no more than what is so anyway.
    chosen = select(catalog, *FOUR, replication_method="INCREMENTAL")
    result = succeed(settings(quiet), chosen, bookmarks(lambda _: FUTURE))
    assert result.ids("coupons") == ids_in(quiet, "coupons")
    for name in DATED:
        assert result.records(name) == []
        assert result.bookmark(name) == FUTURE
        assert f"{name}: the bookmark {FUTURE} is in the future" in result.stderr


def test_a_bookmark_never_passes_the_moment_at_which_the_sync_began(small: Sandbox) -> None:
    # A date after the sync's start: modified behind the reader, or a clock that is wrong.
    small.change("customers", ids=[small.records("customers")[0]["id"]])
    small.set(clock_skew_seconds=-3600)
    result = run(settings(small))
    newest = max(record["date_modified"] for record in result.records("customers"))
    assert instant(newest) - instant(result.bookmark("customers")) > timedelta(minutes=59)


def bookmarks(moments: Callable[[str], str]) -> Json:
    """A state with a bookmark for each incremental stream."""
    return {"bookmarks": {name: {"date_modified": moments(name)} for name in DATED}}


@pytest.mark.parametrize(
    ("method", "old"), [("INCREMENTAL", False), ("FULL_TABLE", False), ("FULL_TABLE", True)]
)
def test_a_bookmark_goes_forward_and_never_back_also_where_a_stream_comes_whole(
    quiet: Sandbox, catalog: Json, first_sync: Result, method: str, old: bool
) -> None:
    def given(name: str) -> str:
        # Later than every record, but not by more than the lookback: the newest ones come again.
        later = instant(first_sync.bookmark(name)) + timedelta(seconds=30)
        return "2024-02-01T00:00:00Z" if old else later.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    chosen = select(catalog, *FOUR, replication_method=method)
    config = settings(quiet, start_date="2025-03-01T00:00:00Z")
    result = succeed(config, chosen, bookmarks(given))
    for name, since in DATED.items():
        assert result.bookmark(name) == max(given(name), first_sync.bookmark(name))
        assert result.records(name)
        if method == "FULL_TABLE":
            assert result.records(name) == first_sync.records(name)
            assert all(since not in query for query in queries(quiet, name))


# Settings of single streams, streams that are read anew, and a test with few requests

END = "2025-06-01T00:00:00.000000Z"
CHILDREN = ("order_products", "order_taxes", "product_images", "price_list_records", "subscribers")


def only(*streams: str) -> list[str]:
    return [word for stream in streams for word in ("--select", f"{stream}.*")]


def date_of(result: Result, stream: str) -> str:
    (key,) = result.schemas[stream]["bookmark_properties"]
    return str(key)


def dates(result: Result, stream: str) -> list[str]:
    return [row[date_of(result, stream)] for row in result.records(stream)]


def bookmark_of(result: Result, stream: str) -> Any:
    return result.state["bookmarks"][stream].get(date_of(result, stream))


@pytest.mark.parametrize("stream", some_of([*DATED, *CHILDREN], 4, pytest.mark.every_stream))
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
    assert bookmark_of(ended, stream) <= END
    rest = run(settings(quiet), state=ended.state, args=only(stream))
    both = {str(row) for row in ended.records(stream) + rest.records(stream)}
    assert both == {str(row) for row in everything.records(stream)}
    assert bookmark_of(rest, stream) == bookmark_of(everything, stream)


def test_with_an_end_date_nothing_is_activated_or_reported_deleted(small: Sandbox) -> None:
    config = settings(small, detect_deletes=True, activate_version=True, deletes_every=0)
    args = only("orders", "customers")
    first = run(config, args=args)
    deleted = [row["id"] for row in small.records("orders")][:3]
    small.delete("orders", deleted)
    ended = {"orders": {"end_date": END, "replication_method": "FULL_TABLE"}}
    second = succeed({**config, "streams": ended}, state=first.state, args=args)
    of_orders = [m for m in second.messages if m.get("stream") == "orders"]
    assert {m["type"] for m in of_orders} == {"SCHEMA", "RECORD"}
    assert not [row for row in second.records("orders") if row.get("_sdc_deleted_at")]
    third = run(config, state=second.state, args=args)
    reported = [row["id"] for row in third.records("orders") if row.get("_sdc_deleted_at")]
    assert reported == deleted


def test_start_dates_methods_and_lookbacks_are_the_streams_own(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    incremental = {"replication_method": "INCREMENTAL"}
    own = {
        "orders": {**incremental, "start_date": "2025-01-01"},
        "products": {**incremental, "start_date": "2025-01-01"},
        "customers": {**incremental, "lookback_seconds": 0},
    }
    chosen = select(catalog, *DATED, replication_method="FULL_TABLE")
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
