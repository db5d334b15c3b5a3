"""Details in any JSON format: read from a child list, rescued, or a clear error."""

import json
from typing import Any

import pytest
from fault_runs import OLD, critical
from made_store import ISO_DATE, MadeStore, item, order, orders, product, put
from tap_runner import Json, some_of

LINK = {"url": "https://made.example/x", "resource": "/x"}
SHAPES = [LINK, None, "text", 3, [], {}, [None], ["text"], [[{"id": 1}]]]

ORDER_STREAMS = ("orders", "order_products", "order_consignments", "order_fees")


PARTS = [
    "consignments",
    "consignments.shipping",
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
def test_an_order_with_a_malformed_part_is_written_with_all_its_line_items(path: str) -> None:
    rows = [order(100, item(100, 1), item(100, 2))]
    for id_, shape in enumerate(SHAPES, 200):
        steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
        row = put(order(id_, item(id_, 1), item(id_, 2)), steps, shape)
        if not (path.endswith("items.0.id") and shape == 3):  # A valid id.
            rows.append(row)
    with MadeStore(orders(*rows, items=2)) as store:
        store.rows["/v2/order_statuses"] = [{"id": 1, "name": "Pending"}]
        result = store.sync(*ORDER_STREAMS, "order_statuses")
    assert len(result.records("order_statuses")) == 1
    assert len(result.records("order_consignments")) == len(rows)
    for row in result.records("orders"):
        assert [item["id"] for item in row["products"]] == [row["id"] * 10 + 1, row["id"] * 10 + 2]
    assert len(result.ids("orders")) == len(rows)
    assert len(result.records("order_products")) == 2 * len(rows)


def test_an_order_whose_quantities_add_up_to_0_may_have_line_items() -> None:
    returned = order(125)
    with MadeStore({"/v2/orders": [order(124, item(124, 1)), returned]}) as store:
        store.rows["/v2/orders/125/products"] = [item(125, 1, 1), item(125, 2, -1)]
        result = store.sync("orders")
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
    with MadeStore(orders(order(100, item(100, 1), fees=LINK, consignments=LINK))) as store:
        store.answer("/v2/orders/100/(fees|consignments)", status, body)
        result = store.sync("orders", max_retry_seconds=600, max_attempts=8)
        requests = store.asked("/v2/orders/100/(fees|consignments)")
    assert result.record("orders", 100)["fees"] == []
    assert len(requests) == 2, "an empty list is not retried"


@pytest.mark.parametrize("body", [[FEE], {"fees": [FEE]}, FEE, {"fees": FEE}])
def test_an_orders_child_list_of_fees_is_read_in_every_format(body: Any) -> None:
    rows = [order(100, item(100, 1), fees=LINK), order(101, item(101, 1), fees=LINK)]
    with MadeStore({"/v2/orders": rows}) as store:
        store.answer(r"/v2/orders/\d+/fees", 200, body)
        result = store.sync("orders", "order_fees")
    assert [[fee["id"] for fee in row["fees"]] for row in result.records("orders")] == [[1], [1]]
    assert len([line for line in result.logged("WARNING") if "without fees" in line]) == 1


def test_what_a_product_lacks_is_read_singly_and_new_fields_are_rescued() -> None:
    rows = [product(1, images=[{"id": 10}]), product(2), product(3, images=LINK)]
    with MadeStore({"/v3/catalog/products": rows}) as store:
        del rows[1]["images"]
        for row in rows:
            del row["channels"]
            own, id_ = f"/v3/catalog/products/{row['id']}", row["id"]
            store.rows[own] = {"id": id_, "channels": [id_], "brand_new": 1}
            store.rows[f"{own}/images"] = [{"id": id_ * 10}]
        result = store.sync("products", "product_images")
        paths = {request.path for request in store.asked(r".*/images")}
    for row in result.records("products"):
        assert [image["id"] for image in row["images"]] == [row["id"] * 10]
        assert row["channels"] == [row["id"]]
        assert json.loads(row["_rescued_data"]) == {"brand_new": 1}
    assert result.ids("product_images") == [10, 20, 30]
    assert paths == {f"/v3/catalog/products/{id_}/images" for id_ in (2, 3)}
    [warning] = [line for line in result.logged("WARNING") if "came without images" in line]
    assert "product 2" in warning


def customer(id: int) -> Json:
    return {"id": id, "email": f"{id}@made.example", "date_modified": ISO_DATE}


def v3(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "meta": {}}


def test_only_unknown_fields_of_v3_customers_are_rescued() -> None:
    with MadeStore({"/v2/customers": [customer(1)]}) as store:
        new = {"id": 1, "email": "other", "channel_ids": [1], "brand_new": {"x": 1}}
        store.answer("/v3/customers", 200, v3(new))
        everything = store.sync("customers")
        chosen = store.sync("customers", fields={"customers": ["channel_ids", "_rescued_data"]})
    for record in (everything.record("customers", 1), chosen.record("customers", 1)):
        assert json.loads(record["_rescued_data"]) == {"brand_new": {"x": 1}}
        assert record["channel_ids"] == [1]
    assert everything.record("customers", 1)["email"] == "1@made.example"
    assert "email" not in chosen.record("customers", 1)


def test_customers_are_requested_one_by_one_if_v3_returns_one_without_an_id() -> None:
    def answer(query: dict[str, str]) -> Any:
        ids = [int(text) for text in query["id:in"].split(",")]
        return v3(*[{**({} if n == 2 else {"id": n}), "channel_ids": [n]} for n in ids])

    with MadeStore({"/v2/customers": [customer(id_) for id_ in (1, 2, 3)]}) as store:
        store.answer("/v3/customers", 200, answer)
        result = store.sync("customers", fields={"customers": ["channel_ids"]})
    assert [row["channel_ids"] for row in result.records("customers")] == [[1], [2], [3]]


@pytest.mark.parametrize("attributes", [{"attributes": LINK}, {}, {"attributes": [{}] * 10}])
def test_attributes_of_a_customer_that_may_be_cut_off_are_read_from_their_list(
    attributes: Json,
) -> None:
    with MadeStore({"/v2/customers": [customer(1), customer(2)]}) as store:
        store.answer("/v3/customers", 200, v3({"id": 1, "attributes": []}, {"id": 2, **attributes}))
        store.rows["/v3/customers/attribute-values"] = [{"id": 5, "customer_id": 2}]
        result = store.sync("customers", fields={"customers": ["attributes"]})
    assert result.record("customers", 1)["attributes"] == []
    assert [value["customer_id"] for value in result.record("customers", 2)["attributes"]] == [2]


def test_v3_fields_that_were_requested_and_are_missing_stay_absent() -> None:
    fields = ["channel_ids", "store_credit_amounts"]
    with MadeStore({"/v2/customers": [customer(1), customer(2), customer(3)]}) as store:
        complete = {"id": 1, "channel_ids": [1], "store_credit_amounts": []}
        store.answer("/v3/customers", 200, v3(complete, {"id": 2}))
        result = store.sync("customers", fields={"customers": [*fields, "company"]})
    rows = [result.record("customers", id_) for id_ in (1, 2, 3)]
    found = [[row.get(name, "absent") for name in fields] for row in rows]
    # Null is written only for fields that v3 always has. For others, the warehouse may have a
    # value, which null would overwrite.
    assert found == [[[1], []], [None, "absent"], ["absent", "absent"]]
    assert all(row["company"] is None for row in rows)


def test_included_fields_that_no_row_has_cause_one_warning_and_stay_absent() -> None:
    path, fields = "/v3/pricelists/7/records", {"bulk_pricing_tiers", "sku"}
    made: Json = {"currency": "usd", "date_modified": ISO_DATE}
    rows = [{"variant_id": id_, **made} for id_ in (1, 2, 3)]
    with MadeStore({"/v3/pricelists": [{"id": 7, **made}], path: rows}) as store:
        without = store.sync("price_list_records", page_size=1)
        rows[2].update(dict.fromkeys(fields))
        one_has_them = store.sync("price_list_records")
    for result, warnings in ((without, 1), (one_has_them, 0)):
        first, _, last = result.records("price_list_records")
        said = [line for line in result.logged("WARNING") if "bulk_pricing_tiers, sku" in line]
        assert len(said) == warnings
        assert not first.keys() & fields
    assert last.keys() >= fields


@pytest.mark.parametrize("bad", ["text", {"id": None}])
def test_a_bad_row_of_a_child_stream_fails_only_that_stream_and_names_the_parent(bad: Any) -> None:
    rows = [product(id_, images=[{"id": id_ * 10}], videos=[{"id": id_}]) for id_ in (1, 2, 3, 4)]
    rows[2]["images"] = [bad]
    with MadeStore({"/v3/catalog/products": rows}) as store:
        result = store.fail("products", "product_images", "product_videos")
    assert result.ids("products") == result.ids("product_videos") == [1, 2, 3, 4]
    assert "product 3" in critical(result)
    assert result.bookmark("products")
    bookmarks = result.state["bookmarks"]
    assert "product_date_modified" in bookmarks["product_videos"]
    assert "product_date_modified" not in bookmarks.get("product_images", {})


# Where the store no longer has /v2/customers

FIELDS = ["attributes", "store_credit", "form_fields", "accepts_marketing", "notes"]


def credited(id: int, **more: Any) -> Json:
    """A customer with all that is requested with the list."""
    parts = {"store_credit_amounts": [{"amount": 9.5}], "form_fields": [], "attributes": []}
    return {**customer(id), **parts, **more}


def test_what_v3_does_not_send_is_absent_and_not_null() -> None:
    with MadeStore({"/v3/customers": [customer(1), customer(2)]}) as store:
        result = store.sync("customers", fields={"customers": FIELDS})
    for record in result.records("customers"):
        assert set(record) == {"id", "date_modified", "notes"}
        assert record["notes"] is None  # as for any field that a list has for every row
    assert "none of 2 customers came with attributes, form_fields, store_credit" in result.stderr
    assert {request.query["include"] for request in store.asked("/v3/customers")} == {
        "attributes,formfields,storecredit"
    }


def test_parts_in_another_form_than_documented_are_rescued() -> None:
    odd = credited(
        1,
        store_credit_amounts={"amount": 5},
        form_fields=["Birthday"],
        authentication="password",
        addresses=[{"id": 5}],
        loyalty=7,
    )
    with MadeStore({"/v3/customers": [odd, credited(2, store_credit_amounts=[])]}) as store:
        result = store.sync("customers")
    first, second = result.records("customers")
    assert first["store_credit_amounts"] is first["authentication"] is None
    for name in ("store_credit_amounts", "form_fields", "authentication", "loyalty"):
        assert name in first["_rescued_data"]
    assert "addresses" not in first["_rescued_data"]
    assert "_authentication" not in first
    assert not {"store_credit", "reset_pass_on_login", "_authentication"} & set(second)
    assert second["_rescued_data"] is None


def test_a_skipped_customer_that_v3_does_not_have_was_deleted() -> None:
    state = {"bookmarks": {"customers": {"date_modified": OLD, "retry": [7]}}}
    with MadeStore({"/v3/customers": [credited(1)]}) as store:
        store.answer("/v3/customers", 200, v3(), query="id:in")
        result = store.sync("customers", state=state)
    assert "record 7, skipped by an earlier run, is no longer in the store" in result.stderr
    assert "retry" not in str(result.state)
