"""Discovery: the catalog's shape, and what a token may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from all_streams import FOUR, PARENTS, SCOPES, WITH_CHILD_LIST, automatic, list_of
from all_streams import NAMES as ALL
from expected import STREAMS
from tap_runner import Json, Result, discover, refused, run, settings, succeed
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox

# Lists and objects that come in one response and take no limit.
WITHOUT_LIMIT = {"order", *(list_of(name) for name in ALL if not STREAMS[name].paged)}
IMPATIENT = {"max_attempts": 1, "max_retry_seconds": 0}


def names_in(result: Result) -> list[str]:
    return sorted(entry["tap_stream_id"] for entry in result.catalog["streams"])


def discovered(store: Sandbox, **more: Any) -> Result:
    return succeed(settings(store, **more), args=["--discover"])


def breadcrumbs(schema: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The breadcrumb of each field, also of nested fields."""
    if "items" in schema:
        yield from breadcrumbs(schema["items"], (*at, "items"))
    for name, field in schema.get("properties", {}).items():
        yield (*at, "properties", name)
        yield from breadcrumbs(field, (*at, "properties", name))


# The catalog


def test_the_catalog_of_every_stream_has_metadata_of_every_field(catalog: Json) -> None:
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    assert names[: len(FOUR)] == list(FOUR)
    for entry in catalog["streams"]:
        name, schema = entry["tap_stream_id"], entry["schema"]
        assert re.fullmatch("[a-z0-9_]+", name)
        assert entry["stream"] == name
        items = {tuple(item["breadcrumb"]): item["metadata"] for item in entry["metadata"]}
        assert len(items) == len(entry["metadata"])
        assert set(items) == {(), *breadcrumbs(schema)}, name
        inclusion = {at: values["inclusion"] for at, values in items.items()}
        fields = {("properties", field) for field in automatic(name)}
        assert inclusion == {at: "automatic" if at in fields else "available" for at in items}, name
        assert schema["properties"]["_rescued_data"]["type"] == ["null", "string"]
        for key in (*entry, *(key for values in items.values() for key in values)):
            assert not re.fullmatch("selected|replication[-_](method|key)", key), "set by users"


def test_discovery_asks_for_one_record_of_each_list_once(quiet: Sandbox) -> None:
    result = discovered(quiet)
    assert set(result.catalog) == {"streams"}
    assert not result.logged("WARNING", "ERROR", "CRITICAL")
    asked = quiet.requests()
    paths = [entry["path"] for entry in asked]
    assert len(paths) == len(set(paths))
    # What is nested in its parents' rows needs no list of its own to be asked.
    roots = {list_of(PARENTS[name].stream if name in PARENTS else name) for name in ALL}
    assert {entry["list"] for entry in asked} == {*roots, *map(list_of, WITH_CHILD_LIST)}
    for entry in asked:
        if entry["list"] not in WITHOUT_LIMIT:
            assert entry["query"].get("limit") == "1", entry["path"]
            assert (entry["rows"] or 0) <= 1
        assert entry["query"].get("limit", "1") == "1"


def test_without_settings_all_streams_are_discovered_as_in_the_sample(catalog: Json) -> None:
    sample = Path(__file__).resolve().parents[2] / "catalog.json"
    assert discover() == catalog == json.loads(sample.read_text(encoding="utf-8"))


def test_a_field_that_a_setting_removes_is_not_in_the_catalog(quiet: Sandbox) -> None:
    never = discovered(quiet, order_coupons="never").catalog
    (orders,) = (entry for entry in never["streams"] if entry["tap_stream_id"] == "orders")
    assert "coupons" not in orders["schema"]["properties"]
    assert not any("coupons" in item["breadcrumb"] for item in orders["metadata"])


# Which lists the token may read


@pytest.mark.parametrize("scope", some_of([*SCOPES], 4, pytest.mark.every_stream))
def test_streams_that_may_not_be_read_are_left_out_and_their_permission_named(scope: str) -> None:
    permission, lost = SCOPES[scope]
    with Sandbox(Options(orders=3, customers=3, products=3, coupons=3)) as tiny:
        tiny.set(withheld_scopes=(scope,))
        result = discovered(tiny)
    assert names_in(result) == sorted(set(ALL) - set(lost))
    (line,) = result.logged("WARNING")
    assert sorted(re.findall("[a-z0-9_]+", line.split(": ", 2)[2].split(".")[0])) == sorted(lost)
    assert [other for other, _ in SCOPES.values() if f"'{other}:" in line] == [permission]
    assert f"'{permission}: read-only'" in line


def test_a_token_that_may_read_nothing_is_an_error(small: Sandbox) -> None:
    small.set(withheld_scopes=tuple(SCOPES))
    result = run(settings(small), args=["--discover"])
    assert (result.status, result.stdout) == (1, "")
    assert "cannot read any stream" in " ".join(result.logged("CRITICAL"))
    for permission, names in SCOPES.values():
        # Child lists are only requested once a row of their parent has been read.
        assert set(names) <= set(PARENTS) or f"{permission}: read-only" in result.stderr


def test_a_wrong_token_or_store_is_an_error_of_every_command(quiet: Sandbox) -> None:
    for name, value in (("access_token", "wr0ng"), ("store_hash", "nosuchstore")):
        for command in ("--discover", "--check", "--test"):
            said = refused(settings(quiet, **{name: value}), args=[command], hides="wr0ng")
            assert name in said


def test_one_warning_names_all_lists_that_the_store_does_not_have(small: Sandbox) -> None:
    absent = {"order_metafields": "404", "brands": "405", "promotions": "410", "tax_zones": "501"}
    for name, kind in absent.items():
        small.fault(name, kind=kind, times=0)
    result = discovered(small)
    # Codes are below promotions: without these there are none.
    gone = {*absent, "promotion_codes"}
    assert names_in(result) == sorted(set(ALL) - gone)
    (line,) = result.logged("WARNING")
    assert "does not have their lists" in line
    assert all(name in line for name in gone)


@pytest.mark.parametrize("kind", ["401", "503", "hang"])
def test_a_list_that_cannot_be_read_now_stays_in_the_catalog_with_a_warning(
    small: Sandbox, kind: str
) -> None:
    small.set(hang_seconds=5)
    small.fault("orders", kind=kind, times=0)
    result = discovered(small, request_timeout=2, **IMPATIENT)
    assert names_in(result) == sorted(ALL)
    (line,) = (line for line in result.logged("WARNING") if "it is unknown whether" in line)
    # All streams that are read from this list.
    assert all(name in line for name in ("orders", "order_products", "order_transactions"))
    assert "permission" not in result.stderr


def test_discovery_needs_neither_the_clock_nor_child_lists_and_waits_for_the_quota(
    small: Sandbox,
) -> None:
    small.set(window_seconds=0.3)
    small.fault("time", kind="503", times=0)
    for name in ("order_taxes", "order_transactions", "channel_listings"):
        small.fault(name, kind="404", times=0)
    for name in FOUR:
        small.fault(name, kind="429")
    result = discovered(small, **IMPATIENT)
    assert names_in(result) == sorted(ALL)
    assert "permission" not in result.stderr
    assert not [line for line in result.logged("WARNING", "CRITICAL") if "429" not in line]


@pytest.mark.parametrize(
    ("kind", "message", "command"),
    [
        ("404", "Check store_hash", "--discover"),
        ("423", "locked", "--check"),
        ("503", "is open", "--discover"),
    ],
)
def test_a_store_of_which_no_list_can_be_read_is_an_error(
    small: Sandbox, kind: str, message: str, command: str
) -> None:
    small.fault("*", kind=kind, times=0)
    line = refused(settings(small, **IMPATIENT), args=[command])
    assert "can be read" in line
    assert message in line
