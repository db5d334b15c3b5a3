"""Pages that cannot be read as they were asked for: as large, with details, or at all."""

import re
from typing import Any

import pytest
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    Prepare,
    Run,
    assert_failed_clearly,
    complete,
    critical,
    fault,
    run_against,
    small,
)
from made_store import MadeStore, item, order, orders, product

BAD_ORDER = 105
BAD_PRODUCT = 6
ORDER_LISTS = [f"order_{name}" for name in ("products", "shipping_addresses", "consignments")]
PRODUCT_LISTS = [f"product_{name}" for name in ("variants", "images", "custom_fields", "videos")]
SMALL_PAGES: dict[str, Any] = {"page_size": 4, **QUICK}
DENSE = small(ids="dense")


def limits(run: Run, list_: str) -> list[int]:
    found = [int(entry["query"]["limit"]) for entry in run.asked(list_)]
    return [limit for limit in found if limit > 2]


TWICE, AT_ONCE = [250, 250, 125, 125, 62], [250, 125, 62, 31]


@pytest.mark.parametrize(
    ("list_", "kind", "above", "first"),
    [
        ("orders", "504", 100, TWICE),
        ("products", "cut", 100, TWICE),
        ("customers", "400", 60, AT_ONCE),
        ("products", "422", 60, AT_ONCE),
        ("orders", "413", 60, AT_ONCE),
    ],
)
def test_a_page_that_fails_twice_or_is_refused_is_asked_for_with_half_its_size(
    list_: str, kind: str, above: int, first: list[int]
) -> None:
    run = complete(small(), fault(list_, kind, limit_above=above))
    assert limits(run, list_)[: len(first)] == first
    assert max(limits(run, list_)[4:]) <= above
    assert ("retrying in" in run.result.stderr) == (first == TWICE)
    if kind.isdigit():
        assert re.search(rf"\bHTTP {kind}\b", run.summary(list_))


def test_a_limit_that_the_api_names_is_taken_at_once_and_kept() -> None:
    run = complete(small(limit_max=7))
    # Where v3 would name it is not documented.
    for list_ in ("coupons", "customers", "orders"):
        first, *others = limits(run, list_)
        assert (first, set(others)) == (250, {7})


def test_the_size_returns_to_the_large_one_after_good_pages() -> None:
    outage = fault("customers", "502", 2, request=2)
    run = complete(small(customers=300), outage, page_size=16, max_concurrency=1)
    sizes = limits(run, "customers")
    assert sizes[:3] == [16, 16, 16]
    back = sizes.index(16, sizes.index(8))
    assert back - sizes.index(8) == 8
    assert set(sizes[back:]) == {16}


def bad_order(kind: str, **more: Any) -> Prepare:
    return fault("orders", kind, ids_between=(BAD_ORDER, BAD_ORDER), **more)


def bad_product(kind: str) -> Prepare:
    return fault("products", kind, ids_between=(BAD_PRODUCT, BAD_PRODUCT), includes="variants")


@pytest.mark.parametrize(
    ("bad", "settings", "record", "lists"),
    [
        (bad_order("500", includes="consignments"), SMALL_PAGES, BAD_ORDER, ORDER_LISTS),
        (bad_order("413", includes="consignments"), {}, BAD_ORDER, ORDER_LISTS),
        (bad_product("500"), SMALL_PAGES, BAD_PRODUCT, PRODUCT_LISTS),
        (bad_product("422"), {}, BAD_PRODUCT, PRODUCT_LISTS),
    ],
)
def test_a_record_that_cannot_be_read_with_its_details_is_read_without_and_completed(
    bad: Prepare, settings: dict[str, Any], record: int, lists: list[str]
) -> None:
    run = complete(DENSE, bad, state=OLD_STATE, **settings)
    for list_ in lists:
        singly = [entry["path"] for entry in run.asked(list_)]
        assert [path for path in singly if f"s/{record}/" in path] != []
        assert len(singly) < 5


def test_an_order_that_cannot_be_read_even_bare_fails_its_stream_and_its_place_is_named() -> None:
    run = run_against(DENSE, bad_order("500"), OLD_STATE, **SMALL_PAGES)
    assert_failed_clearly(run.result, "orders")
    assert re.search(r"min_id=10[45]\b", critical(run.result))
    assert run.whole_but("orders")
    assert run.result.bookmark("orders") == OLD
    # What came before it has been written, nothing behind it is passed over.
    assert run.result.ids("orders") == list(range(100, BAD_ORDER))
    assert run.result.state["bookmarks"]["orders"]["resume"]["after_id"] == BAD_ORDER - 1


# What the API calls wrong (400, 422)

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
