"""An order's details come with the list if they are complete, else from its child lists."""

from collections.abc import Callable
from typing import Any

import pytest
from fault_runs import (
    OLD,
    QUICK,
    Prepare,
    Run,
    assert_failed_clearly,
    both,
    complete,
    critical,
    fault,
    run_against,
    run_on,
    small,
)
from tap_runner import Json, some_of

from tap_bigcommerce_sandbox import Sandbox, Store

COUPONED = 109
"""The first order that has a coupon, if ids are dense."""

DENSE = small(ids="dense")
HUGE: Json = {"orders": 60, "huge_order_share": 0.15}
SLOW: Json = {"page_size": 20, "max_concurrency": 1}


def asked_ids(run: Run, list_: str) -> list[int]:
    return sorted({int(entry["path"].split("/")[-2]) for entry in run.asked(list_)})


def counts_differently(store: Store, field: str = "items_total") -> None:
    for row in store.records("orders"):
        store.change("orders", ids=[row["id"]], fields={field: row[field] + 3}, touch=False)


def fees_are_404(store: Store) -> None:
    for row in store.records("orders", full=True):
        if not row["fees"]:
            store.fault("order_fees", kind="404", times=0, ids_between=(row["id"], row["id"]))


def long(order: Json) -> bool:
    """50 line items in one consignment may be all or not, so the child list is read, too."""
    kinds = order["consignments"]
    groups = [*kinds["shipping"], *kinds["pickups"], *kinds["downloads"]]
    groups += kinds["email"]["gift_certificates"]
    return any(len(group["line_items"]) >= 50 for group in groups)


LISTS = ("products", "shipping_addresses", "consignments")
ORDERS: dict[str, Callable[[Json], bool]] = {
    "all": lambda order: True,
    "none": lambda order: False,
    "thirds": lambda order: bool(order["id"] % 3 == 0),
    "long": long,
}
EVERY = dict.fromkeys(LISTS, "all")
CUT = {"products": "long", "shipping_addresses": "none"}
PER_ORDER = {"order_details": "per_order"}
USEFUL: Json = {"orders": 60, "couponed_share": 0.0, "line_item_cut": 2, "cut_warning": False}

CASES: dict[str, tuple[Json, dict[str, str], Prepare | None, Json]] = {
    "warned": (HUGE, CUT, None, {}),
    "in the list": ({**HUGE, "warning_position": "line_items"}, CUT, None, {}),
    "not warned": ({**HUGE, "cut_warning": False}, CUT, None, {}),
    "empty": ({"orders": 60, "empty_line_items_every": 3}, {"products": "thirds"}, None, {}),
    "never embedded": ({"embedded_consignments": "never"}, EVERY, fees_are_404, {}),
    "array": ({"embedded_consignments": "array"}, EVERY, None, {}),
    "per order": ({}, dict.fromkeys(LISTS[:2], "all"), None, PER_ORDER),
    "not counted": ({"items_total_counts_children": False}, dict.fromkeys(LISTS, "none"), None, {}),
    "useful checks": (USEFUL, {"products": "all"}, counts_differently, {**SLOW, "page_size": 10}),
    "coupons": ({}, {"coupons": "all"}, None, {"order_coupons": "always"}),
}
"""A store's options, and of which orders each of these child lists is read."""


@pytest.mark.parametrize("name", CASES)
def test_child_lists_are_read_for_those_orders_only_whose_details_are_not_complete(
    name: str,
) -> None:
    options, read, prepare, settings = CASES[name]
    with Sandbox(small(**options)) as store:
        if prepare is not None:
            prepare(store)
        orders = store.records("orders", full=True)
        run = run_on(store, **settings)
    assert run.result.status == 0, critical(run.result)
    assert run.whole_but(), run.differences
    for list_, some in read.items():
        ids = [order["id"] for order in orders if ORDERS[some](order)]
        assert asked_ids(run, f"order_{list_}") == ids
        assert ids or some == "none"
    assert "__warning__" not in run.result.stdout
    warned = "20 orders in a row" in "\n".join(run.result.logged("WARNING"))
    assert warned == (read is EVERY)
    if prepare is fees_are_404:
        assert run.asked("order"), "no request for the order itself"
        assert all(isinstance(record["fees"], list) for record in run.result.records("orders"))
    if read is CUT:
        assert max(len(order["products"]) for order in orders) > 250
        number = len(asked_ids(run, "order_products"))
        why = "50 line items in one consignment" if name == "not warned" else "a warning of the API"
        assert f"{number} × products: {why}" in run.summary("orders")


@pytest.mark.parametrize(
    ("counted", "list_", "settings"),
    [
        ("items_total", "order_products", {}),
        ("shipping_address_count", "order_shipping_addresses", SLOW),
    ],
)
def test_a_check_is_disabled_after_20_unneeded_requests(
    counted: str, list_: str, settings: dict[str, Any]
) -> None:
    options = small(orders=120, couponed_share=0.0)
    run = complete(options, lambda store: counts_differently(store, counted), **settings)
    # The rest of the page may have been under way when the check was disabled.
    assert 20 <= len(asked_ids(run, list_)) <= 20 + (20 if settings else 2 * 8)
    [warning] = [line for line in run.result.logged("WARNING") if counted in line]
    assert "20" in warning
    assert " 0 of them" in warning
    assert "unnecessary: " in run.summary("orders")
    assert "not read: " in run.summary("orders")


# Lists that answer 404


def missing(list_: str, times: int = 0) -> Prepare:
    return fault(list_, "404", times, ids_between=(COUPONED, COUPONED))


def test_an_order_that_was_deleted_after_it_was_listed_is_counted_and_not_written() -> None:
    run = run_against(DENSE, both(missing("order_coupons"), missing("order")))
    assert run.result.status == 0, critical(run.result)
    assert run.differences["orders"] == [f"orders: 1 are missing: [{COUPONED}]"]
    assert "1 deleted during the sync" in run.summary("orders")
    assert f"order {COUPONED} was deleted" in run.result.stderr
    assert run.result.bookmark("orders") > OLD


def test_a_child_list_that_answers_404_once_is_requested_again() -> None:
    run = complete(DENSE, missing("order_coupons", 1))
    assert len([e for e in run.asked("order") if e["path"].endswith(f"/{COUPONED}")]) == 1


def test_an_order_whose_child_list_keeps_answering_404_is_named_and_skipped() -> None:
    run = run_against(DENSE, missing("order_coupons"), **QUICK)
    assert_failed_clearly(run.result, "orders")
    assert f"/orders/{COUPONED}/coupons" in critical(run.result)
    assert "store_hash" not in critical(run.result), "the order exists, so it is the right store"
    assert run.differences["orders"] == [f"orders: 1 are missing: [{COUPONED}]"]
    assert run.result.bookmark("orders") > OLD
    assert run.result.state["bookmarks"]["orders"]["retry"] == [COUPONED]
    assert run.whole_but("orders")


# Coupons


@pytest.mark.parametrize("shows", some_of([True, False], 1, pytest.mark.histories))
@pytest.mark.parametrize("base", some_of(["ex_tax", "inc_tax"], 1, pytest.mark.histories))
def test_coupons_are_those_of_the_child_list_and_only_hints_cost_requests(
    base: str, shows: bool
) -> None:
    options = small(
        orders=600,
        customers=5,
        products=30,
        coupons=24,
        couponed_share=0.12,
        shipping_base_cost=base,
        free_shipping_coupon_shows_discount=shows,
        consignment_costs="string" if shows else "number",
    )
    with Sandbox(options) as store:
        run = run_on(store)
        orders = store.records("orders", full=True)
    assert run.result.status == 0, critical(run.result)
    assert run.whole_but()
    couponed = {order["id"] for order in orders if order["coupons"]}
    asked = {*asked_ids(run, "order_coupons")}
    assert len(couponed) > 50
    assert len(asked - couponed) <= 0.05 * len(orders)
    found = [(o["id"], d) for o in orders for i in o["products"] for d in i["applied_discounts"]]
    assert asked >= {id_ for id_, d in found if d["code"] or d["id"] != "manual-discount"}
    assert 1 <= len([e for e in run.asked("coupons") if "type" in e["query"]]) <= 3


def test_free_shipping_for_everyone_costs_no_requests_in_a_store_without_shipping_coupons() -> None:
    run = complete(small(coupons=0, promotion_share=0.0))
    found = [(o["id"], a) for o in run.result.records("orders") for a in o["shipping_addresses"]]
    free = {id_ for id_, a in found if not a["base_cost"] and not a["cost_ex_tax"]}
    assert free
    assert free.isdisjoint(asked_ids(run, "order_coupons"))
    assert len([e for e in run.asked("coupons") if "type" in e["query"]]) == 3


def test_without_the_permission_for_coupons_free_shipping_is_a_hint() -> None:
    run = run_against(small(withheld_scopes=("marketing",)))
    assert_failed_clearly(run.result, "coupons")
    assert run.whole_but("coupons")


def test_the_setting_requests_no_coupons() -> None:
    never = run_against(small(), order_coupons="never")
    assert never.result.status == 0
    assert never.asked("order_coupons") == []
    assert "coupons" not in never.result.schemas["orders"]["schema"]["properties"]
