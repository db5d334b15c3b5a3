"""Simple lists: rows by the types of their fields, and entries of every form that there can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tap_bigcommerce_sandbox import Options
from tap_bigcommerce_sandbox.families import LISTS, marketing
from tap_bigcommerce_sandbox.families.metafields import simple_metafields
from tap_bigcommerce_sandbox.fields import (
    CODE,
    FLAG,
    ID,
    ISO,
    NAME,
    NUMBER,
    PARENT,
    RFC2822,
    TEXT,
    TEXT_NUMBER,
    UNIX,
    UNIX_TEXT,
    URL,
    ZULU,
    Field,
    array,
    in_turn,
    integer,
    nested,
    nullable,
    one_of,
    only_if,
    refers_to,
    some_of,
    unique,
)
from tap_bigcommerce_sandbox.filters import params
from tap_bigcommerce_sandbox.identity import STORE_HASH
from tap_bigcommerce_sandbox.ids import number_of
from tap_bigcommerce_sandbox.lists import List
from tap_bigcommerce_sandbox.paging import ONE_OBJECT, UNPAGED
from tap_bigcommerce_sandbox.readme_tables import README
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.responses import ApiError, Response
from tap_bigcommerce_sandbox.router import Router
from tap_bigcommerce_sandbox.world import World

Row = dict[str, Any]

JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}

PLAIN = List(
    "odds",
    "v3/odds",
    "information",
    fields={
        "id": ID,
        "name": NAME,
        "text": TEXT,
        "code": CODE,
        "url": URL,
        "turn": in_turn("a", "b"),
        "choice": one_of("x", "y"),
        "flag": FLAG,
        "count": integer(1, 9),
        "price": NUMBER,
        "old_price": TEXT_NUMBER,
        "order_id": refers_to("orders"),
        "date_created": ISO,
        "date_modified": RFC2822,
        "started": ZULU,
        "ended": UNIX,
        "told": UNIX_TEXT,
        "note": nullable(TEXT),
        "items": array(nested({"sku": CODE, "collected_at": nullable(ISO)})),
        "codes": some_of({"US": CODE, "DE": CODE}),
        "why": only_if("choice", "x", CODE, ""),
    },
    size=60,
)
BELOW = List(
    "routes",
    "v3/sites/{}/routes",
    "sites",
    fields={"id": ID, "type": one_of("a", "b"), "route": TEXT},
    size=4,
    parent="sites",
)
OF_EACH = List(
    "customs",
    "v3/customs",
    "products",
    fields={"product_id": PARENT, "hs_codes": some_of({"US": CODE}), "created_at": ISO},
    key=("product_id",),
    size=1,
    filters=params(integer="product_id:in"),
    parent="products",
    share=0.2,
)
OF_SOME = List(
    "profiles",
    "v3/segments/{}/profiles",
    "customers",
    fields={"id": unique("profile"), "customer_id": refers_to("customers"), "updated_at": ZULU},
    size=3,
    parent="segments",
    share=lambda world, number: number % 2 == 0,
)
METAFIELDS = simple_metafields("site", "v3/sites", "sites", refers_to("sites"))
UNPAGED_LIST = List("few", "v2/few", "information", fields={"id": ID}, size=3, paging=UNPAGED)
ONE: Row = {"key": (), "size": 1, "paging": ONE_OBJECT}
SETTINGS = List(
    "locale",
    "v3/locale",
    "information",
    fields={"language": TEXT, "on": FLAG},
    key=(),
    size=1,
    paging=ONE_OBJECT,
)
OLD_SETTINGS = List(
    "old", "v2/old", "information", fields={"on": FLAG}, key=(), size=1, paging=ONE_OBJECT
)
ENTRIES: tuple[List, ...] = (
    PLAIN,
    BELOW,
    OF_EACH,
    OF_SOME,
    METAFIELDS,
    UNPAGED_LIST,
    SETTINGS,
    OLD_SETTINGS,
)


by_fields = pytest.mark.parametrize(
    "entry", [*(item for item in LISTS if item.fields), *ENTRIES], ids=lambda entry: entry.name
)


def world_of(*entries: List, **options: Any) -> World:
    sizes = Options(orders=20, customers=20, products=40, coupons=5, **options)
    return World(sizes, [*LISTS, *entries])


@pytest.fixture
def world() -> World:
    return world_of(*ENTRIES)


def rows(world: World, name: str) -> list[Row]:
    return [world.row(name, number) for number in world.listed(name).ids]


def answer(world: World, entry: List, *parents: int, **query: str) -> Response:
    request = Request("GET", "", query, {})
    return entry.respond(world, request, parents)


def body(response: Response) -> Any:
    return json.loads(response.body)


def misfits(row: Row, fields: Mapping[str, Field]) -> list[str]:
    return [
        name
        for name, item in fields.items()
        if not (row[name] is None and item.nullable)
        and type(row[name]) not in JSON_TYPES[item.type]
    ]


@pytest.mark.parametrize(
    "entry", [*(item for item in LISTS if item.fields), *ENTRIES], ids=lambda entry: entry.name
)
def test_rows_have_the_declared_fields_and_types(entry: List) -> None:
    world = world_of(*ENTRIES)
    made = rows(world, entry.name)
    assert made
    for row in made:
        assert list(row) == list(entry.fields)
        assert misfits(row, entry.fields) == []
    if len(made) > 5:
        for name, item in entry.fields.items():
            assert {row[name] is None for row in made} == (
                {True, False} if item.nullable else {False}
            )


@pytest.mark.parametrize(
    "entry", [*(item for item in LISTS if item.fields), *ENTRIES], ids=lambda entry: entry.name
)
def test_the_same_seed_gives_the_same_rows(entry: List) -> None:
    made = rows(world_of(*ENTRIES), entry.name)
    assert rows(world_of(*ENTRIES), entry.name) == made
    if len(made) > 5 and entry.name != "tax_classes":
        assert rows(world_of(*ENTRIES, seed=2), entry.name) != made


def test_values_are_as_odd_as_those_of_real_rows(world: World) -> None:
    made = rows(world, "odds")
    texts = [row["text"] for row in made]
    assert "" in texts
    assert any(not text.isascii() for text in texts)
    assert {type(row["price"]) for row in made} == {int, float}
    assert [] in [row["items"] for row in made]
    collected = [item["collected_at"] for row in made for item in row["items"]]
    assert None in collected
    assert len(set(collected)) > 1
    assert {len(row["codes"]) for row in made} == {0, 1, 2}
    for row in made:
        assert row["turn"] == "ab"[row["id"] % 2]
        assert bool(row["why"]) == (row["choice"] == "x")
        assert row["order_id"] in world.tables["orders"]
        assert row["ended"] < int(row["told"])


def test_a_text_changes_where_there_is_one(world: World) -> None:
    assert (PLAIN.text, BELOW.text, UNPAGED_LIST.text) == ("name", "route", "")
    world.tables["odds"].change([world.tables["odds"].ids[0]], 1_800_000_000, None)
    first = rows(world, "odds")[0]
    assert first["name"] == "changed 1 times"
    assert first["date_modified"] == "Fri, 15 Jan 2027 08:00:00 +0000"


def test_rows_can_be_below_the_rows_of_a_child_list(world: World) -> None:
    sites = world.children["sites"].ids
    assert len(sites) > 1
    found = [row for site in sites for row in body(answer(world, BELOW, site))["data"]]
    assert found == rows(world, "routes")
    with pytest.raises(ApiError):
        answer(world, BELOW, 999)
    routes = world.children["routes"]
    routes.change([found[0]["id"]], 1_800_000_000, None)
    assert body(answer(world, BELOW, sites[0]))["data"][0]["route"] == "changed 1 times"
    assert world.below("routes", sites[0])[0]["route"] == "changed 1 times"
    routes.add(routes.next_ids(1), 1_800_000_000, None, sites[0])
    assert len(body(answer(world, BELOW, sites[0]))["data"]) == 1 + sum(
        row["id"] // 1000 == sites[0] for row in found
    )
    world.children["sites"].remove([sites[0]])
    assert rows(world, "routes") == [row for row in found if row["id"] // 1000 != sites[0]]


def test_rows_can_be_one_for_some_rows_of_another_list(world: World) -> None:
    products = world.tables["products"]
    ids = [row["product_id"] for row in rows(world, "customs")]
    assert 1 < len(ids) < len(products.ids)
    assert ids[0] == products.ids[0]
    assert set(ids) <= set(products.ids)
    wanted = {"product_id:in": f"{ids[1]},{ids[0]}"}
    assert body(answer(world, OF_EACH, **wanted))["data"] == rows(world, "customs")[:2]
    # Those of products that are added later are there at once.
    added = products.next_ids(9)
    products.add(added, 1_800_000_000, None)
    assert [row["product_id"] for row in rows(world, "customs")] == [*ids, *added]
    world.children["customs"].remove([ids[0]])
    assert [row["product_id"] for row in rows(world, "customs")] == [*ids[1:], *added]


def test_ids_can_be_uuids_of_rows_and_of_parents(world: World) -> None:
    profiles = world.children["profiles"]
    assert {number // 1000 for number in profiles.ids} == {2, 4, 6, 8}
    last = rows(world, "profiles")[-1]
    [number] = profiles.next_ids(1)
    profiles.add([number], 1_800_000_000, None, 8)
    added = rows(world, "profiles")[-1]
    assert added["id"] != last["id"]
    assert (len(added["id"]), number_of(added["id"])) == (len(last["id"]), number)
    assert added["updated_at"] == "2027-01-15T08:00:00Z"
    [segment] = [row["id"] for row in rows(world, "segments") if row["id"].endswith("8")]
    match = Router(OF_SOME.endpoints).match(
        f"/stores/{STORE_HASH}/v3/segments/{segment}/profiles", any_hash=False
    )
    found = body(answer(world, OF_SOME, *match.parents))["data"]
    assert found[-1] == added
    assert len(found) > 1


def test_an_object_is_under_data_in_v3_only(world: World) -> None:
    assert body(answer(world, SETTINGS)) == {"data": rows(world, "locale")[0], "meta": {}}
    assert body(answer(world, OLD_SETTINGS)) == rows(world, "old")[0]
    world.tables["locale"].change([1], None, None)
    assert body(answer(world, SETTINGS))["data"]["language"] == "changed 1 times"
    assert len(body(answer(world, UNPAGED_LIST))) == 3


def test_the_readme_shows_an_entry_as_it_is() -> None:
    example = README.read_text("utf-8").partition("```python\nList(")[2].partition("```")[0]
    source = Path(marketing.__file__).read_text("utf-8")
    assert example
    assert "".join(example.split()) in "".join(source.split())
