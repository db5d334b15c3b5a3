"""Access, headers, rate limit, faults, keep-alive, command line."""

import argparse
import http.client
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.options import add_arguments, from_arguments, to_arguments
from tap_bigcommerce_sandbox.readme_tables import README, with_tables

PRODUCTS = "v3/catalog/products"


@pytest.fixture
def connection(store: Sandbox) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection(store.api_url.removeprefix("http://"), timeout=10)
    yield made
    made.close()


def test_without_access_it_is_refused_in_the_shape_of_its_version(
    store: Sandbox, get: Get, connection: http.client.HTTPConnection
) -> None:
    assert get("v2/orders", token="x").json[0]["status"] == 401
    answer = get(PRODUCTS, token="x")
    assert answer.status == 401
    assert set(answer.json) == {"status", "title", "type", "errors"}
    answer = get(PRODUCTS + "/")
    assert (answer.status, answer.json["title"]) == (403, "Authentication Required")
    store.set(withheld_scopes=["marketing", "information"])
    answer = get("v2/coupons")
    assert answer.status == 403
    assert answer.json[0]["message"] == "You don't have a required scope to access the endpoint"
    assert get("v2/store").status == 403
    assert get("v2/time").status == 200
    connection.request("GET", "/stores/other/v2/orders")
    assert connection.getresponse().status == 404


def test_every_answer_has_its_headers(store: Sandbox, get: Get) -> None:
    answer = get("v2/orders", limit=1)
    assert {"date", "last-modified", "x-rate-limit-requests-left"} <= set(answer.headers)
    store.set(rate_limit_headers=False)
    assert not any(name.startswith("x-rate-limit") for name in get("v2/time").headers)
    store.fault("orders", kind="429")
    refused = get("v2/orders")
    assert not any(name.startswith("x-rate-limit") for name in refused.headers)


def test_the_quota_ends_in_429_and_comes_back(store: Sandbox, get: Get) -> None:
    store.set(quota=3, window_seconds=600.0)
    statuses = [get("v2/time").status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = get("v2/time")
    assert refused.headers["x-rate-limit-requests-left"] == "0"
    assert 0 < int(refused.headers["x-rate-limit-time-reset-ms"]) <= 600_000
    store.set(quota=0)
    assert get("v2/time").status == 200


def test_statuses_as_faults(store: Sandbox, get: Get) -> None:
    for status in (304, 400, 403, 404, 409, 422, 423, 429, 500, 503, 507, 509):
        store.clear_requests()
        store.fault("orders", request=2, kind=str(status))
        store.fault("products", request=1, kind=str(status))
        assert [get("v2/orders").status for _ in range(3)] == [200, status, 200]
        assert get(PRODUCTS).status == status
        faults = [entry["fault"] for entry in store.requests()]
        assert faults == [None, str(status), None, str(status)]
    store.fault("orders", kind="429-bare")
    answer = get("v2/orders")
    assert answer.status == 429
    assert not any(name.startswith("x-rate-limit") for name in answer.headers)
    store.fault("coupons", kind="302")
    answer = get("v2/coupons")
    assert answer.status == 302
    assert answer.headers["location"] == f"/stores/{store.store_hash}/v2/time"


def test_broken_connections(store: Sandbox, get: Get) -> None:
    store.set(hang_seconds=0.05)
    for kind, error in (
        ("reset", ConnectionError),
        ("cut", http.client.IncompleteRead),
        ("hang", ConnectionError),
    ):
        store.fault("orders", kind=kind)
        with pytest.raises(error):
            get("v2/orders")
    assert get("v2/orders").status == 200
    assert [entry["status"] for entry in store.requests()] == [None, 200, None, 200]


def test_broken_bodies(store: Sandbox, get: Get) -> None:
    def spoiled(kind: str) -> bytes:
        store.fault("orders", kind=kind)
        answer = get("v2/orders")
        assert answer.status == 200
        return answer.body

    assert spoiled("html").startswith(b"<!DOCTYPE html")
    assert spoiled("empty-200") == b""
    with pytest.raises(UnicodeDecodeError):
        spoiled("invalid-byte").decode()
    with pytest.raises(UnicodeEncodeError):
        json.dumps(json.loads(spoiled("lone-surrogate")), ensure_ascii=False).encode()
    assert isinstance(json.loads(spoiled("wrong-shape")), dict)
    store.fault("products", kind="huge-number")
    assert "Infinity" in json.dumps(get(PRODUCTS).json)
    store.fault("products", kind="wrong-shape")
    assert isinstance(get(PRODUCTS).json, list)


def test_faults_can_be_narrowed(store: Sandbox, get: Get) -> None:
    store.fault("orders", kind="504", times=0, limit_above=100)
    assert [get("v2/orders", limit=limit).status for limit in (250, 100)] == [504, 200]
    store.clear_faults()
    store.fault("products", kind="500", times=0, includes="images")
    assert get(PRODUCTS, include="variants,images").status == 500
    assert get(PRODUCTS, include="variants").status == 200
    store.clear_faults()
    bad = store.records("orders")[30]["id"]
    store.fault("orders", kind="500", times=0, ids_between=[bad, bad])
    assert [get("v2/orders", limit=50, page=page).status for page in (1, 2)] == [500, 200]
    assert get("v2/orders", min_id=bad + 1, limit=50).status == 200


def test_random_faults_follow_the_seed(store: Sandbox, get: Get) -> None:
    store.set(fault_rate=0.5, fault_kinds=["503"])
    assert {get("v2/orders", limit=1).status for _ in range(30)} == {200, 503}
    assert {get("v2/time").status for _ in range(10)} == {200}


def test_connections_are_kept_and_gzip_is_for_those_who_accept_it(
    store: Sandbox, get: Get, connection: http.client.HTTPConnection
) -> None:
    store.set(gzip=True)
    plain = get("v2/orders")
    assert "content-encoding" not in plain.headers
    headers = {"X-Auth-Token": store.access_token, "Accept-Encoding": "gzip"}
    sockets = set()
    for _ in range(3):
        connection.request("GET", f"/stores/{store.store_hash}/v2/orders", headers=headers)
        answer = connection.getresponse()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert zlib.decompress(answer.read(), 31) == plain.body
        sockets.add(connection.sock)
    assert len(sockets) == 1


def test_time_and_store(ask: Get) -> None:
    assert isinstance(ask("v2/time").json["time"], int)
    assert ask("v2/store").json["timezone"]["name"] == "America/Chicago"


@pytest.mark.parametrize("end", ["its input closes", "a signal"])
def test_the_command_line_announces_itself_and_ends_in_peace(end: str) -> None:
    words = [sys.executable, "-m", "tap_bigcommerce_sandbox", "--orders=5", "--until-stdin-closes"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=README.parents[1], stdin=pipe, stdout=pipe, stderr=pipe
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


def test_a_spawned_store_is_controlled_over_http() -> None:
    options = Options(orders=20, customers=5, products=9, coupons=6, withheld_scopes=("marketing",))
    with Sandbox(options) as here, Sandbox.spawn(options) as there:
        assert there.records("orders", full=True) == here.records("orders", full=True)
        assert there.add("products", count=2) == here.add("products", count=2)
        there.change("orders", count=1)
        assert there.records("orders") != here.records("orders")
        with pytest.raises(ValueError, match="no list"):
            there.records("unicorns")


def test_the_readme_tells_the_options_and_the_lists_as_they_are() -> None:
    text = README.read_text("utf-8")
    assert with_tables(text) == text


def test_options_survive_the_command_line() -> None:
    options = Options(gzip=True, inclusive_bounds=False, ids="orders=sparse", fault_rate=0.25)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert from_arguments(parser.parse_args(to_arguments(options))) == options
