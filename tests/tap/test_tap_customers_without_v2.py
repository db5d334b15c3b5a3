"""Once a store no longer has /v2/customers, its customers are read from /v3/customers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from store_truth import ONLY_V3
from tap_runner import EVERY_PAGE, Json, Result, discover, run, select, settings

from tap_bigcommerce_sandbox import Options, Sandbox

V2_ONLY = "accepts_marketing"
GONE = pytest.mark.parametrize("status", ["404", "410"])
WARNING = (
    "customers: this store does not have the list /v2/customers any more, so the stream is read "
    "from /v3/customers. Fields that only the former has are absent from the records."
)


@pytest.fixture
def store() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=1, customers=60, products=1, coupons=1)) as started:
        yield started


def everything(catalog: Json) -> Json:
    """Customers with all their fields."""
    chosen = select(catalog, "customers")
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"]:
                item["metadata"]["selected"] = True
    return chosen


def sync(store: Sandbox, catalog: Json, state: Any = None, **more: Any) -> Result:
    store.clear_requests()
    return run(
        settings(store, **{"page_size": 10, "max_concurrency": 1, **more}),
        catalog,
        state,
        env=EVERY_PAGE,
    )


def complete(result: Result) -> Result:
    assert result.status == 0, result.stderr
    return result


def by_id(result: Result) -> dict[int, Json]:
    """The records by id; fails if one came twice."""
    records = result.records("customers")
    found = {record["id"]: record for record in records}
    assert len(found) == len(records)
    return found


def without(records: dict[int, Json], *names: str) -> dict[int, Json]:
    return {id: {n: v for n, v in row.items() if n not in names} for id, row in records.items()}


def warnings(result: Result) -> list[str]:
    return [line.partition(" ")[2] for line in result.logged("WARNING")]


def asked(store: Sandbox, list: str) -> list[Json]:
    return [entry["query"] for entry in store.requests() if entry["list"] == list]


@GONE
def test_both_lists_end_in_the_same_records(catalog: Json, status: str) -> None:
    chosen = everything(catalog)
    with Sandbox(Options(orders=1, customers=250, products=1, coupons=1)) as store:
        before = complete(sync(store, chosen, page_size=40))
        store.set(customers_v2=status)
        after = complete(sync(store, chosen, page_size=40))
        v2, v3 = asked(store, "customers"), asked(store, "customers_v3")
    assert warnings(before) == []
    assert warnings(after) == [WARNING]
    assert (len(v2), len(v3)) == (1, 7)
    assert all(V2_ONLY in record for record in before.records("customers"))
    assert by_id(after) == without(by_id(before), V2_ONLY)
    some = by_id(after).values()
    for name in ("form_fields", "store_credit", "reset_pass_on_login", "customer_group_id"):
        assert len({str(record[name]) for record in some}) > 1, name
    assert max(len(record["attributes"]) for record in some) > 10
    assert after.bookmark("customers") == before.bookmark("customers")
    assert after.schemas == before.schemas


def test_by_default_only_what_is_selected_is_included(store: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers")
    before = complete(sync(store, chosen))
    store.set(customers_v2="404")
    after = complete(sync(store, chosen))
    assert by_id(after) == without(by_id(before), V2_ONLY)
    assert not set(ONLY_V3) & set(after.records("customers")[0])
    requests = asked(store, "customers_v3")
    assert {query["include"] for query in requests} == {"formfields,storecredit"}
    assert len(requests) == 6


def test_an_incremental_sync_goes_on_from_the_bookmark_and_back_again(
    store: Sandbox, catalog: Json
) -> None:
    chosen = everything(catalog)
    state = complete(sync(store, chosen)).state
    changed = store.change("customers", count=7)
    store.set(customers_v2="410")
    second = complete(sync(store, chosen, state))
    assert set(changed) <= set(second.ids("customers"))
    assert len(second.ids("customers")) < 60
    (since,) = {query["date_modified:min"] for query in asked(store, "customers_v3")}
    assert since[:19] < state["bookmarks"]["customers"]["date_modified"]
    assert second.bookmark("customers") > state["bookmarks"]["customers"]["date_modified"]
    changed = store.change("customers", count=3)
    third = complete(sync(store, chosen, second.state))
    assert set(changed) <= set(third.ids("customers"))
    store.set(customers_v2="served")
    changed = store.change("customers", count=3)
    fourth = complete(sync(store, chosen, third.state))
    assert set(changed) <= set(fourth.ids("customers"))
    assert warnings(fourth) == []
    assert asked(store, "customers_v3")[0].keys() >= {"id:in"}


def test_end_date_is_a_bound_of_v3_too(store: Sandbox, catalog: Json) -> None:
    chosen, end = select(catalog, "customers"), {"customers": {"end_date": "2025-06-01"}}
    before = complete(sync(store, chosen, streams=end))
    store.set(customers_v2="404")
    after = complete(sync(store, chosen, streams=end))
    assert 0 < len(before.ids("customers")) < 60
    assert by_id(after) == without(by_id(before), V2_ONLY)
    assert all("date_modified:max" in query for query in asked(store, "customers_v3"))


def test_a_pass_that_was_stopped_in_v2_starts_again_from_the_bookmark(
    store: Sandbox, catalog: Json
) -> None:
    chosen = everything(catalog)
    truth = by_id(complete(sync(store, chosen)))
    store.fault("customers", request=3, kind="403", times=0)
    stopped = sync(store, chosen)
    assert stopped.status == 1
    assert 0 < len(stopped.ids("customers")) < 60
    assert stopped.state["bookmarks"]["customers"]["resume"]["after_id"] > 0
    store.clear_faults()
    store.set(customers_v2="404")
    after = complete(sync(store, chosen, stopped.state))
    assert by_id(after) == without(truth, V2_ONLY)
    assert "which can no longer be read; reading this stream again from its bookmark" in (
        after.stderr
    )
    assert "have changed since" not in after.stderr
    assert "resume" not in after.state["bookmarks"]["customers"]
    assert not any("after" in query for query in asked(store, "customers_v3")[:1])


def test_a_pass_that_was_stopped_in_v3_continues_there(store: Sandbox, catalog: Json) -> None:
    chosen = everything(catalog)
    truth = by_id(complete(sync(store, chosen)))
    store.set(customers_v2="404")
    store.fault("customers_v3", request=4, kind="403", times=0)
    stopped = sync(store, chosen)
    assert stopped.status == 1
    assert stopped.state["bookmarks"]["customers"]["resume"]["cursor"]
    store.clear_faults()
    # Whether v2 is there again does not matter: its ids are no cursors.
    store.set(customers_v2="served")
    after = complete(sync(store, chosen, stopped.state))
    assert asked(store, "customers") == []
    assert "customers: resuming after the last page that was written" in after.stderr
    assert warnings(after) == [WARNING]
    assert len(after.ids("customers")) < 60
    assert by_id(stopped) | by_id(after) == without(truth, V2_ONLY)
    assert after.bookmark("customers") == max(r["date_modified"] for r in truth.values())
    again = complete(sync(store, chosen, after.state))
    assert asked(store, "customers")
    assert warnings(again) == []


@GONE
def test_without_both_lists_the_error_names_the_one_of_v2(
    store: Sandbox, catalog: Json, status: str
) -> None:
    chosen = everything(catalog)
    store.fault("customers", request=3, kind="403", times=0)
    stopped = sync(store, chosen)
    store.clear_faults()
    store.set(customers_v2=status)
    store.fault("customers_v3", kind="404", times=0)
    result = sync(store, chosen, stopped.state)
    assert result.status == 1
    assert re.search(rf"customers: GET /v2/customers failed: {status}: ", result.stderr)
    assert warnings(result) == []
    assert result.records("customers") == []
    # Where the pass was stopped stays known, should the list come back.
    assert result.state["bookmarks"] == stopped.state["bookmarks"]


def test_another_error_of_v3_is_the_streams_error(store: Sandbox, catalog: Json) -> None:
    store.set(customers_v2="404")
    store.fault("customers_v3", kind="403", times=0)
    result = sync(store, select(catalog, "customers"))
    assert result.status == 1
    assert "customers: GET /v3/customers failed: 403" in result.stderr


def test_another_error_of_v2_does_not_lead_to_v3(store: Sandbox, catalog: Json) -> None:
    store.fault("customers", kind="403", times=0)
    assert sync(store, select(catalog, "customers")).status == 1
    assert asked(store, "customers_v3") == []


@GONE
def test_a_list_that_goes_away_later_does_not_lead_to_v3(
    store: Sandbox, catalog: Json, status: str
) -> None:
    store.fault("customers", request=3, kind=status, times=0)
    result = sync(store, select(catalog, "customers"))
    assert result.status == 1
    assert f"customers: GET /v2/customers failed: {status}: " in result.stderr
    assert "date_modified" not in result.state["bookmarks"]["customers"]
    assert len(result.ids("customers")) < 60
    assert asked(store, "customers_v3") == []


def test_channel_ids_have_no_effect_on_either(store: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers")
    store.set(customers_v2="404")
    result = complete(sync(store, chosen, channel_ids=[1]))
    assert len(result.ids("customers")) == 60


def test_streams_of_lists_below_customers_are_read_as_before(store: Sandbox, catalog: Json) -> None:
    names = ["customer_addresses", "customer_attribute_values", "customer_metafields", "wishlists"]
    chosen = select(catalog, "customers", *names)
    before = complete(sync(store, chosen))
    store.set(customers_v2="404")
    after = complete(sync(store, chosen))
    for name in names:
        assert before.records(name) == after.records(name) != []


def test_test_reads_a_customer(store: Sandbox, catalog: Json) -> None:
    store.set(customers_v2="404")
    result = run(settings(store), select(catalog, "customers"), args=["--test"])
    assert result.status == 0, result.stderr
    assert WARNING in result.stderr


def test_discovery_and_check_keep_the_stream(store: Sandbox) -> None:
    before = discover(settings(store))
    store.set(customers_v2="404")
    found = run(settings(store), args=["--discover"])
    assert found.status == 0
    assert found.catalog == before
    assert warnings(found) == [WARNING]
    check = run(settings(store), args=["--check"])
    assert check.status == 0, check.stderr
    assert re.search(r"^customers +60 +60 ", check.stdout, re.MULTILINE)
    assert "Ready: all 4 selected streams can be read." in check.stdout
    assert warnings(check) == [WARNING]
    store.fault("customers_v3", kind="404", times=0)
    without = run(settings(store), args=["--discover"])
    assert "customers" not in [entry["stream"] for entry in without.catalog["streams"]]
    assert "this store does not have their lists: customers" in without.stderr
    assert WARNING not in without.stderr


def test_the_check_expects_no_second_request_for_fields_of_v3(
    store: Sandbox, catalog: Json
) -> None:
    chosen, args = everything(catalog), ["--check", "--format", "json"]
    requests = []
    for choice in ("served", "404"):
        store.set(customers_v2=choice)
        result = complete(run(settings(store, page_size=10), chosen, args=args))
        requests.append(json.loads(result.stdout)["full_sync"]["requests"])
    assert requests == [14, 7]
