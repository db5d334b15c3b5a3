"""Orders: what is below them, consignments in each form, sums that must agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox_client import Get

from tap_bigcommerce_sandbox import Options, Sandbox

ITEMS = {"include": "consignments.line_items", "consignment_structure": "object"}
Row = dict[str, Any]


def flat(consignments: Row) -> list[Row]:
    """All line items of the object form, by id."""
    groups = [
        *consignments["pickups"],
        *consignments["shipping"],
        *consignments["downloads"],
        *consignments["email"]["gift_certificates"],
    ]
    return sorted((row for group in groups for row in group["line_items"]), key=lambda r: r["id"])


def every_order(get: Get, **query: Any) -> list[Row]:
    return [row for page in (1, 2) for row in get("v2/orders", limit=250, page=page, **query).json]


def bare(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "fulfillment_source"}


def test_without_include_everything_below_is_a_link(get: Get) -> None:
    row = get("v2/orders", limit=1).json[0]
    for name in ("products", "shipping_addresses", "coupons", "consignments", "fees"):
        assert row[name]["resource"] == f"/orders/{row['id']}/{name}"


def test_the_old_form_is_an_array_around_the_object(get: Get) -> None:
    old = get("v2/orders", limit=1, include="consignments.line_items").json[0]["consignments"]
    new = get("v2/orders", limit=1, **ITEMS).json[0]["consignments"]
    assert old == [new]


def test_embedded_line_items_are_those_of_the_order_but_for_cuts(store: Sandbox, get: Get) -> None:
    truth = {row["id"]: row for row in store.records("orders", full=True)}
    cut = 0
    for row in every_order(get, **ITEMS):
        products = [bare(item) for item in truth[row["id"]]["products"]]
        found = flat(row["consignments"])
        groups = row["consignments"]["shipping"]
        if any("__warning__" in group for group in groups):
            cut += 1
            assert len(found) == 50
            assert found == products[:50]
        else:
            assert found == products
        assert len(groups) == row["shipping_address_count"]
    assert cut


def test_the_warning_can_stand_among_the_line_items_or_nowhere(store: Sandbox, get: Get) -> None:
    huge = next(r["id"] for r in store.records("orders", full=True) if len(r["products"]) > 50)
    store.set(warning_position="line_items")
    [row] = get("v2/orders", min_id=huge, max_id=huge, **ITEMS).json
    items = row["consignments"]["shipping"][0]["line_items"]
    assert len(items) == 51
    assert list(items[-1]) == ["__warning__"]
    store.set(cut_warning=False)
    [row] = get("v2/orders", min_id=huge, max_id=huge, **ITEMS).json
    assert len(row["consignments"]["shipping"][0]["line_items"]) == 50


def test_the_lists_below_an_order_have_pages(store: Sandbox, get: Get) -> None:
    order = next(r for r in store.records("orders", full=True) if len(r["products"]) > 50)
    path = f"v2/orders/{order['id']}/products"
    assert get(path).json == order["products"][:50]
    assert get(path, page=2).json == order["products"][50:100]
    assert get(path, page=2, limit=250).json == (order["products"][250:] or None)


def test_what_is_below_an_order_equals_the_records(store: Sandbox, get: Get) -> None:
    for order in store.records("orders", full=True)[:24]:
        for name in ("products", "shipping_addresses", "coupons", "fees"):
            answer = get(f"v2/orders/{order['id']}/{name}", limit=250)
            assert (answer.json or []) == order[name][:250]
            assert answer.status == (200 if order[name] else 204)


def test_an_unknown_order_has_nothing_below(get: Get) -> None:
    for name in ("", "/products", "/coupons", "/consignments"):
        assert get(f"v2/orders/7{name}").status == 404


def test_sums_agree(store: Sandbox) -> None:
    for order in store.records("orders", full=True):
        assert order["items_total"] == sum(row["quantity"] for row in order["products"])
        assert order["shipping_address_count"] == len(order["shipping_addresses"])
        base = sum(float(row["base_cost"]) for row in order["shipping_addresses"])
        assert float(order["base_shipping_cost"]) == round(base, 4)


def test_a_small_store_has_orders_of_every_kind(store: Sandbox) -> None:
    orders = store.records("orders", full=True)
    types = Counter(coupon["type"] for order in orders for coupon in order["coupons"])
    assert set(types) == {0, 1, 2, 3, 4, 5}
    assert any(len(order["coupons"]) == 5 for order in orders)
    assert any(order["consignments"]["pickups"] for order in orders)
    assert any(order["consignments"]["downloads"] for order in orders)
    assert any(order["consignments"]["email"]["gift_certificates"] for order in orders)
    assert any(order["shipping_address_count"] > 1 for order in orders)
    assert any(order["is_deleted"] for order in orders)
    assert any(order["status_id"] == 0 for order in orders)
    assert any(order["fees"] for order in orders)
    assert any(order["currency_code"] != "USD" for order in orders)
    lines = [row for order in orders for row in order["products"]]
    assert any(row["parent_order_product_id"] for row in lines)
    assert any(row["quantity_refunded"] for row in lines)
    assert any(row["product_id"] == 0 for row in lines)
    discounts = [item for row in lines for item in row["applied_discounts"]]
    assert any(item["id"] == "manual-discount" and item["code"] is None for item in discounts)
    assert any(item["code"] for item in discounts)


def test_what_orders_refer_to_exists(store: Sandbox) -> None:
    customers = {row["id"] for row in store.records("customers")}
    coupons = {row["id"]: row for row in store.records("coupons")}
    products = {row["id"]: row for row in store.records("products")}
    for order in store.records("orders", full=True):
        assert order["customer_id"] in customers | {0}
        for row in order["products"]:
            if row["product_id"]:
                assert row["name"] == products[row["product_id"]]["name"]
        for row in order["coupons"]:
            assert row["code"] in (None, coupons[row["coupon_id"]]["code"])


def test_shipping_coupons_part_base_and_cost_and_nothing_else_does(store: Sandbox) -> None:
    for order in store.records("orders", full=True):
        shipping = [row for row in order["coupons"] if row["type"] in (3, 4) and row["discount"]]
        parted = order["base_shipping_cost"] != order["shipping_cost_ex_tax"]
        assert parted == bool(shipping)


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
        orders = store.records("orders")
        assert all(o["base_shipping_cost"] == o["shipping_cost_inc_tax"] for o in orders)
        assert any(o["base_shipping_cost"] != o["shipping_cost_ex_tax"] for o in orders)


def test_consignment_costs_as_numbers_or_text(store: Sandbox, get: Get) -> None:
    [row] = get("v2/orders", limit=1, **ITEMS).json
    assert isinstance(row["consignments"]["shipping"][0]["base_cost"], int | float)
    store.set(consignment_costs="string")
    [row] = get("v2/orders", limit=1, **ITEMS).json
    assert isinstance(row["consignments"]["shipping"][0]["base_cost"], str)


def test_includes_can_be_ignored(store: Sandbox, get: Get) -> None:
    store.set(embedded_consignments="never")
    [row] = get("v2/orders", limit=1, **ITEMS).json
    assert "url" in row["consignments"]


def test_line_items_can_come_empty_though_there_are_some(store: Sandbox, get: Get) -> None:
    store.set(empty_line_items_every=10)
    for row in every_order(get, **ITEMS):
        assert bool(flat(row["consignments"])) == bool(row["id"] % 10)


def test_archived_orders_can_be_hidden(store: Sandbox, get: Get) -> None:
    count = sum(row["is_deleted"] for row in store.records("orders"))
    assert len(every_order(get)) == 300
    store.set(archived_orders="hidden")
    assert len(every_order(get)) == 300 - count
    assert len(get("v2/orders", is_deleted="true", limit=250).json) == count
