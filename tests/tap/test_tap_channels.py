"""The setting channel_ids: the API filters where it can, the tap where rows name their channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from all_streams import NAMES, PARENTS, key_of
from expected import STREAMS
from store_truth import rows_of
from tap_runner import Json, Result, run, select, settings

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
BY_API_ALONE = tuple(name for name in FILTERS if name not in FIELDS)
WHOLE = [
    name
    for name in NAMES
    if name not in FIELDS
    and name not in BY_API_ALONE
    and (name not in PARENTS or PARENTS[name].stream not in (*FIELDS, *BY_API_ALONE))
]
OF_PARENTS = [name for name in PARENTS if PARENTS[name].stream in (*FIELDS, *BY_API_ALONE)]


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=60, customers=40, products=40, coupons=5, channels=3)) as started:
        second = list(rows_of(started, "channels"))[1]
        for name in ("orders", "subscribers"):
            started.change(name, list(rows_of(started, name))[:9], {"channel_id": second})
        yield started


@pytest.fixture(scope="module")
def channels(store: Sandbox) -> list[int]:
    return list(rows_of(store, "channels"))


def read(store: Sandbox, catalog: Json, **more: Any) -> tuple[Result, list[Json]]:
    store.clear_requests()
    result = run(settings(store, **more), select(catalog, *NAMES))
    assert result.status == 0, result.stderr
    return result, store.requests()


@pytest.fixture(scope="module")
def everything(store: Sandbox, catalog: Json) -> Result:
    result, _ = read(store, catalog)
    return result


@pytest.fixture(scope="module")
def of_one(store: Sandbox, catalog: Json, channels: list[int]) -> tuple[Result, list[Json]]:
    return read(store, catalog, channel_ids=channels[:1])


@pytest.fixture(scope="module")
def of_two(store: Sandbox, catalog: Json, channels: list[int]) -> tuple[Result, list[Json]]:
    return read(store, catalog, channel_ids=",".join(map(str, channels[:2])))


def keys(result: Result, name: str) -> list[Any]:
    return [key_of(name, record) for record in result.records(name)]


@pytest.mark.parametrize("name", FIELDS)
def test_only_rows_of_these_channels_come(
    everything: Result,
    of_one: tuple[Result, list[Json]],
    of_two: tuple[Result, list[Json]],
    channels: list[int],
    name: str,
) -> None:
    field = FIELDS[name]
    for (result, _), wanted in ((of_one, channels[:1]), (of_two, channels[:2])):
        expected = [
            key_of(name, record)
            for record in everything.records(name)
            if record[field] in (*wanted, None)
        ]
        assert keys(result, name) == expected
    assert {record[field] for record in everything.records(name)} - set(channels[:1])


def test_products_are_those_of_these_channels(
    store: Sandbox, of_one: tuple[Result, list[Json]], channels: list[int]
) -> None:
    expected = [
        id for id, row in rows_of(store, "products").items() if channels[0] in row["channels"]
    ]
    assert keys(of_one[0], "products") == [(id,) for id in expected]
    assert len(expected) > 0


@pytest.mark.parametrize("name", OF_PARENTS)
def test_what_belongs_to_other_rows_comes_with_these(
    everything: Result, of_one: tuple[Result, list[Json]], name: str
) -> None:
    result, _ = of_one
    parent = PARENTS[name]
    kept = {record["id"] for record in result.records(parent.stream)}
    expected = [
        key_of(name, record) for record in everything.records(name) if record[parent.id] in kept
    ]
    assert keys(result, name) == expected


@pytest.mark.parametrize("name", WHOLE)
def test_streams_that_know_no_channel_come_whole(
    everything: Result, of_one: tuple[Result, list[Json]], name: str
) -> None:
    assert sorted(keys(of_one[0], name)) == sorted(keys(everything, name))


@pytest.mark.parametrize("name", FILTERS)
def test_the_api_filters_where_it_can(
    of_one: tuple[Result, list[Json]],
    of_two: tuple[Result, list[Json]],
    channels: list[int],
    name: str,
) -> None:
    parameter = FILTERS[name]
    for (_, requests), wanted in ((of_one, channels[:1]), (of_two, channels[:2])):
        asked = [entry["query"] for entry in requests if entry["list"] == name]
        assert asked
        for query in asked:
            if len(wanted) > 1 and not parameter.endswith(":in"):
                assert parameter not in query  # It takes one channel only.
            else:
                assert query[parameter] == ",".join(map(str, wanted))
