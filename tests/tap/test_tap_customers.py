"""Customers: fields that only v3 has, and stores that no longer have /v2/customers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from all_streams import asked
from store_truth import rows_of
from tap_runner import EVERY_PAGE, Json, Result, discover, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

V2_ONLY = "accepts_marketing"
WARNING = (
    "customers: this store does not have the list /v2/customers any more, so the stream is read "
    "from /v3/customers. Fields that only the former has are absent from the records."
)


@pytest.fixture
def store() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=1, customers=60, products=1, coupons=1)) as started:
        yield started


@pytest.fixture(scope="module")
def everything(catalog: Json) -> Json:
    return select(catalog, "customers", every_field=True)


def sync(store: Sandbox, catalog: Json, state: Any = None, status: int = 0, **more: Any) -> Result:
    store.clear_requests()
    config = settings(store, **{"page_size": 10, "max_concurrency": 1, **more})
    result = run(config, catalog, state, env=EVERY_PAGE)
    assert result.status == status, result.stderr
    return result


def of_both(result: Result) -> dict[int, Json]:
    """The records by id, without what v2 alone has; fails if one came twice."""
    found = {row["id"]: {**row, V2_ONLY: None} for row in result.records("customers")}
    assert len(found) == len(result.records("customers"))
    return found


def warnings(result: Result) -> list[str]:
    return [line.partition(" ")[2] for line in result.logged("WARNING")]


# Fields that only v3 has


def test_a_field_of_v3_costs_one_request_for_a_page_and_without_any_none_is_sent(
    catalog: Json,
) -> None:
    with Sandbox(Options(orders=1, customers=300, products=1, coupons=1)) as store:
        truth = {row["id"]: row for row in rows_of(store, "customers")}
        only_v3 = truth[1].keys() - store.records("customers")[0].keys()
        for fields in ([], *([name] for name in only_v3)):
            chosen = select(catalog, "customers", fields={"customers": fields})
            result = sync(store, chosen, page_size=250)
            assert result.ids("customers") == list(truth)
            for record in result.records("customers"):
                found = {name: record[name] for name in only_v3 if name in record}
                wanted = {name: truth[record["id"]][name] for name in fields}
                if "attributes" in fields:  # Beyond ten they come from a child list.
                    assert len(found.pop("attributes")) == len(wanted.pop("attributes"))
                assert json.loads(json.dumps(found, default=float)) == wanted
            # The one page that is full, and the one behind it.
            assert len(asked(store, "customers_v3")) == 2 * len(fields), fields
            assert all("id:in" in query for query in asked(store, "customers_v3"))
    assert len(only_v3) == 10


# Stores without /v2/customers


@pytest.mark.parametrize(("status", "end"), [("404", None), ("410", "2026-01-01")])
def test_both_lists_end_in_the_same_records(everything: Json, status: str, end: str | None) -> None:
    with Sandbox(Options(orders=1, customers=250, products=1, coupons=1)) as store:
        more: Json = {"streams": {"customers": {"end_date": end}}} if end else {}
        before = sync(store, everything, page_size=40, **more)
        store.set(customers_v2=status)
        # channel_ids have no effect on either.
        after = sync(store, everything, page_size=40, channel_ids=[1], **more)
        v2, v3 = asked(store, "customers"), asked(store, "customers_v3")
    assert warnings(before) == []
    assert warnings(after) == [WARNING]
    assert (len(v2), len(v3)) == (1, len(after.ids("customers")) // 40 + 1)
    assert (len(after.ids("customers")) < 250) == bool(end)
    assert all(query.get("date_modified:max", "")[:10] == (end or "") for query in v3)
    assert all(V2_ONLY in record for record in before.records("customers"))
    assert not any(V2_ONLY in record for record in after.records("customers"))
    assert of_both(after) == of_both(before)
    assert max(len(record["attributes"]) for record in after.records("customers")) > 10
    assert after.bookmark("customers") == before.bookmark("customers")
    assert after.schemas == before.schemas


def test_an_incremental_sync_goes_on_from_the_bookmark_and_back_again(
    store: Sandbox, everything: Json
) -> None:
    last = sync(store, everything)
    for list_ in ("410", "410", "served"):
        store.set(customers_v2=list_)
        changed = store.change("customers", count=3)
        result = sync(store, everything, last.state)
        assert set(changed) <= set(result.ids("customers"))
        assert len(result.ids("customers")) < 60
        assert result.bookmark("customers") >= last.bookmark("customers")
        first = asked(store, "customers_v3")[0]
        if list_ == "410":
            assert first["date_modified:min"][:19] < last.bookmark("customers")
        else:
            assert warnings(result) == []
            assert "id:in" in first
        last = result


def test_a_pass_that_was_stopped_in_v2_starts_again_from_the_bookmark(
    store: Sandbox, everything: Json
) -> None:
    truth = of_both(sync(store, everything))
    store.fault("customers", request=3, kind="403", times=0)
    stopped = sync(store, everything, status=1)
    assert stopped.state["bookmarks"]["customers"]["resume"]["after_id"] > 0
    store.clear_faults()
    store.set(customers_v2="404")
    store.fault("customers_v3", kind="404", times=0)
    neither = sync(store, everything, stopped.state, status=1)
    # Where the pass was stopped stays known, should the list come back.
    assert neither.state["bookmarks"] == stopped.state["bookmarks"]
    store.clear_faults()
    after = sync(store, everything, neither.state)
    assert of_both(after) == truth
    message = "which can no longer be read; reading this stream again from its bookmark"
    assert message in after.stderr
    assert "have changed since" not in after.stderr
    assert "resume" not in after.state["bookmarks"]["customers"]


def test_a_pass_that_was_stopped_in_v3_continues_there(store: Sandbox, everything: Json) -> None:
    truth = of_both(sync(store, everything))
    store.set(customers_v2="404")
    store.fault("customers_v3", request=4, kind="403", times=0)
    stopped = sync(store, everything, status=1)
    assert stopped.state["bookmarks"]["customers"]["resume"]["cursor"]
    store.clear_faults()
    # Whether v2 is there again does not matter: its ids are no cursors.
    store.set(customers_v2="served")
    after = sync(store, everything, stopped.state)
    assert asked(store, "customers") == []
    assert "customers: resuming after the last page that was written" in after.stderr
    assert warnings(after) == [WARNING]
    assert len(after.ids("customers")) < 60
    assert of_both(stopped) | of_both(after) == truth
    assert after.bookmark("customers") == max(r["date_modified"] for r in truth.values())
    again = sync(store, everything, after.state)
    assert asked(store, "customers")
    assert warnings(again) == []


@pytest.mark.parametrize(
    ("v2", "first", "v3", "failed"),
    [
        ("404", 1, "404", "v2/customers failed: 404"),
        ("404", 1, "403", "v3/customers failed: 403"),
        ("403", 1, None, "v2/customers failed: 403"),
        ("410", 3, None, "v2/customers failed: 410"),
    ],
)
def test_v3_is_read_only_where_v2_never_was_and_the_list_that_failed_is_named(
    store: Sandbox, catalog: Json, v2: str, first: int, v3: str | None, failed: str
) -> None:
    store.fault("customers", request=first, kind=v2, times=0)
    if v3:
        store.fault("customers_v3", kind=v3, times=0)
    result = sync(store, select(catalog, "customers"), status=1)
    assert f"customers: GET /{failed}: " in result.stderr
    assert warnings(result) == ([WARNING] if v3 == "403" else [])
    assert len(result.ids("customers")) < 60
    assert "date_modified" not in result.state["bookmarks"].get("customers", {})
    of_v3 = asked(store, "customers_v3")
    # Only what is selected is included.
    assert {query["include"] for query in of_v3} == ({"formfields,storecredit"} if v3 else set())


def test_the_other_commands_read_v3_too(store: Sandbox, catalog: Json, everything: Json) -> None:
    def checked() -> int:
        args = ["--check", "--format", "json"]
        result = succeed(settings(store, page_size=10), everything, args=args)
        return int(json.loads(result.stdout)["full_sync"]["requests"])

    before = discover(settings(store))
    assert checked() == 14
    store.set(customers_v2="404")
    assert checked() == 7  # Fields of v3 take no second request.
    chosen = select(catalog, "customers")
    assert WARNING in succeed(settings(store), chosen, args=["--test"]).stderr
    found = succeed(settings(store), args=["--discover"])
    assert found.catalog == before
    assert warnings(found) == [WARNING]
    store.fault("customers_v3", kind="404", times=0)
    without = run(settings(store), args=["--discover"])
    assert "customers" not in [entry["stream"] for entry in without.catalog["streams"]]
    assert "this store does not have their lists: customers" in without.stderr
    assert WARNING not in without.stderr
