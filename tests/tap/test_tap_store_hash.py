"""The column store_hash: everywhere if it is wanted, and always in settings, which have no id."""

import json

import pytest
from all_streams import FOUR, KEYS
from tap_runner import Json, Result, discover, select, settings, succeed

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


# Webhooks name their store, and their headers are secrets.
SECRET = "Basic c2E6cHc="


def test_webhooks_have_their_headers_and_the_name_of_the_store_only_where_they_are_wanted(
    small: Sandbox, catalog: Json
) -> None:
    rows = small.records("webhooks")
    small.change("webhooks", [row["id"] for row in rows], {COLUMN: "another"})
    by_default = succeed(settings(small, select=["webhooks"]))
    headers = select(catalog, "webhooks", fields={"webhooks": ["headers", "_rescued_data"]})
    chosen = succeed(settings(small, store_hash_column=True), headers)
    assert SECRET in json.dumps([row["headers"] for row in rows])
    assert SECRET not in by_default.stdout + by_default.stderr
    columns = by_default.schemas["webhooks"]["schema"]["properties"].keys()
    assert not {"headers", COLUMN} & columns
    assert [row["_rescued_data"] for row in by_default.records("webhooks")] == [None] * len(rows)
    assert chosen.records("webhooks") == [
        {
            COLUMN: small.store_hash,
            "id": row["id"],
            "headers": row["headers"],
            "_rescued_data": None,
        }
        for row in rows
    ]
