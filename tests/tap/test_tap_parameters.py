"""Requests name no parameter that the API does not document: it may refuse it one day."""

from all_streams import NAMES, list_of
from expected import STREAMS
from tap_runner import discover, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox


def test_what_is_documented_is_sent_whatever_fails_and_whatever_is_looked_for() -> None:
    """Usual syncs are in test_tap_all_streams, test_tap_channels and test_tap_records."""
    options = Options(
        orders=30, customers=12, products=20, coupons=8, refuse_unknown_parameters=True
    )
    # Not those that others are made of.
    lists = {
        list_of(name): name
        for name in NAMES
        if STREAMS[name].shows_ids and not STREAMS[name].kind.derived_from and name != "locations"
    }
    with Sandbox(options) as store:
        once = {"max_attempts": 1, "max_retry_seconds": 0}
        config = settings(store, detect_deletes=True, deletes_every=0, deletes_limit=1, **once)
        catalog = select(discover(config), *NAMES)
        for name, include in (("products", "images"), ("orders", "consignments")):
            id_ = store.records(name)[3]["id"]
            store.fault(name, kind="422", times=0, includes=include, ids_between=(id_, id_))
        first = succeed(config, catalog)
        store.clear_faults()
        for name in lists:
            store.delete(name, count=1)
        second = succeed(config, catalog, first.state)
        run(config, catalog, second.state, args=["--audit"])
        succeed({**config, "start_date": "2025-06-01"}, catalog, args=["--check"])
        requests = store.requests()
    for name in lists.values():
        assert any(row.get("_sdc_deleted_at") for row in second.records(name)), name
    for entry in requests:
        assert entry["status"] != 400, f"{entry['path']} {entry['query']}"
        # Of a product's fields, the id is not among those that can be named.
        if entry["list"] == "products":
            assert "id" not in entry["query"].get("include_fields", "").split(",")
