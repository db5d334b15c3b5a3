"""Orders: what is below them, consignments in each form, sums that must agree."""

from typing import Any

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Options, Sandbox

ITEMS = {"include": "consignments.line_items", "consignment_structure": "object"}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def orders(still: Sandbox) -> list[Row]:
    return still.records("orders", full=True)


def first(get: Get, **query: Any) -> Any:
    return get("v2/orders", limit=1, **query).json[0]["consignments"]


def flat(consignments: Row) -> list[Row]:
    groups = [
        *consignments["pickups"],
        *consignments["shipping"],
        *consignments["downloads"],
        *consignments["email"]["gift_certificates"],
    ]
    return sorted((row for group in groups for row in group["line_items"]), key=lambda r: r["id"])


def test_lists_below_an_order_are_links_and_have_pages(ask: Get, orders: list[Row]) -> None:
    order = next(row for row in orders if len(row["products"]) > 50)
    path = f"/orders/{order['id']}/"
    products = f"v2{path}products"
    assert ask(products).json == order["products"][:50]
    assert ask(products, page=2).json == order["products"][50:100]
    assert ask(products, page=2, limit=250).json == (order["products"][250:] or None)
    row = ask(f"v2/orders/{order['id']}").json
    for name in ("products", "shipping_addresses", "coupons", "fees", "consignments"):
        assert row[name]["resource"] == path + name
    taxes = f"v2{path}taxes"
    asked, not_asked = ask(taxes, details="true").json[0], ask(taxes).json[0]
    assert ("order_product_id" in asked, "order_product_id" in not_asked) == (True, False)
    for name in ("coupons", "fees"):
        some = next(row for row in orders if not row[name])
        assert ask(f"v2/orders/{some['id']}/{name}").status == 204


def test_sums_and_names_agree(still: Sandbox, orders: list[Row]) -> None:
    codes = {row["id"]: row["code"] for row in still.records("coupons")}
    names = {row["id"]: row["name"] for row in still.records("products")}
    for order in orders:
        assert order["items_total"] == sum(row["quantity"] for row in order["products"])
        assert order["shipping_address_count"] == len(order["shipping_addresses"])
        base = sum(float(row["base_cost"]) for row in order["shipping_addresses"])
        assert float(order["base_shipping_cost"]) == round(base, 4)
        shipping = [row for row in order["coupons"] if row["type"] in (3, 4) and row["discount"]]
        parted = order["base_shipping_cost"] != order["shipping_cost_ex_tax"]
        assert parted == bool(shipping)
        for row in order["products"]:
            assert row["product_id"] == 0 or row["name"] == names[row["product_id"]]
        for row in order["coupons"]:
            assert row["code"] in (None, codes[row["coupon_id"]])


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
    types = {coupon["type"] for order in orders for coupon in order["coupons"]}
    assert types == {0, 1, 2, 3, 4, 5}


def test_options_change_costs(store: Sandbox) -> None:
    def only_shipping() -> Row:
        return next(
            order
            for order in store.records("orders", full=True)
            if [row["type"] for row in order["coupons"]] == [4] and order["coupons"][0]["discount"]
        )

    assert float(only_shipping()["coupon_discount"]) == 0
    store.set(free_shipping_coupon_shows_discount=True)
    assert float(only_shipping()["coupon_discount"]) > 0
    with Sandbox(Options(orders=60, couponed_share=0.0, shipping_base_cost="inc_tax")) as other:
        found = other.records("orders")
    assert all(row["base_shipping_cost"] == row["shipping_cost_inc_tax"] for row in found)
    assert any(row["base_shipping_cost"] != row["shipping_cost_ex_tax"] for row in found)


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
    store.set(embedded_consignments="object", warning_position="line_items")
    huge = next(row for row in store.records("orders", full=True) if len(row["products"]) > 50)
    items = first(get, min_id=huge["id"], **ITEMS)["shipping"][0]["line_items"]
    assert (len(items), [*items[-1]]) == (51, ["__warning__"])
    store.set(cut_warning=False, line_item_cut=40, fulfillment_source_embedded=True)
    items = first(get, min_id=huge["id"], **ITEMS)["shipping"][0]["line_items"]
    assert items == huge["products"][:40]
    store.set(empty_line_items_every=10)
    for row in get("v2/orders", limit=250, **ITEMS).json:
        assert bool(flat(row["consignments"])) == bool(row["id"] % 10)


def test_archived_orders_can_be_hidden(store: Sandbox, get: Get) -> None:
    def ids(**query: Any) -> set[int]:
        pages = [get("v2/orders", limit=250, page=page, **query).json for page in (1, 2)]
        return {row["id"] for page in pages for row in page or ()}

    archived = {row["id"] for row in store.records("orders") if row["is_deleted"]}
    listed = ids()
    assert archived < listed
    store.set(archived_orders="hidden")
    assert ids() == listed - archived
    assert ids(is_deleted="true") == archived


def test_what_changes_below_an_order_is_embedded_and_touches_it(store: Sandbox, get: Get) -> None:
    [before] = store.records("orders", ids=[100])
    line = store.records("order_products")[0]
    store.change("order_products", ids=[line["id"]], fields={"quantity": 77})
    [order] = get("v2/orders", max_id=100, **ITEMS).json
    items = flat(order["consignments"])
    assert items[0]["quantity"] == 77
    assert order["items_total"] == sum(row["quantity"] for row in items)
    assert order["date_modified"] != before["date_modified"]
