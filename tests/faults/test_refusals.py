"""Requests that the API calls wrong (400, 422): for their limit, details, or altogether."""

from __future__ import annotations

from typing import Any

import pytest
from fault_runs import critical
from made_store import MadeStore, item, order, orders, product

ORDERS, PRODUCTS = "/v2/orders", "/v3/catalog/products"
REFUSED = {"status": 422, "title": "the field 'include' is invalid"}


def products(*ids: int) -> dict[str, Any]:
    rows: dict[str, Any] = {PRODUCTS: [product(id_, images=[{"id": id_}]) for id_ in ids]}
    for id_ in ids:
        own = f"{PRODUCTS}/{id_}"
        rows[own] = {"id": id_, "channels": [], "parent_relations": []}
        for name in ("variants", "custom-fields", "bulk-pricing-rules", "videos"):
            rows[f"{own}/{name}"] = []
        rows[f"{own}/images"] = [{"id": id_}]
    return rows


@pytest.mark.parametrize(
    ("stream", "path", "most", "status", "detail", "nested"),
    [
        ("orders", ORDERS, 5, 400, "consignments", "products"),
        ("products", PRODUCTS, 6, 422, "images", "images"),
    ],
)
def test_an_include_that_is_refused_for_two_rows_is_asked_for_no_more(
    stream: str, path: str, most: int, status: int, detail: str, nested: str
) -> None:
    ids = range(1, 61)
    made = products(*ids) if path == PRODUCTS else orders(*(order(n, item(n, 1)) for n in ids))
    for row in made[path]:  # No row of this list ever comes with them.
        del row[detail]
    with MadeStore(made) as store:
        store.answer(path, status, REFUSED, query="include")
        result = store.sync(stream, page_size=20, max_concurrency=1)
        pages = [request.query for request in store.asked(path)]
        requests = len(store.requests)
    assert result.ids(stream) == list(ids)
    assert all(len(row[nested]) == 1 for row in result.records(stream))
    assert requests <= 60 * most + 20
    assert len([query for query in pages if "include" in query]) <= 6
    assert max(int(query["limit"]) for query in pages if "include" not in query) == 20
    assert "\n".join(result.logged("WARNING")).count("the API returns no row") == 1


@pytest.mark.parametrize("bad", [1, 12])
def test_an_include_that_is_refused_for_one_row_is_asked_for_with_the_others(bad: int) -> None:
    def page(query: dict[str, str]) -> list[dict[str, Any]]:
        first = int(query.get("id:min", 1))
        return [row for row in store.rows[PRODUCTS] if row["id"] >= first][: int(query["limit"])]

    def status(query: dict[str, str]) -> int:
        return 422 if bad in [row["id"] for row in page(query)] else 200

    with MadeStore(products(*range(1, 13))) as store:
        store.answer(PRODUCTS, status, lambda q: {"data": page(q), "meta": {}}, query="include")
        result = store.sync("products")
        singly = {request.path.split("/")[4] for request in store.asked(f"{PRODUCTS}/.*")}
    assert result.ids("products") == list(range(1, 13))
    assert singly == {str(bad)}
    assert "the API returns no row" not in result.stderr


@pytest.mark.parametrize(
    ("stream", "path", "status"),
    [("orders", ORDERS, 400), ("products", PRODUCTS, 422), ("customers", "/v2/customers", 400)],
)
def test_a_request_that_is_refused_whatever_it_asks_for_fails_after_one_try(
    stream: str, path: str, status: int
) -> None:
    with MadeStore({}) as store:
        store.answer(path, status, {"title": "not today"})
        result = store.fail(stream, max_concurrency=1)
        assert len(store.requests) <= 3
    assert "not today" in critical(result)
