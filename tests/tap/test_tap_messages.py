"""Singer messages: their order and content, and when a STATE is written."""

from __future__ import annotations

import importlib
import itertools
import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from store_truth import INSTANT, instant
from tap_runner import EVERY_PAGE, Json, Result, run, select, settings, start
from tap_streams import NAMES, Stream, over_streams

from tap_bigcommerce_sandbox import Sandbox

jsonschema: Any = importlib.import_module("jsonschema")
"""The version that singer-python pins; it has no type annotations."""

LARGE_STATE_BYTES = 16 * 1024


@pytest.fixture(scope="module")
def pages(_quiet_store: Sandbox) -> Result:
    """A sync of many small pages, with a STATE after each."""
    return run(settings(_quiet_store, page_size=6), env=EVERY_PAGE)


@over_streams
def test_a_schema_is_written_before_the_records_of_its_stream(
    pages: Result, stream: Stream
) -> None:
    kinds = [m["type"] for m in pages.messages if m.get("stream") == stream.name]
    assert kinds[0] == "SCHEMA"
    assert kinds.count("SCHEMA") == 1
    assert kinds.count("RECORD") == len(pages.records(stream.name)) > 0


@over_streams
def test_a_schema_has_the_key_properties_and_the_bookmark_properties(
    pages: Result, stream: Stream
) -> None:
    message = pages.schemas[stream.name]
    assert message["key_properties"] == list(stream.primary_keys)
    if stream.incremental:
        assert message["bookmark_properties"] == ["date_modified"]
    else:
        assert not message.get("bookmark_properties")


@over_streams
def test_every_record_is_valid_against_its_schema(pages: Result, stream: Stream) -> None:
    validator = jsonschema.Draft4Validator(pages.schemas[stream.name]["schema"])
    for record in pages.records(stream.name):
        assert list(validator.iter_errors(record)) == []


@over_streams
def test_every_record_has_its_key(pages: Result, stream: Stream) -> None:
    for record in pages.records(stream.name):
        assert all(record[key] is not None for key in stream.automatic_fields)


def test_every_record_has_its_time_extracted(quiet: Sandbox, catalog: Json) -> None:
    before = datetime.now(timezone.utc)
    result = run(settings(quiet), select(catalog, *NAMES))
    after = datetime.now(timezone.utc)
    times = [m["time_extracted"] for m in result.messages if m["type"] == "RECORD"]
    assert all(INSTANT.fullmatch(moment) for moment in times)
    assert all(before <= instant(moment) <= after for moment in times)


def test_time_extracted_is_when_the_request_was_sent(small: Sandbox, catalog: Json) -> None:
    small.set(latency_ms=700)
    result = run(settings(small), select(catalog, "coupons", fields={"coupons": ()}))
    ended = datetime.now(timezone.utc)
    times = {m["time_extracted"] for m in result.messages if m["type"] == "RECORD"}
    # Two requests are sent, one after the other; the first one returned the records.
    assert all(ended - instant(moment) > timedelta(seconds=1.3) for moment in times)


def test_no_two_equal_states_follow_each_other(
    small: Sandbox, pages: Result, first_sync: Result
) -> None:
    # A stream that fails right after a page ends with a state that has been written already.
    small.fault("customers", request=3, kind="403", times=0)
    broken = run(settings(small, page_size=6, max_concurrency=1))
    assert broken.status == 1
    assert broken.records("customers")
    for result in (pages, first_sync, broken):
        texts = [json.dumps(state, sort_keys=True) for state in result.states]
        assert all(one != other for one, other in itertools.pairwise(texts))


def test_the_last_message_is_a_state_without_resume_points(pages: Result) -> None:
    assert pages.messages[-1]["type"] == "STATE"
    assert "currently_syncing" not in pages.state
    assert not any("resume" in entry for entry in pages.state["bookmarks"].values())


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


def test_a_state_covers_exactly_the_records_before_it(pages: Result) -> None:
    last: dict[str, int] = {}
    for message in pages.messages:
        if message["type"] == "RECORD":
            assert message["record"]["id"] > last.get(message["stream"], 0)
            last[message["stream"]] = message["record"]["id"]
        elif message["type"] == "STATE":
            for name, entry in message["value"]["bookmarks"].items():
                if "resume" in entry:
                    assert entry["resume"]["after_id"] == last[name]


def test_a_bookmark_appears_only_when_its_stream_is_complete(pages: Result) -> None:
    counts = dict.fromkeys(NAMES, 0)
    for message in pages.messages:
        if message["type"] == "RECORD":
            counts[message["stream"]] += 1
        elif message["type"] == "STATE":
            for name, entry in message["value"]["bookmarks"].items():
                if "date_modified" in entry:
                    assert counts[name] == len(pages.records(name))


def test_currently_syncing_names_the_stream_that_is_being_read(pages: Result) -> None:
    stream = None
    for message in pages.messages:
        if message["type"] == "RECORD":
            stream = message["stream"]
        elif message["type"] == "STATE" and "currently_syncing" in message["value"]:
            resumed = message["value"]["bookmarks"].get(stream or "", {})
            if "resume" in resumed:
                assert message["value"]["currently_syncing"] == stream


def test_states_stay_small(pages: Result) -> None:
    assert max(len(json.dumps(state)) for state in pages.states) < 2048


@pytest.mark.parametrize("padding", [LARGE_STATE_BYTES - 1500, LARGE_STATE_BYTES + 100])
def test_a_large_state_is_written_once_a_minute(
    quiet: Sandbox, catalog: Json, padding: int
) -> None:
    state = {"bookmarks": {"other": {"pad": "x" * padding}}}
    names = ("coupons", "customers")
    chosen = select(catalog, *names, fields=dict.fromkeys(names, ()))
    result = run(settings(quiet, page_size=3), chosen, state, env=EVERY_PAGE)
    assert result.status == 0, result.stderr
    assert result.state["bookmarks"]["other"] == state["bookmarks"]["other"]
    assert result.bookmark("customers")
    pages = sum(len(result.records(name)) for name in names) / 3
    if padding < LARGE_STATE_BYTES:
        assert len(result.states) > pages / 2
    else:
        # At most one for the minute, one at the end of each stream, and the last one.
        assert len(result.states) <= 2 * len(names) + 1
        assert all(
            not any("resume" in entry for entry in value["bookmarks"].values())
            for value in result.states[1:]
        )


def test_a_set_of_ids_in_a_file_is_not_written_again_every_second(
    quiet: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    chosen = select(catalog, "customers", fields={"customers": ()})
    config = settings(
        quiet, page_size=3, detect_deletes=True, deletes_state_limit=0, deletes_path=str(tmp_path)
    )
    result = run(config, chosen, env=EVERY_PAGE)
    assert result.status == 0, result.stderr
    # After the first page, and at the end.
    assert sum("resume" in value["bookmarks"]["customers"] for value in result.states) <= 1
    assert len(list(tmp_path.iterdir())) <= 2
