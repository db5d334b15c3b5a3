"""What holds of every list: its pages are its records, permissions, unknown parents, control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from all_lists import LISTS, Row, every_row, paths, walk
from sandbox_client import Get, client
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.declared import DeclaredList, declared_lists

SIZES: dict[str, Any] = {"orders": 45, "customers": 50, "products": 40, "coupons": 8}
OBJECTS = [item for item in declared_lists() if item.pages == "object" and not item.parent]
BELOW = [listed for listed in LISTS if listed.parent]


def named(listed: DeclaredList) -> str:
    return listed.path


@pytest.fixture(scope="module")
def still() -> Iterator[Sandbox]:
    """A store that these tests read and none changes."""
    with Sandbox(Options(**SIZES)) as running:
        yield running


@pytest.fixture(scope="module")
def moved() -> Iterator[Sandbox]:
    """A store whose lists are changed, each by one test; some of them are below others."""
    with Sandbox(Options(**SIZES, channels=6)) as running:
        yield running


def whole(store: Sandbox, listed: DeclaredList) -> list[Row]:
    """The truth, with everything that a request can include."""
    full = listed.whole is not None
    rows = store.records(listed.name, full=full)
    return [{key: value for key, value in row.items() if key != "_parent"} for row in rows]


every_list = pytest.mark.parametrize(
    "listed", some_of([*LISTS], 16, pytest.mark.every_stream), ids=named
)


@every_list
def test_its_pages_together_are_its_records(still: Sandbox, listed: DeclaredList) -> None:
    truth = whole(still, listed)
    assert truth
    limit = 1 + len(truth) // 4 if not listed.parent else 3
    rows = every_row(still, client(still), listed, limit)
    if listed.name == "customers_v3":
        rows.reverse()  # the largest id comes first
    assert rows == truth


@pytest.mark.parametrize(
    "listed", [item for item in LISTS if item.pages in ("both", "cursor")], ids=named
)
@pytest.mark.parametrize("pages", ["page", "cursor"])
def test_cursors_and_pages_show_the_same(still: Sandbox, listed: DeclaredList, pages: str) -> None:
    get = client(still)
    for path in paths(still, listed):
        first = list(walk(get, path, listed.pages, 200))
        assert list(walk(get, path, pages, 1 + len(first) // 3)) == first


@every_list
def test_its_rows_are_unique_by_its_key(still: Sandbox, listed: DeclaredList) -> None:
    rows = whole(still, listed)
    keys = [str([row[name] for name in listed.key]) for row in rows]
    assert len(keys) == len(set(keys))
    types = {"integer": int, "string": str, "object": dict}
    for name, kind in listed.key.items():
        assert {type(row[name]) for row in rows} - {type(None)} == {types[kind]}


@every_list
def test_without_its_permission_it_is_403(still: Sandbox, listed: DeclaredList) -> None:
    get, path = client(still), paths(still, listed)[0]
    scopes = listed.scope.split("|")
    try:
        still.set(withheld_scopes=scopes)
        assert get(path).status == 403
        families = {scope for item in LISTS for scope in item.scope.split("|")}
        still.set(withheld_scopes=sorted(families - {scopes[0]}))
        assert get(path).status in (200, 204, 404)
    finally:
        still.set(withheld_scopes=[])
    # 404 is an answer too: some orders have no transactions.
    assert get(path).status in (200, 204, 404)


@pytest.mark.parametrize("listed", BELOW, ids=named)
def test_below_an_unknown_parent_is_404(still: Sandbox, listed: DeclaredList) -> None:
    assert client(still)(listed.path.format(99_999_999)).status == 404


@pytest.mark.parametrize("declared", OBJECTS, ids=named)
def test_an_object_is_its_record_and_needs_its_permission(
    still: Sandbox, declared: DeclaredList
) -> None:
    get = client(still)
    got = get(declared.path).json
    assert [got if declared.api == "v2" else got["data"]] == still.records(declared.name)
    try:
        still.set(withheld_scopes=[declared.scope])
        assert get(declared.path).status == 403
    finally:
        still.set(withheld_scopes=[])


def found(get: Get, store: Sandbox, listed: DeclaredList) -> list[Row]:
    return every_row(store, get, listed, 250)


def another_key(listed: DeclaredList) -> Row:
    """Another value for the last field of a key that names other rows, too; else nothing."""
    if listed.name == "customer_attribute_values":  # A customer has one for each attribute.
        return {"attribute_id": 7777}
    name = [*listed.key][-1]
    if len(listed.key) == 1:
        return {}
    return {name: "New" if listed.key[name] == "string" else 7777}


@pytest.mark.parametrize(
    "listed",
    some_of([item for item in LISTS if not item.derived], 16, pytest.mark.every_stream),
    ids=named,
)
def test_its_rows_can_be_changed_added_and_deleted(moved: Sandbox, listed: DeclaredList) -> None:
    get = client(moved)
    before = found(get, moved, listed)
    field = next((name for name in before[0] if name not in listed.key), None)
    if field is not None:
        given = {field: "other"} if not listed.text else None
        moved.change(listed.name, count=1, fields=given)
        after = found(get, moved, listed)
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == 1
    [number] = moved.add(listed.one_for or listed.name, fields=another_key(listed))
    assert len(found(get, moved, listed)) == len(before) + 1
    kept = moved.records(listed.name)
    assert len(kept) == len(before) + 1
    if listed.name != "orders":
        moved.delete(listed.name, ids=[number])
        assert len(found(get, moved, listed)) == len(before)
        row = found(get, moved, listed)[0]
        values = [row[name] for name in listed.key]
        moved.delete(listed.name, ids=[values if len(values) > 1 else values[0]])
        assert row not in found(get, moved, listed)


def test_faults_triggers_and_the_log_know_the_lists(small: Sandbox) -> None:
    get = client(small)
    small.fault("price_list_records", kind="503")
    small.on("customers_v3", 1, {"op": "delete", "list": "customers", "count": 24})
    path = next(item for item in LISTS if item.name == "price_list_records").path.format(1)
    assert [get(path).status for _ in range(2)] == [503, 200]
    assert len(get("v3/customers").json["data"]) == 1
    assert [entry["list"] for entry in small.requests()] == [
        "price_list_records",
        "price_list_records",
        "customers_v3",
    ]
    with pytest.raises(ValueError, match="follows from"):
        small.change("order_consignments", count=1)


def test_an_empty_store_answers_for_all_lists() -> None:
    nothing = ("brands", "categories", "price_lists", "promotions", "small_lists", "redirects")
    nobody = ("customers", "customer_groups", "products", "coupons")
    sizes: dict[str, Any] = dict.fromkeys((*nothing, *nobody), 0)
    with Sandbox(Options(orders=2, **sizes)) as store:
        for listed in LISTS:
            for path in paths(store, listed):
                status = client(store)(path).status
                empties = (200, 204, 404) if listed.name == "order_transactions" else (200, 204)
                assert status in empties, path
