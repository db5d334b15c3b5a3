"""The standard tests of taps, over every stream: what any Singer tap has to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from store_truth import instant, rows_of
from tap_runner import EVERY_PAGE, Json, Result, run, select, settings
from tap_streams import INCREMENTAL, NAMES, STREAMS, Stream, over_incremental, over_streams

from tap_bigcommerce_sandbox import Options, Sandbox

LOOKBACK = timedelta(seconds=60)
START = "2025-03-01T00:00:00Z"
FUTURE = "2098-01-01T00:00:00.000000Z"


def modified_since(store: Sandbox, stream: Stream, moment: str) -> set[int]:
    """The ids of the store's rows that were modified then or later."""
    rows = store.records(stream.list)
    return {row["id"] for row in rows if instant(row["date_modified"]) >= instant(moment)}


def ids_in(store: Sandbox, stream: Stream) -> list[int]:
    return [row["id"] for row in store.records(stream.list)]


def queries(store: Sandbox, stream: Stream) -> list[Json]:
    """The parameters of the requests for a stream's list."""
    return [entry["query"] for entry in store.requests() if entry["list"] == stream.list]


# A first sync


def test_a_first_sync_succeeds(first_sync: Result) -> None:
    assert first_sync.status == 0, first_sync.stderr
    assert not first_sync.logged("WARNING", "ERROR", "CRITICAL")


@over_streams
def test_a_first_sync_brings_every_record_once(
    quiet: Sandbox, first_sync: Result, stream: Stream
) -> None:
    assert first_sync.ids(stream.name) == ids_in(quiet, stream)


@over_streams
def test_all_fields_come_when_all_are_selected(
    quiet: Sandbox, first_sync: Result, stream: Stream
) -> None:
    schema = first_sync.schemas[stream.name]["schema"]["properties"]
    came = {name for record in first_sync.records(stream.name) for name in record}
    there = {name for row in rows_of(quiet, stream.list).values() for name in row}
    assert there & set(schema) <= came <= set(schema)
    assert len(came) > 10


@pytest.fixture(scope="module")
def automatic_only(_quiet_store: Sandbox, catalog: Json) -> Result:
    """A sync with every field deselected, the automatic ones, too, as Meltano does it."""
    return run(settings(_quiet_store), select(catalog, *NAMES, fields=dict.fromkeys(NAMES, ())))


@over_streams
def test_the_automatic_fields_come_even_where_they_are_deselected(
    quiet: Sandbox, automatic_only: Result, stream: Stream
) -> None:
    assert automatic_only.ids(stream.name) == ids_in(quiet, stream)
    assert all(
        set(record) == stream.automatic_fields for record in automatic_only.records(stream.name)
    )
    schema = automatic_only.schemas[stream.name]["schema"]
    assert set(schema["properties"]) == stream.automatic_fields


@pytest.fixture(scope="module")
def second_full_sync(_quiet_store: Sandbox) -> Result:
    return run(settings(_quiet_store))


@over_streams
def test_two_full_syncs_of_an_unchanged_store_bring_the_same_records(
    first_sync: Result, second_full_sync: Result, stream: Stream
) -> None:
    assert first_sync.records(stream.name) == second_full_sync.records(stream.name)


# Pages


@pytest.fixture(scope="module")
def small_pages(_quiet_store: Sandbox) -> tuple[Result, list[Json]]:
    """A sync with pages of 7, and its requests."""
    _quiet_store.clear_requests()
    return run(settings(_quiet_store, page_size=7), env=EVERY_PAGE), _quiet_store.requests()


@over_streams
def test_more_records_than_a_page_holds_all_come(
    first_sync: Result, small_pages: tuple[Result, list[Json]], stream: Stream
) -> None:
    result, requests = small_pages
    assert result.status == 0, result.stderr
    assert result.records(stream.name) == first_sync.records(stream.name)
    asked = [entry for entry in requests if entry["list"] == stream.list]
    assert len(asked) >= len(result.records(stream.name)) / 7
    assert all(int(entry["query"]["limit"]) <= 7 for entry in asked)


def test_a_store_that_gives_shorter_pages_than_asked_for_loses_nothing(small: Sandbox) -> None:
    small.set(page_cap=4)
    result = run(settings(small))
    assert result.status == 0, result.stderr
    for stream in STREAMS:
        assert result.ids(stream.name) == ids_in(small, stream)


def test_bounds_that_exclude_lose_nothing(small: Sandbox) -> None:
    small.set(inclusive_bounds=False)
    result = run(settings(small, page_size=6))
    for stream in STREAMS:
        assert result.ids(stream.name) == ids_in(small, stream)


def test_a_store_without_records_is_read_without_complaint() -> None:
    with Sandbox(Options(orders=0, customers=0, products=0, coupons=0)) as empty:
        result = run(settings(empty))
    assert result.status == 0, result.stderr
    assert set(result.schemas) == set(NAMES)
    assert result.by_stream == {}
    assert result.state["bookmarks"] == {}


# Bookmarks


@over_incremental
def test_the_bookmark_is_the_newest_date_that_was_written(
    first_sync: Result, stream: Stream
) -> None:
    newest = max(record["date_modified"] for record in first_sync.records(stream.name))
    assert first_sync.bookmark(stream.name) == newest


@pytest.fixture(scope="module")
def second_sync(_quiet_store: Sandbox, first_sync: Result) -> Result:
    """An incremental sync of a store in which nothing has changed."""
    return run(settings(_quiet_store), state=first_sync.state)


@over_streams
def test_a_second_sync_begins_at_the_bookmark_and_full_tables_come_whole_again(
    quiet: Sandbox, first_sync: Result, second_sync: Result, stream: Stream
) -> None:
    assert second_sync.status == 0, second_sync.stderr
    if not stream.incremental:
        assert second_sync.records(stream.name) == first_sync.records(stream.name)
        return
    bookmark = instant(first_sync.bookmark(stream.name))
    dates = [instant(record["date_modified"]) for record in second_sync.records(stream.name)]
    assert dates
    assert min(dates) >= bookmark - LOOKBACK
    assert len(dates) < len(first_sync.records(stream.name))
    assert second_sync.bookmark(stream.name) == first_sync.bookmark(stream.name)


@dataclass(frozen=True)
class Changes:
    """Two syncs of a store that changed between them."""

    first: Result
    second: Result
    rows: dict[str, list[Json]]
    changed: dict[str, list[int]]
    added: dict[str, list[int]]


@pytest.fixture(scope="module")
def changes() -> Changes:
    with Sandbox(Options(orders=30, customers=25, products=25, coupons=8)) as store:
        first = run(settings(store), state={"bookmarks": {}})
        changed, added = {}, {}
        for stream in STREAMS:
            ids = ids_in(store, stream)
            new = {stream.text: "new ✓"}
            changed[stream.name] = store.change(stream.list, ids=[ids[2], ids[-3]], fields=new)
            added[stream.name] = store.add(stream.list, count=2)
        second = run(settings(store, lookback_seconds=0), state=first.state)
        rows = {stream.name: store.records(stream.list) for stream in STREAMS}
    return Changes(first, second, rows, changed, added)


@over_streams
def test_a_second_sync_brings_what_was_changed_and_added(changes: Changes, stream: Stream) -> None:
    first, second, name = changes.first, changes.second, stream.name
    expected = {row["id"] for row in changes.rows[name]}
    if stream.incremental:
        bookmark = instant(first.bookmark(name))
        expected = {
            row["id"] for row in changes.rows[name] if instant(row["date_modified"]) >= bookmark
        }
        assert second.bookmark(name) >= first.bookmark(name)
        assert len(expected) < len(first.records(name))
    assert {*changes.changed[name], *changes.added[name]} <= expected
    assert set(second.ids(name)) == expected
    assert all(second.record(name, id)[stream.text] == "new ✓" for id in changes.changed[name])


def test_what_changed_within_the_lookback_comes_again(small: Sandbox) -> None:
    bookmark = small.records("customers")[5]["date_modified"]
    state = {"bookmarks": {"customers": {"date_modified": bookmark}}}
    for seconds in (0, 90 * 86_400):
        small.clear_requests()
        result = run(settings(small, lookback_seconds=seconds), state=state)
        since = instant(bookmark) - timedelta(seconds=seconds)
        assert set(result.ids("customers")) == modified_since(small, STREAMS[1], since.isoformat())
        for query in queries(small, STREAMS[1]):
            assert query["min_date_modified"] == since.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def far_future(_quiet_store: Sandbox, catalog: Json) -> Result:
    # That of the catalog says no more than what is so anyway.
    chosen = select(catalog, *NAMES, replication_method="INCREMENTAL")
    return run(settings(_quiet_store), chosen, every_incremental(lambda _: FUTURE))


@over_streams
def test_a_bookmark_in_the_far_future_brings_no_records_and_stays(
    quiet: Sandbox, far_future: Result, stream: Stream
) -> None:
    assert far_future.status == 0, far_future.stderr
    if stream.incremental:
        assert far_future.records(stream.name) == []
        assert far_future.bookmark(stream.name) == FUTURE
    else:
        assert far_future.ids(stream.name) == ids_in(quiet, stream)


def test_a_bookmark_never_passes_the_moment_at_which_the_sync_began(small: Sandbox) -> None:
    # A date after the sync's start: modified behind the reader, or a clock that is wrong.
    small.change("customers", ids=[small.records("customers")[0]["id"]])
    small.set(clock_skew_seconds=-3600)
    result = run(settings(small))
    newest = max(record["date_modified"] for record in result.records("customers"))
    assert instant(newest) - instant(result.bookmark("customers")) > timedelta(minutes=59)


def every_incremental(moments: Callable[[Stream], str]) -> Json:
    """A state with a bookmark for each incremental stream."""
    return {"bookmarks": {s.name: {"date_modified": moments(s)} for s in INCREMENTAL}}


@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
def test_a_bookmark_never_goes_back(
    quiet: Sandbox, catalog: Json, first_sync: Result, method: str
) -> None:
    def later(stream: Stream) -> str:
        # Than every record, but not by more than the lookback: the newest ones come again.
        moment = instant(first_sync.bookmark(stream.name)) + timedelta(seconds=30)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    chosen = select(catalog, *NAMES, replication_method=method)
    result = run(settings(quiet), chosen, every_incremental(later))
    for stream in INCREMENTAL:
        assert result.records(stream.name)
        assert result.bookmark(stream.name) == later(stream)


@pytest.mark.parametrize("old", [True, False], ids=["old bookmark", "newest bookmark"])
def test_a_stream_set_to_full_table_comes_whole_and_keeps_its_bookmark_up_to_date(
    quiet: Sandbox, catalog: Json, first_sync: Result, old: bool
) -> None:
    def bookmark(stream: Stream) -> str:
        newest: str = first_sync.bookmark(stream.name)
        return "2024-02-01T00:00:00.000000Z" if old else newest

    chosen = select(catalog, *NAMES, replication_method="FULL_TABLE")
    result = run(settings(quiet, start_date=START), chosen, every_incremental(bookmark))
    assert result.status == 0, result.stderr
    for stream in INCREMENTAL:
        assert result.records(stream.name) == first_sync.records(stream.name)
        assert result.bookmark(stream.name) == first_sync.bookmark(stream.name)
        assert all(stream.since not in query for query in queries(quiet, stream))


# Start date


@pytest.fixture(scope="module")
def since_start(_quiet_store: Sandbox) -> Result:
    return run(settings(_quiet_store, start_date=START))


@over_streams
def test_the_start_date_bounds_incremental_streams_but_for_products(
    quiet: Sandbox, since_start: Result, stream: Stream
) -> None:
    assert since_start.status == 0, since_start.stderr
    if not stream.incremental or stream.ignores_start_date:
        assert since_start.ids(stream.name) == ids_in(quiet, stream)
        return
    expected = modified_since(quiet, stream, START)
    assert 0 < len(expected) < len(ids_in(quiet, stream))
    assert set(since_start.ids(stream.name)) == expected


def test_a_bookmark_counts_more_than_the_start_date(quiet: Sandbox, first_sync: Result) -> None:
    state = every_incremental(lambda stream: str(first_sync.bookmark(stream.name)))
    result = run(settings(quiet, start_date="2023-01-01", lookback_seconds=0), state=state)
    for stream in INCREMENTAL:
        bookmark = first_sync.bookmark(stream.name)
        assert set(result.ids(stream.name)) == modified_since(quiet, stream, bookmark)


def test_a_start_date_in_the_future_brings_no_orders(quiet: Sandbox) -> None:
    result = run(settings(quiet, start_date="2098-01-01"))
    assert result.status == 0, result.stderr
    assert result.records("orders") == []
    assert "orders" not in result.state["bookmarks"]


# An interrupted sync


class Interrupted:
    """A run that was killed while orders were read, as far as its messages went."""

    def __init__(self, whole: Result) -> None:
        messages = whole.messages
        at = next(
            place
            for place, message in enumerate(messages)
            if message["type"] == "STATE"
            and message["value"].get("currently_syncing") == "orders"
            and message["value"]["bookmarks"].get("orders", {}).get("resume", {}).get("after_id")
            and any(m["type"] == "RECORD" and m["stream"] == "orders" for m in messages[:place])
        )
        self.state: Json = messages[at]["value"]
        self.written = [
            message["record"]
            for message in messages[:at]
            if message["type"] == "RECORD" and message["stream"] == "orders"
        ]
        self.after_id: int = self.state["bookmarks"]["orders"]["resume"]["after_id"]


@pytest.fixture(scope="module")
def interrupted(small_pages: tuple[Result, list[Json]]) -> Interrupted:
    return Interrupted(small_pages[0])


def rest_of_orders(store: Sandbox, interrupted: Interrupted) -> list[int]:
    return [row["id"] for row in store.records("orders") if row["id"] > interrupted.after_id]


def streams_in_order(result: Result) -> list[str]:
    return [message["stream"] for message in result.messages if message["type"] == "SCHEMA"]


def test_an_interrupted_sync_resumes_after_its_last_page(
    quiet: Sandbox, interrupted: Interrupted, first_sync: Result
) -> None:
    result = run(settings(quiet, page_size=7), state=interrupted.state)
    assert result.status == 0, result.stderr
    assert result.ids("orders") == rest_of_orders(quiet, interrupted)
    assert interrupted.written + result.records("orders") == first_sync.records("orders")
    assert "resuming after id" in result.stderr
    assert "resume" not in result.state["bookmarks"]["orders"]
    assert result.bookmark("orders") == first_sync.bookmark("orders")
    for name in ("customers", "products"):
        assert result.bookmark(name) == first_sync.bookmark(name)


def test_the_interrupted_stream_is_read_first_and_none_is_dropped(
    quiet: Sandbox, interrupted: Interrupted
) -> None:
    result = run(settings(quiet), state=interrupted.state)
    assert streams_in_order(result) == ["orders", "products", "coupons", "customers"]
    assert "currently_syncing" not in result.state


@pytest.mark.parametrize(
    ("current", "first"),
    [("products", "products"), (None, "coupons"), ("no_such_stream", "coupons")],
)
def test_currently_syncing_names_the_stream_that_is_read_first(
    quiet: Sandbox, catalog: Json, current: str | None, first: str
) -> None:
    chosen = select(catalog, *NAMES, fields=dict.fromkeys(NAMES, ()))
    result = run(settings(quiet), chosen, {"bookmarks": {}, "currently_syncing": current})
    assert result.status == 0, result.stderr
    assert streams_in_order(result)[0] == first
    assert sorted(streams_in_order(result)) == sorted(NAMES)


def test_a_stream_that_was_added_after_an_interruption_is_read_completely(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    before = run(settings(quiet, page_size=7), select(catalog, "orders", "products"))
    interrupted = Interrupted(before)
    result = run(settings(quiet), select(catalog, *NAMES), interrupted.state)
    assert result.status == 0, result.stderr
    assert result.ids("orders") == rest_of_orders(quiet, interrupted)
    for name in ("coupons", "customers", "products"):
        assert result.records(name) == first_sync.records(name)


@pytest.mark.parametrize("how", ["removed", "deselected"])
def test_a_stream_that_is_not_read_after_an_interruption_keeps_its_resume_point(
    quiet: Sandbox, catalog: Json, interrupted: Interrupted, how: str
) -> None:
    others = [name for name in NAMES if name != "orders"]
    chosen = select(catalog, *others)
    if how == "removed":
        chosen["streams"] = [
            entry for entry in chosen["streams"] if entry["tap_stream_id"] != "orders"
        ]
    result = run(settings(quiet, page_size=7), chosen, interrupted.state)
    assert result.status == 0, result.stderr
    assert set(result.schemas) == set(others)
    assert result.state["bookmarks"]["orders"] == interrupted.state["bookmarks"]["orders"]
    assert "currently_syncing" not in result.state
    # When it is selected again, it resumes where it was interrupted.
    again = run(settings(quiet, page_size=7), state=result.state)
    assert again.ids("orders") == rest_of_orders(quiet, interrupted)


def test_a_full_table_sync_resumes_after_its_last_page_too(
    quiet: Sandbox, small_pages: tuple[Result, list[Json]], first_sync: Result
) -> None:
    states = [
        state
        for state in small_pages[0].states
        if state.get("currently_syncing") == "coupons" and "coupons" in state["bookmarks"]
    ]
    after_id = states[0]["bookmarks"]["coupons"]["resume"]["after_id"]
    result = run(settings(quiet), state=states[0])
    assert result.ids("coupons") == [id for id in first_sync.ids("coupons") if id > after_id]
    assert "coupons" not in result.state["bookmarks"]
    assert run(settings(quiet), state=result.state).ids("coupons") == first_sync.ids("coupons")


def test_what_changed_between_interruption_and_resumption_is_not_lost(small: Sandbox) -> None:
    interrupted = Interrupted(run(settings(small, page_size=5), env=EVERY_PAGE))
    done = interrupted.written[0]["id"]
    small.change("orders", ids=[done], fields={"staff_notes": "changed later"})
    resumed = run(settings(small, page_size=5), state=interrupted.state)
    assert done not in resumed.ids("orders")
    third = run(settings(small), state=resumed.state)
    assert third.record("orders", done)["staff_notes"] == "changed later"
