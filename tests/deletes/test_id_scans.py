"""When lists are scanned for their ids, and which requests that needs."""

from datetime import datetime, timedelta, timezone

import pytest
from deletes_runs import Runs, tombstones
from tap_runner import Json, run, select, settings

from tap_bigcommerce_sandbox import Sandbox


def test_a_stream_is_scanned_as_often_as_the_setting_says(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"), deletes_every=24)
    runs.run()
    small.delete("products", ids=[7])
    assert tombstones(runs.run(), "products") == []
    assert tombstones(runs.run(deletes_every=0), "products") == [7]
    # A daily run that starts a little early also scans, as does one after a date in the future.
    nearly = datetime.now(timezone.utc) - timedelta(hours=22)
    for id_, scanned in ((8, nearly.isoformat()), (9, "2126-01-01T00:00:00.000000Z")):
        small.delete("products", ids=[id_])
        runs.state["bookmarks"]["products"]["deletes"]["swept"] = scanned
        assert tombstones(runs.run(), "products") == [id_]
    small.delete("products", ids=[10])
    assert tombstones(runs.run(), "products") == []


def id_scans(store: Sandbox, list_: str) -> list[Json]:
    """The requests of an id scan of the list, without those that look up ids."""
    queries = [
        request["query"]
        for request in store.requests()
        if request["list"] == list_ and "include_fields" in request["query"]
    ]
    return [query for query in queries if "id:in" not in query]


def test_an_id_scan_requests_the_shortest_rows(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products"))
    runs.run()
    small.clear_requests()
    small.delete("products", ids=[7])
    runs.run()
    assert {query["include_fields"] for query in id_scans(small, "products")} == {"is_visible"}
    assert not any("date_modified:min" in query for query in id_scans(small, "products"))
    [confirmation] = [
        request["query"] for request in small.requests() if "id:in" in request["query"]
    ]
    assert (confirmation["id:in"], confirmation["include_fields"]) == ("7", "is_visible")


@pytest.mark.parametrize(
    ("stream", "method", "more"),
    [
        ("products", "INCREMENTAL", {}),
        ("products", "FULL_TABLE", {}),
        ("customers", "INCREMENTAL", {"start_date": "2025-06-01T00:00:00Z"}),
    ],
)
def test_a_first_sync_needs_no_id_scan(
    small: Sandbox, catalog: Json, stream: str, method: str, more: Json
) -> None:
    chosen = select(catalog, stream, replication_method=method)
    run(settings(small, **more), chosen)
    without = len(small.requests())
    small.clear_requests()
    runs = Runs(small, chosen, **more)
    runs.run()
    assert len(small.requests()) == without
    small.clear_requests()
    runs.run()
    has_id_scan = method == "INCREMENTAL"
    if not has_id_scan:
        assert len(small.requests()) == without, "a complete pass needs no id scan"
    elif stream == "products":
        assert id_scans(small, stream)
