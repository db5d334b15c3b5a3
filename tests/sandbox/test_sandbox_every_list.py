"""What holds of every list: its pages are its records, permissions, unknown parents, control."""

from collections.abc import Iterator
from typing import Any

import pytest
from all_lists import LISTS, Row, every_row, paths, rows_of, walk
from sandbox_client import Get, client
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.families import ALL
from tap_bigcommerce_sandbox.lists import List

OBJECTS = [item for item in ALL if item.is_object and not item.parent]
SCOPES = {scope for item in LISTS for scope in item.scope.split("|")}


def named(listed: List) -> str:
    return listed.path


every_list = pytest.mark.parametrize(
    "listed", some_of([*LISTS], 16, pytest.mark.every_stream), ids=named
)


@pytest.fixture(scope="module")
def moved() -> Iterator[Sandbox]:
    """A store whose lists are changed, each by one test; some of them are below others."""
    with Sandbox(Options(orders=45, customers=50, products=40, coupons=8, channels=6)) as running:
        yield running


def statuses(store: Sandbox, path: str, *withheld: list[str]) -> list[int]:
    """The status of a path while the token lacks permissions, and afterwards."""
    found = []
    try:
        for scopes in withheld:
            store.set(withheld_scopes=scopes)
            found.append(client(store)(path).status)
    finally:
        store.set(withheld_scopes=[])
    return [*found, client(store)(path).status]


@every_list
def test_its_pages_together_are_its_records_each_with_a_key_of_its_own(
    still: Sandbox, ask: Get, listed: List
) -> None:
    records = still.records(listed.name, full=bool(listed.optional))
    truth = [{key: row[key] for key in row if key != "_parent"} for row in records]
    assert truth
    limit = 1 + len(truth) // 4 if "{}" not in listed.path else 3
    rows = every_row(still, ask, listed, limit)
    if listed.name == "customers_v3":
        rows.reverse()  # the largest id comes first
    assert rows == truth
    assert len({str([row[name] for name in listed.unique_by]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    "listed", [item for item in LISTS if item.paging.style in ("both", "cursor")], ids=named
)
def test_cursors_and_pages_show_the_same(still: Sandbox, ask: Get, listed: List) -> None:
    for path in paths(still, listed)[:50]:
        rows = list(walk(ask, path, listed.paging.style, 200))
        for pages in ("page", "cursor"):
            assert list(walk(ask, path, pages, 1 + len(rows) // 3)) == rows


@every_list
def test_without_its_permission_it_is_403(still: Sandbox, listed: List) -> None:
    scopes = listed.scope.split("|")
    path = paths(still, listed)[0]
    refused, *answered = statuses(still, path, scopes, sorted(SCOPES - {scopes[0]}))
    assert refused == 403
    # 404 is an answer too: some orders have no transactions.
    assert set(answered) <= {200, 204, 404}


def test_below_an_unknown_parent_is_404(ask: Get) -> None:
    below = [listed.path.format(99_999_999) for listed in LISTS if "{}" in listed.path]
    assert {path: ask(path).status for path in below} == dict.fromkeys(below, 404)


@pytest.mark.parametrize("declared", OBJECTS, ids=named)
def test_an_object_is_its_record_and_needs_its_permission(
    still: Sandbox, ask: Get, declared: List
) -> None:
    got = ask(declared.path).json
    assert [got if declared.api == "v2" else got["data"]] == still.records(declared.name)
    assert statuses(still, declared.path, [declared.scope]) == [403, 200]


def one_for(listed: List) -> str:
    """The list whose rows have one of these rows each, some of them or all."""
    return listed.parent if listed.id and listed.id == listed.parent_field else ""


def another_key(listed: List, row: Row) -> Row:
    """Another value for the last field of a key that names other rows, too; else nothing."""
    if listed.name == "customer_attribute_values":  # A customer has one for each attribute.
        return {"attribute_id": 7777}
    *others, name = listed.unique_by or [""]
    return {name: "New" if isinstance(row[name], str) else 7777} if others else {}


@pytest.mark.parametrize(
    "listed",
    some_of(
        [item for item in LISTS if not rows_of(item).derived_from], 16, pytest.mark.every_stream
    ),
    ids=named,
)
def test_its_rows_can_be_changed_added_and_deleted(moved: Sandbox, listed: List) -> None:
    def found() -> list[Row]:
        return every_row(moved, client(moved), listed, 250)

    before = found()
    field = next((name for name in before[0] if name not in listed.unique_by), None)
    if field is not None:
        given = None if rows_of(listed).text else {field: "other"}
        moved.change(listed.name, count=1, fields=given)
        assert sum(old != new for old, new in zip(before, found(), strict=True)) == 1
    [number] = moved.add(one_for(listed) or listed.name, fields=another_key(listed, before[0]))
    assert len(found()) == len(moved.records(listed.name)) == len(before) + 1
    if listed.name != "orders":
        moved.delete(listed.name, ids=[number])
        row, *others = found()
        assert len(others) == len(before) - 1
        values = [row[name] for name in listed.unique_by]
        moved.delete(listed.name, ids=[values if len(values) > 1 else values[0]])
        assert row not in found()


def test_faults_triggers_and_the_log_know_the_lists(small: Sandbox) -> None:
    get = client(small)
    small.fault("price_list_records", kind="503")
    small.on("customers_v3", 1, {"op": "delete", "list": "customers", "count": 24})
    assert [get("v3/pricelists/1/records").status for _ in range(2)] == [503, 200]
    assert len(get("v3/customers").json["data"]) == 1
    logged = ["price_list_records", "price_list_records", "customers_v3"]
    assert [entry["list"] for entry in small.requests()] == logged
    with pytest.raises(ValueError, match="follows from"):
        small.change("order_consignments", count=1)


def test_an_empty_store_answers_for_all_lists() -> None:
    nothing = ("brands", "categories", "price_lists", "promotions", "small_lists", "redirects")
    nobody = ("customers", "customer_groups", "products", "coupons")
    sizes: dict[str, Any] = dict.fromkeys((*nothing, *nobody), 0)
    with Sandbox(Options(orders=2, **sizes)) as store:
        get = client(store)
        assert get("v2/customers").status == 204
        for listed in LISTS:
            empties = (200, 204, 404) if listed.name == "order_transactions" else (200, 204)
            for path in paths(store, listed):
                assert get(path).status in empties, path
