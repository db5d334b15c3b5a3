"""Deleted records are reported, and no others: archived orders and customers of v3 too."""

import random
from email.utils import parsedate_to_datetime

import pytest
from deletes_runs import LISTS, MAIN_STREAMS, Runs, lines, tombstones
from expected import STREAMS as EXPECTED
from tap_runner import Json, discover, run, select, settings, some_of

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


@pytest.mark.parametrize("touches", some_of([True, False], 1, pytest.mark.histories))
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
def test_archived_orders_end_the_same_however_the_api_shows_them(
    catalog: Json, touches: bool, method: str
) -> None:
    ends = {}
    for listed in ("listed", "hidden"):
        # The same seed makes the same store.
        with Sandbox(Options(orders=30, archived_orders=listed, archive_touches=touches)) as store:
            runs = Runs(store, select(catalog, "orders", replication_method=method))
            runs.run()
            # An order that is archived before the first sync is not read if the API hides it.
            archived_before = [row["id"] for row in store.records("orders") if row["is_deleted"]]
            store.delete("orders", ids=[103, 104])
            dates = {
                row["id"]: parsedate_to_datetime(row["date_modified"])
                for row in store.records("orders", ids=[103, 104])
            }
            for _ in range(2):
                runs.run()
            for id_, date in dates.items():
                row = runs.warehouse.row("orders", id_)
                assert row["is_deleted"] is True
                assert row["_sdc_deleted_at"] == date.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                assert row["products"]
                # These depend on the time of archiving. A tombstone only has the first.
                del row["_sdc_deleted_at"], row["date_modified"], row["date_shipped"]
            assert runs.warehouse.row("orders", 105)["_sdc_deleted_at"] is None
            ends[listed] = {
                id_: row
                for (id_,), row in runs.warehouse.tables["orders"].items()
                if id_ not in archived_before
            }
    assert len(ends["listed"]) > 25
    assert ends["listed"] == ends["hidden"]


def test_an_order_that_is_not_archived_any_more_exists_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders"))
    runs.run()
    small.change("orders", ids=[103], fields={"is_deleted": True})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"]
    small.change("orders", ids=[103], fields={"is_deleted": False})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"] is None


def test_more_archived_orders_than_the_limit_are_not_reported(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "orders"), deletes_limit=0.2, deletes_every=24)
    runs.run()
    present = {key for key, row in runs.warehouse.tables["orders"].items() if not row["is_deleted"]}
    ids = [row["id"] for row in small.records("orders")]
    small.change("orders", ids=ids, fields={"is_deleted": True})
    for _ in range(2):
        result = runs.run(fails=True)
        assert any("deletes_limit" in line for line in result.logged("CRITICAL"))
        assert not any(runs.warehouse.tables["orders"][key]["_sdc_deleted_at"] for key in present)
    runs.run(deletes_limit=1)
    assert all(row["_sdc_deleted_at"] for row in runs.warehouse.tables["orders"].values())


WITHOUT_V2 = "customers: this store does not have the list /v2/customers any more"


def test_deletions_are_reported_whichever_list_is_read(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "customers"))
    runs.run()
    first, *rest = small.records("customers")
    small.delete("customers", ids=[first["id"]])
    small.set(customers_v2="404")
    second = runs.run()
    assert tombstones(second, "customers") == [first["id"]]
    assert second.stderr.count(WITHOUT_V2) == 1
    small.delete("customers", ids=[rest[3]["id"]])
    assert tombstones(runs.run(), "customers") == [rest[3]["id"]]
    small.set(customers_v2="served")
    small.delete("customers", ids=[rest[5]["id"]])
    assert tombstones(runs.run(), "customers") == [rest[5]["id"]]
    assert tombstones(runs.run(), "customers") == []


def test_a_list_that_goes_before_the_scan_deletes_nobody(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "customers"))
    runs.run()
    [gone] = small.delete("customers", count=1)
    small.clear_requests()
    # The pass needs three requests for what has changed; the scan of all ids is next.
    small.on("customers", request=3, do={"op": "set", "customers_v2": "410"}, moment="after_read")
    result = runs.run()
    assert tombstones(result, "customers") == [gone]
    assert result.stderr.count(WITHOUT_V2) == 1


def test_the_audit_compares_the_list_of_v3(small: Sandbox, catalog: Json) -> None:
    small.set(customers_v2="404")
    runs = Runs(small, select(catalog, "customers"))
    assert len(runs.run().ids("customers")) == 25
    small.clear_requests()
    result = runs.audit()
    assert result.status == 0, result.stderr
    assert ["customers", "25", "25", "25", "0", "0"] in lines(result)
    assert result.stderr.count(WITHOUT_V2) == 1
    assert sum(entry["list"] == "customers" for entry in small.requests()) == 1
    [deleted] = small.delete("customers", count=1)
    assert f"customers: written, not in the list: {deleted}\n" in runs.audit().stdout
    small.fault("customers_v3", kind="404", times=0)
    result = runs.audit()
    assert "GET /v2/customers failed: 404" in result.stdout
    assert WITHOUT_V2 not in result.stderr
