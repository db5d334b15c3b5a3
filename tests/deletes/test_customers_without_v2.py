"""Deletions of customers, and the audit, once a store no longer has /v2/customers."""

from deletes_runs import Runs, lines, tombstones
from tap_runner import Json, select

from tap_bigcommerce_sandbox import Sandbox

WARNING = "customers: this store does not have the list /v2/customers any more"


def test_deletions_are_reported_whichever_list_is_read(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "customers"))
    runs.run()
    first, *rest = small.records("customers")
    small.delete("customers", ids=[first["id"]])
    small.set(customers_v2="404")
    second = runs.run()
    assert tombstones(second, "customers") == [first["id"]]
    assert second.stderr.count(WARNING) == 1
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
    assert result.stderr.count(WARNING) == 1


def test_the_audit_compares_the_list_of_v3(small: Sandbox, catalog: Json) -> None:
    small.set(customers_v2="404")
    runs = Runs(small, select(catalog, "customers"))
    assert len(runs.run().ids("customers")) == 25
    small.clear_requests()
    result = runs.audit()
    assert result.status == 0, result.stderr
    assert ["customers", "25", "25", "25", "0", "0"] in lines(result)
    assert result.stderr.count(WARNING) == 1
    assert sum(entry["list"] == "customers" for entry in small.requests()) == 1
    [deleted] = small.delete("customers", count=1)
    assert f"customers: written, not in the list: {deleted}\n" in runs.audit().stdout
    small.fault("customers_v3", kind="404", times=0)
    result = runs.audit()
    assert "GET /v2/customers failed: 404" in result.stdout
    assert WARNING not in result.stderr
