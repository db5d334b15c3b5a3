"""What single lists are known for: filters, cursors, odd answers, rows that agree."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from all_lists import LISTS, Row, every_row
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.declared import DeclaredList

BY_NAME = {listed.name: listed for listed in LISTS}


@pytest.fixture(scope="module")
def still() -> Iterator[Sandbox]:
    """A store that these tests read and none changes."""
    with Sandbox(Options(orders=120, customers=200, products=80, coupons=8)) as running:
        yield running


@pytest.fixture(scope="module")
def ask(still: Sandbox) -> Get:
    return client(still)


def instant(value: str) -> float:
    if value.isdigit():
        return float(value)
    if value[0].isdigit():
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    return parsedate_to_datetime(value).timestamp()


def filtered(store: Sandbox, listed: DeclaredList, **query: Any) -> list[Row]:
    return every_row(store, client(store), listed, 250, **query)


DATED = [
    *((name, "date_modified", "date_modified") for name in BY_NAME if "metafields" in name),
    ("customers_v3", "date_modified", "date_modified"),
    ("customers_v3", "date_created", "date_created"),
    ("customer_groups", "date_modified", "date_modified"),
    ("customer_attributes", "date_modified", "date_modified"),
    ("customer_attribute_values", "date_modified", "date_modified"),
    ("subscribers", "date_modified", "date_modified"),
    ("order_refunds", "created", "created"),
    ("price_lists", "date_modified", "date_modified"),
    ("price_list_records", "date_modified", "date_modified"),
    ("channels", "date_modified", "date_modified"),
    ("channel_listings", "date_modified", "date_modified"),
]


@pytest.mark.parametrize(("name", "param", "field"), DATED, ids=lambda value: str(value))
@pytest.mark.parametrize("bound", ["min", "max"])
def test_date_filters(still: Sandbox, name: str, param: str, field: str, bound: str) -> None:
    listed = BY_NAME[name]
    rows = filtered(still, listed)
    value = sorted((row[field] for row in rows), key=instant)[len(rows) // 2]
    holds: Callable[[float], bool] = instant(value).__le__
    if bound == "max":
        holds = instant(value).__ge__
    expected = [row for row in rows if holds(instant(row[field]))]
    assert filtered(still, listed, **{f"{param}:{bound}": value}) == expected


IN = [
    ("order_refunds", "order_id:in", "order_id"),
    ("customers_v3", "id:in", "id"),
    ("customers_v3", "email:in", "email"),
    ("customer_addresses", "customer_id:in", "customer_id"),
    ("customer_attribute_values", "attribute_id:in", "attribute_id"),
    ("subscribers", "id:in", "id"),
    ("segments", "id:in", "id"),
    ("variants", "product_id:in", "product_id"),
    ("brands", "id:in", "id"),
    ("categories", "id:in", "id"),
    ("categories", "parent_id:in", "parent_id"),
    ("tree_categories", "category_id:in", "category_id"),
    ("tree_categories", "tree_id:in", "tree_id"),
    ("category_trees", "id:in", "id"),
    ("product_category_assignments", "category_id:in", "category_id"),
    ("product_channel_assignments", "channel_id:in", "channel_id"),
    ("locations", "location_id:in", "id"),
    ("price_list_records", "currency:in", "currency"),
    ("price_list_assignments", "price_list_id:in", "price_list_id"),
    ("channels", "status:in", "status"),
    ("sites", "channel_id:in", "channel_id"),
    ("channel_listings", "product_id:in", "product_id"),
    ("pages", "channel_id", "channel_id"),
    ("redirects", "id:in", "id"),
    ("promotions", "status", "status"),
    ("wishlists", "customer_id", "customer_id"),
    ("tax_rates", "tax_zone_id:in", "tax_zone_id"),
    ("gift_certificates", "order_id", "order_id"),
    ("order_messages", "status", "status"),
]


@pytest.mark.parametrize(("name", "param", "field"), IN)
def test_filters_by_value(still: Sandbox, name: str, param: str, field: str) -> None:
    listed = BY_NAME[name]
    rows = filtered(still, listed)
    wanted = [rows[-1][field], rows[0][field]] if param.endswith(":in") else [rows[-1][field]]
    expected = [row for row in rows if row[field] in wanted]
    text = ",".join(map(str, wanted))
    assert filtered(still, listed, **{param: text}) == expected


IDS = [
    ("brands", "id:min", "id:greater"),
    ("categories", "id:min", "id:greater"),
    ("redirects", "id:min", None),
    ("gift_certificates", "min_id", None),
    ("banners", "min_id", None),
]


@pytest.mark.parametrize(("name", "least", "above"), IDS)
def test_walks_by_id(still: Sandbox, name: str, least: str, above: str | None) -> None:
    listed = BY_NAME[name]
    rows = filtered(still, listed)
    middle = rows[len(rows) // 2]["id"]
    assert filtered(still, listed, **{least: middle}) == rows[len(rows) // 2 :]
    if above:
        assert filtered(still, listed, **{above: middle}) == rows[len(rows) // 2 + 1 :]


def test_channels_filter_products_trees_and_promotions(still: Sandbox, ask: Get) -> None:
    products = ask("v3/catalog/products", limit=250, **{"channel_id:in": 675412}).json["data"]
    assigned = still.records("product_channel_assignments")
    second = [row["product_id"] for row in assigned if row["channel_id"] == 675412]
    assert [row["id"] for row in products] == second
    [tree] = ask("v3/catalog/trees", **{"channel_id:in": 675412}).json["data"]
    assert tree["channels"] == [675412]
    for row in ask("v3/promotions", channels=1).json["data"]:
        assert {"id": 1} in row["channels"]


# Customers
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
    assert last["meta"]["cursor_pagination"]["links"] == {}
    assert last["meta"]["cursor_pagination"]["end_cursor"]
    assert len(last["data"]) == 20
    start = last["meta"]["cursor_pagination"]["start_cursor"]
    assert ask("v3/customers", limit=90, before=start).json["data"] == second["data"]
    ids = [row["id"] for row in second["data"]]
    assert ids == sorted(ids, reverse=True)
    assert ask("v3/customers", after="nonsense").status == 422
    assert ask("v3/customers", **{"id:min": 1}).status == 422


def test_v3_customers_sort_by_a_suffix(ask: Get) -> None:
    rows = ask("v3/customers", limit=250, sort="date_modified:asc").json["data"]
    dates = [row["date_modified"] for row in rows]
    assert dates == sorted(dates)
    assert ask("v3/customers", sort="id:asc").status == 422


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
    assert any(row["address_count"] > 10 for row in rows)
    assert any(row["attribute_count"] > 10 for row in rows)
    assert any(row["segment_ids"] for row in rows)
    assert {type(row["channel_ids"]) for row in rows} == {list, type(None)}
    plain = ask("v3/customers", limit=1).json["data"][0]
    assert not {"addresses", "store_credit_amounts", "address_count"} & plain.keys()


@pytest.mark.parametrize("status", ["404", "410"])
def test_the_list_of_v2_can_be_withdrawn(small: Sandbox, status: str) -> None:
    ask = client(small)
    small.set(customers_v2=status)
    for path in ("customers", "customers/3", "customers/count"):
        assert ask(f"v2/{path}").status == int(status)
    assert ask("v2/customer_groups").status == 200
    assert ask("v3/customers").status == 200
    assert len(small.records("customers")) == 25


def test_a_change_shows_in_both_forms_of_a_row(small: Sandbox) -> None:
    small.change("customers", ids=[3], fields={"company": "Neu"})
    assert small.records("customers_v3", ids=[3])[0]["company"] == "Neu"
    small.change("customers_v3", ids=[3], fields={"channel_ids": [7]})
    assert small.records("customers_v3", ids=[3])[0]["channel_ids"] == [7]
    assert "channel_ids" not in small.records("customers", ids=[3])[0]
    [category] = small.change("categories", count=1, fields={"name": "Neu"})
    assert small.records("tree_categories", ids=[category])[0]["name"] == "Neu"


# Orders
def test_orders_without_transactions_answer_as_chosen(small: Sandbox, get: Get) -> None:
    ask = client(small)
    have = {row["_parent"] for row in small.records("order_transactions", full=True)}
    none = next(row["id"] for row in small.records("orders") if row["id"] not in have)
    for choice, status in (("empty", 200), ("204", 204), ("404", 404)):
        small.set(no_transactions=choice)
        assert ask(f"v3/orders/{none}/transactions").status == status


def test_transactions_end_at_250_and_have_no_second_page() -> None:
    with Sandbox(Options(orders=9, transactions_per_order=900)) as store:
        ask = client(store)
        rows = store.records("order_transactions", full=True)
        counts = Counter(row["_parent"] for row in rows)
        order, count = counts.most_common(1)[0]
        assert count > 250
        answer = ask(f"v3/orders/{order}/transactions", page=2, limit=5).json
        assert [row["id"] for row in answer["data"]] == [
            row["id"] for row in rows if row["_parent"] == order
        ][:250]
        assert answer["meta"]["pagination"]["total_pages"] == 1


def test_an_order_can_have_several_refunds_and_their_list_may_name_no_total(
    still: Sandbox, ask: Get
) -> None:
    orders = [row["order_id"] for row in still.records("order_refunds")]
    assert max(map(orders.count, orders)) == 3
    assert {still.records("orders", ids=[at])[0]["status_id"] for at in orders} == {14}
    path = "v3/orders/payment_actions/refunds"
    assert ask(path).json["meta"] == {}
    with Sandbox(Options(orders=20, undocumented_totals=True)) as store:
        assert client(store)(path).json["meta"]["pagination"]["total"] == 3


def test_taxes_tell_the_line_only_when_asked(still: Sandbox, ask: Get) -> None:
    order = still.records("orders")[0]["id"]
    assert "order_product_id" not in ask(f"v2/orders/{order}/taxes").json[0]
    lines = [str(row["id"]) for row in ask(f"v2/orders/{order}/products").json]
    detailed = ask(f"v2/orders/{order}/taxes", details="true").json
    assert [row["order_product_id"] for row in detailed] == lines


def test_what_changes_below_an_order_is_embedded_and_touches_it(small: Sandbox) -> None:
    [before] = small.records("orders", ids=[100])
    line = small.records("order_products")[0]
    small.change("order_products", ids=[line["id"]], fields={"quantity": 77})
    [order] = client(small)(
        "v2/orders", max_id=100, include="consignments.line_items", consignment_structure="object"
    ).json
    items = order["consignments"]["shipping"][0]["line_items"]
    assert items[0]["quantity"] == 77
    assert order["items_total"] == sum(row["quantity"] for row in items)
    assert order["date_modified"] != before["date_modified"]


# Catalog
def test_what_is_included_in_products_is_what_their_child_lists_have(still: Sandbox) -> None:
    products = still.records("products", full=True)
    pairs = {
        "variants": "product_variants",
        "images": "product_images",
        "videos": "product_videos",
        "custom_fields": "product_custom_fields",
        "bulk_pricing_rules": "product_bulk_pricing_rules",
        "options": "product_options",
        "modifiers": "product_modifiers",
        "reviews": "product_reviews",
    }
    for part, name in pairs.items():
        assert [row for product in products for row in product[part]] == still.records(name)
    assigned = still.records("product_category_assignments")
    categories = [(row["id"], at) for row in products for at in row["categories"]]
    assert [(row["product_id"], row["category_id"]) for row in assigned] == categories


def test_variants_change_in_bulk_and_leave_the_product_as_it_was(small: Sandbox) -> None:
    [before] = small.records("products", ids=[2])
    first = small.records("product_variants")[0]
    small.change("product_variants", ids=[first["id"]], fields={"inventory_level": 7})
    assert small.records("product_variants")[0]["inventory_level"] == 7
    assert small.records("inventory_items")[0]["locations"][0]["available_to_sell"] == 7
    small.change_variants(2)
    newest = small.records("product_variants")[-1]
    assert newest["product_id"] == 2
    assert newest in small.records("products", full=True, ids=[2])[0]["variants"]
    assert newest["id"] == small.records("inventory_items")[-1]["identity"]["variant_id"]
    assert small.records("products", ids=[2]) == [before]


def test_brands_may_count_wrong(small: Sandbox) -> None:
    small.set(brands_total_error=-35)
    pagination = client(small)("v3/catalog/brands", limit=5).json["meta"]["pagination"]
    assert (pagination["total"], pagination["total_pages"], pagination["count"]) == (5, 1, 5)


# Others
def test_metas_that_are_unlike_others(ask: Get) -> None:
    listings = ask("v3/channels/1/listings", limit=5).json["meta"]["pagination"]
    assert set(listings) == {"count", "total", "links"}
    sites = ask("v3/sites").json["meta"]["pagination"]
    assert set(sites) == {"offset", "limit", "total_items"}
    assert ask("v3/tax/zones").json["meta"] == {}
    for path in ("customers/addresses", "wishlists", "pricelists"):
        assert "links" not in ask(f"v3/{path}").json["meta"]["pagination"]
    promotion = ask("v3/promotions").json["data"][0]["id"]
    path = f"v3/promotions/{promotion}/codes"
    assert set(ask(path).json["meta"]) == {"cursor_pagination"}
    assert set(ask(path, page=2).json["meta"]) == {"pagination"}


def test_inventory_allows_larger_pages(ask: Get) -> None:
    assert ask("v3/inventory/items", limit=1000).status == 200
    assert ask("v3/inventory/items", limit=1001).status == 413
    assert ask("v3/catalog/variants", limit=251).status == 413


def test_directions(ask: Get) -> None:
    for path in ("v3/promotions", "v3/orders/metafields", "v2/gift_certificates"):
        rows = ask(path, limit=250, sort="id", direction="desc").json
        rows = rows["data"] if isinstance(rows, dict) else rows
        ids = [row["id"] for row in rows]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) > 1


REFERENCES = [
    ("orders", "customer_id", "customers"),
    ("order_products", "gift_certificate_id", "gift_certificates"),
    ("order_products", "product_id", "products"),
    ("order_products", "variant_id", "product_variants"),
    ("order_products", "order_address_id", "order_shipping_addresses"),
    ("order_coupons", "coupon_id", "coupons"),
    ("order_taxes", "tax_rate_id", "tax_rates"),
    ("orders", "channel_id", "channels"),
    ("orders", "currency_id", "currencies"),
    ("orders", "status_id", "order_statuses"),
    ("order_shipping_addresses", "shipping_zone_id", "shipping_zones"),
    ("order_refunds", "order_id", "orders"),
    ("order_metafields", "resource_id", "orders"),
    ("variant_metafields", "resource_id", "product_variants"),
    ("customers", "customer_group_id", "customer_groups"),
    ("customer_attribute_values", "attribute_id", "customer_attributes"),
    ("subscribers", "order_id", "orders"),
    ("products", "brand_id", "brands"),
    ("categories", "parent_id", "categories"),
    ("tree_categories", "tree_id", "category_trees"),
    ("product_category_assignments", "category_id", "categories"),
    ("product_channel_assignments", "channel_id", "channels"),
    ("price_list_records", "variant_id", "product_variants"),
    ("price_list_assignments", "customer_group_id", "customer_groups"),
    ("gift_certificates", "order_id", "orders"),
    ("channel_listings", "product_id", "products"),
    ("sites", "channel_id", "channels"),
    ("pages", "channel_id", "channels"),
    ("redirects", "site_id", "sites"),
    ("tax_rates", "tax_zone_id", "tax_zones"),
]


@pytest.mark.parametrize(("name", "field", "target"), REFERENCES)
def test_ids_refer_to_rows_that_are_there(
    still: Sandbox, name: str, field: str, target: str
) -> None:
    known = {row["id"] for row in still.records(target)}
    named = {row[field] for row in still.records(name, full=name == "order_taxes")}
    assert named - {0, None} <= known
    assert named & known or name == "categories"
