"""Catalogs as other programs and people write them: warnings name what is ignored."""

from __future__ import annotations

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
    metadata_at(entry_of(catalog, "coupons"), "applies_to.entity")["selected"] = False
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
    # An object that is a string in the catalog becomes JSON text, of what is selected in it.
    assert schema["coupons"]["applies_to"] == {"type": ["null", "string"]}
    stored = {row["id"]: row.get("applies_to") for row in quiet.records("coupons")}
    assert any(stored.values())
    for row in result.records("coupons"):
        full = stored[row["id"]]
        assert json.loads(row["applies_to"] or "null") == (full and {"ids": full["ids"]})


def test_an_array_that_is_a_string_in_the_catalog_becomes_its_json_text(
    quiet: Sandbox, catalog: Json
) -> None:
    fields = {"orders": ["products"], "products": ["categories"]}
    chosen = select(catalog, "orders", "products", fields=fields)
    entry_of(chosen, "orders")["schema"]["properties"]["products"] = {"type": ["null", "string"]}
    entry_of(chosen, "products")["schema"]["properties"]["categories"] = {"type": "string"}
    result = run(settings(quiet), chosen)
    plain = run(settings(quiet), select(catalog, "orders", "products", fields=fields))
    for name, (field,) in fields.items():
        for row in result.records(name):
            found = json.loads(row[field], parse_float=str)
            value = plain.record(name, row["id"])[field]
            assert found == json.loads(json.dumps(value, default=str))


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
VALUE = 'Did you mean ["properties", "form_fields", "items", "properties", "value"]?'
IGNORED: list[tuple[Change, str]] = [
    (of_entry(selected=False), '"selected": false beside tap_stream_id is ignored'),
    (of_metadata("email", selected="no"), '"selected" is "no" at ["properties", "email"]'),
    (
        lambda entry: entry["schema"]["properties"]["phone"].update(selected=0),
        '"selected" is 0 at ["properties", "phone"]',
    ),
    (deselected("properties", "Email"), f'"Email"] is ignored: there is no such field. {EMAIL}'),
    (deselected("email"), f'breadcrumb ["email"] is ignored: there is no such field. {EMAIL}'),
    (deselected("customers.email"), '["customers.email"] is ignored: there is no such f'),
    (deselected("properties", "notes"), "is in the metadata 2 times: the last one is used"),
    (deselected("properties", "attributes", "items"), "attributes is selected, but none of the"),
    (
        lambda entry: entry["schema"]["properties"]["form_fields"]["items"].update(selected=False),
        "form_fields is selected, but none of the fields in it",
    ),
    (deselected("properties", "form_fields", "value"), VALUE),
    (deselected("properties", "xyzzy"), '"xyzzy"] is ignored: there is no such field'),
    (of_entry(stream="clients"), 'stream "clients" is ignored'),
    (of_entry(alias="clients"), 'alias "clients" is ignored'),
    (of_entry(key_properties=["email"]), 'it is always ["id"]'),
    (
        of_metadata("", replication_key="date_created"),
        'replication-key "date_created" is ignored: it is always "date_modified"',
    ),
]


def test_what_is_ignored_is_named(quiet: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers", "coupons", whole=True)
    metadata_at(entry_of(chosen, "customers"), "attributes")["selected"] = True
    for change, _ in IGNORED:
        change(entry_of(chosen, "customers"))
    metadata_at(entry_of(chosen, "banners"), "")["selected"] = 1
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"customers", "coupons"}
    warnings = result.logged("WARNING")
    for message in [*(message for _, message in IGNORED), '"selected" is 1 at []']:
        assert sum(message in warning for warning in warnings) == 1, (message, warnings)
    of_customers = ["The catalog's entry for customers: " in warning for warning in warnings]
    assert (len(of_customers), sum(of_customers)) == (len(IGNORED) + 1, len(IGNORED))


def test_of_a_catalog_as_discovery_writes_it_nothing_is_ignored(quiet: Sandbox) -> None:
    config = settings(quiet, detect_deletes=True, store_hash_column=True)
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
