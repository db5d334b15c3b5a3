"""Access, headers, rate limit, faults, keep-alive, command line."""

import argparse
import http.client
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Options, Sandbox, Store
from tap_bigcommerce_sandbox.options import add_arguments, to_arguments

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
    [error] = get("v2/coupons").json
    assert error["status"] == 403
    assert error["message"] == "You don't have a required scope to access the endpoint"
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
    store.set(quota=0, rate_limit_headers=False)
    answer = get("v2/orders")
    assert (answer.status, LIMITS in answer.headers) == (200, False)
    assert {"date", "last-modified"} <= set(answer.headers)


def test_statuses_as_faults(store: Sandbox, get: Get) -> None:
    for status in (304, 403, 429, 503, 509):
        store.clear_requests()
        store.fault("orders", request=2, kind=str(status))
        store.fault("products", kind=str(status))
        assert [get("v2/orders").status for _ in range(3)] == [200, status, 200]
        assert get(PRODUCTS).status == status
        faults = [entry["fault"] for entry in store.requests()]
        assert faults == [None, str(status), None, str(status)]
    store.fault("orders", kind="429-bare")
    answer = get("v2/orders")
    assert (answer.status, LIMITS in answer.headers) == (429, False)
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
    assert store.requests()[-1]["in_flight"] == 1


def test_broken_bodies(store: Sandbox, get: Get) -> None:
    def spoiled(kind: str, path: str = "v2/orders") -> bytes:
        store.fault("*", kind=kind)
        answer = get(path)
        assert answer.status == 200
        return answer.body

    assert spoiled("html").startswith(b"<!DOCTYPE html")
    assert spoiled("empty-200") == b""
    with pytest.raises(UnicodeDecodeError):
        spoiled("invalid-byte").decode()
    with pytest.raises(UnicodeEncodeError):
        json.dumps(json.loads(spoiled("lone-surrogate")), ensure_ascii=False).encode()
    assert "Infinity" in json.dumps(json.loads(spoiled("huge-number", PRODUCTS)))
    assert isinstance(json.loads(spoiled("wrong-shape")), dict)
    assert isinstance(json.loads(spoiled("wrong-shape", PRODUCTS)), list)


def test_faults_can_be_narrowed_or_random(store: Sandbox, get: Get) -> None:
    store.fault("orders", kind="504", times=0, limit_above=100)
    assert [get("v2/orders", limit=limit).status for limit in (250, 100)] == [504, 200]
    store.fault("products", kind="500", times=0, includes="images")
    parts = ("variants,images", "variants")
    assert [get(PRODUCTS, include=part).status for part in parts] == [500, 200]
    store.clear_faults()
    bad = store.records("orders")[30]["id"]
    store.fault("orders", kind="500", times=0, ids_between=[bad, bad])
    assert [get("v2/orders", limit=50, page=page).status for page in (1, 2)] == [500, 200]
    store.clear_faults()
    store.set(fault_rate=0.5, fault_kinds=["503"])
    assert {get("v2/orders", limit=1).status for _ in range(30)} == {200, 503}
    assert {get("v2/time").status for _ in range(10)} == {200}


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
    options = Options(orders=20, customers=5, products=9, coupons=6, ids="orders=sparse")
    with Sandbox(options) as here, Sandbox.spawn(options) as there:
        assert there.records("orders", full=True) == here.records("orders", full=True)
        assert there.add("products", count=2) == here.add("products", count=2)


def test_options_survive_the_command_line() -> None:
    options = Options(
        gzip=True, inclusive_bounds=False, withheld_scopes=("a", "b"), fault_rate=0.25
    )
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert Options(**vars(parser.parse_args(to_arguments(options)))) == options
