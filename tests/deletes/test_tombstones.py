"""Deleted records are reported, and no others."""

import random

import pytest
from deletes_runs import LISTS, MAIN_STREAMS, Runs, tombstones
from expected import STREAMS as EXPECTED
from tap_runner import Json, discover, run, select, settings

from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import Options, Sandbox

WITH_LOOKUP = {name for name, listed in EXPECTED.items() if listed.shows_ids}
"""Streams of which the API can say which ids there are."""

OTHER_STREAMS = sorted(WITH_LOOKUP - {"orders", "products"})


def test_deletions_are_detected_wherever_the_api_can_look_up_ids() -> None:
    assert {name for name, stream in STREAMS.items() if stream.id_lookup} == WITH_LOOKUP


def test_deleted_records_get_a_tombstone_and_keep_their_other_columns(small: Sandbox) -> None:
    runs = Runs(small)
    runs.run()
    before = {name: dict(runs.warehouse.tables[name]) for name in MAIN_STREAMS}
    deleted = {
        name: [small.records(name)[at]["id"] for at in (1, -1)]
        for name in ("coupons", "customers", "products")
    }
    for name, ids in deleted.items():
        small.delete(name, ids=ids)
    result = runs.run()
    for name, ids in deleted.items():
        assert tombstones(result, name) == ids
        assert [key for (key,) in runs.warehouse.deleted(name)] == ids
        for id_ in ids:
            now, was = runs.warehouse.row(name, id_), before[name][id_,]
            assert {**now, "_sdc_deleted_at": None} == {**was, "_sdc_deleted_at": None}
        # A tombstone has its own schema.
        schema = result.schemas[name]
        assert schema["schema"]["properties"].keys() == {"id", "_sdc_deleted_at"}
        assert schema["key_properties"] == ["id"]
        assert "bookmark_properties" not in schema
    assert not any(tombstones(runs.run(), name) for name in MAIN_STREAMS), "reported once"


def test_without_the_setting_nothing_changes(small: Sandbox) -> None:
    catalog = discover(settings(small, detect_deletes=True))
    first = run(settings(small), select(catalog, *MAIN_STREAMS))
    small.delete("products", ids=[7])
    small.clear_requests()
    second = run(settings(small), state=first.state)
    for result in (first, second):
        for name in MAIN_STREAMS:
            assert "_sdc_deleted_at" not in result.schemas[name]["schema"]["properties"]
            assert "deletes" not in result.state["bookmarks"].get(name, {})
    assert not any("include_fields" in request["query"] for request in small.requests())


def test_every_such_stream_reports_deleted_records(small: Sandbox, catalog: Json) -> None:
    """All of them in one store; with some rows go those of other lists."""
    runs = Runs(small, select(catalog, *OTHER_STREAMS))
    first = runs.run()
    keys = {name: first.schemas[name]["key_properties"][0] for name in OTHER_STREAMS}

    def there(name: str) -> set[int]:
        rows = small.records(LISTS.get(name, name))
        return {int(row[keys[name] if keys[name] in row else "id"]) for row in rows}

    before = {name: {row[key] for row in first.records(name)} for name, key in keys.items()}
    for name in OTHER_STREAMS:
        if before[name] <= there(name):
            small.delete(LISTS.get(name, name), ids=[sorted(before[name])[len(before[name]) // 2]])
    runs.run()
    for name in OTHER_STREAMS:
        gone = before[name] - there(name)
        assert 0 < len(gone) < len(before[name]), name
        assert {id_ for (id_,) in runs.warehouse.deleted(name)} == gone, name
        assert {id_ for (id_,) in runs.warehouse.present(name)} == before[name] - gone, name


def test_only_what_this_state_has_written_is_reported(small: Sandbox, catalog: Json) -> None:
    customers = sorted(small.records("customers"), key=lambda row: row["id"])
    runs = Runs(small, select(catalog, "customers"), start_date="2025-06-01T00:00:00Z")
    written = set(runs.run().ids("customers"))
    old = [row["id"] for row in customers if row["id"] not in written]
    assert old
    assert written
    runs.run()  # Its id scan also shows the old ones.
    new = sorted(written)
    small.delete("customers", ids=[old[0], new[0]])
    assert tombstones(runs.run(), "customers") == [new[0]]


def test_with_a_state_without_ids_the_stream_is_read_once_from_its_start(
    small: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "products", "order_products")
    runs = Runs(small, chosen)
    runs.state = run(settings(small), chosen).state
    result = runs.run()
    fields = {name: result.schemas[name]["schema"]["properties"] for name in result.schemas}
    assert [name for name in fields if "_sdc_deleted_at" in fields[name]] == ["products"]
    assert len(result.records("products")) == 25
    assert "reading all of it once" in result.stderr
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == [7]


def test_tombstones_have_the_column_store_hash_and_hashed_fields(
    small: Sandbox, catalog: Json
) -> None:
    hashed: Json = {"hash_fields": "orders.is_deleted", "hash_salt": "salt and more of it"}
    runs = Runs(small, select(catalog, "products", "orders"), store_hash_column=True, **hashed)
    small.set(archived_orders="hidden")
    runs.run()
    small.delete("products", ids=[7])
    small.delete("orders", ids=[103])
    result = runs.run()
    fields = {"products": {"id"}, "orders": {"id", "is_deleted"}}
    for name, id_ in (("products", 7), ("orders", 103)):
        record = result.records(name)[-1]
        assert record.keys() == {"store_hash", *fields[name], "_sdc_deleted_at"}
        assert (record["store_hash"], record["id"]) == (small.store_hash, id_)
        schema = result.schemas[name]
        assert schema["schema"]["properties"].keys() == record.keys()
        assert schema["key_properties"] == ["store_hash", "id"]
        assert list(runs.warehouse.deleted(name)) == [(small.store_hash, id_)]
        assert runs.warehouse.row(name, small.store_hash, id_)["date_modified"]
    assert len(record["is_deleted"]) == 64


@pytest.mark.histories
def test_after_ten_syncs_with_random_changes_the_warehouse_equals_the_store() -> None:
    chance = random.Random(4)
    sizes = Options(orders=60, customers=60, products=60, coupons=40, archived_orders="hidden")
    with Sandbox(sizes) as store:
        runs = Runs(store)
        for _ in range(10):
            for name in MAIN_STREAMS:
                store.add(name, count=chance.randint(0, 3))
                store.change(name, count=chance.randint(1, 3))
                if runs.state is not None:
                    store.delete(name, count=chance.randint(1, 4))
            runs.run()
        runs.run()
        for name in MAIN_STREAMS:
            rows = {
                row["id"]: row for row in store.records(name) if not row.get("is_deleted", False)
            }
            assert {id_ for (id_,) in runs.warehouse.present(name)} == rows.keys()
            deleted = runs.warehouse.deleted(name)
            assert len(deleted) >= 9
            text = {"orders": "staff_notes", "customers": "notes"}.get(name, "name")
            assert all(row[text] is not None for row in deleted.values() if name != "orders")
            for (id_,), row in runs.warehouse.present(name).items():
                assert row[text] == rows[id_][text]
