"""What single lists answer to a query, how pages are described, and how rows of lists agree."""

import base64
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from all_lists import LISTS, instant
from sandbox_client import Get, client

from tap_bigcommerce_sandbox import Sandbox

PRODUCTS = "v3/catalog/products"

# How a list answers a query, by option: the number of its rows, or another status than 200.
RESPONSES: list[tuple[str, dict[str, Any], dict[str, Any], int, int]] = [
    ("v2/orders", {}, {}, 200, 50),
    ("v2/orders.json", {"limit": 7}, {}, 200, 7),
    ("v2/orders", {"min_id": 10**9}, {}, 204, 0),
    ("v2/orders", {"min_date_modified": "yesterday"}, {}, 400, 0),
    ("v2/orders", {"sort": "colour:asc"}, {}, 400, 0),
    *((f"v2/orders/7{below}", {}, {}, 404, 0) for below in ("", "/consignments")),
    (PRODUCTS, {}, {}, 200, 50),
    (PRODUCTS, {"id:min": 10**9}, {}, 200, 0),
    (PRODUCTS, {"page": 99}, {}, 200, 0),
    (PRODUCTS, {"page": 99}, {"past_end": "404"}, 404, 0),
    (PRODUCTS, {"include": "options", "limit": 250}, {}, 200, 10),
    (PRODUCTS, {"date_modified:min": "2026-13-45"}, {}, 422, 0),
    (PRODUCTS, {"sort": "colour"}, {}, 422, 0),
    (PRODUCTS, {"colour": "blue"}, {"refuse_unknown_parameters": True}, 400, 0),
    (PRODUCTS, {"include": "everything"}, {}, 422, 0),
    ("v3/customers", {"sort": "id:asc"}, {}, 422, 0),
    ("v3/customers", {"after": "nonsense"}, {}, 422, 0),
    ("v3/customers", {"id:min": 1}, {}, 422, 0),
    (PRODUCTS, {"limit": 251}, {}, 413, 0),
    (PRODUCTS, {"limit": 251}, {"v3_over_limit": "422"}, 422, 0),
    (PRODUCTS, {"limit": 251}, {"v3_over_limit": "cap"}, 200, 80),
    ("v2/orders", {"limit": 250}, {"page_cap": 7}, 200, 7),
    ("v3/inventory/items", {"limit": 1001}, {}, 413, 0),
    ("v2/customers/count", {}, {"customers_v2": "410"}, 410, 0),
    ("v2/customer_groups", {}, {"customers_v2": "404"}, 200, 6),
    ("v3/customers", {}, {"customers_v2": "404"}, 200, 50),
]


@pytest.mark.parametrize(("path", "query", "options", "status", "count"), RESPONSES)
def test_a_query_has_its_status_and_number_of_rows(
    store: Sandbox,
    path: str,
    query: dict[str, Any],
    options: dict[str, Any],
    status: int,
    count: int,
) -> None:
    store.set(**options)
    answer = client(store)(path, **query)
    assert answer.status == status
    assert (answer.body == b"") == (status == 204)
    if status == 200:
        assert len(answer.json if path.startswith("v2") else answer.json["data"]) == count


def test_bounds_and_dates_as_options_and_other_forms_read_them(store: Sandbox, get: Get) -> None:
    orders = store.records("orders")
    text = orders[50]["date_modified"]
    expected = get("v2/orders", limit=250, min_date_modified=text).json
    other = parsedate_to_datetime(text).isoformat()
    for written in (other, other.replace("+00:00", "Z")):
        assert get("v2/orders", limit=250, min_date_modified=written).json == expected
    store.set(inclusive_bounds=False)
    low, *between, high = [row["id"] for row in orders[10:21]]
    assert [row["id"] for row in get("v2/orders", min_id=low, max_id=high).json] == between
    ids = [row["id"] for row in store.records("products")]
    rows = get(PRODUCTS, **{"id:greater": ids[5], "limit": 3}).json["data"]
    assert [row["id"] for row in rows] == ids[6:9]


def test_a_bare_date_on_products_takes_the_time_of_day_of_the_request(small: Sandbox) -> None:
    small.change("products", ids=[1])
    today = small.records("products", ids=[1])[0]["date_modified"][:10]
    small.set(clock_skew_seconds=5.0)
    # Midnight would include the change; the time of day, five seconds on, does not.
    assert client(small)(PRODUCTS, **{"date_modified:min": today}).json["data"] == []


def test_channels_filter_products_and_trees(still: Sandbox, ask: Get) -> None:
    products = ask(PRODUCTS, limit=250, **{"channel_id:in": 675412}).json["data"]
    assigned = still.records("product_channel_assignments")
    second = [row["product_id"] for row in assigned if row["channel_id"] == 675412]
    assert [row["id"] for row in products] == second
    [tree] = ask("v3/catalog/trees", **{"channel_id:in": 675412}).json["data"]
    assert tree["channels"] == [675412]


def test_rows_can_be_sorted_in_both_directions(ask: Get) -> None:
    by_date, by_id = {"sort": "date_modified:{}"}, {"sort": "id", "direction": "{}"}
    for path, query in (
        ("v2/orders", by_date),
        ("v3/customers", by_date),
        ("v3/promotions", by_id),
        ("v2/gift_certificates", by_id),
    ):
        field, found = query["sort"].partition(":")[0], []
        for way in ("asc", "desc"):
            asked = {name: text.format(way) for name, text in query.items()}
            rows = ask(path, limit=250, **asked).json
            found.append([row[field] for row in (rows["data"] if "v3" in path else rows)])
        up, down = found
        assert len(up) > 1, path
        assert up == sorted(up, key=instant) == down[::-1], path


def test_fields_can_be_chosen_but_never_without_the_id(ask: Get) -> None:
    rows = ask(PRODUCTS, include_fields="name", include="images").json["data"]
    assert set(rows[0]) == {"id", "name", "images"}
    [row] = ask(PRODUCTS, exclude_fields="id,description", limit=1).json["data"]
    assert ("id" in row, "description" in row) == (True, False)


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
    assert pagination(ask, PRODUCTS, **{"id:min": 10**9})["total_pages"] == 0
    assert pagination(ask, PRODUCTS, include="options", limit=250)["per_page"] == 10


def test_metas_that_are_unlike_others(store: Sandbox, get: Get) -> None:
    assert set(pagination(get, "v3/channels/1/listings", limit=5)) == {"count", "total", "links"}
    assert set(pagination(get, "v3/sites")) == {"offset", "limit", "total_items"}
    for path in ("tax/zones", "orders/payment_actions/refunds"):
        assert get(f"v3/{path}").json["meta"] == {}
    for path in ("customers/addresses", "wishlists", "pricelists"):
        assert "links" not in pagination(get, f"v3/{path}")
    promotion = get("v3/promotions").json["data"][0]["id"]
    path = f"v3/promotions/{promotion}/codes"
    assert set(get(path).json["meta"]) == {"cursor_pagination"}
    assert set(get(path, page=2).json["meta"]) == {"pagination"}
    store.set(brands_total_error=-35)
    brands = pagination(get, "v3/catalog/brands", limit=5)
    assert (brands["total"], brands["total_pages"], brands["count"]) == (5, 1, 5)


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
    cursors = last["meta"]["cursor_pagination"]
    assert (len(last["data"]), cursors["links"]) == (20, {})
    assert ask("v3/customers", limit=90, before=cursors["start_cursor"]).json == second


def test_a_limit_over_the_maximum_names_it_and_counts_are_those_of_lists(ask: Get) -> None:
    [error] = ask("v2/orders", limit=251).json
    message = "The specified limit exceeds the maximum allowed."
    assert error == {"status": 413, "message": message, "details": {"max_limit": 250}}
    assert ask("v2/orders/count").json["count"] == 120
    for name, count in (("customers", 200), ("coupons", 12), ("products", 80)):
        assert ask(f"v2/{name}/count").json == {"count": count}


def test_transactions_end_at_250_and_an_order_without_has_any_status(small: Sandbox) -> None:
    get, path = client(small), "v3/orders/{}/transactions"
    rows = small.records("order_transactions", full=True)
    paid = [row["_parent"] for row in rows]
    small.add("order_transactions", count=250, parent=paid[0])
    answer = get(path.format(paid[0]), page=2, limit=5).json
    assert len(answer["data"]) == 250
    assert answer["meta"]["pagination"]["total_pages"] == 1
    unpaid = [row["id"] for row in small.records("orders") if row["id"] not in paid]
    assert {get(path.format(order)).status for order in unpaid} == {200, 204, 404}


def test_v3_customers_include_ten_of_each_and_agree_with_v2(still: Sandbox) -> None:
    rows = still.records("customers_v3", full=True)
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


def test_what_products_include_is_in_their_child_lists(still: Sandbox, ask: Get) -> None:
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
    assert {name: products[0][name] for name in shown} == shown


def test_a_change_shows_in_both_forms_of_a_row(small: Sandbox) -> None:
    small.change("customers", ids=[3], fields={"company": "Neu"})
    small.change("customers_v3", ids=[3], fields={"channel_ids": [7]})
    [old], [new] = (small.records(name, ids=[3]) for name in ("customers", "customers_v3"))
    assert (new["company"], new["channel_ids"], "channel_ids" in old) == ("Neu", [7], False)
    [category] = small.change("categories", count=1, fields={"name": "Neu"})
    assert small.records("tree_categories", ids=[category])[0]["name"] == "Neu"


def test_variants_change_and_leave_the_product_as_it_was(small: Sandbox) -> None:
    before = small.records("products")
    first = small.records("product_variants")[0]
    small.change("product_variants", ids=[first["id"]], fields={"inventory_level": 7})
    assert small.records("inventory_items")[0]["locations"][0]["available_to_sell"] == 7
    [added] = small.add("product_variants", parent=2)
    assert added == small.records("products", full=True, ids=[2])[0]["variants"][-1]["id"]
    assert added == small.records("inventory_items")[-1]["identity"]["variant_id"]
    assert small.records("products") == before


# Fields that are ids of rows of other lists, wherever they are.
REFERENCES = """
    attribute_id=customer_attributes brand_id=brands category_id=categories channel_id=channels
    coupon_id=coupons currency_id=currencies customer_group_id=customer_groups order_id=orders
    customer_id=customers gift_certificate_id=gift_certificates site_id=sites product_id=products
    order_address_id=order_shipping_addresses shipping_zone_id=shipping_zones tree_id=category_trees
    status_id=order_statuses tax_rate_id=tax_rates tax_zone_id=tax_zones variant_id=product_variants
"""


def test_ids_refer_to_rows_that_are_there(still: Sandbox) -> None:
    targets = dict(pair.split("=") for pair in REFERENCES.split())
    known = {name: {row["id"] for row in still.records(name)} for name in targets.values()}
    for listed in LISTS:
        rows = still.records(listed.name)
        for field in targets.keys() & rows[0].keys():
            named = {int(row[field]) for row in rows if row[field] is not None}
            assert named - {0} <= known[targets[field]], (listed.name, field)
            assert named & known[targets[field]], (listed.name, field)
    for name, target in (("order", "orders"), ("variant", "product_variants")):
        ids = {row["resource_id"] for row in still.records(f"{name}_metafields")}
        assert ids <= {row["id"] for row in still.records(target)}
