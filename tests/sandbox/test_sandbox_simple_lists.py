"""Simple lists: rows by the types of their fields, below rows of other lists, of some or of all."""

import time
from pathlib import Path

from all_lists import instant
from sandbox_client import client

from tap_bigcommerce_sandbox import Sandbox
from tap_bigcommerce_sandbox.families import LISTS, marketing
from tap_bigcommerce_sandbox.fields import MODIFIED
from tap_bigcommerce_sandbox.readme_tables import README
from tap_bigcommerce_sandbox.values import number_of

SIMPLE = [item for item in LISTS if item.fields]
JSON_TYPES: dict[str, set[type]] = {
    "": {bool, int, float, str, list, dict, type(None)},
    "integer": {int},
    "number": {int, float},
    "string": {str},
    "boolean": {bool},
    "object": {dict},
    "array": {list},
}


def test_rows_have_the_declared_fields_and_types(still: Sandbox) -> None:
    for entry in SIMPLE:
        rows = still.records(entry.name, full=True)
        always = {name for name, field in entry.fields.items() if not field.absent}
        for row in rows:
            assert always <= {*row}, entry.name
            assert entry.included or {*row} <= {*entry.fields, "_parent"}, entry.name
        for name, field in entry.fields.items():
            types = {type(row[name]) for row in rows if name in row}
            nothing = {type(None)} if field.nullable else set()
            assert types <= JSON_TYPES[field.type] | nothing, (entry.name, name)
            if len(rows) > 5:
                assert nothing < types or nothing == set(), (entry.name, name)


def test_values_are_as_odd_as_those_of_real_rows(still: Sandbox) -> None:
    values: dict[str, list[object]] = {}
    for entry in SIMPLE:
        for name, field in entry.fields.items():
            found = [row[name] for row in still.records(entry.name, full=True) if name in row]
            values.setdefault(field.type, []).extend(found)
    assert "" in values["string"]
    assert not all(str(text).isascii() for text in values["string"])
    assert [] in values["array"]
    assert {} in values["object"]


def test_a_change_shows_in_a_text_and_in_the_date(small: Sandbox) -> None:
    dates = set()
    for entry in SIMPLE:
        text = entry.text
        ids = small.change(entry.name, count=1, fields=None if text else {"note": "new"})
        [row] = small.records(entry.name, ids=ids)
        assert row[text or "note"] == ("changed 1 times" if text else "new"), entry.name
        for name in {*MODIFIED} & {*entry.fields}:
            assert abs(instant(row[name]) - time.time()) < 60, entry.name
            dates.add(type(row[name]))
    assert dates == {int, str}


def test_rows_can_be_below_the_rows_of_a_child_list(small: Sandbox) -> None:
    get = client(small)
    first, *others = [row["id"] for row in small.records("sites")]
    assert others
    before = small.records("site_routes")
    small.change("site_routes", ids=[before[0]["id"]], fields={"route": "/new"})
    [added] = small.add("site_routes", parent=first)
    rows = get(f"v3/sites/{first}/routes").json["data"]
    assert rows[0]["route"] == "/new"
    assert rows[-1]["id"] == added
    small.delete("sites", ids=[first])
    assert get(f"v3/sites/{first}/routes").status == 404
    rest = [row for row in before if row["id"] // 1000 != first]
    assert small.records("site_routes") == rest


def test_rows_can_be_one_for_some_rows_of_another_list(small: Sandbox) -> None:
    def ids(**query: str) -> list[int]:
        rows = client(small)("v3/shipping/products/customs-information", limit=200, **query)
        return [row["product_id"] for row in rows.json["data"]]

    products = [row["id"] for row in small.records("products")]
    first, *others = ids()
    assert first == products[0]
    assert 0 < len(others) < len(products) - 1
    assert set(others) <= set(products)
    assert ids(**{"product_id:in": f"{others[0]},{first}"}) == [first, others[0]]
    # Those of products that are added later are there at once.
    added = small.add("products", count=9)
    assert ids() == [first, *others, *added]
    small.delete("product_customs_information", ids=[first])
    assert ids() == [*others, *added]


def test_ids_can_be_uuids_of_rows_and_of_parents(small: Sandbox) -> None:
    [number] = small.add("segments")
    segment = small.records("segments")[-1]["id"]
    assert (len(segment), number_of(segment)) == (36, number)
    [number] = small.add("shopper_profiles")
    [profile] = small.records("shopper_profiles", ids=[number])
    assert (len(profile["id"]), number_of(profile["id"])) == (36, number)
    assert instant(profile["updated_at"]) > time.time() - 60


def test_the_readme_shows_an_entry_as_it_is() -> None:
    example = README.read_text("utf-8").partition("```python\nList(")[2].partition("```")[0]
    source = Path(marketing.__file__).read_text("utf-8")
    assert example
    assert "".join(example.split()) in "".join(source.split())
