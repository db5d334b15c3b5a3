"""The column store_hash: in every record, schema and key when it is wanted.

Settings of the store, which have no id, always have it; the other streams only then.
"""

from __future__ import annotations

import pytest
from all_streams import KEYS
from tap_runner import Json, Result, discover, run, select, settings
from tap_streams import NAMES

from tap_bigcommerce.catalog.selection import key_of, schema_for_settings
from tap_bigcommerce.config import parse_config
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import store_settings
from tap_bigcommerce_sandbox import Sandbox

COLUMN = "store_hash"
SETTINGS = [name for name in KEYS if KEYS[name] == (COLUMN,)]


def test_only_settings_have_a_field_of_that_name() -> None:
    assert [name for name in STREAMS if COLUMN in load_schema(name)["properties"]] == SETTINGS


@pytest.mark.parametrize("wanted", [False, True])
def test_it_is_the_only_key_of_settings_whether_it_is_wanted_or_not(wanted: bool) -> None:
    stream = store_settings("opening_hours", "Information & settings", "/v3/settings/hours")
    config = parse_config(
        {"store_hash": "abc123", "access_token": "a-token", "store_hash_column": wanted}
    )
    own = {COLUMN: {"type": ["string"]}, "monday": {"type": ["null", "string"]}}
    schema = schema_for_settings({"type": "object", "properties": own}, stream, config)
    assert list(schema["properties"]) == [COLUMN, "monday"]
    assert key_of(stream, schema) == (COLUMN,)


@pytest.mark.parametrize("wanted", [False, True])
def test_the_row_of_settings_has_the_stores_hash(quiet: Sandbox, wanted: bool) -> None:
    result = run(settings(quiet, select=SETTINGS, store_hash_column=wanted))
    assert result.status == 0, result.stderr
    for name in SETTINGS:
        assert [record[COLUMN] for record in result.records(name)] == [quiet.store_hash]
        assert result.schemas[name]["key_properties"] == [COLUMN]


def test_every_record_schema_and_key_has_it(quiet: Sandbox, first_sync: Result) -> None:
    result = run(settings(quiet, store_hash_column=True))
    assert result.status == 0, result.stderr
    for name in NAMES:
        schema = result.schemas[name]
        assert schema["key_properties"] == [COLUMN, *STREAMS[name].primary_keys]
        assert schema["schema"]["properties"][COLUMN]["type"] == "string"
        without = [
            {field: value for field, value in record.items() if field != COLUMN}
            for record in result.records(name)
        ]
        assert without == first_sync.records(name)
        assert {record[COLUMN] for record in result.records(name)} == {quiet.store_hash}


def test_it_is_off_by_default(first_sync: Result) -> None:
    assert all(COLUMN not in record for name in NAMES for record in first_sync.records(name))


def test_the_catalog_shows_it_as_part_of_the_key(quiet: Sandbox) -> None:
    for entry in discover(settings(quiet, store_hash_column=True))["streams"]:
        metadata = {tuple(item["breadcrumb"]): item["metadata"] for item in entry["metadata"]}
        assert entry["key_properties"][0] == COLUMN
        assert metadata[()]["table-key-properties"] == entry["key_properties"]
        assert metadata["properties", COLUMN]["inclusion"] == "automatic"


@pytest.mark.parametrize("wanted", [True, False])
def test_the_setting_decides_whatever_the_catalog_has(
    quiet: Sandbox, catalog: Json, wanted: bool
) -> None:
    given = discover(settings(quiet, store_hash_column=True)) if not wanted else catalog
    chosen = select(given, "orders", "order_products", without={"orders": [COLUMN]})
    result = run(settings(quiet, store_hash_column=wanted), chosen)
    assert result.status == 0, result.stderr
    for name in ("orders", "order_products"):
        assert all((COLUMN in record) is wanted for record in result.records(name))
        assert (COLUMN in result.schemas[name]["key_properties"]) is wanted


@pytest.mark.parametrize("given", ["true", True, "false", False])
def test_yes_and_no_are_also_taken_as_texts(quiet: Sandbox, catalog: Json, given: object) -> None:
    result = run(settings(quiet, store_hash_column=given), select(catalog, "coupons"))
    wanted = given in ("true", True)
    assert [COLUMN in record for record in result.records("coupons")] == [wanted] * 14


def test_what_is_neither_yes_nor_no_is_refused(quiet: Sandbox) -> None:
    result = run(settings(quiet, store_hash_column="perhaps"))
    assert result.status == 1
    assert "store_hash_column should be true or false" in result.stderr
    assert quiet.requests() == []


def test_a_stream_is_read_again_if_the_setting_changes_before_it_is_complete(
    small: Sandbox,
) -> None:
    config = settings(small, page_size=10, max_concurrency=1)
    chosen = select(discover(config), "orders")
    small.fault("orders", request=3, kind="405", times=0)
    first = run(config, chosen)
    assert "resume" in first.state["bookmarks"]["orders"]
    small.clear_faults()
    second = run({**config, "store_hash_column": True}, chosen, first.state)
    assert second.status == 0, second.stderr
    assert second.ids("orders") == [row["id"] for row in small.records("orders")]
