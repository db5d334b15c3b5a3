"""States of older taps, of other stores, damaged ones, and resume points."""

from __future__ import annotations

import copy
import json
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


DATE_FORMATS = [
    ("2025-06-01T10:00:00.000000Z", "2025-06-01T09:59:00Z"),
    ("2025-06-01T10:00:00Z", "2025-06-01T09:59:00Z"),
    ("2025-06-01T10:00:00+00:00", "2025-06-01T09:59:00Z"),
    ("2025-06-01T12:00:00+02:00", "2025-06-01T09:59:00Z"),
    ("2025-06-01T10:00:00", "2025-06-01T09:59:00Z"),
    ("2025-06-01", "2025-05-31T23:59:00Z"),
    ("Sun, 01 Jun 2025 10:00:00 +0000", "2025-06-01T09:59:00Z"),
    ("Sun, 01 Jun 2025 12:00:00 +0200", "2025-06-01T09:59:00Z"),
    ("Sun, 01 Jun 2025 10:00:00 GMT", "2025-06-01T09:59:00Z"),
]


@pytest.mark.parametrize("first", range(0, len(DATE_FORMATS), len(DATED)))
def test_a_state_of_the_older_tap_is_accepted(quiet: Sandbox, catalog: Json, first: int) -> None:
    formats = dict(zip(DATED, DATE_FORMATS[first : first + len(DATED)], strict=True))
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


@pytest.mark.parametrize("state", ["", "{}", "null", OF_OLDER_TAPS], ids=lambda s: str(s)[:20])
def test_a_state_without_bookmarks_is_a_first_sync(
    quiet: Sandbox, catalog: Json, state: Any
) -> None:
    result = succeed(settings(quiet), only_keys(catalog, *FOUR), state)
    for name in DATED:
        assert len(result.ids(name)) == len(quiet.records(name))
    assert {value["store_hash"] for value in result.states} == {quiet.store_hash}


def test_a_complete_state_message_is_accepted(quiet: Sandbox, catalog: Json) -> None:
    value = {"bookmarks": {"customers": {"date_modified": "2025-06-01T10:00:00Z"}}}
    run(settings(quiet), only_keys(catalog, "customers"), {"type": "STATE", "value": value})
    assert since(quiet, "customers") == {"2025-06-01T09:59:00Z"}


def test_a_state_of_another_store_is_refused_before_any_request(quiet: Sandbox) -> None:
    text = refused(settings(quiet), state={"store_hash": "otherstore", "bookmarks": {}})
    assert "otherstore" in text
    assert quiet.store_hash in text
    assert not quiet.requests()


def test_bookmarks_of_streams_that_are_not_read_are_kept(quiet: Sandbox, catalog: Json) -> None:
    old = {"orders": {"date_modified": "2025-01-01T00:00:00.000000Z"}, "removed": {"page": 4}}
    result = run(settings(quiet), only_keys(catalog, "customers"), {"bookmarks": old})
    assert {name: result.state["bookmarks"][name] for name in old} == old


RESUME = {"since": None, "sync_start": "2025-01-01T00:00:00Z", "newest": None, "walk": "x"}
DAMAGED: list[Any] = [
    "{",
    "not json",
    [],
    {"bookmarks": []},
    {"bookmarks": {"customers": "2025-01-01"}},
    {"bookmarks": {"customers": {"date_modified": "yesterday"}}},
    {"bookmarks": {"customers": {"date_modified": 1735689600}}},
    {"bookmarks": {"customers": {"resume": 5}}},
    {"bookmarks": {"customers": {"resume": {}}}},
    {"bookmarks": {"customers": {"resume": {**RESUME, "after_id": "7"}}}},
]


@pytest.mark.parametrize("state", DAMAGED, ids=lambda state: json.dumps(state)[:60])
def test_a_damaged_state_is_reported_as_an_error(quiet: Sandbox, catalog: Json, state: Any) -> None:
    result = run(settings(quiet), only_keys(catalog, "customers"), state)
    assert result.status == 1
    assert not result.by_stream
    assert "state" in " ".join(result.logged("CRITICAL"))


def test_a_state_file_of_several_lines_gets_the_advice_to_keep_the_last(quiet: Sandbox) -> None:
    assert "last" in refused(settings(quiet), state='{"bookmarks": {}}\n{"bookmarks": {}}\n')


def test_a_missing_state_file_is_named(quiet: Sandbox) -> None:
    args = ["--state", "/no/such/state.json"]
    assert "/no/such/state.json" in refused(settings(quiet), args=args)


@pytest.mark.parametrize("name", DATED)
def test_a_damaged_bookmark_fails_its_own_stream_only(
    quiet: Sandbox, catalog: Json, name: str
) -> None:
    state = {"bookmarks": {name: {"date_modified": "yesterday"}}}
    # Several pages: the next stream's first requests are sent while this one is being read.
    result = run(settings(quiet, page_size=7), only_keys(catalog, *FOUR), state)
    assert result.status == 1
    assert name in " ".join(result.logged("CRITICAL"))
    assert set(result.by_stream) == {*FOUR} - {name}
    assert result.state["bookmarks"][name] == {"date_modified": "yesterday"}


# Resume points that are no longer valid


@pytest.fixture(scope="module")
def interrupted(_quiet_store: Sandbox, catalog: Json) -> Json:
    """A state of a run that was stopped after the first page of customers."""
    result = run(settings(_quiet_store, page_size=6), select(catalog, "customers"), env=EVERY_PAGE)
    found = (state for state in result.states if "customers" in state["bookmarks"])
    return dict(next(state for state in found if "resume" in state["bookmarks"]["customers"]))


def resumed_after(state: Json) -> int:
    return int(state["bookmarks"]["customers"]["resume"]["after_id"])


@pytest.mark.parametrize(
    "more",
    [{}, {"page_size": 9, "lookback_seconds": 5, "max_concurrency": 1, "request_timeout": 9}],
    ids=["the same", "settings that change no record"],
)
def test_the_same_catalog_and_settings_resume(
    quiet: Sandbox, catalog: Json, interrupted: Json, more: Json
) -> None:
    result = run(settings(quiet, **more), select(catalog, "customers"), interrupted)
    assert min(result.ids("customers")) > resumed_after(interrupted)


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
