"""States of older taps, of other stores, damaged ones, and resume points."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from all_streams import DATED, FOUR
from store_truth import instant
from tap_runner import EVERY_PAGE, Json, refused, run, select, settings, succeed

from tap_bigcommerce_sandbox import Sandbox


def since(store: Sandbox, name: str) -> set[str | None]:
    """The values of the stream's date filter in all requests."""
    return {e["query"].get(DATED[name]) for e in store.requests() if e["list"] == name}


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
        assert since(quiet, name) == {filter_}, bookmark
        dates = [instant(record["date_modified"]) for record in result.records(name)]
        assert min(dates) >= instant(filter_)
        # Bookmarks are written in one format, and never move back.
        assert result.bookmark(name) >= "2025-06-01T"
        assert result.bookmark(name).endswith("Z")


OF_OLDER_TAPS = {
    "currently_syncing": None,
    "bookmarks": {"orders": None, "customers": {}, "products": {"date_modified": None}},
}
FOREIGN = {"bookmarks": {"contacts": {"updated": "2026"}}}
NO_BOOKMARK = "The state has no bookmark of a stream of this tap"
EMPTY: list[tuple[Any, str]] = [
    ("", f"{NO_BOOKMARK}, so everything is read."),
    ({"type": "STATE", "value": {}}, f"{NO_BOOKMARK}, so everything is read."),
    ({"bookmarks": {}}, f"{NO_BOOKMARK}, so everything is read."),
    (FOREIGN, f"{NO_BOOKMARK}, only of 'contacts', so everything is read."),
    (OF_OLDER_TAPS, ""),
    (
        {"bookmarks": {"orders": {"updated_at": "2026-01-01"}, "customers": {}}},
        "The state's entry of orders has no bookmark of this tap (date_modified), so it is read"
        " from the start.",
    ),
    ({"bookmarks": {"customers": {"date_modified": "0001-01-01T00:00:00Z"}}}, ""),
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


def test_bookmarks_of_streams_that_are_not_read_are_kept(quiet: Sandbox, catalog: Json) -> None:
    old = {"orders": {"date_modified": "2025-01-01T00:00:00.000000Z"}, "removed": {"page": 4}}
    result = run(settings(quiet), only_keys(catalog, "customers"), {"bookmarks": old})
    assert {name: result.state["bookmarks"][name] for name in old} == old


RESUME = {"since": None, "sync_start": "2025-01-01T00:00:00Z", "newest": None, "walk": "x"}
NO_STATE, NO_ENTRY = "state should be a JSON object", "should hold one JSON object for each stream"
DAMAGED: list[tuple[Any, str]] = [
    ([], NO_STATE),
    ({"singer_state": "{}"}, NO_STATE),
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


# Resume points that are no longer valid


@pytest.fixture(scope="module")
def interrupted(_quiet_store: Sandbox, catalog: Json) -> Json:
    """A state of a run that was stopped after the first page of customers."""
    result = run(settings(_quiet_store, page_size=6), select(catalog, "customers"), env=EVERY_PAGE)
    found = (state for state in result.states if "customers" in state["bookmarks"])
    return dict(next(state for state in found if "resume" in state["bookmarks"]["customers"]))


def test_settings_that_change_no_record_resume(
    quiet: Sandbox, catalog: Json, interrupted: Json
) -> None:
    more = {"page_size": 9, "lookback_seconds": 5, "max_concurrency": 1, "request_timeout": 9}
    result = run(settings(quiet, **more), select(catalog, "customers"), interrupted)
    after = interrupted["bookmarks"]["customers"]["resume"]["after_id"]
    assert min(result.ids("customers")) > after


@pytest.mark.parametrize(
    ("choice", "more"),
    [
        ({"without": {"customers": ["notes"]}}, {}),
        ({"replication_method": "FULL_TABLE"}, {}),
        ({}, {"start_date": "2023-01-01"}),
        ({}, {"store_hash_column": True}),
    ],
    ids=str,
)
def test_a_resume_point_of_another_catalog_or_setting_is_ignored_with_a_log_line(
    quiet: Sandbox, catalog: Json, interrupted: Json, choice: Json, more: Json
) -> None:
    chosen = select(catalog, "customers", **choice)
    result = succeed(settings(quiet, **more), chosen, interrupted)
    assert result.ids("customers") == [row["id"] for row in quiet.records("customers")]
    assert any("customers" in line and "again" in line for line in result.logged("INFO"))
    assert "resume" not in result.state["bookmarks"]["customers"]


def test_a_resume_point_whose_bookmark_was_edited_is_ignored(
    quiet: Sandbox, catalog: Json, interrupted: Json
) -> None:
    state = copy.deepcopy(interrupted)
    state["bookmarks"]["customers"]["date_modified"] = "2024-06-01T00:00:00Z"
    result = run(settings(quiet), select(catalog, "customers"), state)
    dates = [instant(row["date_modified"]) for row in quiet.records("customers")]
    wanted = sum(date >= instant("2024-05-31T23:59:00Z") for date in dates)
    assert len(result.ids("customers")) == wanted
