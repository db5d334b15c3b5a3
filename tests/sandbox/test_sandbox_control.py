"""Control: the store's log, and how it changes under a reader's hands."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.families import LISTS
from tap_bigcommerce_sandbox.values import PATTERNS, make_ids

PRODUCTS = "v3/catalog/products"


def row(store: Sandbox, name: str, number: int) -> dict[str, Any]:
    [found] = store.records(name, ids=[number])
    return found


def test_the_log_tells_each_request(store: Sandbox, get: Get) -> None:
    get("v2/orders", limit=5)
    get("v2/orders/100/products")
    get("v2/orders/7/coupons")
    first, second, third = store.requests()
    assert abs(first.pop("at") - time.time()) < 60
    assert first.pop("path").endswith("/v2/orders")
    told = {"n": 1, "list": "orders", "query": {"limit": "5"}, "rows": 5, "status": 200}
    assert first == {**told, "fault": None, "in_flight": 1}
    assert second["list"] == "order_products"
    assert (third["n"], third["list"], third["status"]) == (3, "order_coupons", 404)
    store.clear_requests()
    assert store.requests() == []


def test_changed_rows_are_stamped_now_and_come_last(store: Sandbox, get: Get) -> None:
    get("v2/orders", sort="date_modified:asc")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
    before = row(store, "orders", 200)
    assert store.change("orders", ids=[100, 200]) == [100, 200]
    rows = get("v2/orders", min_date_modified=since, sort="date_modified:asc").json
    assert [row["id"] for row in rows] == [100, 200]
    assert rows[1]["staff_notes"] == "changed 1 times"
    assert rows[1]["date_created"] == before["date_created"]
    before = row(store, "customers", 3)
    store.change("customers", ids=[3], fields={"company": "Neu"}, touch=False)
    assert row(store, "customers", 3) == {**before, "company": "Neu"}


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
    assert parsedate_to_datetime(archived["date_modified"]).timestamp() > time.time() - 60
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


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("records", {"list": "unicorns"}, "no list"),
        ("change", {"list": "orders", "ids": [1]}, "no id 1"),
        ("change", {"list": "order_consignments"}, "follows from"),
        ("fault", {"list": "orders", "kind": "fire"}, "kind"),
        ("on", {"list": "orders", "request": 1, "do": {"op": "explode"}}, "unknown op"),
        ("on", {"list": "orders", "request": 1, "do": [], "moment": "never"}, "moment"),
        ("set", {"colour": "blue"}, "colour"),
        ("set", {"past_end": "maybe"}, "one of empty, 404"),
    ],
)
def test_what_makes_no_sense_is_refused(
    still: Sandbox, method: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(still, method)(**arguments)


def test_the_same_seed_gives_the_same_store() -> None:
    def rows(**options: Any) -> dict[str, list[dict[str, Any]]]:
        with Sandbox(Options(orders=40, customers=9, products=9, coupons=9, **options)) as store:
            return {item.name: store.records(item.name, full=True) for item in LISTS}

    first, other = rows(), rows(seed=2)
    assert rows() == first
    made = ["orders", *(item.name for item in LISTS if item.fields and len(first[item.name]) > 5)]
    assert [name for name in made if first[name] == other[name]] == []


def test_ids_of_each_pattern_ascend() -> None:
    for pattern in PATTERNS:
        ids = make_ids(pattern, 6000, 100, 0.02, seed=1)
        assert (len(ids), ids[0] >= 100, list(ids)) == (6000, True, sorted(set(ids)))
