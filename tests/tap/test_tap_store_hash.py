"""The column store_hash: in every record, schema and key when it is wanted.

Settings of the store, which have no id, always have it; the other streams only then.
"""

from __future__ import annotations

import json

import pytest
from all_streams import FOUR, KEYS
from tap_runner import Json, Result, discover, run, select, settings, succeed

from tap_bigcommerce_sandbox import Sandbox

COLUMN = "store_hash"
SETTINGS = [name for name in KEYS if KEYS[name] == (COLUMN,)]


def test_every_record_schema_and_key_has_it(quiet: Sandbox, first_sync: Result) -> None:
    chosen = ",".join([*SETTINGS, *FOUR])
    result = succeed(settings(quiet, store_hash_column=True), args=["--select", chosen])
    added = {COLUMN: quiet.store_hash}
    for name in FOUR:
        schema = result.schemas[name]
        assert schema["key_properties"] == [COLUMN, *KEYS[name]]
        assert schema["schema"]["properties"][COLUMN]["type"] == "string"
        assert result.records(name) == [{**added, **row} for row in first_sync.records(name)]
        assert all(COLUMN not in record for record in first_sync.records(name))
    unwanted = succeed(settings(quiet, select=SETTINGS))
    for name in SETTINGS:
        assert unwanted.schemas[name] == result.schemas[name]
        assert unwanted.records(name) == result.records(name)
        assert [record[COLUMN] for record in result.records(name)] == [quiet.store_hash]
        assert result.schemas[name]["key_properties"] == [COLUMN]


def test_the_catalog_shows_it_as_part_of_the_key(quiet: Sandbox, catalog: Json) -> None:
    for entry in discover(settings(quiet, store_hash_column=True))["streams"]:
        metadata = {tuple(item["breadcrumb"]): item["metadata"] for item in entry["metadata"]}
        assert entry["key_properties"][0] == COLUMN
        assert metadata[()]["table-key-properties"] == entry["key_properties"]
        assert metadata["properties", COLUMN]["inclusion"] == "automatic"
    having = [e["stream"] for e in catalog["streams"] if COLUMN in e["schema"]["properties"]]
    assert sorted(having) == sorted(SETTINGS)


@pytest.mark.parametrize("wanted", [True, False, "true", "false"])
def test_the_setting_decides_whatever_the_catalog_has(
    quiet: Sandbox, catalog: Json, wanted: object
) -> None:
    yes = wanted in (True, "true")
    given = catalog if yes else discover(settings(quiet, store_hash_column=True))
    chosen = select(given, "customers", without={"customers": [COLUMN]})
    result = succeed(settings(quiet, store_hash_column=wanted), chosen)
    assert all((COLUMN in record) is yes for record in result.records("customers"))
    assert (COLUMN in result.schemas["customers"]["key_properties"]) is yes


# Webhooks: their headers are secrets, and each names its store.

SECRET = "Basic c2E6cHc="


def test_headers_are_read_only_when_they_are_selected(quiet: Sandbox, catalog: Json) -> None:
    by_default = succeed(settings(quiet, select=["webhooks"]))
    chosen = succeed(settings(quiet), select(catalog, "webhooks", fields={"webhooks": ["headers"]}))
    rows = quiet.records("webhooks")
    assert SECRET in json.dumps([row["headers"] for row in rows])
    assert by_default.ids("webhooks") == chosen.ids("webhooks") == [row["id"] for row in rows]
    assert SECRET not in by_default.stdout + by_default.stderr
    assert "headers" not in by_default.schemas["webhooks"]["schema"]["properties"]
    headers = [record["headers"] for record in chosen.records("webhooks")]
    assert headers == [row["headers"] for row in rows]


@pytest.mark.parametrize("wanted", [False, True])
def test_the_name_of_the_store_is_in_the_taps_own_column_only(small: Sandbox, wanted: bool) -> None:
    ids = [row["id"] for row in small.records("webhooks")]
    small.change("webhooks", ids, {"store_hash": "another"})
    result = run(settings(small, select=["webhooks"], store_hash_column=wanted))
    for record in result.records("webhooks"):
        assert record.get("store_hash") == (small.store_hash if wanted else None)
        assert record["_rescued_data"] is None
