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
from all_streams import FOUR
from store_truth import INSTANT, instant
from tap_runner import EVERY_PAGE, Json, Result, run, select, settings, start, succeed

from tap_bigcommerce_sandbox import Sandbox

jsonschema: Any = importlib.import_module("jsonschema")
"""The version that singer-python pins; it has no type annotations."""

LARGE_STATE_BYTES = 16 * 1024


@pytest.fixture(scope="module")
def pages(_quiet_store: Sandbox) -> Result:
    """A sync of many small pages, with a STATE after each."""
    return run(settings(_quiet_store, page_size=6), env=EVERY_PAGE)


def test_one_schema_is_written_before_the_records_of_its_stream_which_fit(pages: Result) -> None:
    for name in FOUR:
        kinds = [m["type"] for m in pages.messages if m.get("stream") == name]
        assert kinds[0] == "SCHEMA"
        assert kinds.count("SCHEMA") == 1
        assert kinds.count("RECORD") == len(pages.records(name)) > 0
        validator = jsonschema.Draft4Validator(pages.schemas[name]["schema"])
        for record in pages.records(name):
            assert list(validator.iter_errors(record)) == []


def test_time_extracted_is_when_the_request_was_sent(small: Sandbox, catalog: Json) -> None:
    small.set(latency_ms=700)
    began = datetime.now(timezone.utc)
    result = run(settings(small), select(catalog, "coupons", fields={"coupons": ()}))
    ended = datetime.now(timezone.utc)
    times = {m["time_extracted"] for m in result.messages if m["type"] == "RECORD"}
    assert all(INSTANT.fullmatch(moment) for moment in times)
    # Two requests are sent, one after the other; the first one returned the records.
    assert all(began <= instant(moment) < ended - timedelta(seconds=1.3) for moment in times)


def test_no_two_equal_states_follow_each_other(
    small: Sandbox, pages: Result, first_sync: Result
) -> None:
    # A stream that fails right after a page ends with a state that has been written already.
    small.fault("customers", request=3, kind="403", times=0)
    broken = run(settings(small, page_size=6, max_concurrency=1), env=EVERY_PAGE)
    assert broken.status == 1
    assert broken.records("customers")
    for result in (pages, first_sync, broken):
        assert all(one != other for one, other in itertools.pairwise(result.states))


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


def test_a_state_covers_exactly_the_records_before_it_and_the_last_all(pages: Result) -> None:
    assert pages.messages[-1]["type"] == "STATE"
    assert "currently_syncing" not in pages.state
    assert "resume" not in json.dumps(pages.state)
    last: dict[str, int] = {}
    counts = dict.fromkeys(FOUR, 0)
    stream = ""
    for message in pages.messages:
        if message["type"] == "RECORD":
            stream, id_ = message["stream"], message["record"]["id"]
            assert id_ > last.get(stream, 0)
            last[stream] = id_
            counts[stream] += 1
        elif message["type"] == "STATE":
            value = message["value"]
            assert len(json.dumps(value)) < 2048
            for name, entry in value["bookmarks"].items():
                if "resume" in entry:
                    assert entry["resume"]["after_id"] == last[name]
                    assert value["currently_syncing"] == stream == name
                # A bookmark appears only when its stream is complete.
                if "date_modified" in entry:
                    assert counts[name] == len(pages.records(name))


@pytest.mark.parametrize("padding", [LARGE_STATE_BYTES - 1500, LARGE_STATE_BYTES + 100])
def test_a_large_state_is_written_once_a_minute(
    quiet: Sandbox, catalog: Json, padding: int
) -> None:
    state = {"bookmarks": {"other": {"pad": "x" * padding}}}
    names = ("coupons", "customers")
    chosen = select(catalog, *names, fields=dict.fromkeys(names, ()))
    result = succeed(settings(quiet, page_size=3), chosen, state, env=EVERY_PAGE)
    assert result.state["bookmarks"]["other"] == state["bookmarks"]["other"]
    assert result.bookmark("customers")
    if padding < LARGE_STATE_BYTES:
        pages = sum(len(result.records(name)) for name in names) / 3
        assert len(result.states) > pages / 2
    else:
        # At most one for the minute, one at the end of each stream, and the last one.
        assert len(result.states) <= 2 * len(names) + 1
        assert '"resume"' not in json.dumps(result.states[1:])


def test_a_set_of_ids_in_a_file_is_not_written_again_every_second(
    quiet: Sandbox, catalog: Json, tmp_path: Path
) -> None:
    chosen = select(catalog, "customers", fields={"customers": ()})
    config = settings(
        quiet, page_size=3, detect_deletes=True, deletes_state_limit=0, deletes_path=str(tmp_path)
    )
    result = succeed(config, chosen, env=EVERY_PAGE)
    # After the first page, and at the end.
    assert sum("resume" in value["bookmarks"]["customers"] for value in result.states) <= 1
    assert len(list(tmp_path.iterdir())) <= 2
