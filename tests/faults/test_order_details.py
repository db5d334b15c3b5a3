"""An order's details come with the list if they are complete, else from its child lists."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

import pytest
import tap_runner
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    Run,
    assert_failed_clearly,
    critical,
    run_against,
    run_on,
    side_by_side,
    small,
)
from fault_truth import STREAMS, Row
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

COUPONED = 109
"""The first order that has a coupon, if ids are dense."""

Prepare = Callable[[Store], None]
Runs = dict[str, Future[Run]]


def nothing(store: Store) -> None:
    pass


def deleted(list_: str, id_: int) -> Prepare:
    """The order is deleted after the list showed it, and before its child list is read."""

    def prepare(store: Store) -> None:
        store.fault(list_, kind="404", times=0, ids_between=(id_, id_))
        store.fault("order", kind="404", times=0, ids_between=(id_, id_))

    return prepare


def not_found(list_: str, id_: int, times: int) -> Prepare:
    return lambda store: store.fault(list_, kind="404", times=times, ids_between=(id_, id_))


def fees_are_404(store: Store) -> None:
    for row in store.records("orders", full=True):
        if not row["fees"]:
            store.fault("order_fees", kind="404", times=0, ids_between=(row["id"], row["id"]))


def counts_differently(field: str) -> Prepare:
    """A store whose counts are not those that the tap expects."""

    def prepare(store: Store) -> None:
        for row in store.records("orders"):
            store.change("orders", ids=[row["id"]], fields={field: row[field] + 3}, touch=False)

    return prepare


HUGE: dict[str, Any] = {"orders": 60, "huge_order_share": 0.15}
DENSE = small(ids="dense")

CASES: dict[str, tuple[Options, Prepare, dict[str, Any]]] = {
    "warned": (small(**HUGE), nothing, {}),
    "warned in the list": (small(**HUGE, warning_position="line_items"), nothing, {}),
    "not warned": (small(**HUGE, cut_warning=False), nothing, {}),
    "cut early": (small(orders=60, line_item_cut=2, cut_warning=False), nothing, {}),
    "empty": (small(orders=60, empty_line_items_every=3), nothing, {}),
    "never embedded": (small(embedded_consignments="never"), nothing, {}),
    "array": (small(embedded_consignments="array"), nothing, {}),
    "per order": (small(), nothing, {"order_details": "per_order"}),
    "fees 404": (small(embedded_consignments="never"), fees_are_404, {}),
    "deleted": (DENSE, deleted("order_coupons", COUPONED), {}),
    "404 once": (DENSE, not_found("order_coupons", COUPONED, 1), {}),
    "404": (DENSE, not_found("order_coupons", COUPONED, 0), QUICK),  # type: ignore[dict-item]
    "quantities": (
        small(orders=120, couponed_share=0.0),
        counts_differently("items_total"),
        {"page_size": 20, "max_concurrency": 1},
    ),
    "quantities in one page": (
        small(orders=120, couponed_share=0.0),
        counts_differently("items_total"),
        {},
    ),
    "addresses": (
        small(orders=120, couponed_share=0.0),
        counts_differently("shipping_address_count"),
        {"page_size": 20, "max_concurrency": 1},
    ),
    "costs as numbers": (small(orders=60), nothing, {}),
    "costs as strings": (small(orders=60, consignment_costs="string"), nothing, {}),
    "children not counted": (
        small(orders=60, items_total_counts_children=False),
        nothing,
        {},
    ),
}


def run_case(name: str) -> Run:
    options, prepare, settings = CASES[name]
    return run_against(options, prepare, OLD_STATE, **settings)


@pytest.fixture(scope="module")
def runs() -> Runs:
    return side_by_side(run_case, CASES)


def asked_ids(run: Run, list_: str) -> list[int]:
    """The orders whose child list was requested, each once."""
    return sorted({int(entry["path"].split("/")[-2]) for entry in run.asked(list_)})


def summary(run: Run) -> str:
    [line] = [line for line in run.result.logged() if "Summary of orders:" in line]
    return line


def most_in_one_consignment(order: Row) -> int:
    kinds = order["consignments"]
    groups = [*kinds["shipping"], *kinds["pickups"], *kinds["downloads"]]
    groups += kinds["email"]["gift_certificates"]
    return max((len(group["line_items"]) for group in groups), default=0)


# Line items and addresses


@pytest.mark.parametrize("name", ["warned", "warned in the list", "not warned"])
def test_line_items_that_were_cut_off_are_read_from_the_child_list(runs: Runs, name: str) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    with Sandbox(CASES[name][0]) as store:
        orders = store.records("orders", full=True)
    assert max(len(order["products"]) for order in orders) > 250
    # 50 line items may be all or not, so the child list is read, too.
    cut = [order["id"] for order in orders if most_in_one_consignment(order) >= 50]
    assert asked_ids(run, "order_products") == cut
    assert asked_ids(run, "order_shipping_addresses") == []
    assert "__warning__" not in run.result.stdout
    reason = "50 line items in one consignment" if name == "not warned" else "a warning of the API"
    assert f"{len(cut)} × products: {reason}" in summary(run)


def test_line_items_that_were_cut_off_are_added_to_selected_consignments() -> None:
    with Sandbox(small(**HUGE, warning_position="line_items")) as store:
        catalog = tap_runner.discover(tap_runner.settings(store))
        chosen = tap_runner.select(
            catalog, "orders", fields={"orders": ["products", "consignments"]}
        )
        run = run_on(store, catalog=chosen)
        orders = {order["id"]: order for order in store.records("orders", full=True)}
    assert run.result.status == 0, critical(run.result)
    for record in run.result.records("orders"):
        order = orders[record["id"]]
        for kind in ("shipping", "pickups", "downloads"):
            expected = [_ids(group["line_items"]) for group in order["consignments"][kind]]
            found = [_ids(group["line_items"]) for group in record["consignments"][kind]]
            assert found == expected, (record["id"], kind)


def _ids(rows: list[Row]) -> list[int]:
    return sorted(row["id"] for row in rows)


def test_line_items_cut_off_without_a_warning_are_detected_by_quantities(runs: Runs) -> None:
    run = runs["cut early"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert run.asked("order_products")


def test_empty_line_items_of_orders_that_have_some_are_read_from_the_child_list(
    runs: Runs,
) -> None:
    run = runs["empty"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    ids = run.result.ids("orders")
    assert asked_ids(run, "order_products") == [id_ for id_ in ids if id_ % 3 == 0]


@pytest.mark.parametrize("name", ["never embedded", "array"])
def test_orders_without_consignments_are_read_from_child_lists_with_a_warning(
    runs: Runs, name: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    warnings = [line for line in run.result.logged("WARNING") if "20 orders in a row" in line]
    assert len(warnings) == 1
    ids = run.result.ids("orders")
    for list_ in ("products", "shipping_addresses", "consignments"):
        assert asked_ids(run, f"order_{list_}") == ids


def test_orders_are_the_same_with_order_details_per_order(runs: Runs) -> None:
    run = runs["per order"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    ids = run.result.ids("orders")
    assert asked_ids(run, "order_products") == ids
    assert asked_ids(run, "order_shipping_addresses") == ids


@pytest.mark.parametrize("name", ["costs as numbers", "costs as strings"])
def test_costs_of_consignments_may_be_numbers_or_strings(runs: Runs, name: str) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert asked_ids(run, "order_shipping_addresses") == []


def test_costs_that_are_strings_keep_their_digits(runs: Runs) -> None:
    run = runs["costs as strings"].result()
    with Sandbox(CASES["costs as strings"][0]) as store:
        truth = {row["id"]: row["shipping_addresses"] for row in store.records("orders", full=True)}
    compared = 0
    for record in run.result.records("orders"):
        for row, address in zip(truth[record["id"]], record["shipping_addresses"], strict=True):
            written = address["base_cost"]
            assert isinstance(written, Decimal)
            assert str(written) == row["base_cost"]
            compared += 1
    assert compared > 20


def test_bundles_whose_parts_are_not_counted_cause_no_requests(runs: Runs) -> None:
    run = runs["children not counted"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert run.asked("order_products") == []


# Checks that are based on few observations


@pytest.mark.parametrize(
    ("name", "field", "list_"),
    [
        ("quantities", "items_total", "order_products"),
        ("addresses", "shipping_address_count", "order_shipping_addresses"),
    ],
)
def test_a_check_is_disabled_after_20_unneeded_requests(
    runs: Runs, name: str, field: str, list_: str
) -> None:
    run = runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    # The rest of the page may have been under way when the check was disabled.
    assert 20 <= len(asked_ids(run, list_)) <= 40
    [warning] = [line for line in run.result.logged("WARNING") if field in line]
    assert "20" in warning
    assert " 0 of them" in warning
    assert "unnecessary: " in summary(run)
    assert "not read: " in summary(run)


def test_a_check_is_disabled_after_20_unneeded_requests_within_a_page(
    runs: Runs,
) -> None:
    run = runs["quantities in one page"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert 20 <= len(asked_ids(run, "order_products")) <= 20 + 2 * 8


def test_a_check_that_was_useful_once_is_never_disabled() -> None:
    def prepare(store: Store) -> None:
        counts_differently("items_total")(store)

    options = small(orders=60, couponed_share=0.0, line_item_cut=2, cut_warning=False)
    run = run_against(options, prepare, page_size=10, max_concurrency=1)
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert asked_ids(run, "order_products") == run.result.ids("orders")


# Lists that answer 404


def test_a_404_for_fees_means_that_there_are_none(runs: Runs) -> None:
    run = runs["fees 404"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert run.asked("order"), "no request for the order itself"
    assert all(isinstance(record["fees"], list) for record in run.result.records("orders"))


def test_an_order_that_was_deleted_after_it_was_listed_is_counted_and_not_written(
    runs: Runs,
) -> None:
    run = runs["deleted"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.differences["orders"] == [f"orders: 1 are missing: [{COUPONED}]"]
    assert "1 deleted during the sync" in summary(run)
    assert f"order {COUPONED} was deleted" in run.result.stderr
    assert run.result.bookmark("orders") > OLD


def test_a_child_list_that_answers_404_once_is_requested_again(runs: Runs) -> None:
    run = runs["404 once"].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert len([e for e in run.asked("order") if e["path"].endswith(f"/{COUPONED}")]) == 1


def test_an_order_whose_child_list_keeps_answering_404_is_named_and_skipped(
    runs: Runs,
) -> None:
    run = runs["404"].result()
    assert_failed_clearly(run.result, "orders")
    message = critical(run.result)
    assert f"/orders/{COUPONED}/coupons" in message
    assert "store_hash" not in message, "the order exists, so the store is the right one"
    assert run.differences["orders"] == [f"orders: 1 are missing: [{COUPONED}]"]
    assert run.result.bookmark("orders") > OLD
    assert run.result.state["bookmarks"]["orders"]["retry"] == [COUPONED]
    assert run.whole("coupons", "customers", "products")


# Coupons


COUPON_STORES = {
    f"{base} {shows}": Options(
        orders=600,
        customers=5,
        products=30,
        coupons=24,
        huge_order_share=0.0,
        couponed_share=0.12,
        shipping_base_cost=base,
        free_shipping_coupon_shows_discount=shows,
        consignment_costs="string" if shows else "number",
    )
    for base in ("ex_tax", "inc_tax")
    for shows in (False, True)
}


def run_coupons(name: str) -> tuple[Run, list[Row], list[Row]]:
    with Sandbox(COUPON_STORES[name]) as store:
        run = run_on(store)
        return run, store.records("orders", full=True), store.records("coupons")


@pytest.fixture(scope="module")
def coupon_runs() -> dict[str, Future[tuple[Run, list[Row], list[Row]]]]:
    return side_by_side(run_coupons, COUPON_STORES, at_once=2)


def hints_at_a_coupon(order: Row, *, shipping_coupons: bool) -> bool:
    """A second implementation of order_coupons=auto."""
    if Decimal(order["coupon_discount"]) != 0:
        return True
    discounts = [d for item in order["products"] for d in item["applied_discounts"]]
    if any(discount["code"] or discount["id"] != "manual-discount" for discount in discounts):
        return True
    costs = ("base_shipping_cost", "shipping_cost_ex_tax", "shipping_cost_inc_tax")
    triples = [[Decimal(order[name]) for name in costs]]
    for address in order["shipping_addresses"]:
        names = ("base_cost", "cost_ex_tax", "cost_inc_tax")
        triples.append([Decimal(address[name]) for name in names])
    if any(base not in (ex, inc) for base, ex, inc in triples):
        return True
    return shipping_coupons and any(not any(triple) for triple in triples[1:])


@pytest.mark.parametrize("name", some_of([*COUPON_STORES], 1, pytest.mark.histories))
def test_coupons_are_those_of_the_child_list_and_only_hints_cost_requests(
    coupon_runs: dict[str, Future[tuple[Run, list[Row], list[Row]]]], name: str
) -> None:
    run, orders, coupons = coupon_runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert sum(bool(order["coupons"]) for order in orders) > 50
    shipping = {"free_shipping", "shipping_discount", "promotion"}
    shipping_coupons = any(coupon["type"] in shipping for coupon in coupons)
    hinted = [o["id"] for o in orders if hints_at_a_coupon(o, shipping_coupons=shipping_coupons)]
    assert asked_ids(run, "order_coupons") == hinted
    unneeded = [o["id"] for o in orders if o["id"] in set(hinted) and not o["coupons"]]
    assert len(unneeded) <= 0.05 * len(orders)
    asked_about_types = [e for e in run.asked("coupons") if "type" in e["query"]]
    assert 1 <= len(asked_about_types) <= 3


def test_free_shipping_for_everyone_costs_no_requests_in_a_store_without_shipping_coupons() -> None:
    run = run_against(small(coupons=0, promotion_share=0.0))
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    free = [
        row["id"]
        for row in run.result.records("orders")
        if any(not a["base_cost"] and not a["cost_ex_tax"] for a in row["shipping_addresses"])
    ]
    assert free
    assert set(free).isdisjoint(asked_ids(run, "order_coupons"))
    assert len([e for e in run.asked("coupons") if "type" in e["query"]]) == 3


def test_without_the_permission_for_coupons_free_shipping_is_a_hint() -> None:
    run = run_against(small(withheld_scopes=("marketing",)))
    assert run.result.status == 1
    assert "'Marketing: read-only'" in critical(run.result)
    assert run.whole("customers", "orders", "products")


def test_the_setting_requests_the_coupons_of_every_order_or_of_none() -> None:
    always = run_against(small(), order_coupons="always")
    assert always.result.status == 0
    assert always.whole(*STREAMS)
    assert asked_ids(always, "order_coupons") == always.result.ids("orders")
    never = run_against(small(), order_coupons="never")
    assert never.result.status == 0
    assert never.asked("order_coupons") == []
    assert "coupons" not in never.result.schemas["orders"]["schema"]["properties"]
    assert all("coupons" not in record for record in never.result.records("orders"))
