"""The standard tests of taps: first and further syncs, bookmarks, start dates, interruptions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from all_streams import DATED, FOUR, automatic
from store_truth import instant
from tap_runner import EVERY_PAGE, Json, Result, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

FUTURE = "2098-01-01T00:00:00.000000Z"


def modified_since(store: Sandbox, name: str, moment: str) -> set[int]:
    """The ids of the store's rows that were modified then or later."""
    rows = store.records(name)
    return {row["id"] for row in rows if instant(row["date_modified"]) >= instant(moment)}


def ids_in(store: Sandbox, name: str) -> list[int]:
    return [row["id"] for row in store.records(name)]


def queries(store: Sandbox, name: str) -> list[Json]:
    """The parameters of the requests for a stream's list."""
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


def test_a_store_without_records_is_read_without_complaint() -> None:
    with Sandbox(Options(orders=0, customers=0, products=0, coupons=0)) as empty:
        result = succeed(settings(empty))
    assert set(result.schemas) == set(FOUR)
    assert result.by_stream == {}
    assert result.state["bookmarks"] == {}


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
        assert set(result.ids("customers")) == modified_since(small, "customers", str(since))
        for query in queries(small, "customers"):
            assert query["min_date_modified"] == since.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_bookmark_in_the_far_future_brings_no_records_and_stays(
    quiet: Sandbox, catalog: Json
) -> None:
    # That of the catalog says no more than what is so anyway.
    chosen = select(catalog, *FOUR, replication_method="INCREMENTAL")
    state = {**bookmarks(lambda _: FUTURE), "currently_syncing": "no_such_stream"}
    result = succeed(settings(quiet), chosen, state)
    assert result.ids("coupons") == ids_in(quiet, "coupons")
    assert streams_in_order(result) == [*FOUR]
    for name in DATED:
        assert result.records(name) == []
        assert result.bookmark(name) == FUTURE


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


# An interrupted sync


class Interrupted:
    """A run that was killed while a list was read, as far as its messages went."""

    def __init__(self, whole: Result, stream: str) -> None:
        self.state: Json
        self.written: list[Json] = []
        for message in whole.messages:
            if message.get("stream") == stream and message["type"] == "RECORD":
                self.written.append(message["record"])
            elif message["type"] == "STATE" and self.written:
                self.state = message["value"]
                break
        assert self.state["currently_syncing"] == stream
        self.after_id: int = self.state["bookmarks"][stream]["resume"]["after_id"]


@pytest.fixture(scope="module")
def small_pages(_quiet_store: Sandbox) -> Result:
    """A sync with pages of 7, and a STATE after each."""
    return succeed(settings(_quiet_store, page_size=7), env=EVERY_PAGE)


def streams_in_order(result: Result) -> list[str]:
    return [message["stream"] for message in result.messages if message["type"] == "SCHEMA"]


@pytest.mark.parametrize("stream", ["orders", "coupons"])
def test_an_interrupted_sync_resumes_after_its_last_page(
    quiet: Sandbox, small_pages: Result, first_sync: Result, stream: str
) -> None:
    interrupted = Interrupted(small_pages, stream)
    result = succeed(settings(quiet, page_size=7), state=interrupted.state)
    assert {int(query["limit"]) for query in queries(quiet, stream)} <= {1, 7}
    assert interrupted.written + result.records(stream) == first_sync.records(stream)
    assert "resuming after id" in result.stderr
    assert result.records("products") == first_sync.records("products")
    assert result.state["bookmarks"] == first_sync.state["bookmarks"]
    # The interrupted stream is read first, and none is dropped.
    at = FOUR.index(stream)
    assert streams_in_order(result) == [*FOUR[at:], *FOUR[:at]]
    assert "currently_syncing" not in result.state


def test_a_stream_that_is_not_read_after_an_interruption_keeps_its_resume_point(
    quiet: Sandbox, catalog: Json, small_pages: Result
) -> None:
    interrupted = Interrupted(small_pages, "orders")
    others = {*FOUR} - {"orders"}
    chosen = select(catalog, *others, whole=True)
    result = succeed(settings(quiet, page_size=7), chosen, interrupted.state)
    assert set(result.schemas) == others
    assert result.state["bookmarks"]["orders"] == interrupted.state["bookmarks"]["orders"]
    assert "currently_syncing" not in result.state
    # When it is selected again, it resumes where it was interrupted.
    again = run(settings(quiet, page_size=7), state=result.state)
    rest = [id_ for id_ in ids_in(quiet, "orders") if id_ > interrupted.after_id]
    assert again.ids("orders") == rest


def test_what_changed_between_interruption_and_resumption_is_not_lost(small: Sandbox) -> None:
    args = ["--select", "orders"]
    whole = run(settings(small, page_size=5), args=args, env=EVERY_PAGE)
    interrupted = Interrupted(whole, "orders")
    done = interrupted.written[0]["id"]
    small.change("orders", ids=[done], fields={"staff_notes": "changed later"})
    resumed = run(settings(small, page_size=5), state=interrupted.state, args=args)
    assert done not in resumed.ids("orders")
    third = run(settings(small), state=resumed.state, args=args)
    assert third.record("orders", done)["staff_notes"] == "changed later"
