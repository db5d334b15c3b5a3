"""Lists: pages, filters, sorts, limits, empty answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Sandbox


def walk(get: Get, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of a v2 list, page by page until 204."""
    rows: list[dict[str, Any]] = []
    for page in range(1, 100):
        answer = get(path, page=page, limit=50, **query)
        if answer.status == 204:
            return rows
        rows += answer.json
    raise AssertionError(f"{path} does not end")


@pytest.mark.parametrize("name", ["orders", "customers", "coupons"])
def test_v2_pages_together_are_the_records_in_id_order(store: Sandbox, get: Get, name: str) -> None:
    rows = walk(get, f"v2/{name}")
    assert rows == store.records(name)
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))


def test_v3_pages_together_are_the_records(store: Sandbox, get: Get) -> None:
    first = get("v3/catalog/products", limit=30).json
    pagination = first["meta"]["pagination"]
    assert pagination["total"] == 80
    assert pagination["total_pages"] == 3
    assert pagination["too_many"] is False
    assert "previous" not in pagination["links"]
    rows = [
        row
        for page in (1, 2, 3)
        for row in get("v3/catalog/products", limit=30, page=page).json["data"]
    ]
    assert rows == store.records("products")
    last = get("v3/catalog/products", limit=30, page=3).json["meta"]["pagination"]
    assert last["count"] == 20
    assert "next" not in last["links"]


def test_the_default_limit_is_50(get: Get) -> None:
    assert len(get("v2/orders").json) == 50
    assert get("v3/catalog/products").json["meta"]["pagination"]["per_page"] == 50


def test_an_empty_v2_list_is_204_without_a_body(get: Get) -> None:
    answer = get("v2/orders", min_id=10**9)
    assert (answer.status, answer.body) == (204, b"")


def test_an_empty_v3_list_is_200_with_empty_data(get: Get) -> None:
    answer = get("v3/catalog/products", **{"id:min": 10**9}).json
    assert answer["data"] == []
    assert answer["meta"]["pagination"]["total"] == 0
    assert answer["meta"]["pagination"]["total_pages"] == 0


def test_a_v3_page_past_the_end_can_be_empty_or_404(store: Sandbox, get: Get) -> None:
    assert get("v3/catalog/products", page=99).json["data"] == []
    store.set(past_end="404")
    assert get("v3/catalog/products", page=99).status == 404


def test_a_limit_over_the_maximum_is_413_and_names_it(get: Get) -> None:
    answer = get("v2/orders", limit=251)
    assert answer.status == 413
    assert answer.json == [
        {
            "status": 413,
            "message": "The specified limit exceeds the maximum allowed.",
            "details": {"max_limit": 250},
        }
    ]


@pytest.mark.parametrize(("choice", "status"), [("413", 413), ("422", 422), ("cap", 200)])
def test_v3_over_the_limit_follows_the_option(
    store: Sandbox, get: Get, choice: str, status: int
) -> None:
    store.set(v3_over_limit=choice)
    assert get("v3/catalog/products", limit=251).status == status


def test_a_page_cap_shortens_pages_silently(store: Sandbox, get: Get) -> None:
    store.set(page_cap=7)
    assert len(get("v2/orders", limit=250).json) == 7


def test_id_bounds(store: Sandbox, get: Get) -> None:
    ids = [row["id"] for row in store.records("orders")]
    low, high = ids[10], ids[20]
    rows = get("v2/orders", min_id=low, max_id=high).json
    assert [row["id"] for row in rows] == ids[10:21]
    store.set(inclusive_bounds=False)
    rows = get("v2/orders", min_id=low, max_id=high).json
    assert [row["id"] for row in rows] == ids[11:20]


def test_id_greater_is_always_exclusive(store: Sandbox, get: Get) -> None:
    ids = [row["id"] for row in store.records("products")]
    rows = get("v3/catalog/products", **{"id:greater": ids[5], "limit": 3}).json["data"]
    assert [row["id"] for row in rows] == ids[6:9]


def test_id_in_gives_those_that_exist(get: Get) -> None:
    rows = get("v3/catalog/products", **{"id:in": "3,1,99999"}).json["data"]
    assert [row["id"] for row in rows] == [1, 3]


@pytest.mark.parametrize("style", ["rfc", "iso", "offset"])
def test_date_bounds_in_each_way_of_writing(store: Sandbox, get: Get, style: str) -> None:
    rows = store.records("orders")
    text = rows[150]["date_modified"]
    moment = parsedate_to_datetime(text)
    asked = {
        "rfc": text,
        "iso": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "offset": moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    }[style]
    expected = [r["id"] for r in rows if parsedate_to_datetime(r["date_modified"]) >= moment]
    assert [r["id"] for r in walk(get, "v2/orders", min_date_modified=asked)] == expected


def test_a_date_that_is_none_is_refused(get: Get) -> None:
    assert get("v2/orders", min_date_modified="yesterday").status == 400
    assert get("v3/catalog/products", **{"date_modified:min": "2026-13-45"}).status == 422


def test_a_bare_date_on_products_takes_the_time_of_day_of_the_request(
    store: Sandbox, get: Get
) -> None:
    store.change("products", ids=[1])
    today = store.records("products", ids=[1])[0]["date_modified"][:10]
    store.set(clock_skew_seconds=5.0)
    # Midnight would include the change; the time of day, five seconds on, does not.
    assert get("v3/catalog/products", **{"date_modified:min": today}).json["data"] == []


def test_orders_sort_in_both_directions(store: Sandbox, get: Get) -> None:
    up = walk(get, "v2/orders", sort="date_modified:asc")
    down = walk(get, "v2/orders", sort="date_modified:desc")
    moments = [parsedate_to_datetime(row["date_modified"]) for row in up]
    assert moments == sorted(moments)
    assert [row["id"] for row in down] == [row["id"] for row in reversed(up)]
    assert len(up) == 300


def test_unknown_sorts_and_includes_are_refused(get: Get) -> None:
    assert get("v2/orders", sort="colour:asc").status == 400
    assert get("v2/orders", include="everything").status == 400
    assert get("v3/catalog/products", sort="colour").status == 422
    assert get("v3/catalog/products", include="everything").status == 422


@pytest.mark.parametrize("field", ["customer_id", "status_id", "channel_id"])
def test_orders_by_a_field(store: Sandbox, get: Get, field: str) -> None:
    rows = store.records("orders")
    wanted = rows[7][field]
    expected = [row["id"] for row in rows if row[field] == wanted]
    assert [row["id"] for row in walk(get, "v2/orders", **{field: wanted})] == expected


def test_coupons_by_type_and_without_one(get: Get) -> None:
    promotions = walk(get, "v2/coupons", type="promotion")
    others = walk(get, "v2/coupons", exclude_type="promotion")
    assert {row["type"] for row in promotions} == {"promotion"}
    assert "promotion" not in {row["type"] for row in others}
    assert len(promotions) + len(others) == 12


def test_counts(get: Get) -> None:
    assert get("v2/orders/count").json["count"] == 300
    assert get("v2/customers/count").json == {"count": 60}
    assert get("v2/coupons/count").json == {"count": 12}
    assert get("v2/products/count").json == {"count": 80}


def test_json_endings_work_on_v2(get: Get) -> None:
    assert get("v2/orders.json", limit=1).json == get("v2/orders", limit=1).json


def test_options_and_modifiers_cap_the_page_at_ten(get: Get) -> None:
    answer = get("v3/catalog/products", include="options", limit=250).json
    assert len(answer["data"]) == 10
    assert answer["meta"]["pagination"]["per_page"] == 10


def test_fields_can_be_chosen_but_never_without_the_id(get: Get) -> None:
    rows = get("v3/catalog/products", include_fields="name", include="images").json["data"]
    assert set(rows[0]) == {"id", "name", "images"}
    rows = get("v3/catalog/products", exclude_fields="id,description").json["data"]
    assert "id" in rows[0]
    assert "description" not in rows[0]
