"""States of older taps, of other stores, damaged ones, and resume points."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from store_truth import instant
from tap_runner import EVERY_PAGE, Json, run, select, settings
from tap_streams import INCREMENTAL, NAMES, Stream, over_incremental

from tap_bigcommerce_sandbox import Sandbox


def since(store: Sandbox, stream: Stream) -> set[str | None]:
    """The values of the stream's date filter in all requests."""
    name = stream.since or ""
    return {entry["query"].get(name) for entry in store.requests() if entry["list"] == stream.list}


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


@pytest.mark.parametrize("first", range(0, len(DATE_FORMATS), len(INCREMENTAL)))
def test_a_state_of_the_older_tap_is_accepted(quiet: Sandbox, catalog: Json, first: int) -> None:
    names = [stream.name for stream in INCREMENTAL]
    formats = dict(zip(names, DATE_FORMATS[first : first + len(names)], strict=True))
    state = {"bookmarks": {name: {"date_modified": formats[name][0]} for name in names}}
    result = run(settings(quiet), only_keys(catalog, *names), state)
    assert result.status == 0, result.stderr
    for stream in INCREMENTAL:
        bookmark, filter_ = formats[stream.name]
        assert since(quiet, stream) == {filter_}, bookmark
        dates = [instant(record["date_modified"]) for record in result.records(stream.name)]
        assert min(dates) >= instant(filter_)
        # Bookmarks are written in one format, and never move back.
        assert result.bookmark(stream.name) >= "2025-06-01T"
        assert result.bookmark(stream.name).endswith("Z")


def test_a_state_with_nulls_as_older_taps_write_them_is_accepted(
    quiet: Sandbox, catalog: Json
) -> None:
    state = {
        "currently_syncing": None,
        "bookmarks": {"orders": None, "customers": {}, "products": {"date_modified": None}},
    }
    result = run(settings(quiet), only_keys(catalog, *NAMES), state)
    assert result.status == 0, result.stderr
    assert len(result.ids("orders")) == len(quiet.records("orders"))


@pytest.mark.parametrize("state", ["", "{}", "null"])
def test_a_state_without_bookmarks_is_a_first_sync(
    quiet: Sandbox, catalog: Json, state: str
) -> None:
    result = run(settings(quiet), only_keys(catalog, "customers"), state)
    assert result.status == 0, result.stderr
    assert len(result.ids("customers")) == len(quiet.records("customers"))


def test_a_complete_state_message_is_accepted(quiet: Sandbox, catalog: Json) -> None:
    value = {"bookmarks": {"customers": {"date_modified": "2025-06-01T10:00:00Z"}}}
    run(settings(quiet), only_keys(catalog, "customers"), {"type": "STATE", "value": value})
    assert since(quiet, INCREMENTAL[0]) == {"2025-06-01T09:59:00Z"}


def test_a_state_of_another_store_is_refused_before_any_request(quiet: Sandbox) -> None:
    state = {"store_hash": "otherstore", "bookmarks": {}}
    result = run(settings(quiet), state=state)
    assert result.status == 1
    assert result.stdout == ""
    text = " ".join(result.logged("CRITICAL"))
    assert "otherstore" in text
    assert quiet.store_hash in text
    assert not quiet.requests()
    assert "Traceback" not in result.stderr


def test_every_state_names_its_store(quiet: Sandbox, catalog: Json) -> None:
    result = run(settings(quiet), only_keys(catalog, *NAMES), {"bookmarks": {}})
    assert {state["store_hash"] for state in result.states} == {quiet.store_hash}


def test_bookmarks_of_streams_that_are_not_read_are_kept(quiet: Sandbox, catalog: Json) -> None:
    old = {"date_modified": "2025-01-01T00:00:00.000000Z"}
    state = {"bookmarks": {"orders": old, "removed_stream": {"page": 4}}}
    result = run(settings(quiet), only_keys(catalog, "customers"), state)
    assert result.state["bookmarks"]["orders"] == old
    assert result.state["bookmarks"]["removed_stream"] == {"page": 4}


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
    {
        "bookmarks": {
            "customers": {
                "resume": {
                    "after_id": "7",
                    "since": None,
                    "sync_start": "2025-01-01T00:00:00Z",
                    "newest": None,
                    "walk": "x",
                }
            }
        }
    },
]


@pytest.mark.parametrize("state", DAMAGED, ids=lambda state: json.dumps(state)[:60])
def test_a_damaged_state_is_reported_as_an_error(quiet: Sandbox, catalog: Json, state: Any) -> None:
    result = run(settings(quiet), only_keys(catalog, "customers"), state)
    assert result.status == 1
    assert not result.by_stream
    assert "state" in " ".join(result.logged("CRITICAL"))
    assert "Traceback" not in result.stderr


def test_a_state_file_of_several_lines_gets_the_advice_to_keep_the_last(quiet: Sandbox) -> None:
    result = run(settings(quiet), state='{"bookmarks": {}}\n{"bookmarks": {}}\n')
    assert result.status == 1
    assert "last" in " ".join(result.logged("CRITICAL"))


def test_a_missing_state_file_is_named(quiet: Sandbox) -> None:
    result = run(settings(quiet), args=["--state", "/no/such/state.json"])
    assert result.status == 1
    assert "/no/such/state.json" in " ".join(result.logged("CRITICAL"))


@over_incremental
def test_a_damaged_bookmark_fails_its_own_stream_only(
    quiet: Sandbox, catalog: Json, stream: Stream
) -> None:
    state = {"bookmarks": {stream.name: {"date_modified": "yesterday"}}}
    # Several pages: the next stream's first requests are sent while this one is being read.
    result = run(settings(quiet, page_size=7), only_keys(catalog, *NAMES), state)
    assert result.status == 1
    assert stream.name in " ".join(result.logged("CRITICAL"))
    if result.by_stream:  # The tap may also refuse the complete state.
        assert set(result.by_stream) == set(NAMES) - {stream.name}
        assert result.state["bookmarks"][stream.name] == {"date_modified": "yesterday"}


# Resume points that are no longer valid


@pytest.fixture(scope="module")
def interrupted(_quiet_store: Sandbox, catalog: Json) -> Json:
    """A state of a run that was stopped after the first page of customers."""
    result = run(settings(_quiet_store, page_size=6), select(catalog, "customers"), env=EVERY_PAGE)
    found = (state for state in result.states if "customers" in state["bookmarks"])
    return dict(next(state for state in found if "resume" in state["bookmarks"]["customers"]))


def test_the_same_catalog_and_settings_resume(
    quiet: Sandbox, catalog: Json, interrupted: Json
) -> None:
    result = run(settings(quiet), select(catalog, "customers"), interrupted)
    assert (
        min(result.ids("customers")) > interrupted["bookmarks"]["customers"]["resume"]["after_id"]
    )


@pytest.mark.parametrize("change", ["fields", "method", "start_date"])
def test_a_resume_point_of_another_catalog_or_setting_is_ignored_with_a_log_line(
    quiet: Sandbox, catalog: Json, interrupted: Json, change: str
) -> None:
    chosen, changed = select(catalog, "customers"), {}
    if change == "fields":
        chosen = select(catalog, "customers", without={"customers": ["notes"]})
    elif change == "method":
        chosen = select(catalog, "customers", replication_method="FULL_TABLE")
    else:
        changed = {"start_date": "2023-01-01"}
    result = run(settings(quiet, **changed), chosen, interrupted)
    assert result.status == 0, result.stderr
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


def test_settings_that_change_no_record_do_not_prevent_resuming(
    quiet: Sandbox, catalog: Json, interrupted: Json
) -> None:
    result = run(
        settings(quiet, page_size=9, lookback_seconds=5, max_concurrency=1, request_timeout=9),
        select(catalog, "customers"),
        interrupted,
    )
    assert (
        min(result.ids("customers")) > interrupted["bookmarks"]["customers"]["resume"]["after_id"]
    )
