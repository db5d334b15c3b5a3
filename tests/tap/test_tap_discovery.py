"""Discovery: the catalog's shape, and what a token may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from all_streams import NAMES as ALL
from all_streams import PARENTS, SCOPES, WITH_CHILD_LIST, list_of
from expected import STREAMS as EXPECTED
from tap_runner import Json, Result, run, settings
from tap_streams import NAMES, STREAMS, Stream, over_streams

from tap_bigcommerce_sandbox import Options, Sandbox

# Lists and objects that come in one response and take no limit.
WITHOUT_LIMIT = {"order", *(list_of(name) for name in ALL if not EXPECTED[name].paged)}


def entry_of(catalog: Json, stream: Stream) -> Json:
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == stream.name]
    assert isinstance(entry, dict)
    return entry


def metadata_of(catalog: Json, stream: Stream) -> dict[tuple[str, ...], Json]:
    items = entry_of(catalog, stream)["metadata"]
    found = {tuple(item["breadcrumb"]): item["metadata"] for item in items}
    assert len(found) == len(items)
    return found


def breadcrumbs(schema: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The breadcrumb of each field, also of nested fields."""
    if isinstance(schema.get("items"), dict):
        yield from breadcrumbs(schema["items"], (*at, "items"))
    for name, field in schema.get("properties", {}).items():
        inner = (*at, "properties", name)
        yield inner
        yield from breadcrumbs(field, inner)


def nodes(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


# The catalog


def test_every_stream_is_discovered_and_no_other(catalog: Json) -> None:
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    assert names[: len(NAMES)] == list(NAMES)
    assert sorted(names) == sorted(ALL)


def test_only_the_four_are_selected_by_default(catalog: Json) -> None:
    for entry in catalog["streams"]:
        (table,) = (item["metadata"] for item in entry["metadata"] if not item["breadcrumb"])
        assert table["selected-by-default"] is (entry["tap_stream_id"] in NAMES)


def test_discovery_writes_a_catalog_and_nothing_else(quiet: Sandbox) -> None:
    result = run(settings(quiet), args=["--discover"])
    assert set(result.catalog) == {"streams"}
    assert not result.logged("WARNING", "ERROR", "CRITICAL")


def test_discovery_asks_for_one_record_of_each_list_once(quiet: Sandbox) -> None:
    run(settings(quiet), args=["--discover"])
    asked = quiet.requests()
    paths = [entry["path"] for entry in asked]
    assert len(paths) == len(set(paths))
    # What is nested in its parents' rows needs no list of its own to be asked.
    roots = {list_of(PARENTS[name].stream if name in PARENTS else name) for name in ALL}
    assert roots <= {entry["list"] for entry in asked}
    assert {entry["list"] for entry in asked} == {*roots, *map(list_of, WITH_CHILD_LIST)}
    for stream in STREAMS:
        limits = {e["query"].get("limit") for e in asked if e["list"] == stream.list}
        assert limits == {"1"}
    for entry in asked:
        assert entry["query"].get("limit", "1") == "1"
        if entry["list"] not in WITHOUT_LIMIT:
            assert entry["query"].get("limit") == "1", entry["path"]
            assert (entry["rows"] or 0) <= 1


def test_without_settings_all_streams_are_discovered(catalog: Json) -> None:
    result = run(args=["--discover"])
    assert result.status == 0, result.stderr
    assert result.catalog == catalog


@over_streams
def test_names_hold_lower_case_letters_and_underscores(catalog: Json, stream: Stream) -> None:
    entry = entry_of(catalog, stream)
    assert entry["stream"] == entry["tap_stream_id"]
    assert re.fullmatch("[a-z_]+", entry["stream"])


@over_streams
def test_the_stream_has_its_keys_and_its_method(catalog: Json, stream: Stream) -> None:
    table = metadata_of(catalog, stream)[()]
    assert entry_of(catalog, stream)["key_properties"] == list(stream.primary_keys)
    assert table["table-key-properties"] == list(stream.primary_keys)
    assert table["inclusion"] == "available"
    assert table["selected-by-default"] is True
    if stream.incremental:
        assert table["forced-replication-method"] == "INCREMENTAL"
        assert table["valid-replication-keys"] == ["date_modified"]
    else:
        assert table["forced-replication-method"] == "FULL_TABLE"
        assert not table.get("valid-replication-keys")


@over_streams
def test_every_field_has_metadata_nested_ones_too(catalog: Json, stream: Stream) -> None:
    fields = set(breadcrumbs(entry_of(catalog, stream)["schema"]))
    assert set(metadata_of(catalog, stream)) == {(), *fields}
    assert any(len(breadcrumb) > 2 for breadcrumb in fields)


@over_streams
def test_exactly_the_keys_are_automatic(catalog: Json, stream: Stream) -> None:
    automatic = {
        breadcrumb for breadcrumb, values in metadata_of(catalog, stream).items()
        if values["inclusion"] == "automatic"
    }  # fmt: skip
    assert automatic == {("properties", name) for name in stream.automatic_fields}
    others = metadata_of(catalog, stream).items()
    assert all(v["inclusion"] == "available" for at, v in others if at not in automatic)


@over_streams
def test_discovery_never_writes_what_users_set(catalog: Json, stream: Stream) -> None:
    for node in nodes(entry_of(catalog, stream)):
        assert not {"selected", "replication-method", "replication-key"} & node.keys()
        assert not {"replication_method", "replication_key"} & node.keys()


@over_streams
def test_schemas_are_complete_and_have_only_common_keywords(catalog: Json, stream: Stream) -> None:
    schema = entry_of(catalog, stream)["schema"]
    assert "object" in schema["type"]
    allowed = {
        "type", "format", "properties", "items", "anyOf", "additionalProperties", "description",
        "patternProperties", "minimum", "maximum", "multipleOf", "minLength", "maxLength",
    }  # fmt: skip
    for breadcrumb in breadcrumbs(schema):
        field = schema
        for part in breadcrumb:
            field = field[part]
        assert set(field) <= allowed, breadcrumb
        assert field.get("description"), breadcrumb
    assert schema["properties"]["_rescued_data"]["type"] == ["null", "string"]


@over_streams
def test_every_field_but_the_keys_may_be_null(catalog: Json, stream: Stream) -> None:
    properties = entry_of(catalog, stream)["schema"]["properties"]
    for name, field in properties.items():
        assert name in stream.automatic_fields or "null" in field["type"], name


def test_a_field_that_a_setting_removes_is_not_in_the_catalog(quiet: Sandbox) -> None:
    never = run(settings(quiet, order_coupons="never"), args=["--discover"]).catalog
    orders = next(stream for stream in STREAMS if stream.name == "orders")
    assert "coupons" not in entry_of(never, orders)["schema"]["properties"]
    assert not any("coupons" in breadcrumb for breadcrumb in metadata_of(never, orders))


# Which lists the token may read


@pytest.fixture(scope="module")
def withheld() -> dict[str, Result]:
    """Discovery with a token that lacks one permission, by the sandbox's name for it."""
    found = {}
    with Sandbox(Options(orders=3, customers=3, products=3, coupons=3)) as tiny:
        for scope in SCOPES:
            tiny.set(withheld_scopes=(scope,))
            found[scope] = run(settings(tiny), args=["--discover"])
    return found


@pytest.mark.parametrize("scope", SCOPES)
def test_streams_that_may_not_be_read_are_left_out_and_their_permission_named(
    withheld: dict[str, Result], scope: str
) -> None:
    result = withheld[scope]
    permission, lost = SCOPES[scope]
    assert result.status == 0, result.stderr
    left = [entry["tap_stream_id"] for entry in result.catalog["streams"]]
    assert sorted(left) == sorted(set(ALL) - set(lost))
    (line,) = result.logged("WARNING")
    assert sorted(re.findall("[a-z]+", line.split(": ", 2)[2].split(".")[0].replace("_", "x"))) == (
        sorted(name.replace("_", "x") for name in lost)
    )
    assert f"'{permission}: read-only'" in line
    for other, _ in SCOPES.values():
        assert other == permission or f"'{other}:" not in line


def test_a_token_that_may_read_nothing_is_an_error(small: Sandbox) -> None:
    small.set(withheld_scopes=tuple(SCOPES))
    result = run(settings(small), args=["--discover"])
    assert result.status == 1
    assert result.stdout == ""
    assert result.logged("CRITICAL")
    text = " ".join(result.logged("WARNING", "CRITICAL"))
    for permission, names in SCOPES.values():
        # Child lists are only requested once a row of their parent has been read.
        assert set(names) <= set(PARENTS) or f"{permission}: read-only" in text
    assert "Traceback" not in result.stderr


def test_a_token_that_is_refused_is_an_error(small: Sandbox) -> None:
    result = run(settings(small, access_token="wrong"), args=["--discover"])
    assert result.status == 1
    assert result.stdout == ""
    assert "access_token" in " ".join(result.logged("CRITICAL"))
    assert "Traceback" not in result.stderr


def test_a_store_that_does_not_exist_is_an_error(small: Sandbox) -> None:
    result = run(settings(small, store_hash="nosuchstore"), args=["--discover"])
    assert result.status == 1
    assert result.stdout == ""
    assert "store_hash" in " ".join(result.logged("CRITICAL"))


@pytest.mark.parametrize("kind", ["503", "reset"])
def test_an_error_of_the_store_is_not_taken_for_a_missing_permission(
    small: Sandbox, kind: str
) -> None:
    for stream in STREAMS[:2]:
        small.fault(stream.list, kind=kind, times=0)
    result = run(settings(small, max_attempts=1, max_retry_seconds=0), args=["--discover"])
    assert "permission" not in result.stderr
    if result.status == 0:
        assert sorted(entry["tap_stream_id"] for entry in result.catalog["streams"]) == sorted(ALL)
        for stream in STREAMS[:2]:
            assert any(stream.name in line for line in result.logged("WARNING"))
    else:
        assert result.stdout == ""


def test_one_warning_names_all_lists_that_the_store_does_not_have(small: Sandbox) -> None:
    absent = {"order_metafields": "404", "brands": "405", "promotions": "410", "tax_zones": "501"}
    for name, kind in absent.items():
        small.fault(name, kind=kind, times=0)
    result = run(settings(small), args=["--discover"])
    assert result.status == 0, result.stderr
    left = {entry["tap_stream_id"] for entry in result.catalog["streams"]}
    # Codes are below promotions: without these there are none.
    assert left == set(ALL) - set(absent) - {"promotion_codes"}
    (line,) = result.logged("WARNING")
    assert "does not have their lists" in line
    assert all(name in line for name in (*absent, "promotion_codes"))
    assert "store_hash" not in result.stderr


@pytest.mark.parametrize(
    "kind",
    [
        "302",
        "400",
        "401",
        "422",
        "423",
        "500",
        "503",
        "507",
        "cut",
        "empty-200",
        "html",
        "wrong-shape",
        "hang",
    ],
)
def test_a_list_that_cannot_be_read_now_stays_in_the_catalog_with_a_warning(
    small: Sandbox, kind: str
) -> None:
    small.set(hang_seconds=3)
    small.fault("orders", kind=kind, times=0)
    impatient = settings(small, max_attempts=1, max_retry_seconds=0, request_timeout=1)
    result = run(impatient, args=["--discover"])
    assert result.status == 0, result.stderr
    assert {entry["tap_stream_id"] for entry in result.catalog["streams"]} == set(ALL)
    (line,) = (line for line in result.logged("WARNING") if "it is unknown whether" in line)
    # All streams that are read from this list.
    assert all(name in line for name in ("orders", "order_products", "order_transactions"))
    assert "permission" not in result.stderr


def test_discovery_needs_nothing_but_the_lists(small: Sandbox) -> None:
    small.fault("time", kind="503", times=0)
    result = run(settings(small, max_attempts=1, max_retry_seconds=0), args=["--discover"])
    assert result.status == 0, result.stderr
    assert not result.logged("WARNING", "CRITICAL")


def test_a_record_without_a_child_list_does_not_remove_the_stream(small: Sandbox) -> None:
    for name in ("order_taxes", "order_transactions", "channel_listings"):
        small.fault(name, kind="404", times=0)
    result = run(settings(small), args=["--discover"])
    assert {entry["tap_stream_id"] for entry in result.catalog["streams"]} == set(ALL)
    assert not result.logged("WARNING")


@pytest.mark.parametrize(
    ("kind", "message"), [("404", "Check store_hash"), ("423", "locked"), ("503", "is open")]
)
@pytest.mark.parametrize("command", ["--discover", "--check"])
def test_a_store_of_which_no_list_can_be_read_is_an_error(
    small: Sandbox, kind: str, message: str, command: str
) -> None:
    small.fault("*", kind=kind, times=0)
    result = run(settings(small, max_attempts=1, max_retry_seconds=0), args=[command])
    assert (result.status, result.stdout) == (1, "")
    (line,) = result.logged("CRITICAL")
    assert "can be read" in line
    assert message in line


def test_discovery_waits_when_the_quota_is_used_up(small: Sandbox) -> None:
    small.set(window_seconds=0.3)
    for stream in STREAMS:
        small.fault(stream.list, kind="429")
    result = run(settings(small), args=["--discover"])
    assert result.status == 0, result.stderr
    assert sorted(entry["tap_stream_id"] for entry in result.catalog["streams"]) == sorted(ALL)
    assert "permission" not in result.stderr


def test_a_sync_without_a_permission_names_it_and_reads_the_other_streams(small: Sandbox) -> None:
    small.set(withheld_scopes=("orders",))
    result = run(settings(small))
    assert result.status == 1
    assert set(result.by_stream) == {"coupons", "customers", "products"}
    (line,) = [line for line in result.logged("CRITICAL") if "orders" in line]
    assert "'Orders: read-only'" in line
    assert "Traceback" not in result.stderr
