"""Selection: deselected fields are neither requested nor written, at any depth."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from all_streams import DATED, FOUR, asked, automatic, leaves
from tap_runner import Json, Result, path_of, refused, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox


def includes(store: Sandbox, name: str) -> set[str]:
    return {word for q in asked(store, name) for word in q.get("include", "").split(",") if word}


def only(catalog: Json, stream: str, *fields: str) -> Json:
    return select(catalog, stream, fields={stream: fields})


def entry_of(catalog: Json, stream: str) -> Json:
    return next(entry for entry in catalog["streams"] if entry["tap_stream_id"] == stream)


def written(result: Result, stream: str) -> set[str]:
    return {path for record in result.records(stream) for path, _ in leaves(record)}


# Streams


@pytest.mark.parametrize("write", [bool, lambda yes: str(yes).lower(), str])
def test_selected_may_be_a_boolean_or_its_text(
    quiet: Sandbox, catalog: Json, write: Callable[[bool], Any]
) -> None:
    chosen = select(catalog, "coupons", "customers", fields={"customers": ["email"]}, write=write)
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"coupons", "customers"}
    assert set(result.records("customers")[0]) == {"id", "date_modified", "email"}
    assert {entry["list"] for entry in quiet.requests()} <= {"coupons", "customers", "time"}


def test_without_selected_the_default_is_used_and_what_cannot_be_selected_is_said(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = copy.deepcopy(catalog)
    unknown = {"tap_stream_id": "no_such_stream", "stream": "no_such_stream"}
    chosen["streams"].append({**copy.deepcopy(chosen["streams"][0]), **unknown})
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"] and entry["stream"] != "coupons":
                item["metadata"]["selected-by-default"] = False
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"coupons"}
    assert any("no_such_stream" in line for line in result.logged("WARNING"))
    result = run(settings(quiet), select(catalog))
    assert not result.by_stream
    assert "No stream is selected" in result.stderr


@pytest.mark.parametrize("text", ["", "[]", '{"streams": [1]}', '{"streams": [{}]}', "no key"])
def test_a_file_that_is_not_a_catalog_is_refused(quiet: Sandbox, catalog: Json, text: str) -> None:
    without_key = select(catalog, "coupons")
    del entry_of(without_key, "coupons")["schema"]["properties"]["id"]
    assert "atalog" in refused(settings(quiet), without_key if text == "no key" else text)


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
        columns = set(result.schemas[name]["schema"]["properties"])
        assert found >= {*automatic(name)}, name
        assert not [path for path in found if path.startswith(below)], name
        assert not (found | columns) & {*never[name]}, name


@pytest.mark.parametrize(
    "chosen",
    [
        {
            "coupons": "applies_to.ids",
            "customers": "_authentication.force_reset",
            "orders": "products[].product_options[].display_value",
            "products": "variants[].option_values[].label",
        },
        {"orders": "consignments.shipping[].line_items[].sku", "products": "custom_url.url"},
    ],
)
def test_a_nested_field_may_be_the_only_one_selected(
    quiet: Sandbox, catalog: Json, chosen: dict[str, str]
) -> None:
    fields = {name: [path] for name, path in chosen.items()}
    result = succeed(settings(quiet), select(catalog, *chosen, fields=fields))
    for name, path in chosen.items():
        parts = path.split(".")
        parents = {".".join(parts[: at + 1]).removesuffix("[]") for at in range(len(parts))}
        found = {path.removesuffix("[]") for path in written(result, name)}
        # A list or an object may be null.
        assert {path} <= found - automatic(name) <= parents, name
        assert all(record.keys() >= automatic(name) for record in result.records(name))


def test_a_field_that_is_deselected_or_unsupported_takes_its_children_with_it(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "orders", every_field=True)
    changed = {"billing_address": {"selected": False}, "products": {"inclusion": "unsupported"}}
    for item in entry_of(chosen, "orders")["metadata"]:
        item["metadata"].update(changed.get(path_of(item["breadcrumb"]), {}))
    result = run(settings(quiet), chosen)
    found = {path.split(".")[0].split("[")[0] for path in written(result, "orders")}
    assert "staff_notes" in found
    assert not {*changed} & {*found, *result.schemas["orders"]["schema"]["properties"]}


# What is new, and what does not fit


def rescued(record: Json) -> Any:
    text = record.get("_rescued_data")
    return json.loads(text) if text is not None else None


NEW: Json = {"new_field": {"a": ["ü", 1, None, True]}}
PRIVATE = {"new_field": "private-text"}
WRONG_VALUES: list[tuple[str, str, Any]] = [
    ("customers", "store_credit", "a lot"),
    ("customers", "email", ["a@example.com"]),
    ("customers", "date_created", "yesterday"),
    ("orders", "is_deleted", 2),
    ("products", "weight", {"value": 1}),
    ("coupons", "num_uses", "many"),
]


@pytest.mark.parametrize("left_out", ["nothing", "_rescued_data", "the fields"])
def test_what_is_new_or_does_not_fit_is_rescued_or_dropped_and_counted(
    small: Sandbox, catalog: Json, left_out: str
) -> None:
    free = {name: iter([row["id"] for row in small.records(name)]) for name in FOUR}
    wanted: dict[str, list[Any]] = {name: [NEW, PRIVATE, PRIVATE] for name in FOUR}
    fields: dict[str, list[str]] = {}
    for name, odd in wanted.items():
        for value in odd:
            small.change(name, ids=[next(free[name])], fields=value)
    for name, field, value in WRONG_VALUES:
        small.change(name, ids=[next(free[name])], fields={field: value})
        wanted[name].append({field: value} if left_out == "nothing" else None)
        fields.setdefault(name, []).append(field)
    without_rescued = {name: ["_rescued_data"] for name in FOUR}
    never = {"nothing": {}, "_rescued_data": without_rescued, "the fields": fields}[left_out]
    result = succeed(settings(small), select(catalog, *FOUR, without=never))
    kept = left_out != "_rescued_data"
    assert "private-text" not in result.stderr
    assert ("private-text" in result.stdout) == ("_rescued_data" in result.stdout) == kept
    for name in FOUR:
        (line,) = (e for e in result.logged("WARNING") if "new_field" in e and name in e)
        assert "3" in line
        found = [rescued(record) for record in result.records(name)]
        rest = [None] * (len(found) - len(wanted[name]))
        assert found == [*(wanted[name] if kept else [None] * len(wanted[name])), *rest]
        assert not any("new_field" in record for record in result.records(name))
    for name, field, value in WRONG_VALUES:
        assert value not in [record.get(field) for record in result.records(name)]
        warned = any(field in line and name in line for line in result.logged("WARNING"))
        assert warned == (left_out != "the fields"), field


def test_a_record_without_its_replication_key_stops_its_stream_and_keeps_the_bookmark(
    small: Sandbox,
) -> None:
    old = {"date_modified": "2023-01-01T00:00:00.000000Z"}
    # The store's own filter does not see the date that it shows.
    bad = {name: small.change(name, fields={"date_modified": "someday"})[0] for name in DATED}
    result = run(settings(small), state={"bookmarks": dict.fromkeys(bad, old)})
    assert result.status == 1
    assert len(result.ids("coupons")) == len(small.records("coupons"))
    for name, id_ in bad.items():
        assert id_ not in result.ids(name)
        assert result.bookmark(name) == old["date_modified"]
        assert any(str(id_) in line and name in line for line in result.logged("CRITICAL"))


def test_a_catalogs_types_are_used_and_fields_that_it_lacks_are_named_and_not_rescued(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "customers")
    gone, text = {"notes", "form_fields"}, {"type": ["null", "string"]}
    entry = entry_of(chosen, "customers")
    for name in gone:
        del entry["schema"]["properties"][name]
    entry["metadata"] = [i for i in entry["metadata"] if not gone & {*i["breadcrumb"]}]
    entry["schema"]["properties"]["store_credit"] = text
    result = succeed(settings(quiet), chosen)
    assert not any(gone & record.keys() for record in result.records("customers"))
    assert all(rescued(record) is None for record in result.records("customers"))
    (line,) = (line for line in result.logged("INFO") if "are not in the catalog" in line)
    assert all(name in line for name in gone)
    assert result.schemas["customers"]["schema"]["properties"]["store_credit"] == text
    credit = [row["store_credit"] for row in quiet.records("customers")]
    assert [row["store_credit"] for row in result.records("customers")] == credit


# Requests follow the selection


@pytest.mark.parametrize(
    ("fields", "included"),
    [
        (["status"], set()),
        (["products[].sku"], {"consignments.line_items"}),
        (["shipping_addresses[].city"], {"consignments"}),
        (["consignments.shipping[].line_items[].id"], {"consignments.line_items"}),
        (["fees[].type"], {"fees"}),
    ],
)
def test_orders_include_only_what_is_selected(
    quiet: Sandbox, catalog: Json, fields: list[str], included: set[str]
) -> None:
    succeed(settings(quiet, order_coupons="always"), only(catalog, "orders", *fields))
    assert includes(quiet, "orders") == included
    structure = "object" if any("consignments" in word for word in included) else None
    for query in asked(quiet, "orders"):
        assert query.get("consignment_structure") == structure
    others = {entry["list"] for entry in quiet.requests()} - {"orders", "time"}
    # 50 line items in one consignment may be all or not.
    assert others == ({"order_products"} if "consignments.line_items" in included else set())


@pytest.mark.parametrize(
    ("fields", "included"),
    [
        (["name"], set()),
        (["variants[].sku"], {"variants"}),
        (["images", "videos", "custom_fields[].name"], {"images", "videos", "custom_fields"}),
        ([], {"variants", "images", "custom_fields", "bulk_pricing_rules", "videos"}),
    ],
)
def test_products_include_only_what_is_selected(
    quiet: Sandbox, catalog: Json, fields: list[str], included: set[str]
) -> None:
    chosen = only(catalog, "products", *fields) if fields else select(catalog, "products")
    succeed(settings(quiet), chosen)
    found = includes(quiet, "products")
    assert found == included if fields else found > included
    for query in asked(quiet, "products"):
        # Without what is deselected, so that new fields of the API come.
        left_out = set(query.get("exclude_fields", "").split(","))
        assert ({"description", "price", "search_keywords"} <= left_out) == bool(fields)
        assert not left_out & {"id", "date_modified", *fields}
        assert "include_fields" not in query


def test_each_hint_alone_leads_to_a_request_for_the_coupons() -> None:
    changes: list[Json] = [{"coupon_discount": "5.0000"}, {"base_shipping_cost": "99.0000"}]
    no_hints: list[Json] = [{"discount_amount": "5.0000"}, {"coupon_discount": 0}]
    with Sandbox(Options(orders=40, customers=5, coupons=0, couponed_share=0)) as store:
        plain = [
            row["id"]
            for row in store.records("orders", full=True)
            if float(row["base_shipping_cost"])
            and not any(item["applied_discounts"] for item in row["products"])
        ]
        for id_, fields in zip(plain, changes + no_hints, strict=False):
            store.change("orders", ids=[id_], fields=fields)
        succeed(settings(store), args=["--select", "orders"])
        paths = [entry["path"] for entry in store.requests() if entry["list"] == "order_coupons"]
    assert {int(path.split("/")[-2]) for path in paths} & {*plain} == {*plain[:2]}
