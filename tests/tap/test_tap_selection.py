"""Selection: deselected fields are neither requested nor written, at any depth."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import singer.catalog
from all_streams import DATED, FOUR, automatic
from tap_runner import Json, Result, discover, path_of, refused, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox


def asked(store: Sandbox, name: str) -> list[Json]:
    """The parameters of the requests for a list."""
    return [entry["query"] for entry in store.requests() if entry["list"] == name]


def includes(store: Sandbox, name: str) -> set[str]:
    return {word for q in asked(store, name) for word in q.get("include", "").split(",") if word}


def only(catalog: Json, stream: str, *fields: str) -> Json:
    return select(catalog, stream, fields={stream: fields})


def without(catalog: Json, stream: str, *fields: str) -> Json:
    return select(catalog, stream, without={stream: fields})


def entry_of(catalog: Json, stream: str) -> Json:
    return next(entry for entry in catalog["streams"] if entry["tap_stream_id"] == stream)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The path of each key in a record, also of nested keys."""
    if isinstance(value, dict):
        for name, inner in value.items():
            inner_path = f"{path}.{name}" if path else name
            yield inner_path
            yield from paths(inner, inner_path)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")


def written(result: Result, stream: str) -> set[str]:
    return {path for record in result.records(stream) for path in paths(record)}


# Streams


@pytest.mark.parametrize(
    "write",
    [bool, lambda yes: str(yes).lower(), lambda yes: str(yes)],
    ids=["true", '"true"', '"True"'],
)
def test_selected_may_be_a_boolean_or_its_text(
    quiet: Sandbox, catalog: Json, write: Callable[[bool], Any]
) -> None:
    chosen = select(catalog, "coupons", "customers", fields={"customers": ["email"]}, write=write)
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"coupons", "customers"}
    assert set(result.records("customers")[0]) == {"id", "date_modified", "email"}
    assert {entry["list"] for entry in quiet.requests()} <= {"coupons", "customers", "time"}


def test_without_selected_the_default_is_used(quiet: Sandbox, catalog: Json) -> None:
    chosen = copy.deepcopy(catalog)
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"] and entry["stream"] != "coupons":
                item["metadata"]["selected-by-default"] = False
    assert set(run(settings(quiet), chosen).schemas) == {"coupons"}


def test_a_catalog_that_selects_nothing_says_so(quiet: Sandbox, catalog: Json) -> None:
    result = run(settings(quiet), select(catalog))
    assert not result.by_stream
    assert "No stream is selected" in result.stderr


def test_a_stream_that_the_tap_does_not_have_is_named(quiet: Sandbox, catalog: Json) -> None:
    chosen = only(catalog, "coupons")
    extra = copy.deepcopy(chosen["streams"][0])
    extra.update(tap_stream_id="no_such_stream", stream="no_such_stream")
    chosen["streams"].append(extra)
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"coupons"}
    assert any("no_such_stream" in line for line in result.logged("WARNING"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"streams": {}}', '{"streams": [1]}', '{"streams": [{}]}']
)
def test_a_file_that_is_not_a_catalog_is_refused(quiet: Sandbox, text: str) -> None:
    assert "atalog" in refused(settings(quiet), text)


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": {"type": "object"}},
        {"schema": {"type": "object", "properties": {"code": {"type": "string"}}}},
        {"metadata": [{"breadcrumb": []}]},
        {"metadata": ["x"]},
    ],
    ids=str,
)
def test_a_damaged_entry_is_refused_with_advice(
    quiet: Sandbox, catalog: Json, damage: Json
) -> None:
    entry = entry_of(select(catalog, "coupons"), "coupons")
    entry["schema"]["selected"] = True
    assert "atalog" in refused(settings(quiet), {"streams": [{**entry, **damage}]})


def test_a_catalog_that_went_through_singer_python_selects_the_same(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    again = singer.catalog.Catalog.from_dict(select(catalog, *FOUR)).to_dict()
    assert succeed(settings(quiet), json.loads(json.dumps(again))).by_stream == first_sync.by_stream


# Fields


def test_each_second_field_deselected_leaves_exactly_the_others(
    quiet: Sandbox, catalog: Json
) -> None:
    never = {}
    for name in FOUR:
        fields = [path_of(item["breadcrumb"]) for item in entry_of(catalog, name)["metadata"]]
        never[name] = [path for path in fields[1::2] if path not in automatic(name)]
    result = succeed(settings(quiet), select(catalog, *FOUR, without=never))
    for name in FOUR:
        below = tuple(end for path in never[name] for end in (f"{path}.", f"{path}[]."))
        found = written(result, name)
        schema = set(schema_paths(result.schemas[name]["schema"]))
        assert found & schema, name
        assert not [path for path in found if path.startswith(below)], name
        assert not (found | schema) & {*never[name]}, name


def schema_paths(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema.get("items"), dict):
        yield from schema_paths(schema["items"], f"{path}[]")
    for name, field in schema.get("properties", {}).items():
        inner_path = f"{path}.{name}" if path else name
        yield inner_path
        yield from schema_paths(field, inner_path)


@pytest.mark.parametrize(
    "chosen",
    [
        {
            "coupons": "applies_to.ids",
            "customers": "_authentication.force_reset",
            "orders": "products[].product_options[].display_value",
            "products": "variants[].option_values[].label",
        },
        {"orders": "billing_address.form_fields[].value", "products": "custom_url.url"},
        {"orders": "consignments.shipping[].email"},
        {"orders": "shipping_addresses[].street_1"},
    ],
    ids=lambda chosen: chosen["orders"],
)
def test_a_nested_field_may_be_the_only_one_selected(
    quiet: Sandbox, catalog: Json, chosen: dict[str, str]
) -> None:
    fields = {name: [path] for name, path in chosen.items()}
    result = succeed(settings(quiet), select(catalog, *chosen, fields=fields))
    for name, path in chosen.items():
        parts = path.split(".")
        parents = {".".join(parts[: at + 1]).removesuffix("[]") for at in range(len(parts))}
        assert written(result, name) == automatic(name) | parents


@pytest.mark.parametrize(
    ("path", "values"),
    [("billing_address", {"selected": False}),
     ("billing_address", {"inclusion": "unsupported", "selected": True})],
)  # fmt: skip
def test_a_field_that_is_deselected_or_unsupported_takes_its_children_with_it(
    quiet: Sandbox, catalog: Json, path: str, values: Json
) -> None:
    chosen = select(catalog, "orders", every_field=True)
    for item in entry_of(chosen, "orders")["metadata"]:
        if path_of(item["breadcrumb"]) == path:
            item["metadata"].update(values)
    result = run(settings(quiet), chosen)
    assert "staff_notes" in written(result, "orders")
    assert not [found for found in written(result, "orders") if found.startswith(path)]
    assert path not in result.schemas["orders"]["schema"]["properties"]


def test_line_items_of_consignments_are_read_only_when_selected(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    path = "consignments.shipping[].line_items[].sku"
    assert not any("line_items" in found for found in written(first_sync, "orders"))
    result = run(settings(quiet), only(catalog, "orders", path))
    assert path in written(result, "orders")


# Deselected values are never written, whatever the store sends

SECRET = "Zq7-deselected-Zq7"


def test_no_deselected_value_is_written_anywhere() -> None:
    """Each row has the secret in a deselected field, or in a field that contains one."""
    form, address = ["form_fields[].value"], ["billing_address.email"]
    rows: list[tuple[str, str, Any, list[str]]] = [
        ("customers", "notes", {"a": SECRET}, ["notes"]),
        ("customers", "form_fields", {"name": "n", "value": SECRET}, form),
        ("customers", "form_fields", SECRET, form),
        ("customers", "form_fields", [[{"value": SECRET}]], form),
        ("orders", "billing_address", SECRET, address),
        ("orders", "billing_address", [{"email": SECRET}], address),
        ("orders", "billing_address", {"email": {"x": SECRET}}, address),
        ("orders", "staff_notes", SECRET, ["staff_notes"]),
        ("coupons", "applies_to", {"entity": SECRET, "ids": [1]}, ["applies_to.entity"]),
        ("coupons", "restricted_to", {"zips": {"US": [SECRET]}}, ["restricted_to[].zips"]),
        ("products", "custom_url", {"url": SECRET}, ["custom_url.url"]),
        ("products", "custom_url", SECRET, ["custom_url.url"]),
    ]
    never: dict[str, list[str]] = {}
    with Sandbox(Options(orders=20, customers=20, products=20, coupons=20)) as store:
        ids = {name: iter([row["id"] for row in store.records(name)]) for name in FOUR}
        for name, field, value, deselected in rows:
            never.setdefault(name, []).extend(deselected)
            store.change(name, ids=[next(ids[name])], fields={field: value})
        chosen = select(discover(settings(store)), *FOUR, without=never)
        assert SECRET in run(settings(store)).stdout
        result = succeed(settings(store), chosen, args=["--log-level", "DEBUG"])
    assert {name: len(result.records(name)) for name in FOUR} == dict.fromkeys(FOUR, 20)
    assert SECRET not in result.stdout + result.stderr


# What is new, and what does not fit


def rescued(record: Json) -> Any:
    text = record.get("_rescued_data")
    return json.loads(text) if text is not None else None


WITHOUT_RESCUED = {name: ["_rescued_data"] for name in FOUR}
NEW = {"a": ["ü", 1, None, True]}


@pytest.mark.parametrize("kept", [True, False])
def test_a_field_that_is_new_to_the_tap_is_rescued_or_dropped_and_counted(
    small: Sandbox, catalog: Json, kept: bool
) -> None:
    for name in FOUR:
        first, second, third, *_ = (row["id"] for row in small.records(name))
        small.change(name, ids=[first], fields={"new_field": NEW})
        small.change(name, ids=[second, third], fields={"new_field": "private-text"})
    chosen = select(catalog, *FOUR, without={} if kept else WITHOUT_RESCUED)
    result = succeed(settings(small), chosen)
    assert "private-text" not in result.stderr
    assert ("private-text" in result.stdout) == ("_rescued_data" in result.stdout) == kept
    for name in FOUR:
        (line,) = (e for e in result.logged("WARNING") if "new_field" in e and name in e)
        assert "3" in line
        found = [rescued(record) for record in result.records(name)]
        private = {"new_field": "private-text"}
        came = [{"new_field": NEW}, private, private] if kept else [None] * 3
        assert found == came + [None] * (len(found) - 3)
        assert not any("new_field" in record for record in result.records(name))


WRONG_VALUES: list[tuple[str, str, Any]] = [
    ("customers", "store_credit", "a lot"),
    ("customers", "email", ["a@example.com"]),
    ("customers", "date_created", "yesterday"),
    ("orders", "is_deleted", 2),
    ("products", "weight", {"value": 1}),
    ("coupons", "num_uses", "many"),
]


@pytest.mark.parametrize("left_out", ["nothing", "_rescued_data", "the fields"])
def test_a_value_that_does_not_fit_is_null_and_rescued_with_a_warning(
    small: Sandbox, catalog: Json, left_out: str
) -> None:
    free = {name: iter([row["id"] for row in small.records(name)]) for name in FOUR}
    ids = [next(free[name]) for name, _, _ in WRONG_VALUES]
    fields: dict[str, list[str]] = {}
    for id_, (name, field, value) in zip(ids, WRONG_VALUES, strict=True):
        small.change(name, ids=[id_], fields={field: value})
        fields.setdefault(name, []).append(field)
    choices = {"_rescued_data": WITHOUT_RESCUED, "the fields": fields}
    never = choices.get(left_out, {})
    result = succeed(settings(small), select(catalog, *FOUR, without=never))
    for id_, (name, field, value) in zip(ids, WRONG_VALUES, strict=True):
        record = result.record(name, id_)
        assert record.get(field) is None
        assert rescued(record) == ({field: value} if left_out == "nothing" else None)
        warned = any(field in line and name in line for line in result.logged("WARNING"))
        assert warned == (left_out != "the fields"), field


def test_a_record_without_its_replication_key_stops_its_stream_and_keeps_the_bookmark(
    small: Sandbox,
) -> None:
    old = {"date_modified": "2023-01-01T00:00:00.000000Z"}
    bad = {name: small.records(name)[4]["id"] for name in DATED}
    for name, id_ in bad.items():
        # The store's own filter does not see the date that it shows.
        small.change(name, ids=[id_], fields={"date_modified": "someday"})
    result = run(settings(small), state={"bookmarks": dict.fromkeys(bad, old)})
    assert result.status == 1
    assert len(result.ids("coupons")) == len(small.records("coupons"))
    for name, id_ in bad.items():
        assert id_ not in result.ids(name)
        assert result.bookmark(name) == old["date_modified"]
        assert any(str(id_) in line and name in line for line in result.logged("CRITICAL"))


def test_an_older_catalogs_missing_fields_are_named_and_not_rescued(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "customers")
    gone = {"notes", "form_fields"}
    entry = entry_of(chosen, "customers")
    for name in gone:
        del entry["schema"]["properties"][name]
    entry["metadata"] = [i for i in entry["metadata"] if not gone & {*i["breadcrumb"]}]
    result = succeed(settings(quiet), chosen)
    assert not gone & written(result, "customers")
    assert all(rescued(record) is None for record in result.records("customers"))
    (line,) = (line for line in result.logged("INFO") if "are not in the catalog" in line)
    assert all(name in line for name in gone)


def test_the_catalogs_type_of_a_field_is_used(quiet: Sandbox, catalog: Json) -> None:
    chosen, text = select(catalog, "customers"), {"type": ["null", "string"]}
    entry_of(chosen, "customers")["schema"]["properties"]["store_credit"] = text
    result = run(settings(quiet), chosen)
    rows = {row["id"]: row["store_credit"] for row in quiet.records("customers")}
    assert {row["id"]: row["store_credit"] for row in result.records("customers")} == rows
    schema = result.schemas["customers"]["schema"]["properties"]["store_credit"]
    assert schema["type"] == ["null", "string"]


# Requests follow the selection

CHILD_LISTS = (
    "order_products", "order_shipping_addresses", "order_coupons", "order_fees",
    "order_consignments", "order",
)  # fmt: skip


def child_lists(store: Sandbox) -> dict[str, int]:
    """How often each child list of orders was requested."""
    names = [entry["list"] for entry in store.requests()]
    return {name: names.count(name) for name in CHILD_LISTS if name in names}


@pytest.mark.parametrize(
    ("fields", "included"),
    [
        (["status"], set()),
        (["products[].sku"], {"consignments.line_items"}),
        (["shipping_addresses[].city"], {"consignments"}),
        (["consignments.pickups[].id"], {"consignments"}),
        (["consignments.shipping[].line_items[].id"], {"consignments.line_items"}),
        (["fees[].type"], {"fees"}),
        (["coupons[].code"], {"consignments.line_items"}),
    ],
    ids=str,
)
def test_orders_include_only_what_is_selected(
    quiet: Sandbox, catalog: Json, fields: list[str], included: set[str]
) -> None:
    succeed(settings(quiet), only(catalog, "orders", *fields))
    assert includes(quiet, "orders") == included
    needed = any(word.startswith("consignments") for word in included)
    for query in asked(quiet, "orders"):
        assert query.get("consignment_structure") == ("object" if needed else None)
    if included <= {"fees", "consignments"}:
        assert child_lists(quiet) == {}
    if "coupons[].code" not in fields:
        assert "order_coupons" not in child_lists(quiet)


@pytest.mark.parametrize(
    ("fields", "included"),
    [
        (["name"], set()),
        (["variants[].sku"], {"variants"}),
        (["images", "videos"], {"images", "videos"}),
        (["custom_fields[].name", "bulk_pricing_rules"], {"custom_fields", "bulk_pricing_rules"}),
    ],
)
def test_products_include_only_what_is_selected(
    quiet: Sandbox, catalog: Json, fields: list[str], included: set[str]
) -> None:
    succeed(settings(quiet), only(catalog, "products", *fields))
    assert includes(quiet, "products") == included
    for query in asked(quiet, "products"):
        left_out = set(query["exclude_fields"].split(","))
        assert {"description", "price", "search_keywords"} <= left_out
        assert not left_out & {"id", "date_modified", *fields}
        assert "include_fields" not in query


def test_a_new_field_of_the_api_is_rescued_although_few_fields_are_selected(
    small: Sandbox, catalog: Json
) -> None:
    id_ = small.records("products")[0]["id"]
    small.change("products", ids=[id_], fields={"new_field": 5})
    result = run(settings(small), only(catalog, "products", "name", "_rescued_data"))
    assert rescued(result.record("products", id_)) == {"new_field": 5}


def test_all_fields_of_a_product_are_requested_by_default(quiet: Sandbox) -> None:
    run(settings(quiet), args=["--select", "products"])
    assert {
        "variants", "images", "custom_fields", "bulk_pricing_rules", "videos"
    } <= includes(quiet, "products")  # fmt: skip
    assert all("exclude_fields" not in query for query in asked(quiet, "products"))


# Where an order's details come from


@pytest.mark.parametrize("when", ["always", "auto"])
def test_coupons_that_are_not_selected_are_not_requested(
    quiet: Sandbox, catalog: Json, when: str
) -> None:
    succeed(settings(quiet, order_coupons=when), without(catalog, "orders", "coupons"))
    assert "order_coupons" not in child_lists(quiet)
    assert not asked(quiet, "coupons")


def test_each_hint_alone_leads_to_a_request_for_the_coupons() -> None:
    changes: list[Json] = [
        {"coupon_discount": "5.0000"},
        {"base_shipping_cost": "99.0000"},
        # No hints:
        {"discount_amount": "5.0000"},
        {"coupon_discount": "0.0000"},
        {"coupon_discount": 0},
    ]
    with Sandbox(Options(orders=40, customers=5, coupons=0, couponed_share=0)) as store:
        plain = [
            row["id"]
            for row in store.records("orders", full=True)
            if row["shipping_addresses"]
            and float(row["base_shipping_cost"])
            and not any(item["applied_discounts"] for item in row["products"])
        ]
        for id_, fields in zip(plain, changes, strict=False):
            store.change("orders", ids=[id_], fields=fields)
        succeed(settings(store), args=["--select", "orders"])
        asked = [entry["path"] for entry in store.requests() if entry["list"] == "order_coupons"]
    looked = {int(path.split("/")[-2]) for path in asked}
    assert looked & {*plain} == {*plain[:2]}


def test_orders_with_all_their_details_cost_few_requests(quiet: Sandbox, catalog: Json) -> None:
    run(settings(quiet), without(catalog, "orders", "coupons"))
    huge = [row for row in quiet.records("orders", full=True) if len(row["products"]) >= 50]
    assert len(quiet.requests()) <= 3 + 2 * len(huge)
