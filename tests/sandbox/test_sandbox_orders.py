"""Orders: what is below them, consignments in each form, sums that must agree."""

from collections import Counter
from typing import Any

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Options, Sandbox

ITEMS = {"include": "consignments.line_items", "consignment_structure": "object"}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def orders(still: Sandbox) -> list[Row]:
    """The truth, with everything that a request can include."""
    return still.records("orders", full=True)


def first(get: Get, **query: Any) -> Any:
    """The consignments of the first order."""
    return get("v2/orders", limit=1, **query).json[0]["consignments"]


def flat(consignments: Row) -> list[Row]:
    """All line items of the object form, by id."""
    groups = [
        *consignments["pickups"],
        *consignments["shipping"],
        *consignments["downloads"],
        *consignments["email"]["gift_certificates"],
    ]
    return sorted((row for group in groups for row in group["line_items"]), key=lambda r: r["id"])


def test_without_include_everything_below_is_a_link(ask: Get) -> None:
    [row] = ask("v2/orders", limit=1).json
    for name in ("products", "shipping_addresses", "coupons", "consignments", "fees"):
        assert row[name]["resource"] == f"/orders/{row['id']}/{name}"


def test_embedded_line_items_are_those_of_the_order_but_for_cuts(
    ask: Get, orders: list[Row]
) -> None:
    rows = ask("v2/orders", limit=250, **ITEMS).json
    cut = 0
    for row, order in zip(rows, orders, strict=True):
        products = [
            {key: item[key] for key in item if key != "fulfillment_source"}
            for item in order["products"]
        ]
        groups = row["consignments"]["shipping"]
        warned = any("__warning__" in group for group in groups)
        assert flat(row["consignments"]) == (products[:50] if warned else products)
        assert len(groups) == row["shipping_address_count"]
        cut += warned
    assert cut


def test_the_warning_can_stand_among_the_line_items_or_nowhere(store: Sandbox, get: Get) -> None:
    huge = next(r["id"] for r in store.records("orders", full=True) if len(r["products"]) > 50)

    def items() -> list[Row]:
        found: list[Row] = first(get, min_id=huge, **ITEMS)["shipping"][0]["line_items"]
        return found

    store.set(warning_position="line_items")
    assert len(items()) == 51
    assert list(items()[-1]) == ["__warning__"]
    store.set(cut_warning=False)
    assert len(items()) == 50


def test_the_lists_below_an_order_have_pages_and_are_204_without_rows(
    ask: Get, orders: list[Row]
) -> None:
    order = next(row for row in orders if len(row["products"]) > 50)
    path = f"v2/orders/{order['id']}/products"
    assert ask(path).json == order["products"][:50]
    assert ask(path, page=2).json == order["products"][50:100]
    assert ask(path, page=2, limit=250).json == (order["products"][250:] or None)
    for name in ("products", "shipping_addresses", "coupons", "fees"):
        some = next((row for row in orders if not row[name]), orders[0])
        status = 200 if some[name] else 204
        assert ask(f"v2/orders/{some['id']}/{name}").status == status


def test_sums_agree_and_only_shipping_coupons_part_base_and_cost(orders: list[Row]) -> None:
    for order in orders:
        assert order["items_total"] == sum(row["quantity"] for row in order["products"])
        assert order["shipping_address_count"] == len(order["shipping_addresses"])
        base = sum(float(row["base_cost"]) for row in order["shipping_addresses"])
        assert float(order["base_shipping_cost"]) == round(base, 4)
        shipping = [row for row in order["coupons"] if row["type"] in (3, 4) and row["discount"]]
        parted = order["base_shipping_cost"] != order["shipping_cost_ex_tax"]
        assert parted == bool(shipping)


def test_a_small_store_has_orders_of_every_kind(orders: list[Row]) -> None:
    lines = [row for order in orders for row in order["products"]]
    discounts = [item for row in lines for item in row["applied_discounts"]]
    kinds = {
        "five coupons": [len(order["coupons"]) == 5 for order in orders],
        "pickups": [order["consignments"]["pickups"] for order in orders],
        "downloads": [order["consignments"]["downloads"] for order in orders],
        "gifts": [order["consignments"]["email"]["gift_certificates"] for order in orders],
        "several addresses": [order["shipping_address_count"] > 1 for order in orders],
        "archived": [order["is_deleted"] for order in orders],
        "incomplete": [order["status_id"] == 0 for order in orders],
        "fees": [order["fees"] for order in orders],
        "another currency": [order["currency_code"] != "USD" for order in orders],
        "part of a bundle": [row["parent_order_product_id"] for row in lines],
        "refunded": [row["quantity_refunded"] for row in lines],
        "custom product": [row["product_id"] == 0 for row in lines],
        "by hand": [row["id"] == "manual-discount" and row["code"] is None for row in discounts],
        "by code": [row["code"] for row in discounts],
    }
    assert [kind for kind, found in kinds.items() if not any(found)] == []
    types = Counter(coupon["type"] for order in orders for coupon in order["coupons"])
    assert set(types) == {0, 1, 2, 3, 4, 5}


def test_orders_repeat_names_and_codes_of_what_they_refer_to(
    still: Sandbox, orders: list[Row]
) -> None:
    coupons = {row["id"]: row["code"] for row in still.records("coupons")}
    products = {row["id"]: row["name"] for row in still.records("products")}
    for order in orders:
        for row in order["products"]:
            assert row["product_id"] == 0 or row["name"] == products[row["product_id"]]
        for row in order["coupons"]:
            assert row["code"] in (None, coupons[row["coupon_id"]])


def test_coupon_discount_counts_shipping_coupons_by_option(store: Sandbox) -> None:
    def only_shipping() -> Row:
        return next(
            order
            for order in store.records("orders", full=True)
            if [row["type"] for row in order["coupons"]] == [4] and order["coupons"][0]["discount"]
        )

    assert float(only_shipping()["coupon_discount"]) == 0
    store.set(free_shipping_coupon_shows_discount=True)
    assert float(only_shipping()["coupon_discount"]) > 0


def test_base_cost_can_mean_with_tax() -> None:
    with Sandbox(Options(orders=60, couponed_share=0.0, shipping_base_cost="inc_tax")) as store:
        found = store.records("orders")
    assert all(o["base_shipping_cost"] == o["shipping_cost_inc_tax"] for o in found)
    assert any(o["base_shipping_cost"] != o["shipping_cost_ex_tax"] for o in found)


def test_options_change_the_form_of_consignments(store: Sandbox, get: Get) -> None:
    new = first(get, **ITEMS)
    assert first(get, include="consignments.line_items") == [new]
    assert isinstance(new["shipping"][0]["base_cost"], int | float)
    store.set(consignment_costs="string")
    assert isinstance(first(get, **ITEMS)["shipping"][0]["base_cost"], str)
    store.set(embedded_consignments="array")
    assert isinstance(first(get, **ITEMS), list)
    store.set(embedded_consignments="never")
    assert "url" in first(get, **ITEMS)
    store.set(embedded_consignments="object", empty_line_items_every=10)
    for row in get("v2/orders", limit=250, **ITEMS).json:
        assert bool(flat(row["consignments"])) == bool(row["id"] % 10)


def test_archived_orders_can_be_hidden(store: Sandbox, get: Get) -> None:
    def count(**query: Any) -> int:
        return sum(len(get("v2/orders", limit=250, page=n, **query).json or []) for n in (1, 2))

    archived = sum(row["is_deleted"] for row in store.records("orders"))
    assert count() == 300
    store.set(archived_orders="hidden")
    assert count() == 300 - archived
    assert count(is_deleted="true") == archived


def test_taxes_tell_the_line_only_when_asked(ask: Get, orders: list[Row]) -> None:
    path = f"v2/orders/{orders[0]['id']}/taxes"
    assert "order_product_id" not in ask(path).json[0]
    lines = [str(row["id"]) for row in orders[0]["products"]]
    assert [row["order_product_id"] for row in ask(path, details="true").json] == lines


def test_what_changes_below_an_order_is_embedded_and_touches_it(store: Sandbox, get: Get) -> None:
    [before] = store.records("orders", ids=[100])
    line = store.records("order_products")[0]
    store.change("order_products", ids=[line["id"]], fields={"quantity": 77})
    [order] = get("v2/orders", max_id=100, **ITEMS).json
    items = flat(order["consignments"])
    assert items[0]["quantity"] == 77
    assert order["items_total"] == sum(row["quantity"] for row in items)
    assert order["date_modified"] != before["date_modified"]
