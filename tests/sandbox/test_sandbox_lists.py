"""How pages are described, what options change, and how rows of several lists agree."""

import base64
import json
from typing import Any

import pytest
from all_lists import instant
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Sandbox

PRODUCTS = "v3/catalog/products"


def pagination(get: Get, path: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = get(path, **query).json["meta"]["pagination"]
    return found


def test_pages_of_v3_tell_where_they_are(ask: Get) -> None:
    first, last = (pagination(ask, PRODUCTS, limit=30, page=page) for page in (1, 3))
    counts = {"total": 80, "per_page": 30, "total_pages": 3, "too_many": False}
    for page, meta in ((1, first), (3, last)):
        assert {**meta, **counts, "current_page": page} == meta
    assert (first["count"], last["count"]) == (30, 20)
    assert set(first["links"]) == {"current", "next"}
    assert set(last["links"]) == {"current", "previous"}
    nothing = pagination(ask, PRODUCTS, **{"id:min": 10**9})
    assert (nothing["total"], nothing["total_pages"]) == (0, 0)
    assert pagination(ask, PRODUCTS)["per_page"] == 50
    assert pagination(ask, PRODUCTS, include="options", limit=250)["per_page"] == 10


def test_metas_that_are_unlike_others(ask: Get) -> None:
    listings = pagination(ask, "v3/channels/1/listings", limit=5)
    assert set(listings) == {"count", "total", "links"}
    assert set(pagination(ask, "v3/sites")) == {"offset", "limit", "total_items"}
    assert ask("v3/tax/zones").json["meta"] == {}
    for path in ("customers/addresses", "wishlists", "pricelists"):
        assert "links" not in pagination(ask, f"v3/{path}")
    promotion = ask("v3/promotions").json["data"][0]["id"]
    path = f"v3/promotions/{promotion}/codes"
    assert set(ask(path).json["meta"]) == {"cursor_pagination"}
    assert set(ask(path, page=2).json["meta"]) == {"pagination"}


def test_v3_customers_name_pages_and_a_cursor_first_and_a_cursor_later(ask: Get) -> None:
    meta = ask("v3/customers", limit=90).json["meta"]
    assert set(meta) == {"pagination", "cursor_pagination"}
    assert "links" not in meta["pagination"]
    assert "cursor_pagination" not in ask("v3/customers", limit=90, page=2).json["meta"]
    end = meta["cursor_pagination"]["end_cursor"]
    assert set(json.loads(base64.b64decode(end))) == {"id"}
    second = ask("v3/customers", limit=90, after=end, page=1).json
    assert set(second["meta"]) == {"cursor_pagination"}
    assert set(second["meta"]["cursor_pagination"]["links"]) == {"previous", "next"}
    end = second["meta"]["cursor_pagination"]["end_cursor"]
    last = ask("v3/customers", limit=90, after=end).json
    assert len(last["data"]) == 20
    cursors = last["meta"]["cursor_pagination"]
    assert cursors["links"] == {}
    assert cursors["end_cursor"]
    assert ask("v3/customers", limit=90, before=cursors["start_cursor"]).json == second
    ids = [row["id"] for row in second["data"]]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    ("option", "path", "query", "status"),
    [
        ({"past_end": "404"}, PRODUCTS, {"page": 99}, 404),
        ({"v3_over_limit": "413"}, PRODUCTS, {"limit": 251}, 413),
        ({"v3_over_limit": "422"}, PRODUCTS, {"limit": 251}, 422),
        ({"v3_over_limit": "cap"}, PRODUCTS, {"limit": 251}, 200),
        *(
            ({"customers_v2": status}, f"v2/{path}", {}, int(status))
            for status in ("404", "410")
            for path in ("customers", "customers/3", "customers/count")
        ),
        ({"customers_v2": "404"}, "v2/customer_groups", {}, 200),
        ({"customers_v2": "404"}, "v3/customers", {}, 200),
    ],
)
def test_an_option_sets_the_status(
    small: Sandbox, option: dict[str, Any], path: str, query: dict[str, Any], status: int
) -> None:
    small.set(**option)
    assert client(small)(path, **query).status == status
    assert len(small.records("customers")) == 25


def test_options_shorten_pages_and_change_totals(small: Sandbox) -> None:
    get = client(small)
    small.set(page_cap=7, brands_total_error=-35)
    assert len(get("v2/orders", limit=250).json) == 7
    brands = pagination(get, "v3/catalog/brands", limit=5)
    assert (brands["total"], brands["total_pages"], brands["count"]) == (5, 1, 5)


def test_a_limit_over_the_maximum_names_it_and_counts_are_those_of_lists(ask: Get) -> None:
    [error] = ask("v2/orders", limit=251).json
    message = "The specified limit exceeds the maximum allowed."
    assert error == {"status": 413, "message": message, "details": {"max_limit": 250}}
    assert ask("v2/orders/count").json["count"] == 120
    for name, count in (("customers", 200), ("coupons", 12), ("products", 80)):
        assert ask(f"v2/{name}/count").json == {"count": count}


def test_transactions_end_at_250_have_no_second_page_and_an_order_without_has_any_status(
    small: Sandbox,
) -> None:
    get, path = client(small), "v3/orders/{}/transactions"
    rows = small.records("order_transactions", full=True)
    paid = dict.fromkeys(row["_parent"] for row in rows)
    order = next(iter(paid))
    small.add("order_transactions", count=250, parent=order)
    answer = get(path.format(order), page=2, limit=5).json
    first = [
        row["id"] for row in small.records("order_transactions") if row["order_id"] == str(order)
    ]
    assert [row["id"] for row in answer["data"]] == first[:250]
    assert answer["meta"]["pagination"]["total_pages"] == 1
    unpaid = [row["id"] for row in small.records("orders") if row["id"] not in paid]
    assert {get(path.format(order)).status for order in unpaid} == {200, 204, 404}


def test_an_order_can_have_several_refunds_and_their_list_names_no_total(
    still: Sandbox, ask: Get
) -> None:
    orders = [row["order_id"] for row in still.records("order_refunds")]
    assert max(map(orders.count, orders)) == 3
    assert {row["status_id"] for row in still.records("orders", ids=orders)} == {14}
    path = "v3/orders/payment_actions/refunds"
    assert ask(path).json["meta"] == {}


def test_v3_customers_include_ten_of_each_and_agree_with_v2(still: Sandbox, ask: Get) -> None:
    everything = "addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids"
    rows = ask("v3/customers", limit=250, include=everything).json["data"]
    old = {row["id"]: row for row in still.records("customers")}
    for row in rows:
        known = old[row["id"]]
        assert row["email"] == known["email"]
        assert instant(row["date_modified"]) == instant(known["date_modified"])
        assert len(row["addresses"]) == min(10, row["address_count"])
        assert len(row["attributes"]) == min(10, row["attribute_count"])
        assert row["store_credit_amounts"][0]["amount"] == float(known["store_credit"])
        login = row["authentication"]["force_password_reset"]
        assert known["_authentication"]["force_reset"] is known["reset_pass_on_login"] is login
        names = [field["name"] for field in known["form_fields"] or []]
        assert [field["name"] for field in row["form_fields"]] == names
    assert max(row["address_count"] for row in rows) > 10
    assert max(row["attribute_count"] for row in rows) > 10
    assert any(row["segment_ids"] for row in rows)
    assert {type(row["channel_ids"]) for row in rows} == {list, type(None)}
    plain = ask("v3/customers", limit=1).json["data"][0]
    assert not {"addresses", "store_credit_amounts", "address_count"} & plain.keys()


def test_what_is_included_in_products_is_what_their_child_lists_have(
    still: Sandbox, ask: Get
) -> None:
    products = still.records("products", full=True)
    parts = "variants images videos custom_fields bulk_pricing_rules options modifiers reviews"
    for part in parts.split():
        rows = [row for product in products for row in product[part]]
        assert rows == still.records(f"product_{part}") != []
    assigned = still.records("product_category_assignments")
    categories = [(row["id"], at) for row in products for at in row["categories"]]
    assert [(row["product_id"], row["category_id"]) for row in assigned] == categories
    include = "variants,images,custom_fields,primary_image,channels,parent_relations"
    [shown] = ask(PRODUCTS, id=1, include=include).json["data"]
    assert shown["variants"]
    assert {name: products[0][name] for name in shown} == shown


def test_a_change_shows_in_both_forms_of_a_row(small: Sandbox) -> None:
    def row(name: str, number: int) -> dict[str, Any]:
        [found] = small.records(name, ids=[number])
        return found

    small.change("customers", ids=[3], fields={"company": "Neu"})
    assert row("customers_v3", 3)["company"] == "Neu"
    small.change("customers_v3", ids=[3], fields={"channel_ids": [7]})
    assert row("customers_v3", 3)["channel_ids"] == [7]
    assert "channel_ids" not in row("customers", 3)
    [category] = small.change("categories", count=1, fields={"name": "Neu"})
    assert row("tree_categories", category)["name"] == "Neu"


def test_variants_change_in_bulk_and_leave_the_product_as_it_was(small: Sandbox) -> None:
    [before] = small.records("products", ids=[2])
    [whole] = small.records("products", ids=[2], full=True)
    first = small.records("product_variants")[0]
    small.change("product_variants", ids=[first["id"]], fields={"inventory_level": 7})
    assert small.records("product_variants")[0]["inventory_level"] == 7
    assert small.records("inventory_items")[0]["locations"][0]["available_to_sell"] == 7
    small.add("product_variants", parent=2)
    newest = small.records("product_variants")[-1]
    assert newest["product_id"] == 2
    variants = small.records("products", full=True, ids=[2])[0]["variants"]
    assert newest in variants
    assert len(variants) == len(whole["variants"]) + 1
    assert newest["id"] == small.records("inventory_items")[-1]["identity"]["variant_id"]
    assert small.records("products", ids=[2]) == [before]


# By list, the fields that are ids of rows of other lists.
REFERENCES = {
    "orders": "customer_id=customers channel_id=channels currency_id=currencies"
    " status_id=order_statuses",
    "order_products": "gift_certificate_id=gift_certificates product_id=products"
    " variant_id=product_variants order_address_id=order_shipping_addresses",
    "order_coupons": "coupon_id=coupons",
    "order_taxes": "tax_rate_id=tax_rates",
    "order_shipping_addresses": "shipping_zone_id=shipping_zones",
    "order_refunds": "order_id=orders",
    "order_metafields": "resource_id=orders",
    "variant_metafields": "resource_id=product_variants",
    "customers": "customer_group_id=customer_groups",
    "customer_attribute_values": "attribute_id=customer_attributes",
    "subscribers": "order_id=orders",
    "products": "brand_id=brands",
    "categories": "parent_id=categories",
    "tree_categories": "tree_id=category_trees",
    "product_category_assignments": "category_id=categories",
    "product_channel_assignments": "channel_id=channels",
    "price_list_records": "variant_id=product_variants",
    "price_list_assignments": "customer_group_id=customer_groups",
    "gift_certificates": "order_id=orders",
    "channel_listings": "product_id=products",
    "sites": "channel_id=channels",
    "pages": "channel_id=channels",
    "redirects": "site_id=sites",
    "tax_rates": "tax_zone_id=tax_zones",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_ids_refer_to_rows_that_are_there(still: Sandbox, name: str) -> None:
    for reference in REFERENCES[name].split():
        field, _, target = reference.partition("=")
        known = {row["id"] for row in still.records(target)}
        named = {row[field] for row in still.records(name, full=name == "order_taxes")}
        assert named - {0, None} <= known, field
        assert named & known or name == "categories", field
