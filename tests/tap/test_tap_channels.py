"""The settings channel_ids and store_hash_column."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from all_streams import FOUR, KEYS, NAMES, PARENTS, key_of
from expected import STREAMS
from tap_runner import Json, Result, discover, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

# Where the API filters: the parameter; `:in` takes several channels.
FILTERS = {
    name: item.param
    for name in NAMES
    for item in STREAMS[name].filters
    if item.param in ("channel_id", "channel_id:in")
}
# Where rows name their channel. Elsewhere the field is `channel_id`.
_NAMED_OTHERWISE = {"channels": "id", "channel_metafields": "resource_id"}
FIELDS = {
    name: field
    for name in NAMES
    for field in (_NAMED_OTHERWISE.get(name, "channel_id"),)
    if name not in PARENTS and field in STREAMS[name].fields
}
OF_CHANNELS = {*FIELDS, *FILTERS}


def keys(rows: Iterable[Json], name: str) -> list[Any]:
    return [key_of(name, row) for row in rows]


def test_only_rows_of_these_channels_come_and_the_api_filters_where_it_can(catalog: Json) -> None:
    chosen, sizes = select(catalog, *NAMES), {"orders": 24, "customers": 30, "products": 24}
    options: Any = {**sizes, "channels": 3, "refuse_unknown_parameters": True}
    with Sandbox(Options(**options)) as store:
        first, second, _ = (row["id"] for row in store.records("channels"))
        for name in ("orders", "subscribers"):
            ids = [row["id"] for row in store.records(name)]
            store.change(name, ids[:9], {"channel_id": second})
        # Nobody says where they came from: they belong to each channel.
        store.change("subscribers", ids[9:11], {"channel_id": None})
        everything = succeed(settings(store), chosen)
        store.clear_requests()
        two = succeed(settings(store, channel_ids=f"{first}, {second}"), chosen)
        assert_filtered(store, everything, two, [first, second])
        one = succeed(settings(store, channel_ids=[first]), chosen)
        assert_filtered(store, everything, one, [first])
        products = store.records("products", full=True)
    expected = [(row["id"],) for row in products if first in row["channels"]]
    assert keys(one.records("products"), "products") == expected != []
    for name in NAMES:
        parent, rows = PARENTS.get(name), everything.records(name)
        if parent and parent.stream in OF_CHANNELS:  # It comes with its parents.
            kept = {record["id"] for record in one.records(parent.stream)}
            rows = [row for row in rows if row[parent.id] in kept]
        if name not in OF_CHANNELS:
            assert sorted(keys(one.records(name), name)) == sorted(keys(rows, name)), name


def assert_filtered(store: Sandbox, everything: Result, result: Result, wanted: list[int]) -> None:
    """Fail unless these channels alone came, and the last requests filtered by them."""
    requests = store.requests()
    store.clear_requests()
    assert not [entry["query"] for entry in requests if entry["status"] == 400]
    for name, field in FIELDS.items():
        rows = everything.records(name)
        expected = [row for row in rows if row[field] in (*wanted, None)]
        assert keys(result.records(name), name) == keys(expected, name), name
        assert len(expected) < len(rows) or len(wanted) > 1, name
    for name, parameter in FILTERS.items():
        asked = [entry["query"] for entry in requests if entry["list"] == name]
        # Some parameters take one channel only.
        possible = len(wanted) == 1 or parameter.endswith(":in")
        text = ",".join(map(str, wanted)) if possible else None
        assert {query.get(parameter) for query in asked} == {text}, name


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
