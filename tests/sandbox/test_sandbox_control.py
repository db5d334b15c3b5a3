"""Control: the store changes under a reader's hands."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.families import LISTS

PRODUCTS = "v3/catalog/products"


def row(store: Sandbox, name: str, number: int) -> dict[str, Any]:
    [found] = store.records(name, ids=[number])
    return found


def modified(found: dict[str, Any]) -> float:
    return parsedate_to_datetime(found["date_modified"]).timestamp()


def test_the_log_tells_each_request(store: Sandbox, get: Get) -> None:
    get("v2/orders", limit=5)
    get("v2/orders/100/products")
    get("v2/orders/7/coupons")
    first, second, third = store.requests()
    assert (first["n"], first["list"], first["rows"], first["status"]) == (1, "orders", 5, 200)
    assert first["query"] == {"limit": "5"}
    assert first["in_flight"] == 1
    assert abs(first["at"] - time.time()) < 60
    assert second["list"] == "order_products"
    assert (third["list"], third["status"]) == ("order_coupons", 404)
    store.clear_requests()
    assert store.requests() == []


def test_a_change_shows_and_is_stamped_now(store: Sandbox, get: Get) -> None:
    before = row(store, "orders", 105)
    assert store.change("orders", ids=[105]) == [105]
    [after] = get("v2/orders", min_id=105, max_id=105).json
    assert after["staff_notes"] == "changed 1 times"
    assert modified(after) >= int(time.time()) - 5
    assert after["date_created"] == before["date_created"]
    before = row(store, "customers", 3)
    store.change("customers", ids=[3], fields={"company": "Neu"}, touch=False)
    assert row(store, "customers", 3) == {**before, "company": "Neu"}


def test_changed_rows_are_found_by_date_and_come_last(store: Sandbox, get: Get) -> None:
    get("v2/orders", sort="date_modified:asc")
    store.change("orders", ids=[100, 200])
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    rows = get("v2/orders", min_date_modified=since, sort="date_modified:asc").json
    assert [row["id"] for row in rows] == [100, 200]


def test_new_rows_come_above_or_at_the_ids_given(store: Sandbox, get: Get) -> None:
    highest = store.records("products")[-1]["id"]
    assert store.add("products", count=2) == [highest + 1, highest + 2]
    assert store.add("products", ids=[90_000], fields={"name": "Mine"}) == [90_000]
    added = get(PRODUCTS, **{"id:min": highest + 1}).json["data"]
    assert [row["id"] for row in added] == [highest + 1, highest + 2, 90_000]
    assert added[2]["name"] == "Mine"


def test_deleted_rows_are_gone_but_orders_are_archived(store: Sandbox, get: Get) -> None:
    store.delete("products", ids=[1])
    assert get(f"{PRODUCTS}/1").status == get(f"{PRODUCTS}/1/variants").status == 404
    store.delete("orders", ids=[101])
    archived = get("v2/orders/101").json
    assert archived["is_deleted"] is True
    assert modified(archived) > time.time() - 60
    store.set(archive_touches=False)
    before = row(store, "orders", 102)
    store.delete("orders", ids=[102])
    assert row(store, "orders", 102)["date_modified"] == before["date_modified"]


def test_operations_before_and_after_a_page_is_read(store: Sandbox, get: Get) -> None:
    change = {"op": "change", "list": "orders", "ids": [100], "fields": {"staff_notes": "new"}}
    store.on("orders", 2, change, moment="before")
    later = {**change, "fields": {"staff_notes": "newer"}}
    store.on("orders", 3, [later], moment="after_read")
    notes = [get("v2/orders", limit=1).json[0]["staff_notes"] for _ in range(4)]
    assert notes[1:] == ["new", "new", "newer"]
    assert notes[0] != "new"
    store.on("coupons", 1, {"op": "delete", "list": "coupons", "ids": [1]})
    store.clear_triggers()
    assert get("v2/coupons").json[0]["id"] == 1


def test_a_deletion_mid_walk_moves_later_pages(store: Sandbox, get: Get) -> None:
    ids = [row["id"] for row in store.records("customers")]
    store.on("customers", 2, {"op": "delete", "list": "customers", "ids": [ids[0]]})
    pages = [get("v2/customers", limit=20, page=page).json for page in (1, 2)]
    assert ids[20] not in [row["id"] for page in pages for row in page]


@pytest.mark.parametrize(
    ("method", "given", "named"),
    [
        ("change", ("unicorns",), {"ids": [1]}),
        ("change", ("orders",), {"ids": [1]}),
        ("fault", ("orders",), {"kind": "fire"}),
        ("on", ("orders", 1, {"op": "explode"}), {}),
        ("on", ("orders", 1, {"op": "change"}), {"moment": "never"}),
        ("set", (), {"colour": "blue"}),
        ("set", (), {"past_end": "maybe"}),
    ],
)
def test_what_makes_no_sense_is_refused(
    still: Sandbox, method: str, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        getattr(still, method)(*given, **named)


def test_the_same_seed_gives_the_same_store() -> None:
    def rows(**options: Any) -> dict[str, list[dict[str, Any]]]:
        with Sandbox(Options(orders=40, customers=9, products=9, coupons=9, **options)) as store:
            return {item.name: store.records(item.name, full=True) for item in LISTS}

    first, other = rows(), rows(seed=2)
    assert rows() == first
    made = ["orders", *(item.name for item in LISTS if item.fields and len(first[item.name]) > 5)]
    assert [name for name in made if first[name] == other[name]] == []


@pytest.mark.parametrize("pattern", ["dense", "holes", "sparse", "clusters", "huge_gaps"])
def test_each_id_pattern_serves_the_whole_list(pattern: str) -> None:
    with Sandbox(Options(orders=0, coupons=0, customers=0, products=60, ids=pattern)) as store:
        get = client(store)
        pages = [get(PRODUCTS, limit=25, page=page).json["data"] for page in (1, 2, 3)]
    ids = [row["id"] for page in pages for row in page]
    assert len(ids) == 60
    assert ids == sorted(set(ids))


def test_a_million_products_answer_page_by_page() -> None:
    with Sandbox(Options(orders=0, coupons=0, customers=0, products=1_000_000)) as store:
        get = client(store)
        deep = get(PRODUCTS, limit=250, page=4000).json
        assert len(deep["data"]) == 250
        assert deep["meta"]["pagination"]["total"] == 1_000_000
        last = deep["data"][-1]["id"]
        rows = get(PRODUCTS, **{"id:greater": last - 1}).json["data"]
        assert [row["id"] for row in rows] == [last]
