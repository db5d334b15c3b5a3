"""Details in any JSON format: read from a child list, rescued, or a clear error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_runs import critical
from made_store import DATE, ISO_DATE, MadeStore, item, order, product
from tiers import some_of

LINK = {"url": "https://made.example/x", "resource": "/x"}
SHAPES = [LINK, None, "text", 3, [], {}, [None], ["text"], [[{"id": 1}]], {"x": [1]}]

ORDER_STREAMS = ("orders", "order_products", "order_consignments", "order_fees")


def put(row: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path such as "consignments.shipping.0.line_items"."""
    *parents, last = path.split(".")
    node: Any = row
    for step in parents:
        node = node[int(step)] if isinstance(node, list) else node[step]
    node[last] = value


PARTS = [
    "consignments",
    "consignments.shipping",
    "consignments.downloads",
    "consignments.email",
    "consignments.email.gift_certificates",
    "consignments.shipping.0.line_items",
    "consignments.shipping.0.line_items.0.applied_discounts",
    "consignments.shipping.0.line_items.0.id",
    "consignments.shipping.0.line_items.0.quantity",
    "consignments.shipping.0.id",
    "fees",
]


@pytest.mark.parametrize("path", some_of(PARTS, 6, pytest.mark.histories))
def test_an_order_with_a_malformed_part_is_written_with_all_its_line_items(
    path: str,
) -> None:
    malformed = []
    for number, shape in enumerate(SHAPES):
        if path.endswith("items.0.id") and shape == 3:
            continue  # A valid id.
        row = order(200 + number, item(200 + number, 1), item(200 + number, 2))
        put(row, path, json.loads(json.dumps(shape)))
        malformed.append(row)
    with MadeStore(
        {"/v2/orders": [order(100, item(100, 1)), *malformed], "/v2/coupons": []}
    ) as store:
        store.rows["/v2/order_statuses"] = [{"id": 1, "name": "Pending"}]
        for row in malformed:
            id_ = row["id"]
            record = f"/v2/orders/{id_}"
            store.rows[record] = {"id": id_, "date_modified": DATE}
            store.rows[f"{record}/products"] = [item(id_, 1), item(id_, 2)]
            store.rows[f"{record}/shipping_addresses"] = [{"id": id_, "order_id": id_}]
            store.rows[f"{record}/consignments"] = order(id_, item(id_, 1), item(id_, 2))[
                "consignments"
            ]
            store.rows[f"{record}/fees"] = store.rows[f"{record}/coupons"] = []
        result = store.run(*ORDER_STREAMS, "order_statuses")
    assert "Traceback" not in result.stderr
    assert result.status == 0, critical(result)
    assert len(result.records("order_statuses")) == 1
    assert len(result.records("order_consignments")) == 1 + len(malformed)
    found = {
        row["id"]: [item["id"] for item in row["products"]] for row in result.records("orders")
    }
    for row in malformed:
        assert found[row["id"]] == [row["id"] * 10 + 1, row["id"] * 10 + 2], row["id"]
    assert len(result.records("order_products")) == 1 + 2 * len(malformed)


def test_an_order_whose_quantities_add_up_to_0_may_have_line_items() -> None:
    returned = order(125)
    with MadeStore({"/v2/orders": [order(124, item(124, 1)), returned]}) as store:
        store.rows["/v2/orders/125/products"] = [item(125, 1, 1), item(125, 2, -1)]
        result = store.run("orders")
    assert result.status == 0, critical(result)
    assert [len(row["products"]) for row in result.records("orders")] == [1, 2]


def test_an_order_without_addresses_and_without_their_count_is_checked_by_a_request() -> None:
    row = order(100, item(100, 1), shipping_address_count=None)
    row["consignments"]["pickups"] = row["consignments"]["shipping"]
    row["consignments"]["shipping"] = []
    with MadeStore({"/v2/orders": [row]}) as store:
        store.rows["/v2/orders/100/shipping_addresses"] = [{"id": 7}]
        store.rows["/v2/orders/100/coupons"] = []
        result = store.run("orders")
    assert [address["id"] for address in result.record("orders", 100)["shipping_addresses"]] == [7]


NONE: list[tuple[int, Any]] = [(204, None), (404, {"status": 404}), (200, {}), (200, [])]
FEE = {"id": 1, "type": "custom_fee", "base_cost": "12.3000"}


@pytest.mark.parametrize(("status", "body"), NONE)
def test_a_child_list_may_be_empty_in_any_format(status: int, body: Any) -> None:
    row = order(100, item(100, 1), fees=LINK, consignments=LINK)
    with MadeStore({"/v2/orders": [row], "/v2/orders/100": {"id": 100}}) as store:
        store.rows["/v2/orders/100/products"] = [item(100, 1)]
        store.rows["/v2/orders/100/coupons"] = []
        store.rows["/v2/orders/100/shipping_addresses"] = []
        store.answer("/v2/orders/100/(fees|consignments)", status, body)
        result = store.run("orders", max_retry_seconds=600, max_attempts=8)
        requests = store.asked("/v2/orders/100/(fees|consignments)")
    assert result.status == 0, critical(result)
    assert result.record("orders", 100)["fees"] == []
    assert len(requests) == 2, "an empty list is not retried"


@pytest.mark.parametrize("body", [[FEE], {"fees": [FEE]}, FEE, {"fees": FEE}])
def test_an_orders_child_list_of_fees_is_read_in_every_format(body: Any) -> None:
    rows = [order(100, item(100, 1), fees=LINK), order(101, item(101, 1), fees=LINK)]
    with MadeStore({"/v2/orders": rows}) as store:
        store.answer(r"/v2/orders/\d+/fees", 200, body)
        result = store.run("orders", "order_fees")
    assert result.status == 0, critical(result)
    assert [[fee["id"] for fee in row["fees"]] for row in result.records("orders")] == [[1], [1]]
    assert len([line for line in result.logged("WARNING") if "without fees" in line]) == 1


def test_a_nested_list_that_a_product_lacks_is_read_from_the_child_list() -> None:
    complete, partial = product(1, images=[{"id": 10}]), product(2)
    del partial["images"]
    with MadeStore({"/v3/catalog/products": [complete, partial, product(3, images=LINK)]}) as store:
        for id_ in (2, 3):
            store.rows[f"/v3/catalog/products/{id_}/images"] = [{"id": id_ * 10}]
        result = store.run("products", "product_images")
        paths = [request.path for request in store.asked(r"/v3/catalog/products/.*")]
    assert result.status == 0, critical(result)
    assert [[image["id"] for image in row["images"]] for row in result.records("products")] == [
        [10],
        [20],
        [30],
    ]
    assert result.ids("product_images") == [10, 20, 30]
    assert sorted(paths) == [f"/v3/catalog/products/{id_}/images" for id_ in (2, 3)]
    [warning] = [line for line in result.logged("WARNING") if "came without images" in line]
    assert "product 2" in warning


def test_fields_that_products_lack_are_read_singly_and_new_fields_are_rescued() -> None:
    rows = [product(id_) for id_ in (1, 2)]
    for row in rows:
        del row["channels"], row["videos"]
    with MadeStore({"/v3/catalog/products": rows}) as store:
        for id_ in (1, 2):
            store.rows[f"/v3/catalog/products/{id_}"] = {
                "id": id_,
                "channels": [id_],
                "brand_new": 1,
            }
            store.rows[f"/v3/catalog/products/{id_}/videos"] = [{"id": id_}]
        result = store.run("products")
    assert result.status == 0, critical(result)
    for row in result.records("products"):
        assert row["channels"] == [row["id"]]
        assert [video["id"] for video in row["videos"]] == [row["id"]]
        assert json.loads(row["_rescued_data"]) == {"brand_new": 1}


def customer(id: int) -> dict[str, Any]:
    return {"id": id, "email": f"{id}@made.example", "date_modified": DATE}


def v3(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "meta": {}}


def test_only_unknown_fields_of_v3_customers_are_rescued() -> None:
    with MadeStore({"/v2/customers": [customer(1)]}) as store:
        new = {"id": 1, "email": "other", "channel_ids": [1], "brand_new": {"x": 1}}
        store.answer("/v3/customers", 200, v3(new))
        everything = store.run("customers")
        chosen = store.run("customers", fields={"customers": ["channel_ids", "_rescued_data"]})
    assert everything.status == 0, critical(everything)
    for record in (everything.record("customers", 1), chosen.record("customers", 1)):
        assert json.loads(record["_rescued_data"]) == {"brand_new": {"x": 1}}
        assert record["channel_ids"] == [1]
        assert record.get("email") in (None, "1@made.example")
    assert "email" not in chosen.record("customers", 1)


@pytest.mark.parametrize("id_", [None, "absent"])
def test_customers_are_requested_one_by_one_if_v3_returns_one_without_an_id(id_: Any) -> None:
    def answer(query: dict[str, str]) -> Any:
        rows: list[dict[str, Any]] = [
            {"id": int(text), "channel_ids": [int(text)]} for text in query["id:in"].split(",")
        ]
        for row in rows:
            if row["id"] == 2:
                row.update({} if id_ == "absent" else {"id": id_})
                if id_ == "absent":
                    del row["id"]
        return v3(*rows)

    with MadeStore({"/v2/customers": [customer(id_) for id_ in (1, 2, 3)]}) as store:
        store.rows["/v2/order_statuses"] = [{"id": 1, "name": "Pending"}]
        store.answer("/v3/customers", 200, answer)
        result = store.run("customers", "order_statuses", fields={"customers": ["channel_ids"]})
    assert "Traceback" not in result.stderr
    assert result.status == 0, critical(result)
    assert [row["channel_ids"] for row in result.records("customers")] == [[1], [2], [3]]
    assert len(result.records("order_statuses")) == 1


@pytest.mark.parametrize("attributes", [None, "text", 3, LINK, "absent", [{}] * 10])
def test_attributes_of_a_customer_that_may_be_cut_off_are_read_from_their_list(
    attributes: Any,
) -> None:
    malformed: dict[str, Any] = {"id": 2, "attributes": attributes}
    if attributes == "absent":
        del malformed["attributes"]
    with MadeStore({"/v2/customers": [customer(1), customer(2)]}) as store:
        store.answer("/v3/customers", 200, v3({"id": 1, "attributes": []}, malformed))
        store.rows["/v3/customers/attribute-values"] = [{"id": 5, "customer_id": 2}]
        result = store.run("customers", fields={"customers": ["attributes"]})
    assert result.status == 0, critical(result)
    assert result.record("customers", 1)["attributes"] == []
    assert [value["customer_id"] for value in result.record("customers", 2)["attributes"]] == [2]


def test_v3_fields_that_were_requested_and_are_missing_stay_absent() -> None:
    fields = ["channel_ids", "store_credit_amounts"]
    with MadeStore({"/v2/customers": [customer(1), customer(2), customer(3)]}) as store:
        store.answer(
            "/v3/customers",
            200,
            v3({"id": 1, "channel_ids": [1], "store_credit_amounts": []}, {"id": 2}),
        )
        result = store.run("customers", fields={"customers": [*fields, "company"]})
    assert result.status == 0, critical(result)
    rows = [result.record("customers", id_) for id_ in (1, 2, 3)]
    # Null is written only for fields that v3 always has. For others, the warehouse may have a
    # value, which null would overwrite.
    assert [[row.get(name, "absent") for name in fields] for row in rows] == [
        [[1], []],
        [None, "absent"],
        ["absent", "absent"],
    ]
    assert all(row["company"] is None for row in rows)


@pytest.mark.parametrize(
    ("stream", "path", "fields"),
    [
        ("channels", "/v3/channels", ["currencies"]),
        ("customer_addresses", "/v3/customers/addresses", ["form_fields"]),
        ("pages", "/v3/content/pages", ["body"]),
        ("price_list_records", "/v3/pricelists/7/records", ["bulk_pricing_tiers", "sku"]),
        ("redirects", "/v3/storefront/redirects", ["to_url"]),
    ],
)
def test_included_fields_that_no_row_has_cause_one_warning_and_stay_absent(
    stream: str, path: str, fields: list[str]
) -> None:
    made = {"customer_id": 1, "currency": "usd", "date_modified": ISO_DATE}
    rows = [{"id": id_, "variant_id": id_, **made} for id_ in (1, 2, 3)]
    with MadeStore({"/v3/pricelists": [{"id": 7, "date_modified": ISO_DATE}], path: rows}) as store:
        without = store.run(stream, page_size=1)
        rows[2].update(dict.fromkeys(fields))
        one_has_them = store.run(stream)
    for result, warnings in ((without, 1), (one_has_them, 0)):
        assert result.status == 0, critical(result)
        assert len(result.records(stream)) == 3
        said = [line for line in result.logged("WARNING") if ", ".join(fields) in line]
        assert len(said) == warnings
        assert not result.records(stream)[0].keys() & set(fields)
    assert one_has_them.records(stream)[2].keys() >= set(fields)


def test_v3_fields_that_no_customer_has_cause_one_warning() -> None:
    with MadeStore({"/v2/customers": [customer(id_) for id_ in (1, 2, 3)]}) as store:
        store.answer("/v3/customers", 200, lambda query: v3({"id": int(query["id:in"])}))
        result = store.run("customers", fields={"customers": ["segment_ids"]}, page_size=1)
    assert result.status == 0, critical(result)
    assert len([line for line in result.logged("WARNING") if "segment_ids" in line]) == 1
    assert all("segment_ids" not in row for row in result.records("customers"))


@pytest.mark.parametrize("id_", [None, "x/../../v2/store", 1.5])
def test_a_parent_row_without_a_usable_id_fails_its_child_streams_with_a_message(
    id_: Any,
) -> None:
    with MadeStore({"/v3/channels": [{"id": 1}, {"id": id_}]}) as store:
        store.rows["/v2/order_statuses"] = [{"id": 1, "name": "Pending"}]
        store.rows["/v3/channels/1/listings"] = []
        result = store.run("channel_listings", "order_statuses")
    assert result.status == 1
    assert "Traceback" not in result.stderr
    assert "no usable id" in critical(result)
    assert not store.asked(".*/store")
    assert len(result.records("order_statuses")) == 1


@pytest.mark.parametrize("entry", ["text", 3, [LINK]])
def test_an_entry_of_a_nested_list_that_is_no_object_fails_the_stream(entry: Any) -> None:
    rows = [product(1, images=[{"id": 10}]), product(2, images=[entry])]
    with MadeStore({"/v3/catalog/products": rows}) as store:
        result = store.run("product_images")
    assert result.status == 1
    assert "product 2" in critical(result)


def test_a_bad_row_of_a_child_stream_fails_only_that_stream_and_names_the_parent() -> None:
    rows = [product(id_, images=[{"id": id_ * 10}], videos=[{"id": id_}]) for id_ in (1, 2, 3, 4)]
    rows[2]["images"] = [{"id": None}]
    with MadeStore({"/v3/catalog/products": rows}) as store:
        result = store.run("products", "product_images", "product_videos")
    assert result.status == 1
    assert result.ids("products") == result.ids("product_videos") == [1, 2, 3, 4]
    assert "of product 3" in critical(result)
    assert result.bookmark("products")
    bookmarks = result.state["bookmarks"]
    assert "product_date_modified" in bookmarks["product_videos"]
    assert "product_date_modified" not in bookmarks.get("product_images", {})
