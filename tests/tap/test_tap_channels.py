"""The setting channel_ids: the API filters where it can, the tap where rows name their channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from all_streams import NAMES, PARENTS, key_of
from expected import STREAMS
from tap_runner import Json, Result, select, settings, succeed

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


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(
        Options(
            orders=24,
            customers=30,
            products=24,
            coupons=5,
            channels=3,
            refuse_unknown_parameters=True,
        )
    ) as started:
        second = started.records("channels")[1]["id"]
        for name in ("orders", "subscribers"):
            ids = [row["id"] for row in started.records(name)]
            started.change(name, ids[:9], {"channel_id": second})
        # Nobody says where they came from: they belong to each channel.
        started.change("subscribers", ids[9:11], {"channel_id": None})
        yield started


def read(store: Sandbox, catalog: Json, **more: Any) -> tuple[Result, list[Json]]:
    store.clear_requests()
    result = succeed(settings(store, **more), select(catalog, *NAMES))
    assert not [entry["query"] for entry in store.requests() if entry["status"] == 400]
    return result, store.requests()


def keys(result: Result, name: str) -> list[Any]:
    return [key_of(name, record) for record in result.records(name)]


def test_only_rows_of_these_channels_come_and_the_api_filters_where_it_can(
    store: Sandbox, catalog: Json
) -> None:
    channels = [row["id"] for row in store.records("channels")]
    everything, _ = read(store, catalog)
    for wanted, given in ((channels[:1], channels[:1]), (channels[:2], "{}, {}".format(*channels))):
        result, requests = read(store, catalog, channel_ids=given)
        for name, field in FIELDS.items():
            records = everything.records(name)
            expected = [key_of(name, row) for row in records if row[field] in (*wanted, None)]
            assert keys(result, name) == expected, name
            assert {row[field] for row in records} - {*wanted} or len(wanted) > 1, name
        for name, parameter in FILTERS.items():
            asked = [entry["query"] for entry in requests if entry["list"] == name]
            # Some parameters take one channel only.
            possible = len(wanted) == 1 or parameter.endswith(":in")
            text = ",".join(map(str, wanted)) if possible else None
            assert {query.get(parameter) for query in asked} == {text}, name
        if len(wanted) > 1:
            continue
        products = store.records("products", full=True)
        expected = [(row["id"],) for row in products if channels[0] in row["channels"]]
        assert keys(result, "products") == expected != []
        for name in NAMES:
            parent = PARENTS.get(name)
            if parent and parent.stream in OF_CHANNELS:  # It comes with its parents.
                kept = {record["id"] for record in result.records(parent.stream)}
                rows = [row for row in everything.records(name) if row[parent.id] in kept]
                assert keys(result, name) == [key_of(name, row) for row in rows], name
            elif name not in OF_CHANNELS:
                assert sorted(keys(result, name)) == sorted(keys(everything, name)), name
