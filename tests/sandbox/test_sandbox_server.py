"""The server: access, quota, connections, command line; and control: log and changes."""

import http.client
import json
import subprocess
import sys
import time
import zlib
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Options, Sandbox, Store
from tap_bigcommerce_sandbox.families import LISTS

PRODUCTS = "v3/catalog/products"
LIMITS = "x-rate-limit-requests-left"


def test_without_access_it_is_refused_in_the_shape_of_its_version(store: Sandbox, get: Get) -> None:
    assert get("v2/orders", token="x").json[0]["status"] == 401
    answer = get(PRODUCTS, token="x")
    assert answer.status == 401
    assert set(answer.json) == {"status", "title", "type", "errors"}
    answer = get(PRODUCTS + "/")
    assert (answer.status, answer.json["title"]) == (403, "Authentication Required")
    store.set(withheld_scopes=["marketing"])
    message = "You don't have a required scope to access the endpoint"
    assert get("v2/coupons").json == [{"status": 403, "message": message}]
    other = client(Store({**store.addresses, "store_hash": "other"}))
    assert other("v2/orders").status == 404
    store.set(any_hash=True)
    assert other("v2/orders").status == 200


def test_the_quota_ends_in_429_and_comes_back(store: Sandbox, get: Get) -> None:
    store.set(quota=3, window_seconds=600.0)
    answers = [get("v2/time") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers[LIMITS] for answer in answers] == ["2", "1", "0", "0"]
    assert 0 < int(answers[3].headers["x-rate-limit-time-reset-ms"]) <= 600_000
    store.set(quota=10**6, other_app_rate=10.0**9)
    assert get("v2/time").status == 429
    store.set(quota=0, rate_limit_headers=False)
    answer = get("v2/orders")
    assert (answer.status, LIMITS in answer.headers) == (200, False)
    assert {"date", "last-modified"} <= set(answer.headers)


def test_connections_are_kept_and_gzip_is_for_those_who_accept_it(store: Sandbox, get: Get) -> None:
    store.set(gzip=True)
    plain = get("v2/orders")
    assert "content-encoding" not in plain.headers
    headers = {"X-Auth-Token": store.access_token, "Accept-Encoding": "gzip"}
    connection = http.client.HTTPConnection(store.api_url.removeprefix("http://"), timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("GET", f"/stores/{store.store_hash}/v2/orders", headers=headers)
        answer = connection.getresponse()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert zlib.decompress(answer.read(), 31) == plain.body
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


@pytest.mark.parametrize("end", ["its input closes", "a signal"])
def test_the_command_line_announces_itself_and_ends_in_peace(end: str) -> None:
    command = [sys.executable, "-m", "tap_bigcommerce_sandbox", "--orders=5"]
    pipe, root = subprocess.PIPE, Path(__file__).parents[2]
    with subprocess.Popen(
        [*command, "--until-stdin-closes"], cwd=root, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            assert process.stdout is not None
            announced = json.loads(process.stdout.readline())
            assert set(announced) == {"api_url", "store_hash", "access_token", "control_url"}
            if end == "a signal":
                process.terminate()
                assert process.wait(timeout=10) == 0
            assert process.communicate(timeout=10) == (b"", b"")
        finally:
            process.kill()
    assert process.returncode == 0


def test_a_spawned_store_is_the_same() -> None:
    options = Options(orders=20, inclusive_bounds=False, withheld_scopes=("marketing", "carts"))
    with Sandbox(options) as here, Sandbox.spawn(options) as there:
        assert there.records("orders", full=True) == here.records("orders", full=True)
        assert there.add("products", count=2) == here.add("products", count=2)
        get = client(there)
        assert (get("v2/coupons").status, get("v3/carts/metafields").status) == (403, 403)
        assert get("v2/orders", max_id=100).status == 204


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
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
    query = {"min_date_modified": since, "sort": "date_modified:asc"}
    assert get("v2/orders", **query).status == 204
    before = row(store, "orders", 200)
    assert store.change("orders", ids=[100, 200]) == [100, 200]
    rows = get("v2/orders", **query).json
    assert [row["id"] for row in rows] == [100, 200]
    assert rows[1]["staff_notes"] == "changed 1 times"
    assert rows[1]["date_created"] == before["date_created"]
    before = row(store, "customers", 3)
    store.change("customers", ids=[3], fields={"company": "Neu"}, touch=False)
    assert row(store, "customers", 3) == {**before, "company": "Neu"}


def test_deleted_rows_are_gone_but_orders_are_archived(store: Sandbox, get: Get) -> None:
    store.delete("products", ids=[1])
    assert get(f"{PRODUCTS}/1").status == get(f"{PRODUCTS}/1/variants").status == 404
    site = store.records("sites")[0]["id"]
    assert get(f"v3/sites/{site}/routes").status == 200
    store.delete("sites", ids=[site])
    assert get(f"v3/sites/{site}/routes").status == 404
    store.delete("orders", ids=[101])
    archived = get("v2/orders/101").json
    assert archived["is_deleted"] is True
    assert parsedate_to_datetime(archived["date_modified"]).timestamp() > time.time() - 60
    store.set(archive_touches=False)
    before = row(store, "orders", 102)
    store.delete("orders", ids=[102])
    assert row(store, "orders", 102)["date_modified"] == before["date_modified"]


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
def test_nonsense_is_refused(still: Sandbox, method: str, arguments: Any, message: str) -> None:
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
