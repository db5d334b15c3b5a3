"""Every record is what the store holds: digit for digit, null as null, lists to their end."""

import json
from typing import Any

import pytest
from all_streams import FOUR, compare, truth
from tap_runner import Json, read_message, run, select, settings, succeed

from bench import program
from bench.catalogs import selecting
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce_sandbox import Options, Sandbox


def test_every_value_of_every_field_is_the_stores_digit_for_digit(
    quiet: Sandbox, catalog: Json
) -> None:
    result = succeed(settings(quiet), select(catalog, *FOUR, every_field=True))
    for name in FOUR:
        compare(result, name, truth(quiet, name))


# Orders, whose lists come in several ways

ODD: list[tuple[Json, Json]] = [
    ({}, {}),
    ({}, {"order_details": "per_order"}),
    ({"cut_warning": False}, {}),
    ({"shipping_base_cost": "inc_tax", "items_total_counts_children": False}, {}),
    ({"embedded_consignments": "never"}, {}),
]


@pytest.mark.parametrize(("odd", "more"), ODD, ids=str)
def test_orders_are_whole_whatever_way_the_store_shows_them(
    catalog: Json, odd: Json, more: Json
) -> None:
    options: Any = {"orders": 36, "customers": 5, "products": 20, "huge_order_share": 0.3, **odd}
    options |= {"fulfillment_source_embedded": True, "refuse_unknown_parameters": True}
    with Sandbox(Options(**options)) as store:
        chosen = select(catalog, "orders", every_field=True)
        result = succeed(settings(store, order_coupons="always", **more), chosen)
        rows = truth(store, "orders")
        assert max(len(row["products"]) for row in rows.values()) > 250
        compare(result, "orders", rows, exact=False)
        assert not [entry["query"] for entry in store.requests() if entry["status"] == 400]


@pytest.mark.parametrize("cut_warning", [True, False], ids=["warned of", "silent"])
def test_a_cut_list_is_read_to_its_end_even_where_the_quantities_add_up(
    catalog: Json, cut_warning: bool
) -> None:
    # With a warning the warning alone tells it, without one the 50 line items alone.
    at = 30 if cut_warning else 50
    with Sandbox(Options(orders=12, line_item_cut=at, cut_warning=cut_warning)) as store:
        (huge,) = [row for row in store.records("orders", full=True) if len(row["products"]) > 50]
        shown = sum(item["quantity"] for item in huge["products"][:at])
        store.change("orders", ids=[huge["id"]], fields={"items_total": shown})
        result = run(settings(store), select(catalog, "orders"))
    came = result.record("orders", huge["id"])["products"]
    assert [item["id"] for item in came] == [item["id"] for item in huge["products"]]


# Odd values, each in a record of its own; tests/records has all of each type

TEXTS = {"coupons": "name", "customers": "notes", "orders": "staff_notes", "products": "name"}
TEXT = "ÄÖ ß – 太郎 محمد 🎁 👩‍👩‍👧 e\u0301 \u202e \\ \" ' \t\r\n </script> \u2028 \ufeff end"
IN_UTC = "2025-12-31T20:00:00.000000Z"
FORM = [{"name": "a", "value": 12.5}, {"name": "b", "value": ["x", "ü"]}, {"name": "c"}]
FORM_WRITTEN = '[{"name":"a","value":"12.5"},{"name":"b","value":"[\\"x\\",\\"ü\\"]"},{"name":"c"}]'
VALUES: list[tuple[str, str, Any, str]] = [
    *((name, text, TEXT, json.dumps(TEXT, ensure_ascii=False)) for name, text in TEXTS.items()),
    *((name, text, "a\x00b", '"ab"') for name, text in TEXTS.items()),
    ("customers", "store_credit", "123456789012345678901.2345", "123456789012345678901.2345"),
    ("customers", "store_credit", "0.1000000000000000055511", "0.1000000000000000055511"),
    ("customers", "date_created", "Thu, 01 Jan 2026 01:30:00 +0530", f'"{IN_UTC}"'),
    ("customers", "form_fields", FORM, FORM_WRITTEN),
    ("coupons", "restricted_to", {"countries": ["AU"]}, '[{"countries":["AU"]}]'),
    ("orders", "payment_provider_id", 77, '"77"'),
    ("orders", "date_shipped", "", "null"),
    ("products", "total_sold", 1.0, "1"),
]


def test_a_value_arrives_without_loss(small: Sandbox) -> None:
    ids = {name: iter([row["id"] for row in small.records(name)]) for name in FOUR}
    at = [(name, next(ids[name])) for name, _, _, _ in VALUES]
    for (name, id_), (_, field, value, _) in zip(at, VALUES, strict=True):
        small.change(name, ids=[id_], fields={field: value})
    lines = {
        (message["stream"], message["record"]["id"]): line
        for line in succeed(settings(small)).stdout.split("\n")
        if line and (message := read_message(line))["type"] == "RECORD"
    }
    for key, (name, field, value, written) in zip(at, VALUES, strict=True):
        rest = lines[key].split(f'"{field}":', 1)[1]
        assert rest.startswith((written + ",", written + "}")), (name, field, value)


def test_columns_of_the_tap_are_where_the_schema_has_them(small: Sandbox) -> None:
    config = settings(small, page_size=5, store_hash_column=True, detect_deletes=True)
    result = succeed(config, args=["--select", "**"])
    assert len(result.by_stream) > 50
    for stream, message in result.schemas.items():
        on_request = load_notes(stream).on_request
        columns = [name for name in message["schema"]["properties"] if name not in on_request]
        for row in result.records(stream):
            assert [name for name in row if name not in on_request] == columns, stream


pytestmark = pytest.mark.loads

SIZES: Any = {
    "customers": 3000,
    "products": 240,
    "coupons": 1500,
    "brands": 1200,
    "categories": 900,
}
NAMES = (
    *SIZES,
    *("redirects", "subscribers", "wishlists", "product_images", "product_variants"),
    *("customer_addresses", "customer_attribute_values", "customer_form_field_values"),
    "inventory_items",
)


def test_every_value_is_the_stores_digit_for_digit(catalog: Json) -> None:
    with Sandbox(Options(orders=40, redirects=2500, **SIZES)) as store:
        result = succeed(settings(store), select(catalog, *NAMES))
        for name in NAMES:
            compare(result, name, truth(store, name))
    lines = result.stdout.splitlines()
    for name in NAMES:
        written = [line for line in lines if f'"RECORD","stream":"{name}"' in line]
        assert sum(map(len, written)) > 250_000, name


def test_large_records_take_no_more_than_is_promised() -> None:
    """Pages of 7 MB, eight at once: what is parsed of them, and what the heap makes of it."""
    options: Any = {"products": 5000, "variants_per_product": 40, "fewest_variants": 40}
    options |= {"images_per_product": 5, "fewest_images": 5, "cache_mb": 64, "orders": 0}
    # A store in a process of its own, or the two would share this one's interpreter.
    with Sandbox.spawn(Options(**options)) as store:
        config = program.settings(store, max_concurrency=8)
        taken = program.run(config, catalog=selecting("products"))
    assert taken.records == 5000
    assert taken.peak_mb < 200
