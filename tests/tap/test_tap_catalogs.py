"""Discovery: the catalog and what a token may read. Catalogs that others wrote, and warnings."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from all_streams import FOUR, NAMES, PARENTS, SCOPES, WITH_CHILD_LIST, automatic, list_of
from expected import STREAMS
from tap_runner import (
    Json,
    Result,
    discover,
    path_of,
    refused,
    run,
    select,
    settings,
    some_of,
    succeed,
)

from tap_bigcommerce_sandbox import Options, Sandbox

# Lists and objects that come in one response and take no limit.
WITHOUT_LIMIT = {"order", *(list_of(name) for name in NAMES if not STREAMS[name].paged)}
IMPATIENT = {"max_attempts": 1, "max_retry_seconds": 0}


def names_in(result: Result) -> list[str]:
    return sorted(entry["tap_stream_id"] for entry in result.catalog["streams"])


def discovered(store: Sandbox, **more: Any) -> Result:
    return succeed(settings(store, **more), args=["--discover"])


def breadcrumbs(schema: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The breadcrumb of each field, also of nested fields."""
    if "items" in schema:
        yield from breadcrumbs(schema["items"], (*at, "items"))
    for name, field in schema.get("properties", {}).items():
        yield (*at, "properties", name)
        yield from breadcrumbs(field, (*at, "properties", name))


# The catalog


def test_the_catalog_of_every_stream_has_metadata_of_every_field(catalog: Json) -> None:
    names = [entry["tap_stream_id"] for entry in catalog["streams"]]
    assert names[: len(FOUR)] == list(FOUR)
    for entry in catalog["streams"]:
        name, schema = entry["tap_stream_id"], entry["schema"]
        assert entry["stream"] == name
        items = {tuple(item["breadcrumb"]): item["metadata"] for item in entry["metadata"]}
        assert len(items) == len(entry["metadata"])
        assert set(items) == {(), *breadcrumbs(schema)}, name
        inclusion = {at: values["inclusion"] for at, values in items.items()}
        fields = {("properties", field) for field in automatic(name)}
        assert inclusion == {at: "automatic" if at in fields else "available" for at in items}, name
        assert schema["properties"]["_rescued_data"]["type"] == ["null", "string"]
        for key in (*entry, *(key for values in items.values() for key in values)):
            assert not re.fullmatch("selected|replication[-_](method|key)", key), "set by users"


def test_discovery_asks_for_one_record_of_each_list_once(quiet: Sandbox) -> None:
    result = discovered(quiet)
    assert set(result.catalog) == {"streams"}
    assert not result.logged("WARNING", "ERROR", "CRITICAL")
    asked = quiet.requests()
    assert len({entry["path"] for entry in asked}) == len(asked)
    # What is nested in its parents' rows needs no list of its own to be asked.
    roots = {list_of(PARENTS[name].stream if name in PARENTS else name) for name in NAMES}
    assert {entry["list"] for entry in asked} == {*roots, *map(list_of, WITH_CHILD_LIST)}
    for entry in asked:
        if entry["list"] not in WITHOUT_LIMIT:
            assert entry["query"].get("limit") == "1", entry["path"]
            assert (entry["rows"] or 0) <= 1
        assert entry["query"].get("limit", "1") == "1"


def test_without_settings_all_streams_are_discovered_as_in_the_sample(catalog: Json) -> None:
    sample = Path(__file__).resolve().parents[2] / "catalog.json"
    assert discover() == catalog == json.loads(sample.read_text(encoding="utf-8"))


def test_a_field_that_a_setting_removes_is_not_in_the_catalog(quiet: Sandbox) -> None:
    never = discovered(quiet, order_coupons="never").catalog
    (orders,) = (entry for entry in never["streams"] if entry["tap_stream_id"] == "orders")
    assert "coupons" not in orders["schema"]["properties"]
    assert not any("coupons" in item["breadcrumb"] for item in orders["metadata"])


# Which lists the token may read


@pytest.mark.parametrize("scope", some_of([*SCOPES], 4, pytest.mark.every_stream))
def test_streams_that_may_not_be_read_are_left_out_and_their_permission_named(scope: str) -> None:
    permission, lost = SCOPES[scope]
    with Sandbox(Options(orders=3, customers=3, products=3, coupons=3)) as tiny:
        tiny.set(withheld_scopes=(scope,))
        result = discovered(tiny)
    assert names_in(result) == sorted(set(NAMES) - set(lost))
    (line,) = result.logged("WARNING")
    assert sorted(re.findall("[a-z0-9_]+", line.split(": ", 2)[2].split(".")[0])) == sorted(lost)
    assert [other for other, _ in SCOPES.values() if f"'{other}:" in line] == [permission]
    assert f"'{permission}: read-only'" in line


def test_a_token_that_may_read_nothing_is_an_error(small: Sandbox) -> None:
    small.set(withheld_scopes=tuple(SCOPES))
    result = run(settings(small), args=["--discover"])
    assert (result.status, result.stdout) == (1, "")
    assert "cannot read any stream" in " ".join(result.logged("CRITICAL"))
    for permission, names in SCOPES.values():
        # Child lists are only requested once a row of their parent has been read.
        assert set(names) <= set(PARENTS) or f"{permission}: read-only" in result.stderr


def test_a_wrong_token_or_store_is_an_error_of_every_command(quiet: Sandbox) -> None:
    for name, value in (("access_token", "wr0ng"), ("store_hash", "nosuchstore")):
        for command in ("--discover", "--check", "--test"):
            said = refused(settings(quiet, **{name: value}), args=[command], hides="wr0ng")
            assert name in said


def test_one_warning_names_all_lists_that_the_store_does_not_have(small: Sandbox) -> None:
    absent = {"order_metafields": "404", "brands": "405", "promotions": "410", "tax_zones": "501"}
    for name, kind in absent.items():
        small.fault(name, kind=kind, times=0)
    result = discovered(small)
    # Codes are below promotions: without these there are none.
    gone = {*absent, "promotion_codes"}
    assert names_in(result) == sorted(set(NAMES) - gone)
    (line,) = result.logged("WARNING")
    assert "does not have their lists" in line
    assert all(name in line for name in gone)


@pytest.mark.parametrize("kind", ["401", "503", "hang"])
def test_a_list_that_cannot_be_read_now_stays_in_the_catalog_with_a_warning(
    small: Sandbox, kind: str
) -> None:
    small.set(hang_seconds=5)
    small.fault("orders", kind=kind, times=0)
    result = discovered(small, request_timeout=2, **IMPATIENT)
    assert names_in(result) == sorted(NAMES)
    (line,) = (line for line in result.logged("WARNING") if "it is unknown whether" in line)
    # All streams that are read from this list.
    assert all(name in line for name in ("orders", "order_products", "order_transactions"))
    assert "permission" not in result.stderr


def test_discovery_needs_neither_the_clock_nor_child_lists_and_waits_for_the_quota(
    small: Sandbox,
) -> None:
    small.set(window_seconds=0.3)
    small.fault("time", kind="503", times=0)
    for name in ("order_taxes", "order_transactions", "channel_listings"):
        small.fault(name, kind="404", times=0)
    for name in FOUR:
        small.fault(name, kind="429")
    result = discovered(small, **IMPATIENT)
    assert names_in(result) == sorted(NAMES)
    assert "permission" not in result.stderr
    assert not [line for line in result.logged("WARNING", "CRITICAL") if "429" not in line]


def test_a_store_of_which_no_list_can_be_read_is_an_error(small: Sandbox) -> None:
    for kind, command, message in (
        ("404", "--discover", "Check store_hash"),
        ("423", "--check", "locked"),
        ("503", "--discover", "is open"),
    ):
        small.clear_faults()
        small.fault("*", kind=kind, times=0)
        line = refused(settings(small, **IMPATIENT), args=[command])
        assert "can be read" in line
        assert message in line


# Catalogs as other programs and people write them

MELTANO = Path(__file__).parent / "catalogs" / "meltano.json"
"""Written by Meltano 4.4.1 (`meltano invoke --dump=catalog`), less other streams and descriptions.

select: coupons.code, coupons.restricted_to, coupons.applies_to*, customers.*, !customers.notes,
order_shipments.*, !order_shipments.billing_address.*; schema: coupons.applies_to as a string.
"""


def entry_of(catalog: Json, stream: str) -> Json:
    return next(e for e in catalog["streams"] if e["tap_stream_id"] == stream)


def metadata_at(entry: Json, path: str) -> Json:
    return next(i["metadata"] for i in entry["metadata"] if path_of(i["breadcrumb"]) == path)


def test_a_catalog_of_meltano_selects_what_its_rules_say(quiet: Sandbox) -> None:
    catalog = json.loads(MELTANO.read_text("utf-8"))
    metadata_at(entry_of(catalog, "coupons"), "applies_to.entity")["selected"] = False
    entry_of(catalog, "order_shipments")["schema"]["properties"]["items"] = {"type": "string"}
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
    # An object or array that is a string in the catalog becomes JSON text of what is selected.
    assert schema["coupons"]["applies_to"] == {"type": ["null", "string"]}
    stored = {row["id"]: row.get("applies_to") for row in quiet.records("coupons")}
    assert any(stored.values())
    for row in result.records("coupons"):
        full = stored[row["id"]]
        assert json.loads(row["applies_to"] or "null") == (full and {"ids": full["ids"]})
    items = [json.loads(row["items"]) for row in result.records("order_shipments")]
    assert items == [row["items"] for row in quiet.records("order_shipments", full=True)] != []


def test_a_field_that_its_schema_deselects_is_not_written(quiet: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers")
    entry = entry_of(chosen, "customers")
    fields = entry["schema"]["properties"]
    fields["email"]["selected"] = False
    fields["form_fields"]["items"]["properties"]["value"]["selected"] = "false"
    result = succeed(settings(quiet), chosen)
    assert all("email" not in row for row in result.records("customers"))
    forms = [form for row in result.records("customers") for form in row["form_fields"] or ()]
    assert {name for form in forms for name in form} == {"name"}
    metadata_at(entry, "email")["selected"] = True
    assert all(row["email"] for row in run(settings(quiet), chosen).records("customers"))


EMAIL = 'Did you mean ["properties", "email"]?'
IGNORED = [
    '"selected": false beside tap_stream_id is ignored',
    'stream "clients" is ignored',
    'alias "clients" is ignored',
    'key_properties ["email"] is ignored: it is always ["id"]',
    'replication-key "date_created" is ignored: it is always "date_modified"',
    '"selected" is "no" at ["properties", "email"]',
    '"selected" is 0 at ["properties", "phone"]',
    "form_fields is selected, but none of the fields in it",
    "attributes is selected, but none of the fields in it",
    f'breadcrumb ["properties", "Email"] is ignored: there is no such field. {EMAIL}',
    f'breadcrumb ["email"] is ignored: there is no such field. {EMAIL}',
    f'breadcrumb ["customers.email"] is ignored: there is no such field. {EMAIL}',
    'Did you mean ["properties", "form_fields", "items", "properties", "value"]?',
    '"xyzzy"] is ignored: there is no such field',
    'breadcrumb ["properties", "notes"] is in the metadata 2 times: the last one is used',
]


def test_what_is_ignored_is_named(quiet: Sandbox, catalog: Json) -> None:
    chosen = select(catalog, "customers", "coupons", whole=True)
    entry = entry_of(chosen, "customers")
    fields = entry["schema"]["properties"]
    metadata_at(entry, "").update({"replication-key": "date_created"})
    metadata_at(entry, "email")["selected"] = "no"
    metadata_at(entry, "attributes")["selected"] = True
    metadata_at(entry_of(chosen, "banners"), "")["selected"] = 1
    fields["phone"]["selected"] = 0
    fields["form_fields"]["items"]["selected"] = False
    entry.update(selected=False, stream="clients", alias="clients", key_properties=["email"])
    for name in ("attributes.items", "Email", "form_fields.value", "xyzzy", "notes"):
        item = {"breadcrumb": ["properties", *name.split(".")], "metadata": {"selected": False}}
        entry["metadata"] += [item]
    for name in ("email", "customers.email"):
        entry["metadata"] += [{"breadcrumb": [name], "metadata": {"selected": False}}]
    result = succeed(settings(quiet), chosen)
    assert set(result.schemas) == {"customers", "coupons"}
    warnings = result.logged("WARNING")
    of_customers = [w for w in warnings if "The catalog's entry for customers: " in w]
    assert (len(of_customers), len(warnings)) == (len(IGNORED), len(IGNORED) + 1)
    for message in [*IGNORED, '"selected" is 1 at []']:
        assert sum(message in warning for warning in warnings) == 1, (message, warnings)


def test_of_a_catalog_as_discovery_writes_it_nothing_is_ignored(quiet: Sandbox) -> None:
    config = settings(quiet, detect_deletes=True, store_hash_column=True)
    result = run(config, run(config, args=["--discover", "--select", "coupons,banners"]).catalog)
    assert set(result.schemas) == {"coupons", "banners"}
    assert result.logged("WARNING") == []
