"""Selection: deselected fields are neither requested nor written, at any depth."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import singer.catalog
from tap_runner import Json, Result, path_of, run, select, settings
from tap_streams import INCREMENTAL, NAMES, STREAMS, Stream, over_streams

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


def edit(catalog: Json, stream: str, change: Callable[[str, Json], None]) -> Json:
    """The catalog with one stream selected, and each of its fields' metadata changed."""
    chosen = select(catalog, stream)
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if entry["tap_stream_id"] == stream and item["breadcrumb"]:
                change(path_of(item["breadcrumb"]), item["metadata"])
    return chosen


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
    result = run(settings(quiet), chosen)
    assert result.status == 0, result.stderr
    assert set(result.schemas) == {"coupons", "customers"}
    assert set(result.records("customers")[0]) == {"id", "date_modified", "email"}
    assert not asked(quiet, "orders")
    assert not asked(quiet, "products")


def test_without_selected_the_default_is_used(quiet: Sandbox, catalog: Json) -> None:
    chosen = copy.deepcopy(catalog)
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"] and entry["stream"] != "coupons":
                item["metadata"]["selected-by-default"] = False
    result = run(settings(quiet), chosen)
    assert set(result.schemas) == {"coupons"}


def test_a_catalog_that_selects_nothing_says_so(quiet: Sandbox, catalog: Json) -> None:
    result = run(settings(quiet), select(catalog))
    assert not result.by_stream
    assert "No stream is selected" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_stream_that_the_tap_does_not_have_is_named(quiet: Sandbox, catalog: Json) -> None:
    chosen = only(catalog, "coupons")
    extra = copy.deepcopy(chosen["streams"][0])
    extra.update(tap_stream_id="no_such_stream", stream="no_such_stream")
    chosen["streams"].append(extra)
    result = run(settings(quiet), chosen)
    assert result.status == 0, result.stderr
    assert set(result.schemas) == {"coupons"}
    assert any("no_such_stream" in line for line in result.logged("WARNING"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"streams": {}}', '{"streams": [1]}', '{"streams": [{}]}']
)
def test_a_file_that_is_not_a_catalog_is_refused(quiet: Sandbox, text: str) -> None:
    result = run(settings(quiet), text)
    assert result.status == 1
    assert "atalog" in " ".join(result.logged("CRITICAL"))
    assert "Traceback" not in result.stderr
    assert not result.by_stream


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": None},
        {"schema": {"type": "object"}},
        {"schema": {"type": "object", "properties": {"code": {"type": "string"}}}},
        {"metadata": [{"breadcrumb": []}]},
        {"metadata": ["x"]},
        {"metadata": 5},
    ],
    ids=str,
)
def test_a_damaged_entry_is_refused_with_advice(
    quiet: Sandbox, catalog: Json, damage: Json
) -> None:
    chosen = only(catalog, "coupons")
    chosen["streams"] = [e for e in chosen["streams"] if e["stream"] == "coupons"]
    chosen["streams"][0].update(damage)
    if "metadata" in damage:
        chosen["streams"][0]["schema"]["selected"] = True
    result = run(settings(quiet), chosen)
    assert result.status == 1
    assert "atalog" in " ".join(result.logged("CRITICAL"))
    assert "Traceback" not in result.stderr


def test_a_catalog_that_went_through_singer_python_selects_the_same(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    again = singer.catalog.Catalog.from_dict(select(catalog, *NAMES)).to_dict()
    result = run(settings(quiet), json.loads(json.dumps(again)))
    assert result.status == 0, result.stderr
    for name in NAMES:
        assert result.records(name) == first_sync.records(name)


# Fields


def fields_of(catalog: Json, stream: Stream) -> list[str]:
    (entry,) = [e for e in catalog["streams"] if e["stream"] == stream.name]
    return [path_of(item["breadcrumb"]) for item in entry["metadata"] if item["breadcrumb"]]


def each_second(catalog: Json, stream: Stream) -> set[str]:
    return {path for path in fields_of(catalog, stream)[::2] if path not in stream.automatic_fields}


@pytest.fixture(scope="module")
def halved(_quiet_store: Sandbox, catalog: Json) -> Result:
    """A sync with each second field deselected, nested ones too."""
    never = {stream.name: list(each_second(catalog, stream)) for stream in STREAMS}
    return run(settings(_quiet_store), select(catalog, *NAMES, without=never))


@over_streams
def test_each_second_field_deselected_leaves_exactly_the_others(
    catalog: Json, halved: Result, stream: Stream
) -> None:
    assert halved.status == 0, halved.stderr
    never = each_second(catalog, stream)
    below = tuple(end for path in never for end in (f"{path}.", f"{path}[]."))
    written = {path for record in halved.records(stream.name) for path in paths(record)}
    assert written & set(fields_of(catalog, stream))
    assert not written & never
    assert not [path for path in written if path.startswith(below)]
    assert not set(schema_paths(halved.schemas[stream.name]["schema"])) & never


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
def test_a_nested_may_be_the_only_one_selected(
    quiet: Sandbox, catalog: Json, chosen: dict[str, str]
) -> None:
    fields = {name: [path] for name, path in chosen.items()}
    result = run(settings(quiet), select(catalog, *chosen, fields=fields))
    assert result.status == 0, result.stderr
    for stream in STREAMS:
        if stream.name in chosen:
            written = {found for record in result.records(stream.name) for found in paths(record)}
            parts = chosen[stream.name].split(".")
            parents = {".".join(parts[: at + 1]).removesuffix("[]") for at in range(len(parts))}
            assert written == stream.automatic_fields | parents


def test_a_field_that_is_not_selected_takes_its_children_with_it(
    quiet: Sandbox, catalog: Json
) -> None:
    def change(path: str, values: Json) -> None:
        values["selected"] = path != "billing_address"

    result = run(settings(quiet), edit(catalog, "orders", change))
    assert "billing_address" not in result.records("orders")[0]
    assert "billing_address" not in result.schemas["orders"]["schema"]["properties"]


def test_a_field_that_is_unsupported_is_not_written(quiet: Sandbox, catalog: Json) -> None:
    def change(path: str, values: Json) -> None:
        if path == "email":
            values.update({"inclusion": "unsupported", "selected": True})

    result = run(settings(quiet), edit(catalog, "customers", change))
    assert all("email" not in record for record in result.records("customers"))
    assert "company" in result.records("customers")[0]


def test_line_items_of_consignments_are_read_only_when_selected(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    assert not any("line_items" in json.dumps(list(paths(r))) for r in first_sync.records("orders"))
    path = "consignments.shipping[].line_items[].sku"
    result = run(settings(quiet), only(catalog, "orders", path))
    shown = [
        item["sku"]
        for record in result.records("orders")
        for address in record["consignments"]["shipping"]
        for item in address["line_items"]
    ]
    assert len(shown) > 50


# Deselected values are never written, whatever the store sends

SECRET = "Zq7-deselected-Zq7"


def test_no_deselected_value_is_written_anywhere() -> None:
    """Each row has the secret in a deselected field, or in a field that contains one."""
    rows: list[tuple[str, str, Any, list[str]]] = [
        ("customers", "notes", SECRET, ["notes"]),
        ("customers", "notes", {"a": SECRET}, ["notes"]),
        ("customers", "notes", [SECRET], ["notes"]),
        ("customers", "form_fields", [{"name": "n", "value": SECRET}], ["form_fields[].value"]),
        ("customers", "form_fields", {"name": "n", "value": SECRET}, ["form_fields[].value"]),
        ("customers", "form_fields", SECRET, ["form_fields[].value"]),
        ("customers", "form_fields", [[{"value": SECRET}]], ["form_fields[].value"]),
        ("customers", "_authentication", [{"force_reset": SECRET}], ["_authentication"]),
        ("orders", "billing_address", SECRET, ["billing_address.email"]),
        ("orders", "billing_address", [{"email": SECRET}], ["billing_address.email"]),
        ("orders", "billing_address", {"email": {"x": SECRET}}, ["billing_address.email"]),
        (
            "orders",
            "billing_address",
            {"form_fields": {"a": {"value": SECRET}}},
            ["billing_address.form_fields[].value", "billing_address.form_fields[].name"],
        ),
        ("orders", "staff_notes", SECRET, ["staff_notes"]),
        ("coupons", "applies_to", {"entity": SECRET, "ids": [1]}, ["applies_to.entity"]),
        ("coupons", "applies_to", [{"entity": SECRET}], ["applies_to.entity"]),
        ("coupons", "restricted_to", {"countries": [SECRET]}, ["restricted_to[].countries"]),
        ("coupons", "restricted_to", {"zips": {"US": [SECRET]}}, ["restricted_to[].zips"]),
        ("products", "custom_url", {"url": SECRET}, ["custom_url.url"]),
        ("products", "custom_url", SECRET, ["custom_url.url"]),
        ("products", "description", SECRET, ["description"]),
    ]
    never: dict[str, list[str]] = {}
    options = Options(orders=20, customers=20, products=20, coupons=20)
    with Sandbox(options) as store:
        ids = {s.list: iter([row["id"] for row in store.records(s.list)]) for s in STREAMS}
        for name, field, value, deselected in rows:
            never.setdefault(name, []).extend(deselected)
            store.change(name, ids=[next(ids[name])], fields={field: value})
        catalog = run(settings(store), args=["--discover"]).catalog
        assert SECRET in run(settings(store)).stdout
        result = run(
            settings(store), select(catalog, *NAMES, without=never), args=["--log-level", "DEBUG"]
        )
    assert result.status == 0, result.stderr
    assert {name: len(result.records(name)) for name in NAMES} == dict.fromkeys(NAMES, 20)
    assert SECRET not in result.stdout
    assert SECRET not in result.stderr


# What is new, and what does not fit


def rescued(record: Json) -> Any:
    text = record.get("_rescued_data")
    return json.loads(text) if text is not None else None


@pytest.fixture(scope="module")
def novelties() -> Iterator[Sandbox]:
    """A store whose first records have a field that the tap does not know."""
    with Sandbox(Options(orders=12, customers=12, products=12, coupons=8)) as store:
        for stream in STREAMS:
            first, second, third, *_ = (row["id"] for row in store.records(stream.list))
            store.change(stream.list, ids=[first], fields={"new_field": NEW})
            store.change(stream.list, ids=[second, third], fields={"new_field": "private-text"})
        yield store


NEW = {"a": ["ü", 1, None, True]}


def test_a_field_that_is_new_to_the_tap_is_rescued(novelties: Sandbox) -> None:
    result = run(settings(novelties))
    assert result.status == 0, result.stderr
    for name in NAMES:
        found = [rescued(record) for record in result.records(name)]
        private = {"new_field": "private-text"}
        assert found == [{"new_field": NEW}, private, private] + [None] * (len(found) - 3)
        assert not any("new_field" in record for record in result.records(name))
        (line,) = [
            line for line in result.logged("WARNING") if "new_field" in line and name in line
        ]
        assert "3" in line
    assert "private-text" not in result.stderr


def test_without_rescued_data_new_fields_are_dropped_and_counted(
    novelties: Sandbox, catalog: Json
) -> None:
    never = {name: ["_rescued_data"] for name in NAMES}
    result = run(settings(novelties), select(catalog, *NAMES, without=never))
    assert result.status == 0, result.stderr
    assert "_rescued_data" not in result.stdout
    assert "private-text" not in result.stdout + result.stderr
    for name in NAMES:
        (line,) = [
            line for line in result.logged("WARNING") if "new_field" in line and name in line
        ]
        assert "3" in line


WRONG_VALUES: list[tuple[str, str, Any]] = [
    ("customers", "store_credit", "a lot"),
    ("customers", "customer_group_id", 1.5),
    ("customers", "accepts_marketing", "maybe"),
    ("customers", "email", ["a@example.com"]),
    ("customers", "date_created", "yesterday"),
    ("orders", "total_inc_tax", "12,50"),
    ("orders", "is_deleted", 2),
    ("products", "weight", {"value": 1}),
    ("products", "categories", 5),
    ("coupons", "num_uses", "many"),
]


@pytest.fixture(scope="module")
def wrong_values() -> Iterator[tuple[Sandbox, list[int]]]:
    """A store in which each of WRONG_VALUES is in another record, and the ids of these."""
    with Sandbox(Options(orders=15, customers=15, products=15, coupons=8)) as store:
        free = {s.list: iter([row["id"] for row in store.records(s.list)]) for s in STREAMS}
        ids = [next(free[name]) for name, _, _ in WRONG_VALUES]
        for id, (name, field, value) in zip(ids, WRONG_VALUES, strict=True):
            store.change(name, ids=[id], fields={field: value})
        yield store, ids


def test_a_value_that_does_not_fit_is_null_and_rescued(
    wrong_values: tuple[Sandbox, list[int]],
) -> None:
    store, ids = wrong_values
    result = run(settings(store))
    assert result.status == 0, result.stderr
    for id, (name, field, value) in zip(ids, WRONG_VALUES, strict=True):
        record = result.record(name, id)
        assert record[field] is None
        assert rescued(record) == {field: value}
        assert any(field in line and name in line for line in result.logged("WARNING"))


def test_without_rescued_data_a_value_that_does_not_fit_is_null_with_a_warning(
    wrong_values: tuple[Sandbox, list[int]], catalog: Json
) -> None:
    store, ids = wrong_values
    chosen = select(catalog, *NAMES, without={name: ["_rescued_data"] for name in NAMES})
    result = run(settings(store), chosen)
    assert result.status == 0, result.stderr
    for id, (name, field, _) in zip(ids, WRONG_VALUES, strict=True):
        assert result.record(name, id)[field] is None
        assert any(field in line and name in line for line in result.logged("WARNING"))
    assert "_rescued_data" not in result.stdout


def test_a_deselected_value_that_does_not_fit_is_neither_rescued_nor_an_error(
    wrong_values: tuple[Sandbox, list[int]], catalog: Json
) -> None:
    store, _ = wrong_values
    never: dict[str, list[str]] = {}
    for name, field, _ in WRONG_VALUES:
        never.setdefault(name, []).append(field)
    result = run(settings(store), select(catalog, *NAMES, without=never))
    assert result.status == 0, result.stderr
    assert all(rescued(record) is None for name in NAMES for record in result.records(name))


def test_a_record_without_its_replication_key_stops_its_stream_and_keeps_the_bookmark(
    small: Sandbox,
) -> None:
    old = {"date_modified": "2023-01-01T00:00:00.000000Z"}
    bad = {s.name: small.records(s.list)[4]["id"] for s in INCREMENTAL}
    for stream in INCREMENTAL:
        # The store's own filter does not see the date that it shows.
        small.change(stream.list, ids=[bad[stream.name]], fields={"date_modified": "someday"})
    result = run(settings(small), state={"bookmarks": dict.fromkeys(bad, old)})
    assert result.status == 1
    assert "Traceback" not in result.stderr
    assert len(result.ids("coupons")) == len(small.records("coupons"))
    for name, id in bad.items():
        assert id not in result.ids(name)
        assert result.bookmark(name) == old["date_modified"]
        assert any(str(id) in line and name in line for line in result.logged("CRITICAL"))


def test_an_older_catalogs_missing_fields_are_named_and_not_rescued(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "customers")
    for entry in chosen["streams"]:
        for name in ("notes", "form_fields"):
            entry["schema"]["properties"].pop(name, None)
        entry["metadata"] = [
            item
            for item in entry["metadata"]
            if not {"notes", "form_fields"} & set(item["breadcrumb"])
        ]
    result = run(settings(quiet), chosen)
    assert result.status == 0, result.stderr
    record = result.records("customers")[0]
    assert not {"notes", "form_fields"} & record.keys()
    assert all(rescued(record) is None for record in result.records("customers"))
    (line,) = [line for line in result.logged("INFO") if "are not in the catalog" in line]
    assert "notes" in line
    assert "form_fields" in line


def test_the_catalogs_type_of_a_field_is_used(quiet: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers")
    for entry in chosen["streams"]:
        if entry["stream"] == "customers":
            entry["schema"]["properties"]["store_credit"] = {"type": ["null", "string"]}
    result = run(settings(quiet), chosen)
    rows = {row["id"]: row for row in quiet.records("customers")}
    for record in result.records("customers"):
        assert record["store_credit"] == rows[record["id"]]["store_credit"]
    schema = result.schemas["customers"]["schema"]["properties"]["store_credit"]
    assert schema["type"] == ["null", "string"]


# Requests follow the selection

CHILD_LISTS = ("order_products", "order_shipping_addresses", "order_coupons", "order_fees")


def child_lists(store: Sandbox) -> dict[str, int]:
    """How often each child list of orders was requested."""
    names = [entry["list"] for entry in store.requests()]
    found = {name: names.count(name) for name in (*CHILD_LISTS, "order_consignments", "order")}
    return {name: number for name, number in found.items() if number}


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
    result = run(settings(quiet), only(catalog, "orders", *fields))
    assert result.status == 0, result.stderr
    assert includes(quiet, "orders") == included
    for query in asked(quiet, "orders"):
        needed = any(word.startswith("consignments") for word in included)
        assert query.get("consignment_structure") == ("object" if needed else None)
    found = child_lists(quiet)
    if not included or included <= {"fees", "consignments"}:
        assert found == {}
    if "coupons[].code" not in fields:
        assert "order_coupons" not in found


def test_coupons_that_are_not_selected_are_not_requested(quiet: Sandbox, catalog: Json) -> None:
    for chosen in ("auto", "always"):
        quiet.clear_requests()
        result = run(settings(quiet, order_coupons=chosen), without(catalog, "orders", "coupons"))
        assert result.status == 0, result.stderr
        assert "order_coupons" not in child_lists(quiet)
        assert not asked(quiet, "coupons")


@pytest.mark.parametrize(
    ("fields", "included"),
    [
        (["name"], []),
        (["variants[].sku"], ["variants"]),
        (["images", "videos"], ["images", "videos"]),
        (["custom_fields[].name", "bulk_pricing_rules"], ["custom_fields", "bulk_pricing_rules"]),
    ],
    ids=str,
)
def test_products_include_only_what_is_selected(
    quiet: Sandbox, catalog: Json, fields: list[str], included: list[str]
) -> None:
    result = run(settings(quiet), only(catalog, "products", *fields))
    assert result.status == 0, result.stderr
    assert includes(quiet, "products") == set(included)
    for query in asked(quiet, "products"):
        left_out = set(query["exclude_fields"].split(","))
        assert {"description", "price", "search_keywords"} <= left_out
        assert not left_out & {"id", "date_modified", *fields}
        assert "include_fields" not in query


def test_a_new_field_of_the_api_is_rescued_although_few_fields_are_selected(
    small: Sandbox, catalog: Json
) -> None:
    id = small.records("products")[0]["id"]
    small.change("products", ids=[id], fields={"new_field": 5})
    result = run(settings(small), only(catalog, "products", "name", "_rescued_data"))
    assert rescued(result.record("products", id)) == {"new_field": 5}


def test_all_fields_of_a_product_are_requested_by_default(quiet: Sandbox) -> None:
    run(settings(quiet))
    assert {
        "variants", "images", "custom_fields", "bulk_pricing_rules", "videos"
    } <= includes(quiet, "products")  # fmt: skip
    assert all("exclude_fields" not in query for query in asked(quiet, "products"))


# Where an order's details come from


@pytest.mark.parametrize("when", ["always", "auto", "never"])
def test_coupons_of_orders_are_requested_as_set(quiet: Sandbox, catalog: Json, when: str) -> None:
    truth = {row["id"]: row["coupons"] for row in quiet.records("orders", full=True)}
    assert any(truth.values())
    assert not all(truth.values())
    result = run(settings(quiet, order_coupons=when), select(catalog, "orders"))
    assert result.status == 0, result.stderr
    requests = child_lists(quiet).get("order_coupons", 0)
    if when == "never":
        assert requests == 0
        assert all("coupons" not in record for record in result.records("orders"))
        assert "coupons" not in result.schemas["orders"]["schema"]["properties"]
        return
    for record in result.records("orders"):
        found = [row["id"] for row in record["coupons"]]
        assert found == sorted(row["id"] for row in truth[record["id"]])
    if when == "always":
        assert requests == len(truth)
    else:
        assert sum(map(bool, truth.values())) <= requests < len(truth) / 2


@pytest.mark.parametrize("odd", [{}, {"shipping_base_cost": "inc_tax"}], ids=str)
def test_no_coupon_is_missed_if_nearly_every_order_has_one(odd: Json) -> None:
    options = Options(orders=80, customers=5, products=20, coupons=12, couponed_share=0.9, **odd)
    with Sandbox(options) as store:
        truth = {row["id"]: row["coupons"] for row in store.records("orders", full=True)}
        catalog = run(args=["--discover"]).catalog
        result = run(settings(store), only(catalog, "orders", "coupons"))
    for record in result.records("orders"):
        codes = sorted((row["id"], row["code"]) for row in truth[record["id"]])
        assert sorted((row["id"], row["code"]) for row in record["coupons"]) == codes


def test_each_hint_alone_leads_to_a_request_for_the_coupons() -> None:
    hints: list[Json] = [{"coupon_discount": "5.0000"}, {"base_shipping_cost": "99.0000"}]
    no_hints: list[Json] = [
        {"discount_amount": "5.0000"},
        {"coupon_discount": "0.0000"},
        {"coupon_discount": 0},
    ]
    with Sandbox(Options(orders=40, customers=5, coupons=0, couponed_share=0)) as store:
        orders = store.records("orders", full=True)
        plain = [
            row["id"]
            for row in orders
            if row["shipping_addresses"]
            and float(row["base_shipping_cost"])
            and not any(item["applied_discounts"] for item in row["products"])
        ]
        for id, fields in zip(plain, [*hints, *no_hints], strict=False):
            store.change("orders", ids=[id], fields=fields)
        assert run(settings(store)).status == 0
        looked = {
            e["path"].split("/")[-2] for e in store.requests() if e["list"] == "order_coupons"
        }
    assert {str(id) for id in plain[:2]} <= looked
    assert not {str(id) for id in plain[2:]} & looked


def test_order_details_per_order_cost_requests_for_child_lists(
    quiet: Sandbox, catalog: Json, first_sync: Result
) -> None:
    chosen = without(catalog, "orders", "consignments", "coupons", "fees")
    result = run(settings(quiet, order_details="per_order"), chosen)
    assert result.status == 0, result.stderr
    assert includes(quiet, "orders") == set()
    orders = len(result.records("orders"))
    found = child_lists(quiet)
    assert found["order_products"] >= orders
    assert found["order_shipping_addresses"] >= orders
    assert set(found) == {"order_products", "order_shipping_addresses"}
    for record, known in zip(result.records("orders"), first_sync.records("orders"), strict=True):
        assert record["products"] == known["products"]
        assert record["shipping_addresses"] == known["shipping_addresses"]


def test_orders_with_all_their_details_cost_few_requests(quiet: Sandbox, catalog: Json) -> None:
    run(settings(quiet), without(catalog, "orders", "coupons"))
    huge = [row for row in quiet.records("orders", full=True) if len(row["products"]) >= 50]
    assert len(quiet.requests()) <= 3 + 2 * len(huge)
