"""An order's details come with the list if they are complete, else from its child lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import tap_runner
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
    nothing,
    run_against,
    run_on,
    small,
)
from fault_truth import STREAMS, Row
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

COUPONED = 109
"""The first order that has a coupon, if ids are dense."""

DENSE = small(ids="dense")
HUGE: dict[str, Any] = {"orders": 60, "huge_order_share": 0.15}
SLOW: dict[str, Any] = {"page_size": 20, "max_concurrency": 1}
PER_ORDER = {"order_details": "per_order"}


def asked_ids(run: Run, list_: str) -> list[int]:
    """The orders whose child list was requested, each once."""
    return sorted({int(entry["path"].split("/")[-2]) for entry in run.asked(list_)})


def counts_differently(field: str) -> Prepare:
    """A store whose counts are not those that the tap expects."""

    def prepare(store: Store) -> None:
        for row in store.records("orders"):
            store.change("orders", ids=[row["id"]], fields={field: row[field] + 3}, touch=False)

    return prepare


def fees_are_404(store: Store) -> None:
    for row in store.records("orders", full=True):
        if not row["fees"]:
            store.fault("order_fees", kind="404", times=0, ids_between=(row["id"], row["id"]))


def all_(order: Row) -> bool:
    return True


def none(order: Row) -> bool:
    return False


def long(order: Row) -> bool:
    """50 line items in one consignment may be all or not, so the child list is read, too."""
    kinds = order["consignments"]
    groups = [*kinds["shipping"], *kinds["pickups"], *kinds["downloads"]]
    groups += kinds["email"]["gift_certificates"]
    return any(len(group["line_items"]) >= 50 for group in groups)


def thirds(order: Row) -> bool:
    return bool(order["id"] % 3 == 0)


LISTS = ("products", "shipping_addresses", "consignments")


@dataclass(frozen=True)
class Case:
    """A store, and of which orders each of these child lists is read."""

    options: Options
    read: Mapping[str, Callable[[Row], bool]]
    prepare: Prepare = nothing
    settings: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    """In the summary after "× products: ", or in one warning."""


EVERY = dict.fromkeys(LISTS, all_)
CUT = {"products": long, "shipping_addresses": none}
WARNED, NOT_WARNED = "a warning of the API", "50 line items in one consignment"
NEVER, ARRAY = small(embedded_consignments="never"), small(embedded_consignments="array")
USEFUL = small(orders=60, couponed_share=0.0, line_item_cut=2, cut_warning=False)
NOT_COUNTED = small(orders=60, items_total_counts_children=False)
TEXTS = small(orders=60, consignment_costs="string")

CASES = {
    "warned": Case(small(**HUGE), CUT, words=WARNED),
    "in the list": Case(small(**HUGE, warning_position="line_items"), CUT, words=WARNED),
    "not warned": Case(small(**HUGE, cut_warning=False), CUT, words=NOT_WARNED),
    "empty": Case(small(orders=60, empty_line_items_every=3), {"products": thirds}),
    "never embedded": Case(NEVER, EVERY, fees_are_404, words="20 orders in a row"),
    "array": Case(ARRAY, EVERY, words="20 orders in a row"),
    "per order": Case(small(), dict.fromkeys(LISTS[:2], all_), nothing, PER_ORDER),
    "costs as texts": Case(TEXTS, {"shipping_addresses": none}),
    "children not counted": Case(NOT_COUNTED, dict.fromkeys(LISTS, none)),
    "cut early": Case(small(orders=60, line_item_cut=2, cut_warning=False), {}),
    "checks that were useful": Case(
        USEFUL, {"products": all_}, counts_differently("items_total"), {**SLOW, "page_size": 10}
    ),
    "coupons": Case(small(), {"coupons": all_}, nothing, {"order_coupons": "always"}),
}


@pytest.mark.parametrize("name", CASES)
def test_child_lists_are_read_for_those_orders_only_whose_details_are_not_complete(
    name: str,
) -> None:
    case = CASES[name]
    with Sandbox(case.options) as store:
        case.prepare(store)
        orders = store.records("orders", full=True)
        run = run_on(store, **case.settings)
    result = run.result
    assert result.status == 0, critical(result)
    assert run.whole(*STREAMS), run.differences
    for list_, is_read in case.read.items():
        ids = [order["id"] for order in orders if is_read(order)]
        assert asked_ids(run, f"order_{list_}") == ids
        assert ids or is_read is none
    assert "__warning__" not in result.stdout
    if case.prepare is fees_are_404:
        assert run.asked("order"), "no request for the order itself"
        assert all(isinstance(record["fees"], list) for record in result.records("orders"))
    if case.read is CUT:
        assert max(len(order["products"]) for order in orders) > 250
        number = len(asked_ids(run, "order_products"))
        assert f"{number} × products: {case.words}" in run.summary("orders")
    elif case.words:
        assert "\n".join(result.logged("WARNING")).count(case.words) == 1
    if name == "costs as texts":
        # Every digit of them.
        for order, record in zip(orders, result.records("orders"), strict=True):
            for row, written in zip(
                order["shipping_addresses"], record["shipping_addresses"], strict=True
            ):
                assert str(written["base_cost"]) == row["base_cost"]


def test_line_items_that_were_cut_off_are_added_to_selected_consignments() -> None:
    with Sandbox(small(**HUGE, warning_position="line_items")) as store:
        catalog = tap_runner.discover(tap_runner.settings(store))
        fields = {"orders": ["products", "consignments"]}
        run = run_on(store, catalog=tap_runner.select(catalog, "orders", fields=fields))
        orders = {order["id"]: order for order in store.records("orders", full=True)}
    assert run.result.status == 0, critical(run.result)
    for record in run.result.records("orders"):
        for kind in ("shipping", "pickups", "downloads"):
            expected, found = (
                [sorted(row["id"] for row in group["line_items"]) for group in groups]
                for groups in (
                    orders[record["id"]]["consignments"][kind],
                    record["consignments"][kind],
                )
            )
            assert found == expected, (record["id"], kind)


@pytest.mark.parametrize(
    ("counted", "list_", "settings"),
    [
        ("items_total", "order_products", SLOW),
        ("items_total", "order_products", {}),
        ("shipping_address_count", "order_shipping_addresses", SLOW),
    ],
)
def test_a_check_is_disabled_after_20_unneeded_requests(
    counted: str, list_: str, settings: dict[str, Any]
) -> None:
    options = small(orders=120, couponed_share=0.0)
    run = complete(options, counts_differently(counted), **settings)
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


@pytest.mark.parametrize(
    "prices",
    some_of(
        [(base, shows) for base in ("ex_tax", "inc_tax") for shows in (False, True)],
        1,
        pytest.mark.histories,
    ),
)
def test_coupons_are_those_of_the_child_list_and_only_hints_cost_requests(
    prices: tuple[str, bool],
) -> None:
    base, shows = prices
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
        orders, coupons = store.records("orders", full=True), store.records("coupons")
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS)
    assert sum(bool(order["coupons"]) for order in orders) > 50
    shipping = {"free_shipping", "shipping_discount", "promotion"}
    shipping_coupons = any(coupon["type"] in shipping for coupon in coupons)
    hinted = [o["id"] for o in orders if hints_at_a_coupon(o, shipping_coupons=shipping_coupons)]
    assert asked_ids(run, "order_coupons") == hinted
    unneeded = [o["id"] for o in orders if o["id"] in set(hinted) and not o["coupons"]]
    assert len(unneeded) <= 0.05 * len(orders)
    assert 1 <= len([e for e in run.asked("coupons") if "type" in e["query"]]) <= 3


def test_free_shipping_for_everyone_costs_no_requests_in_a_store_without_shipping_coupons() -> None:
    run = complete(small(coupons=0, promotion_share=0.0))
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
    assert_failed_clearly(run.result, "coupons")
    assert "'Marketing: read-only'" in critical(run.result)
    assert run.whole_but("coupons")


def test_the_setting_requests_no_coupons() -> None:
    never = run_against(small(), order_coupons="never")
    assert never.result.status == 0
    assert never.asked("order_coupons") == []
    assert "coupons" not in never.result.schemas["orders"]["schema"]["properties"]
    assert all("coupons" not in record for record in never.result.records("orders"))
