"""Pages that cannot be read as large as they were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    Run,
    assert_failed_clearly,
    critical,
    run_against,
    side_by_side,
    small,
)
from fault_truth import STREAMS

from tap_bigcommerce_sandbox import Options, Store

BAD_ORDER = 105
BAD_PRODUCT = 6
PRODUCT_LISTS = ("variants", "images", "custom_fields", "bulk_pricing_rules", "videos")
ORDER_LISTS = ("products", "shipping_addresses", "consignments", "fees")

Prepare = Callable[[Store], None]


def above(list_: str, kind: str, limit: int) -> Prepare:
    return lambda store: store.fault(list_, kind=kind, times=0, limit_above=limit)


def bad_order(kind: str, *, child_list: str | None = None, bare: bool = False) -> Prepare:
    def prepare(store: Store) -> None:
        span = (BAD_ORDER, BAD_ORDER)
        includes = None if bare else "consignments"
        store.fault("orders", kind=kind, times=0, ids_between=span, includes=includes)
        if child_list is not None:
            store.fault(child_list, kind=kind, times=0, ids_between=span)

    return prepare


def bad_product(kind: str, *, child_list: str | None = None) -> Prepare:
    def prepare(store: Store) -> None:
        span = (BAD_PRODUCT, BAD_PRODUCT)
        store.fault("products", kind=kind, times=0, ids_between=span, includes="variants")
        if child_list is not None:
            store.fault(child_list, kind=kind, times=0, ids_between=span)

    return prepare


def outage(store: Store) -> None:
    store.fault("customers", request=2, kind="502", times=2)


SMALL_PAGES: dict[str, Any] = {"page_size": 4, **QUICK}
DENSE = small(ids="dense")

CASES: dict[str, tuple[Options, Prepare, dict[str, Any]]] = {
    "504 orders": (small(), above("orders", "504", 100), {}),
    "cut products": (small(), above("products", "cut", 100), {}),
    "hang customers": (small(), above("customers", "hang", 100), {"request_timeout": 0.3}),
    "400 customers": (small(), above("customers", "400", 60), {}),
    "422 products": (small(), above("products", "422", 60), {}),
    "413 orders": (small(), above("orders", "413", 60), {}),
    "limit_max": (small(limit_max=7), lambda _: None, {}),
    "422 over limit": (small(limit_max=7, v3_over_limit="422"), lambda _: None, {}),
    "capped": (small(limit_max=7, v3_over_limit="cap", page_cap=3), lambda _: None, {}),
    "outage": (small(customers=300), outage, {"page_size": 16, "max_concurrency": 1}),
    "one order 500": (DENSE, bad_order("500"), SMALL_PAGES),
    "one order 413": (DENSE, bad_order("413"), {}),
    "one order html": (DENSE, bad_order("html"), SMALL_PAGES),
    "one order and a list": (DENSE, bad_order("500", child_list="order_products"), SMALL_PAGES),
    "one order bare": (DENSE, bad_order("500", bare=True), SMALL_PAGES),
    "one product 500": (DENSE, bad_product("500"), SMALL_PAGES),
    "one product 422": (DENSE, bad_product("422"), {}),
    "one product and a list": (
        DENSE,
        bad_product("500", child_list="product_variants"),
        SMALL_PAGES,
    ),
}


def run_case(name: str) -> Run:
    options, prepare, settings = CASES[name]
    return run_against(options, prepare, OLD_STATE, **settings)


@pytest.fixture(scope="module")
def runs() -> dict[str, Future[Run]]:
    return side_by_side(run_case, CASES)


def limits(run: Run, list_: str) -> list[int]:
    """The limits of the pages asked for; not those of the requests for a single row."""
    found = [int(entry["query"]["limit"]) for entry in run.asked(list_)]
    return [limit for limit in found if limit > 2]


@pytest.mark.parametrize(
    ("name", "list_"),
    [("504 orders", "orders"), ("cut products", "products"), ("hang customers", "customers")],
)
def test_a_page_that_fails_twice_is_asked_for_with_half_its_size_and_comes_through(
    runs: dict[str, Future[Run]], name: str, list_: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert limits(run, list_)[:5] == [250, 250, 125, 125, 62]
    assert max(limits(run, list_)[4:]) <= 100


@pytest.mark.parametrize(
    ("name", "list_"),
    [("400 customers", "customers"), ("422 products", "products"), ("413 orders", "orders")],
)
def test_a_refusal_that_the_limit_explains_is_asked_again_smaller_at_once(
    runs: dict[str, Future[Run]], name: str, list_: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert limits(run, list_)[:4] == [250, 125, 62, 31]
    assert "retrying in" not in run.result.stderr


def test_a_limit_that_the_api_names_is_taken_at_once_and_kept(
    runs: dict[str, Future[Run]],
) -> None:
    run = runs["limit_max"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    # Where v3 would name it is not documented.
    for list_ in ("coupons", "customers", "orders"):
        first, *others = limits(run, list_)
        assert (first, set(others)) == (250, {7})


@pytest.mark.parametrize("name", ["422 over limit", "capped"])
def test_a_limit_that_the_api_does_not_name_is_found_or_lived_with(
    runs: dict[str, Future[Run]], name: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)


def test_the_size_returns_to_the_large_one_after_good_pages(runs: dict[str, Future[Run]]) -> None:
    run = runs["outage"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    sizes = limits(run, "customers")
    assert sizes[:3] == [16, 16, 16]
    small_ones = sizes.index(8)
    back = sizes.index(16, small_ones)
    assert back - small_ones == 8
    assert set(sizes[back:]) == {16}


@pytest.mark.parametrize("name", ["one order 500", "one order 413", "one order html"])
def test_an_order_that_cannot_be_read_with_its_details_is_read_without_and_completed(
    runs: dict[str, Future[Run]], name: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    for list_ in ORDER_LISTS:
        singly = [entry["path"] for entry in run.asked(f"order_{list_}")]
        assert [path for path in singly if f"/orders/{BAD_ORDER}/" in path] != []
        assert len(singly) < 5


@pytest.mark.parametrize("name", ["one product 500", "one product 422"])
def test_a_product_that_cannot_be_read_with_its_details_is_read_without_and_completed(
    runs: dict[str, Future[Run]], name: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    for list_ in PRODUCT_LISTS:
        singly = [entry["path"] for entry in run.asked(f"product_{list_}")]
        assert [path for path in singly if f"/products/{BAD_PRODUCT}/" in path] != []
        assert len(singly) < 5


def test_an_order_that_cannot_be_read_even_bare_fails_its_stream_and_its_place_is_named(
    runs: dict[str, Future[Run]],
) -> None:
    run = runs["one order bare"].result()
    assert_failed_clearly(run.result, "orders")
    assert re.search(r"min_id=10[45]\b", critical(run.result))
    assert run.whole(*(set(STREAMS) - {"orders"}))
    assert run.result.bookmark("orders") == OLD
    # What came before it has been written, nothing behind it is passed over.
    assert run.result.ids("orders") == list(range(100, BAD_ORDER))
    assert run.result.state["bookmarks"]["orders"]["resume"]["after_id"] == BAD_ORDER - 1


@pytest.mark.parametrize(
    ("name", "stream", "list_", "bad"),
    [
        ("one order and a list", "orders", f"/orders/{BAD_ORDER}/products", BAD_ORDER),
        ("one product and a list", "products", f"/products/{BAD_PRODUCT}/variants", BAD_PRODUCT),
    ],
)
def test_a_record_that_cannot_be_read_with_its_lists_is_named_and_passed_over(
    runs: dict[str, Future[Run]], name: str, stream: str, list_: str, bad: int
) -> None:
    run = runs[name].result()
    assert_failed_clearly(run.result, stream)
    assert list_ in critical(run.result)
    assert run.whole(*(set(STREAMS) - {stream}))
    assert run.differences[stream] == [f"{stream}: 1 are missing: [{bad}]"]
    assert run.result.bookmark(stream) > OLD
    assert run.result.state["bookmarks"][stream]["retry"] == [bad]
