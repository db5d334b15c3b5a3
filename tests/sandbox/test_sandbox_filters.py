"""Which rows and which fields of a list a query asks for, and what it may not ask for."""

import operator
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from all_lists import LISTS, Row, every_row, instant
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Sandbox
from tap_bigcommerce_sandbox.filters import Filter
from tap_bigcommerce_sandbox.lists import List

PRODUCTS = "v3/catalog/products"

HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "min": operator.ge,
    "max": operator.le,
    "greater": operator.gt,
    "less": operator.lt,
}


def asked(item: Filter, rows: list[Row]) -> tuple[str, list[Row]] | None:
    """A value for a filter, and the rows for which it holds; None if all rows have the same."""
    name, _, comparison = item.param.partition(":")
    # What compares with a value that rows write in another way, as the API does, is left out.
    field = name if comparison in HOLDS else item.field
    values = [row.get(field, row.get(item.field)) for row in rows]
    several = [value for value in dict.fromkeys(map(str, values)) if value not in ("", "None")]
    if len(several) < 2 or any(isinstance(value, (dict, list)) for value in values):
        return None
    if name.startswith(("min_", "max_")):
        comparison = name[:3]
    if comparison in HOLDS:
        known = sorted((value for value in values if value is not None), key=instant)
        value = known[len(known) // 2 - (comparison == "max")]
        limit = instant(value)
        found = [at is not None and HOLDS[comparison](instant(at), limit) for at in values]
    else:
        named = several[1 : 3 if comparison == "in" else 2]
        value = ",".join(named)
        without = comparison.startswith("not") or name.startswith("exclude_")
        found = [(str(at) in named) != without for at in values]
    return str(value), [row for row, hold in zip(rows, found, strict=True) if hold]


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.name)
def test_a_filter_gives_the_rows_for_which_it_holds(still: Sandbox, ask: Get, listed: List) -> None:
    rows = every_row(still, ask, listed, 250)
    for item in listed.filters:
        example = asked(item, rows)
        if example and item.test not in ("has", "like"):
            value, expected = example
            found = every_row(still, ask, listed, 250, **{item.param: value})
            assert found == expected != rows, item


def test_no_filter_is_lost() -> None:
    assert sum(len(listed.filters) for listed in LISTS) >= 416


def test_a_bound_can_exclude_its_value_and_id_greater_always_does(store: Sandbox, get: Get) -> None:
    store.set(inclusive_bounds=False)
    low, *between, high = [row["id"] for row in store.records("orders")][10:21]
    assert [row["id"] for row in get("v2/orders", min_id=low, max_id=high).json] == between
    ids = [row["id"] for row in store.records("products")]
    rows = get(PRODUCTS, **{"id:greater": ids[5], "limit": 3}).json["data"]
    assert [row["id"] for row in rows] == ids[6:9]


@pytest.mark.parametrize("style", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00"])
def test_a_date_can_be_written_in_other_ways(still: Sandbox, ask: Get, style: str) -> None:
    text = still.records("orders")[50]["date_modified"]
    expected = ask("v2/orders", limit=250, min_date_modified=text).json
    other = parsedate_to_datetime(text).strftime(style)
    assert ask("v2/orders", limit=250, min_date_modified=other).json == expected


def test_a_bare_date_on_products_takes_the_time_of_day_of_the_request(small: Sandbox) -> None:
    small.change("products", ids=[1])
    today = small.records("products", ids=[1])[0]["date_modified"][:10]
    small.set(clock_skew_seconds=5.0)
    # Midnight would include the change; the time of day, five seconds on, does not.
    assert client(small)(PRODUCTS, **{"date_modified:min": today}).json["data"] == []


def test_channels_filter_products_trees_and_promotions(still: Sandbox, ask: Get) -> None:
    products = ask(PRODUCTS, limit=250, **{"channel_id:in": 675412}).json["data"]
    assigned = still.records("product_channel_assignments")
    second = [row["product_id"] for row in assigned if row["channel_id"] == 675412]
    assert [row["id"] for row in products] == second
    [tree] = ask("v3/catalog/trees", **{"channel_id:in": 675412}).json["data"]
    assert tree["channels"] == [675412]
    for row in ask("v3/promotions", channels=1).json["data"]:
        assert {"id": 1} in row["channels"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("v2/orders", {"sort": "date_modified:{}"}, "date_modified"),
        ("v3/customers", {"sort": "date_modified:{}"}, "date_modified"),
        ("v3/promotions", {"sort": "id", "direction": "{}"}, "id"),
        ("v3/orders/metafields", {"sort": "id", "direction": "{}"}, "id"),
        ("v2/gift_certificates", {"sort": "id", "direction": "{}"}, "id"),
    ],
)
def test_rows_can_be_sorted_in_both_directions(
    ask: Get, path: str, query: dict[str, str], field: str
) -> None:
    found = []
    for way in ("asc", "desc"):
        asked = {name: text.format(way) for name, text in query.items()}
        rows = ask(path, limit=250, **asked).json
        found.append([row[field] for row in (rows["data"] if isinstance(rows, dict) else rows)])
    up, down = found
    assert len(up) > 1
    assert up == sorted(up, key=instant) == down[::-1]


# How a list answers a query: the number of its rows, or another status than 200.
RESPONSES: list[tuple[str, dict[str, Any], int, int]] = [
    ("v2/orders", {}, 200, 50),
    ("v2/orders.json", {"limit": 7}, 200, 7),
    ("v2/orders", {"min_id": 10**9}, 204, 0),
    ("v2/orders", {"limit": 251}, 413, 0),
    ("v2/orders", {"min_date_modified": "yesterday"}, 400, 0),
    ("v2/orders", {"sort": "colour:asc"}, 400, 0),
    ("v2/orders", {"include": "everything"}, 400, 0),
    *((f"v2/orders/7{below}", {}, 404, 0) for below in ("", "/products", "/consignments")),
    (PRODUCTS, {}, 200, 50),
    (PRODUCTS, {"id:min": 10**9}, 200, 0),
    (PRODUCTS, {"page": 99}, 200, 0),
    (PRODUCTS, {"include": "options", "limit": 250}, 200, 10),
    (PRODUCTS, {"include": "modifiers", "limit": 250}, 200, 10),
    (PRODUCTS, {"date_modified:min": "2026-13-45"}, 422, 0),
    (PRODUCTS, {"sort": "colour"}, 422, 0),
    (PRODUCTS, {"include": "everything"}, 422, 0),
    ("v3/customers", {"sort": "id:asc"}, 422, 0),
    ("v3/customers", {"after": "nonsense"}, 422, 0),
    ("v3/customers", {"id:min": 1}, 422, 0),
    ("v3/catalog/variants", {"limit": 251}, 413, 0),
    ("v3/inventory/items", {"limit": 1001}, 413, 0),
    ("v3/inventory/items", {"limit": 1000}, 200, 198),
]


@pytest.mark.parametrize(("path", "query", "status", "count"), RESPONSES)
def test_a_query_has_its_status_and_number_of_rows(
    ask: Get, path: str, query: dict[str, Any], status: int, count: int
) -> None:
    answer = ask(path, **query)
    assert answer.status == status
    assert (answer.body == b"") == (status == 204)
    if status == 200:
        assert len(answer.json if path.startswith("v2") else answer.json["data"]) == count


def test_fields_can_be_chosen_but_never_without_the_id(ask: Get) -> None:
    rows = ask(PRODUCTS, include_fields="name", include="images").json["data"]
    assert set(rows[0]) == {"id", "name", "images"}
    [row] = ask(PRODUCTS, exclude_fields="id,description", limit=1).json["data"]
    assert "id" in row
    assert "description" not in row
