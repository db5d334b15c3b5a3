"""What holds of every list: pages, keys, permissions, filters, types, control."""

import operator
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from all_lists import LISTS, Row, every_row, instant, paths, walk
from sandbox_client import Get, client
from tap_runner import some_of

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.families import ALL, marketing
from tap_bigcommerce_sandbox.families import LISTS as WITH_ROWS
from tap_bigcommerce_sandbox.fields import MODIFIED
from tap_bigcommerce_sandbox.filters import Filter
from tap_bigcommerce_sandbox.lists import List

KEPT = {item.name: item for item in WITH_ROWS}
OF_FIELDS = [item for item in WITH_ROWS if item.fields]
OBJECTS = [item for item in ALL if item.is_object and not item.parent]
CHANGEABLE = [item for item in LISTS if not KEPT[item.row_kind].derived_from]
JSON_TYPES = {"integer": int, "string": str, "boolean": bool, "object": dict, "array": list}
HOLDS = {"min": operator.ge, "max": operator.le, "greater": operator.gt, "less": operator.lt}


def lists(some: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("listed", some, ids=lambda listed: listed.path)


@pytest.fixture(scope="module")
def moved() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=45, customers=50, products=40, coupons=8, channels=6)) as running:
        yield running


@lists(some_of([*LISTS], 16, pytest.mark.every_stream))
def test_its_pages_are_its_records_each_with_a_key(still: Sandbox, ask: Get, listed: List) -> None:
    records = still.records(listed.name, full=bool(listed.optional))
    truth = [{key: row[key] for key in row if key != "_parent"} for row in records]
    assert truth
    limit = 3 if "{}" in listed.path else 1 + len(truth) // 4
    rows = every_row(still, ask, listed, limit)
    if listed.name == "customers_v3":
        rows.reverse()  # the largest id comes first
    assert rows == truth
    assert len({str([row[name] for name in listed.unique_by]) for row in rows}) == len(rows)


@lists([item for item in LISTS if item.paging.style in ("both", "cursor")])
def test_cursors_and_pages_show_the_same(still: Sandbox, ask: Get, listed: List) -> None:
    for path in paths(still, listed)[:50]:
        rows = list(walk(ask, path, listed.paging.style, 200))
        for pages in ("page", "cursor"):
            assert list(walk(ask, path, pages, 1 + len(rows) // 3)) == rows


def test_permissions_and_parents_must_be_there(small: Sandbox, ask: Get) -> None:
    get, scopes = client(small), {scope for item in ALL for scope in item.scope.split("|")}
    for listed in (*LISTS, *OBJECTS):
        own, path = listed.scope.split("|"), paths(small, listed)[0]
        small.set(withheld_scopes=own)
        assert get(path).status == 403, path
        small.set(withheld_scopes=sorted(scopes - {own[0]}))
        # 404 is an answer too: some orders have no transactions.
        assert get(path).status in (200, 204, 404), path
        if "{}" in listed.path:
            assert ask(listed.path.format(99_999_999)).status == 404, path


def test_an_object_is_its_record(still: Sandbox, ask: Get) -> None:
    for declared in OBJECTS:
        got = ask(declared.path).json
        assert [got if declared.api == "v2" else got["data"]] == still.records(declared.name)


def asked(item: Filter, rows: list[Row]) -> tuple[str, list[Row]] | None:
    """A value for a filter, and the rows for which it holds; None if all rows have the same."""
    # What compares with a value that rows write in another way, as the API does, is left out.
    name, colon, _ = item.param.partition(":")
    field = name if colon and item.test in HOLDS else item.field
    values = [row.get(field, row.get(item.field)) for row in rows]
    several = [value for value in dict.fromkeys(map(str, values)) if value not in ("", "None")]
    if len(several) < 2 or any(isinstance(value, (dict, list)) for value in values):
        return None
    if item.test in HOLDS:
        known = sorted((value for value in values if value is not None), key=instant)
        value = known[len(known) // 2 - (item.test == "max")]
        limit = instant(value)
        found = [at is not None and HOLDS[item.test](instant(at), limit) for at in values]
    else:
        named = several[1 : 3 if item.test == "in" else 2]
        value = ",".join(named)
        found = [(str(at) in named) != item.test.startswith("not") for at in values]
    return str(value), [row for row, hold in zip(rows, found, strict=True) if hold]


@lists(LISTS)
def test_a_filter_gives_the_rows_for_which_it_holds(still: Sandbox, ask: Get, listed: List) -> None:
    rows = every_row(still, ask, listed, 250)
    for item in listed.filters:
        example = asked(item, rows)
        if example and item.test not in ("has", "like"):
            value, expected = example
            found = every_row(still, ask, listed, 250, **{item.param: value})
            assert found == expected != rows, item


def another_key(listed: List, row: Row) -> Row:
    """Another value for the last field of a key that names other rows, too; else nothing."""
    if listed.name == "customer_attribute_values":  # A customer has one for each attribute.
        return {"attribute_id": 7777}
    *others, name = listed.unique_by or [""]
    return {name: "New" if isinstance(row[name], str) else 7777} if others else {}


@lists(some_of(CHANGEABLE, 16, pytest.mark.every_stream))
def test_its_rows_can_be_changed_added_and_deleted(moved: Sandbox, listed: List) -> None:
    def found() -> list[Row]:
        return every_row(moved, client(moved), listed, 250)

    before = found()
    field = next((name for name in before[0] if name not in listed.unique_by), None)
    if field is not None:
        given = None if KEPT[listed.row_kind].text else {field: "other"}
        moved.change(listed.name, count=1, fields=given)
        [row] = [new for old, new in zip(before, found(), strict=True) if old != new]
        for name in {*MODIFIED} & {*KEPT[listed.row_kind].fields}:
            assert abs(instant(row[name]) - time.time()) < 60
    one_for_each = listed.id and listed.id == listed.parent_field
    home = listed.parent if one_for_each else listed.name
    [number] = moved.add(home, fields=another_key(listed, before[0]))
    assert len(found()) == len(moved.records(listed.name)) == len(before) + 1
    if listed.name != "orders":
        moved.delete(listed.name, ids=[number])
        row, *others = found()
        assert len(others) == len(before) - 1
        values = [row[name] for name in listed.unique_by]
        moved.delete(listed.name, ids=[values if len(values) > 1 else values[0]])
        assert row not in found()


def test_an_empty_store_answers_for_all_lists() -> None:
    catalog = "brands categories products price_lists promotions coupons redirects small_lists"
    sizes: dict[str, Any] = dict.fromkeys(f"{catalog} customers customer_groups".split(), 0)
    with Sandbox(Options(orders=2, **sizes)) as store:
        get = client(store)
        for listed in LISTS:
            empties = (200, 204, 404) if listed.name == "order_transactions" else (200, 204)
            for path in paths(store, listed):
                assert get(path).status in empties, path


def test_rows_have_the_declared_fields_and_types_and_odd_values(still: Sandbox) -> None:
    values: dict[str, list[object]] = {}
    for entry in OF_FIELDS:
        rows = still.records(entry.name, full=True)
        always = {name for name, field in entry.fields.items() if not field.absent}
        for row in rows:
            assert always <= {*row}, entry.name
            assert entry.included or {*row} <= {*entry.fields, "_parent"}, entry.name
        for name, field in entry.fields.items():
            found = [row[name] for row in rows if name in row]
            values.setdefault(field.type, []).extend(found)
            types, nothing = {*map(type, found)}, {type(None)} if field.nullable else set()
            if field.type == "number":
                assert types <= {int, float} | nothing, (entry.name, name)
            elif field.type:
                assert types <= {JSON_TYPES[field.type]} | nothing, (entry.name, name)
            if len(rows) > 5:
                assert nothing < types or nothing == set(), (entry.name, name)
    assert "" in values["string"]
    assert not all(str(text).isascii() for text in values["string"])
    assert [] in values["array"]
    assert {} in values["object"]


def test_rows_can_be_one_for_some_rows_of_another_list(still: Sandbox) -> None:
    products = [row["id"] for row in still.records("products")]
    first, *others = [row["product_id"] for row in still.records("product_customs_information")]
    assert first == products[0]
    assert 0 < len(others) < len(products) - 1
    assert set(others) <= set(products)


def test_the_readme_shows_an_entry_as_it_is() -> None:
    source = Path(marketing.__file__)
    readme = source.parents[1].joinpath("README.md").read_text("utf-8")
    example = readme.partition("```python\nList(")[2].partition("```")[0]
    assert example
    assert "".join(example.split()) in "".join(source.read_text("utf-8").split())
