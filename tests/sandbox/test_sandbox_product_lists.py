"""The lists below a product, and the faults and forms that lists can be asked for."""

from __future__ import annotations

import pytest
from sandbox_client import Get

from tap_bigcommerce_sandbox import Sandbox

PRODUCTS = "v3/catalog/products"
LISTS = {
    "variants": "variants",
    "images": "images",
    "custom-fields": "custom_fields",
    "bulk-pricing-rules": "bulk_pricing_rules",
    "videos": "videos",
}


@pytest.mark.parametrize("path", LISTS)
def test_a_products_child_list_has_the_rows_that_include_brings(
    store: Sandbox, get: Get, path: str
) -> None:
    name = LISTS[path]
    rows = store.records("products", full=True)
    assert any(row[name] for row in rows)
    for row in rows[:20]:
        answer = get(f"{PRODUCTS}/{row['id']}/{path}")
        assert answer.status == 200
        assert answer.json["data"] == row[name]
        assert answer.json["meta"]["pagination"]["total"] == len(row[name])


def test_a_products_child_lists_are_paged_and_end_with_the_product(
    store: Sandbox, get: Get
) -> None:
    row = max(store.records("products", full=True), key=lambda row: len(row["variants"]))
    second = get(f"{PRODUCTS}/{row['id']}/variants", limit=1, page=2).json["data"]
    assert second == row["variants"][1:2]
    assert store.requests()[-1]["list"] == "product_variants"
    store.delete("products", ids=[row["id"]])
    assert get(f"{PRODUCTS}/{row['id']}/variants").status == 404


def test_whole_products_are_what_include_brings(store: Sandbox, get: Get) -> None:
    [row] = store.records("products", full=True, ids=[1])
    include = "variants,images,custom_fields,primary_image,channels,parent_relations"
    shown = get(PRODUCTS, id=1, include=include).json["data"][0]
    assert shown["variants"]
    assert {name: row[name] for name in shown} == shown


def test_consignments_can_come_in_the_old_form_whatever_is_asked(store: Sandbox, get: Get) -> None:
    asked = {"include": "consignments", "consignment_structure": "object", "limit": 1}
    assert isinstance(get("v2/orders", **asked).json[0]["consignments"], dict)
    store.set(embedded_consignments="array")
    assert isinstance(get("v2/orders", **asked).json[0]["consignments"], list)


def test_a_redirect_leads_to_a_place_that_answers(store: Sandbox, get: Get) -> None:
    store.fault("coupons", kind="302")
    answer = get("v2/coupons")
    assert answer.status == 302
    assert answer.headers["location"] == f"/stores/{store.store_hash}/v2/time"


def test_triggers_can_be_taken_back(store: Sandbox, get: Get) -> None:
    store.on("coupons", 1, {"op": "delete", "list": "coupons", "ids": [1]})
    store.clear_triggers()
    assert get("v2/coupons").json[0]["id"] == 1


def test_x_retry_after_comes_without_the_other_headers_too(store: Sandbox, get: Get) -> None:
    store.set(rate_limit_headers=False, retry_after_header=7)
    store.fault("coupons", kind="429")
    answer = get("v2/coupons")
    assert answer.headers["x-retry-after"] == "7"
    assert "x-rate-limit-time-reset-ms" not in answer.headers
