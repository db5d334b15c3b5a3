"""The setting channel_ids: the API filters where it can, the tap where rows name their channels."""

from collections.abc import Iterable
from typing import Any

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
