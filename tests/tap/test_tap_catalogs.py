"""Catalogs as other programs and people write them: warnings name what is ignored."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tap_runner import Json, path_of, run, select, settings, succeed

from tap_bigcommerce_sandbox import Sandbox

MELTANO = Path(__file__).parent / "catalogs" / "meltano.json"
"""Written by Meltano 4.4.1 (`meltano invoke --dump=catalog`), less other streams and descriptions.

select: coupons.code, coupons.restricted_to, coupons.applies_to*, customers.*, !customers.notes,
order_shipments.*, !order_shipments.billing_address.*; schema: coupons.applies_to as a string.
"""


def entry_of(catalog: Json, stream: str) -> Json:
    return next(e for e in catalog["streams"] if e["tap_stream_id"] == stream)


def metadata_at(entry: Json, path: str) -> Json:
    """The metadata of a field; of the stream itself: ""."""
    return next(i["metadata"] for i in entry["metadata"] if path_of(i["breadcrumb"]) == path)


def test_a_catalog_of_meltano_selects_what_its_rules_say(quiet: Sandbox) -> None:
    catalog = json.loads(MELTANO.read_text("utf-8"))
    result = succeed(settings(quiet), catalog)
    assert set(result.schemas) == {"coupons", "customers", "order_shipments"}
    schema = {name: s["schema"]["properties"] for name, s in result.schemas.items()}
    assert set(schema["coupons"]) == {"id", "code", "applies_to"}
    assert "notes" not in schema["customers"]
    assert "email" in schema["customers"]
    assert "billing_address" not in schema["order_shipments"]
    assert "shipping_address" in schema["order_shipments"]
    warnings = result.logged("WARNING")
    assert len(warnings) == 2, warnings
    assert "restricted_to is selected" in warnings[0]
    assert "coupons.restricted_to*" in warnings[0]
    assert "order_shipments.billing_address*" in warnings[1]


def test_keys_are_written_whatever_a_catalog_selects(quiet: Sandbox, catalog: Json) -> None:
    """Other programs write metadata without "inclusion", or rules that exclude everything."""
    chosen = select(catalog, "orders", fields={"orders": ["status"]})
    for path in ("id", "date_modified"):
        metadata = metadata_at(entry_of(chosen, "orders"), path)
        metadata.clear()
        metadata["selected"] = False
    result = run(settings(quiet), chosen)
    assert result.status == 0, result.stderr
    assert set(result.schemas["orders"]["schema"]["properties"]) == {
        "id",
        "date_modified",
        "status",
    }
    assert all(row["id"] and row["date_modified"] for row in result.records("orders"))


def test_an_object_that_is_a_string_in_the_catalog_becomes_its_json_text(quiet: Sandbox) -> None:
    catalog = json.loads(MELTANO.read_text("utf-8"))
    coupons = entry_of(catalog, "coupons")
    metadata_at(coupons, "applies_to.entity")["selected"] = False
    result = run(settings(quiet), catalog)
    assert result.schemas["coupons"]["schema"]["properties"]["applies_to"] == {
        "type": ["null", "string"]
    }
    stored = {row["id"]: row.get("applies_to") for row in quiet.records("coupons")}
    assert any(stored.values())
    for row in result.records("coupons"):
        full = stored[row["id"]]
        assert json.loads(row["applies_to"] or "null") == (full and {"ids": full["ids"]})
    assert not [line for line in result.logged("WARNING") if "applies_to" in line]


def test_an_array_that_is_a_string_in_the_catalog_becomes_its_json_text(
    quiet: Sandbox, catalog: Json
) -> None:
    fields = {"orders": ["products"], "products": ["categories"]}
    chosen = select(catalog, "orders", "products", fields=fields)
    entry_of(chosen, "orders")["schema"]["properties"]["products"] = {"type": ["null", "string"]}
    entry_of(chosen, "products")["schema"]["properties"]["categories"] = {"type": "string"}
    result = run(settings(quiet), chosen)
    plain = run(settings(quiet), select(catalog, "orders", "products", fields=fields))
    for row in result.records("orders"):
        as_text = json.loads(row["products"], parse_float=str)
        as_list = json.loads(json.dumps(plain.record("orders", row["id"])["products"], default=str))
        assert as_text == as_list
    for row in result.records("products"):
        assert json.loads(row["categories"]) == plain.record("products", row["id"])["categories"]


@pytest.mark.parametrize("value", [False, "false"])
def test_a_field_that_its_schema_deselects_is_not_written(
    quiet: Sandbox, catalog: Json, value: Any
) -> None:
    chosen = select(catalog, "customers")
    entry = entry_of(chosen, "customers")
    entry["schema"]["properties"]["email"]["selected"] = value
    entry["schema"]["properties"]["form_fields"]["items"]["properties"]["value"]["selected"] = value
    result = succeed(settings(quiet), chosen)
    assert all("email" not in row for row in result.records("customers"))
    forms = [form for row in result.records("customers") for form in row["form_fields"] or ()]
    assert {name for form in forms for name in form} == {"name"}
    metadata_at(entry, "email")["selected"] = True
    assert all(row["email"] for row in run(settings(quiet), chosen).records("customers"))


Change = Callable[[Json], None]
"""Of the entry of customers."""


def of_entry(**values: Any) -> Change:
    return lambda entry: entry.update(values)


def of_metadata(path: str, **values: Any) -> Change:
    hyphened = {name.replace("_", "-"): value for name, value in values.items()}
    return lambda entry: metadata_at(entry, path).update(hyphened)


def deselected(*breadcrumb: str) -> Change:
    item = {"breadcrumb": list(breadcrumb), "metadata": {"selected": False}}
    return lambda entry: entry["metadata"].append(item)


EMAIL = 'Did you mean ["properties", "email"]?'
NOTHING_IN_IT = "form_fields is selected, but none of the fields in it"
VALUE = 'Did you mean ["properties", "form_fields", "items", "properties", "value"]?'
IGNORED: list[tuple[Change, str]] = [
    (of_entry(selected=False), '"selected": false beside tap_stream_id'),
    (of_entry(selected="yes"), '"selected": "yes" beside tap_stream_id'),
    (of_metadata("email", selected="no"), '"no" at ["properties", "email"]'),
    (of_metadata("email", selected=0), '0 at ["properties", "email"]'),
    (
        lambda entry: entry["schema"]["properties"]["email"].update(selected="nope"),
        '"nope" at ["properties", "email"]',
    ),
    (deselected("properties", "Email"), f'"Email"] is ignored: there is no such field. {EMAIL}'),
    (deselected("email"), EMAIL),
    (deselected("customers.email"), EMAIL),
    (deselected("properties", "notes"), "is in the metadata 2 times: the last one is used"),
    (deselected("properties", "form_fields", "items"), NOTHING_IN_IT),
    (
        lambda entry: entry["schema"]["properties"]["form_fields"]["items"].update(selected=False),
        NOTHING_IN_IT,
    ),
    (deselected("properties", "form_fields", "value"), VALUE),
    (deselected("properties", "xyzzy"), '"xyzzy"] is ignored: there is no such field'),
    (of_entry(stream="clients"), 'stream "clients" is ignored'),
    (of_entry(stream_alias="clients"), 'stream_alias "clients" is ignored'),
    (of_entry(alias="clients"), 'alias "clients" is ignored'),
    (of_entry(key_properties=["email"]), 'it is always ["id"]'),
    (
        of_metadata("", table_key_properties=["email"]),
        'table-key-properties ["email"] is ignored: it is always ["id"]',
    ),
    (
        of_metadata("", replication_key="date_created"),
        'replication-key "date_created" is ignored: it is always "date_modified"',
    ),
]


@pytest.mark.parametrize(("change", "message"), IGNORED)
def test_what_is_ignored_is_named(
    quiet: Sandbox, catalog: Json, change: Change, message: str
) -> None:
    chosen = select(catalog, "customers", "coupons", fields={"coupons": ()})
    change(entry_of(chosen, "customers"))
    (warning,) = succeed(settings(quiet), chosen).logged("WARNING")
    assert "customers" in warning
    assert message in warning


@pytest.mark.parametrize("more", [{"detect_deletes": True}, {"store_hash_column": True}])
def test_of_a_catalog_as_discovery_writes_it_nothing_is_ignored(quiet: Sandbox, more: Json) -> None:
    config = settings(quiet, **more)
    result = run(config, run(config, args=["--discover", "--select", "coupons,banners"]).catalog)
    assert set(result.schemas) == {"coupons", "banners"}
    assert result.logged("WARNING") == []


def test_a_field_of_any_type_in_a_catalog_can_hold_pseudonyms(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "customers")
    fields = entry_of(chosen, "customers")["schema"]["properties"]
    fields.update(email=True, phone={})
    config = settings(quiet, hash_fields="customers.email,customers.phone", hash_salt="salt")
    result = succeed(config, chosen)
    assert all(len(row["email"]) == 64 for row in result.records("customers"))
    schema = result.schemas["customers"]["schema"]["properties"]
    assert schema["email"] is True
    assert schema["phone"] == {}


def test_a_stream_with_an_invalid_value_of_selected_is_not_read_and_named(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "coupons", whole=True)
    table = metadata_at(entry_of(chosen, "banners"), "")
    for value in ("yes", 1):
        table["selected"] = value
        result = run(settings(quiet), copy.deepcopy(chosen))
        assert set(result.schemas) == {"coupons"}
        (warning,) = result.logged("WARNING")
        assert f'"selected" is {json.dumps(value)} at []' in warning
        assert "banners" in warning
