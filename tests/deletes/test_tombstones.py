"""What is deleted in the store is told, and nothing else ever is."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

import pytest
from deletes_runs import Runs, tombstones
from forgetful import forgetful
from tap_runner import Json, discover, run, select, settings

from sandbox import Options, Sandbox

FOUR = ("coupons", "customers", "orders", "products")
IN_LISTS_OF_THEIR_OWN = (
    "banners",
    "blog_posts",
    "brands",
    "categories",
    "category_trees",
    "channels",
    "coupons",
    "customer_addresses",
    "customer_groups",
    "customers",
    "gift_certificates",
    "pages",
    "price_list_assignments",
    "price_lists",
    "product_variants",
    "promotions",
    "redirects",
    "sites",
    "subscribers",
    "tax_rates",
    "tax_zones",
    "wishlists",
)


def test_deleted_records_get_a_tombstone_and_keep_their_other_columns(small: Sandbox) -> None:
    runs = Runs(small)
    runs.run()
    before = {name: dict(runs.warehouse.tables[name]) for name in FOUR}
    gone = {
        name: [small.records(name)[at]["id"] for at in (1, -1)]
        for name in ("coupons", "customers", "products")
    }
    for name, ids in gone.items():
        small.delete(name, ids=ids)
    result = runs.run()
    for name, ids in gone.items():
        assert tombstones(result, name) == ids
        assert [key for (key,) in runs.warehouse.deleted(name)] == ids
        for id_ in ids:
            now, was = runs.warehouse.row(name, id_), before[name][id_,]
            assert {k: v for k, v in now.items() if k != "_sdc_deleted_at"} == {
                k: v for k, v in was.items() if k != "_sdc_deleted_at"
            }
    assert not any(tombstones(runs.run(), name) for name in FOUR), "told once"


def test_a_tombstone_comes_under_a_schema_of_its_own(small: Sandbox) -> None:
    runs = Runs(small)
    runs.run()
    small.delete("products", ids=[7])
    result = runs.run()
    record = result.records("products")[-1]
    assert record.keys() == {"id", "_sdc_deleted_at"}
    schema = result.schemas["products"]
    assert schema["schema"]["properties"].keys() == record.keys()
    assert schema["key_properties"] == ["id"]
    assert "bookmark_properties" not in schema


def test_without_the_setting_nothing_changes(small: Sandbox) -> None:
    first = run(settings(small))
    small.delete("products", ids=[7])
    small.clear_requests()
    second = run(settings(small), state=first.state)
    for result in (first, second):
        for name in FOUR:
            fields = result.schemas[name]["schema"]["properties"]
            assert "_sdc_deleted_at" not in fields
            assert "deletes" not in result.state["bookmarks"].get(name, {})
    assert not any("include_fields" in request["query"] for request in small.requests())


def test_the_field_is_in_schemas_whenever_deletes_are_detected(small: Sandbox) -> None:
    without = discover(settings(small))
    with_field = discover(settings(small, detect_deletes=True))
    result = run(
        settings(small, detect_deletes=True), select(without, "products", "order_products")
    )
    assert "_sdc_deleted_at" in result.schemas["products"]["schema"]["properties"]
    assert "_sdc_deleted_at" not in result.schemas["order_products"]["schema"]["properties"]
    result = run(settings(small), select(with_field, "products"))
    assert "_sdc_deleted_at" not in result.schemas["products"]["schema"]["properties"]


@pytest.mark.parametrize("name", IN_LISTS_OF_THEIR_OWN)
def test_every_such_stream_tells_what_is_deleted(small: Sandbox, catalog: Json, name: str) -> None:
    runs = Runs(small, select(catalog, name))
    first = runs.run()
    key = first.schemas[name]["key_properties"][0]
    ids = sorted(row[key] for row in first.records(name))
    gone = ids[len(ids) // 2]
    small.delete({"product_variants": "variants"}.get(name, name), ids=[gone])
    runs.run()
    assert [id_ for (id_,) in runs.warehouse.deleted(name)] == [gone]
    assert len(runs.warehouse.alive(name)) == len(ids) - 1


@pytest.mark.parametrize("listed", ["listed", "hidden"])
@pytest.mark.parametrize("touches", [True, False])
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
def test_archived_orders_end_the_same_however_the_api_shows_them(
    small: Sandbox, catalog: Json, listed: str, touches: bool, method: str
) -> None:
    small.set(archived_orders=listed, archive_touches=touches)
    runs = Runs(small, select(catalog, "orders", replication_method=method))
    runs.run()
    [before] = {len(row) for row in runs.warehouse.tables["orders"].values()}
    small.delete("orders", ids=[103, 104])
    for _ in range(2):
        runs.run()
    for id_ in (103, 104):
        row = runs.warehouse.row("orders", id_)
        [now] = small.records("orders", ids=[id_])
        assert row["is_deleted"] is True
        assert row["_sdc_deleted_at"] == row_date(small, id_)
        assert row["products"]
        assert len(row) == before
        assert now["is_deleted"] is True
    assert runs.warehouse.row("orders", 105)["_sdc_deleted_at"] is None


def row_date(store: Sandbox, id_: int) -> str:
    """The order's date of modification as the tap writes it."""
    [row] = store.records("orders", ids=[id_])
    return parsedate_to_datetime(row["date_modified"]).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_an_order_that_is_archived_no_more_is_there_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders"))
    runs.run()
    small.change("orders", ids=[103], fields={"is_deleted": True})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"]
    small.change("orders", ids=[103], fields={"is_deleted": False})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"] is None


def test_only_what_this_state_has_written_is_reported(small: Sandbox, catalog: Json) -> None:
    orders = sorted(small.records("customers"), key=lambda row: row["id"])
    runs = Runs(small, select(catalog, "customers"), start_date="2025-06-01T00:00:00Z")
    written = set(runs.run().ids("customers"))
    old = [row["id"] for row in orders if row["id"] not in written]
    assert old
    assert written
    new = sorted(written)
    small.delete("customers", ids=[old[0], new[0]])
    assert tombstones(runs.run(), "customers") == [new[0]]


def test_a_state_from_before_is_completed_by_reading_the_stream_once(
    small: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "products")
    runs = Runs(small, chosen)
    runs.state = run(settings(small), chosen).state
    result = runs.run()
    assert len(result.records("products")) == 25
    assert "reading it from its start once" in result.stderr
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == [7]


def test_a_stream_is_swept_as_often_as_the_setting_says(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    runs.run()
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == []
    assert tombstones(runs.run(deletes_every=0), "products") == [7]
    small.delete("products", ids=[8])
    runs.state["bookmarks"]["products"]["deletes"]["swept"] = "2026-01-01T00:00:00Z"
    assert tombstones(runs.run(), "products") == [8]


def test_more_than_the_limit_stops_the_stream_with_an_error(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products", "coupons"), deletes_limit=0.2)
    runs.run()
    small.delete("products", count=6)
    small.delete("coupons", ids=[small.records("coupons")[0]["id"]])
    small.change("products", ids=[small.records("products")[0]["id"]])
    result = runs.run(fails=True)
    assert result.status == 1
    assert tombstones(result, "products") == []
    assert len(tombstones(result, "coupons")) == 1, "others are not stopped"
    assert any("deletes_limit" in line for line in result.logged("CRITICAL"))
    assert len(result.records("products")) >= 1
    # The walk counts all the same, and a larger limit lets them pass.
    result = runs.run(deletes_limit=1)
    assert len(tombstones(result, "products")) == 6


@pytest.mark.parametrize("stream", ["products", "customers", "product_variants", "coupons"])
def test_what_a_list_does_not_show_is_asked_for_before_it_is_reported(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream))
    ids = runs.run().ids(stream)
    dead, hidden = ids[2], set(ids[1:5])
    small.delete({"product_variants": "variants"}.get(stream, stream), ids=[dead])
    with forgetful(small, hidden.__contains__) as api_url:
        result = runs.run(api_url=api_url)
        assert tombstones(result, stream) == [dead]
        assert "3 records were missing from the list, and yet are there" in result.stderr
    # They are still known: once they are gone indeed, that is told.
    small.delete({"product_variants": "variants"}.get(stream, stream), ids=[ids[1]])
    assert tombstones(runs.run(), stream) == [ids[1]]


@pytest.mark.parametrize("stream", ["products", "customers", "product_variants"])
def test_an_api_that_does_not_filter_as_documented_leads_to_no_report(
    small: Sandbox, catalog: Json, stream: str
) -> None:
    runs = Runs(small, select(catalog, stream))
    ids = runs.run().ids(stream)
    small.delete({"product_variants": "variants"}.get(stream, stream), ids=[ids[2]])
    with forgetful(small, lambda _: False, filters=False) as api_url:
        result = runs.run(api_url=api_url, fails=True)
    assert tombstones(result, stream) == []
    assert any("filter as documented" in line for line in result.logged("CRITICAL"))


def test_the_limit_counts_what_is_gone_and_not_what_a_list_hides(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_limit=0.05)
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[2]])
    with forgetful(small, lambda _: True) as api_url:
        assert tombstones(runs.run(api_url=api_url), "products") == [ids[2]]


def test_a_sweep_that_fails_reports_nothing_and_starts_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), max_attempts=1, max_retry_seconds=0)
    runs.run()
    small.delete("products", ids=[7, 9])
    small.change("products", ids=[10])
    small.clear_requests()
    whole = run(runs.config, runs.catalog, runs.state)
    assert tombstones(whole, "products") == [7, 9]
    requests = len(small.requests())
    assert requests >= 5
    for request in range(1, requests + 1):
        small.clear_faults()
        small.fault("products", request=request, kind="403", times=0)
        result = run(runs.config, runs.catalog, runs.state)
        assert result.status == 1
        assert tombstones(result, "products") == []
    small.clear_faults()
    assert tombstones(runs.run(), "products") == [7, 9]


@pytest.mark.parametrize("moment", ["before", "after_read"])
@pytest.mark.parametrize("request_", [1, 2, 3, 4, 5, 6])
def test_what_changes_during_a_sync_is_never_reported_while_it_is_there(
    small: Sandbox, catalog: Json, moment: str, request_: int
) -> None:
    runs = Runs(small, select(catalog, "products"), page_size=10)
    runs.run()
    small.delete("products", ids=[7])
    small.on(
        "products",
        request=request_,
        moment=moment,
        do=[
            {"op": "add", "list": "products", "count": 2},
            {"op": "change", "list": "products", "ids": [3, 12]},
            {"op": "delete", "list": "products", "ids": [20]},
        ],
    )
    told = tombstones(runs.run(), "products")
    assert set(told) <= {7, 20}
    assert 7 in told
    runs.run()
    there = sorted((row["id"],) for row in small.records("products"))
    assert sorted(runs.warehouse.alive("products")) == there
    assert list(runs.warehouse.deleted("products")) == [(7,), (20,)]


@pytest.mark.parametrize("cap", [1, 3])
def test_an_answer_with_fewer_rows_than_asked_for_is_no_proof(
    small: Sandbox, catalog: Json, cap: int
) -> None:
    runs = Runs(small, select(catalog, "products"))
    ids = runs.run().ids("products")
    small.delete("products", ids=[ids[4], ids[-1]])
    small.set(page_cap=cap)
    with forgetful(small, lambda id_: id_ > ids[2]) as api_url:
        assert tombstones(runs.run(api_url=api_url), "products") == [ids[4], ids[-1]]


def test_other_channels_do_not_look_deleted(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders", "products", "sites"), deletes_limit=0.2)
    runs.run()
    result = runs.run(channel_ids=[1])
    assert not any(tombstones(result, name) for name in ("orders", "products", "sites"))


def test_random_changes_over_ten_syncs_end_with_the_store_and_its_dead() -> None:
    chance = random.Random(4)
    sizes = Options(orders=60, customers=60, products=60, coupons=40, archived_orders="hidden")
    with Sandbox(sizes) as store:
        runs = Runs(store)
        for _ in range(10):
            for name in FOUR:
                store.add(name, count=chance.randint(0, 3))
                store.change(name, count=chance.randint(1, 3))
                if runs.state is not None:
                    store.delete(name, count=chance.randint(1, 4))
            runs.run()
        runs.run()
        for name in FOUR:
            rows = {
                row["id"]: row for row in store.records(name) if not row.get("is_deleted", False)
            }
            assert {id_ for (id_,) in runs.warehouse.alive(name)} == rows.keys()
            dead = runs.warehouse.deleted(name)
            assert len(dead) >= 9
            text = {"orders": "staff_notes", "customers": "notes"}.get(name, "name")
            assert all(row[text] is not None for row in dead.values() if name != "orders")
            for (id_,), row in runs.warehouse.alive(name).items():
                assert row[text] == rows[id_][text]
