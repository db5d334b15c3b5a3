"""States of older taps, of other stores, damaged ones, and those of interrupted syncs."""

import copy
from typing import Any

import pytest
from all_streams import DATED, FOUR
from store_truth import instant
from tap_runner import EVERY_PAGE, Json, Result, refused, run, select, settings, succeed

from tap_bigcommerce_sandbox import Sandbox


def only_keys(catalog: Json, *streams: str) -> Json:
    """Select these streams with their automatic fields only, which are read quickly."""
    return select(catalog, *streams, fields=dict.fromkeys(streams, ()))


def test_a_state_of_the_older_tap_is_accepted(quiet: Sandbox, catalog: Json) -> None:
    formats = {
        "customers": ("2025-06-01T12:00:00+02:00", "2025-06-01T09:59:00Z"),
        "orders": ("Sun, 01 Jun 2025 12:00:00 +0200", "2025-06-01T09:59:00Z"),
        "products": ("2025-06-01", "2025-05-31T23:59:00Z"),
    }
    state = {"bookmarks": {name: {"date_modified": date} for name, (date, _) in formats.items()}}
    result = succeed(settings(quiet), only_keys(catalog, *DATED), state)
    for name, (bookmark, filter_) in formats.items():
        queries = [e["query"] for e in quiet.requests() if e["list"] == name]
        assert {query.get(DATED[name]) for query in queries} == {filter_}, bookmark
        dates = [instant(record["date_modified"]) for record in result.records(name)]
        assert min(dates) >= instant(filter_)
        # Bookmarks are written in one format, and never move back.
        assert result.bookmark(name) >= "2025-06-01T"
        assert result.bookmark(name).endswith("Z")


OF_OLDER_TAPS = {
    "currently_syncing": "no_such_stream",
    "bookmarks": {"orders": None, "customers": {}, "products": {"date_modified": None}},
}
FOREIGN = {"bookmarks": {"contacts": {"updated": "2026"}}}
NO_BOOKMARK = "no bookmark of a stream of this tap"
EMPTY: list[tuple[Any, str | None]] = [
    ("", f"The state has {NO_BOOKMARK}, so everything is read."),
    ({"bookmarks": {}}, f"The state has {NO_BOOKMARK}, so everything is read."),
    (FOREIGN, f"The state has {NO_BOOKMARK}, only of 'contacts', so everything is read."),
    (
        {"bookmarks": {"orders": {"updated_at": "2026-01-01"}, "customers": {}}},
        "The state's entry of orders has no bookmark of this tap (date_modified), so it is read"
        " from the start.",
    ),
    (OF_OLDER_TAPS, None),
    ({"bookmarks": {"customers": {"date_modified": "0001-01-01T00:00:00Z"}}}, None),
]


def test_a_state_without_bookmarks_is_a_first_sync_with_a_warning(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = only_keys(catalog, *FOUR)
    for state, warning in EMPTY:
        result = succeed(settings(quiet), chosen, state)
        for name in DATED:
            assert len(result.ids(name)) == len(quiet.records(name))
        assert {value["store_hash"] for value in result.states} == {quiet.store_hash}
        assert streams_in_order(result) == [*FOUR]
        assert result.logged("WARNING") == ([f"WARNING {warning}"] if warning else [])
    checked = succeed(settings(quiet), chosen, FOREIGN, args=["--check"])
    assert len(checked.logged("WARNING")) == 1


def test_a_state_of_another_store_is_refused_before_any_request(quiet: Sandbox) -> None:
    for args in ([], ["--check"], ["--audit"]):
        other = {"store_hash": "otherstore", "bookmarks": {}}
        text = refused(settings(quiet), state=other, args=args)
        assert "otherstore" in text
        assert quiet.store_hash in text
    assert not quiet.requests()


RESUME = {"since": None, "sync_start": "2025-01-01T00:00:00Z", "newest": None, "walk": "x"}
NO_STATE, NO_ENTRY = "state should be a JSON object", "should hold one JSON object for each stream"
DAMAGED: list[tuple[Any, str]] = [
    ([], NO_STATE),
    ({"completed": "{}", "partial": {}}, NO_STATE),
    ({"value": {"position": 1}}, 'The state has no "bookmarks"'),
    ({"bookmarks": []}, NO_ENTRY),
    ({"bookmarks": {"customers": "2025-01-01"}}, NO_ENTRY),
    ({"bookmarks": {"customers": {"date_modified": 1735689600}}}, "which is not a date"),
    ({"bookmarks": {"customers": {"resume": 5}}}, "resume point of customers is damaged"),
    ({"bookmarks": {"customers": {"resume": {**RESUME, "after_id": "7"}}}}, "is damaged"),
    ({"bookmarks": {"customers": {"resume": {**RESUME, "after_id": 7, "since": "x"}}}}, "damaged"),
]


def test_a_damaged_state_is_reported_as_an_error(quiet: Sandbox, catalog: Json) -> None:
    chosen = only_keys(catalog, "customers")
    for state, message in DAMAGED:
        result = run(settings(quiet), chosen, state)
        assert result.status == 1
        assert not result.by_stream
        assert message in " ".join(result.logged("CRITICAL"))


def test_a_damaged_bookmark_fails_its_own_stream_only(quiet: Sandbox, catalog: Json) -> None:
    state = {"bookmarks": {"customers": {"date_modified": "yesterday"}}}
    # Several pages: the next stream's first requests are sent while this one is being read.
    result = run(settings(quiet, page_size=7), only_keys(catalog, *FOUR), state)
    assert result.status == 1
    assert "customers" in " ".join(result.logged("CRITICAL"))
    assert set(result.by_stream) == {*FOUR} - {"customers"}
    assert result.state["bookmarks"]["customers"] == {"date_modified": "yesterday"}


# An interrupted sync


def interrupted(whole: Result, stream: str) -> tuple[Json, list[Json]]:
    """The state and the records of a run that was killed while it read the stream's list."""
    written: list[Json] = []
    for message in whole.messages:
        if message.get("stream") == stream and message["type"] == "RECORD":
            written.append(message["record"])
        elif message["type"] == "STATE" and written:
            break
    assert message["value"]["currently_syncing"] == stream
    assert message["value"]["bookmarks"][stream]["resume"]["after_id"] == written[-1]["id"]
    return copy.deepcopy(message["value"]), written


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
    state, written = interrupted(small_pages, stream)
    result = succeed(settings(quiet, page_size=7), state=state)
    assert written + result.records(stream) == first_sync.records(stream)
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
    given, written = interrupted(small_pages, "orders")
    others = {*FOUR} - {"orders"}
    chosen = select(catalog, *others, whole=True)
    given["bookmarks"]["removed"] = {"page": 4}
    result = succeed(settings(quiet, page_size=7), chosen, given)
    assert set(result.schemas) == others
    for name in ("orders", "removed"):
        assert result.state["bookmarks"][name] == given["bookmarks"][name]
    assert "currently_syncing" not in result.state
    # When it is selected again, it resumes where it was interrupted.
    again = run(settings(quiet), state=result.state)
    rest = [row["id"] for row in quiet.records("orders") if row["id"] > written[-1]["id"]]
    assert again.ids("orders") == rest


def test_what_changed_between_interruption_and_resumption_is_not_lost(small: Sandbox) -> None:
    args = ["--select", "orders"]
    whole = run(settings(small, page_size=5), args=args, env=EVERY_PAGE)
    state, written = interrupted(whole, "orders")
    done = written[0]["id"]
    small.change("orders", ids=[done], fields={"staff_notes": "changed later"})
    resumed = run(settings(small, page_size=5), state=state, args=args)
    assert done not in resumed.ids("orders")
    third = run(settings(small), state=resumed.state, args=args)
    assert third.record("orders", done)["staff_notes"] == "changed later"


# Resume points that are no longer valid


NO_MATTER = {"page_size": 9, "lookback_seconds": 5, "max_concurrency": 1, "request_timeout": 9}


@pytest.mark.parametrize(
    ("choice", "more", "resumes"),
    [
        ({}, NO_MATTER, True),
        ({"without": {"customers": ["notes"]}}, {}, False),
        ({"replication_method": "FULL_TABLE"}, {}, False),
        ({}, {"start_date": "2023-01-01"}, False),
        ({}, {"store_hash_column": True}, False),
    ],
    ids=str,
)
def test_a_resume_point_of_another_catalog_or_setting_is_ignored_with_a_log_line(
    quiet: Sandbox, catalog: Json, small_pages: Result, choice: Json, more: Json, resumes: bool
) -> None:
    chosen = select(catalog, "customers", **choice)
    state, written = interrupted(small_pages, "customers")
    result = succeed(settings(quiet, **more), chosen, state)
    ids = [row["id"] for row in quiet.records("customers")]
    assert result.ids("customers") == (ids[len(written) :] if resumes else ids)
    again = any("customers" in line and "again" in line for line in result.logged("INFO"))
    assert again is not resumes
    assert "resume" not in result.state["bookmarks"]["customers"]


def test_a_resume_point_whose_bookmark_was_edited_is_ignored(
    quiet: Sandbox, catalog: Json, small_pages: Result
) -> None:
    state, _ = interrupted(small_pages, "customers")
    state["bookmarks"]["customers"]["date_modified"] = "2024-06-01T00:00:00Z"
    result = run(settings(quiet), select(catalog, "customers"), state)
    dates = [instant(row["date_modified"]) for row in quiet.records("customers")]
    wanted = sum(date >= instant("2024-05-31T23:59:00Z") for date in dates)
    assert len(result.ids("customers")) == wanted
