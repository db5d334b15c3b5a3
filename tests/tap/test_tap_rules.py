"""Rules select, exclude and hash fields."""

import hmac
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from all_streams import NAMES as ALL
from all_streams import leaves
from tap_runner import Json, Result, refused, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

SALT = "pepper"
DATE_FORMAT = "M jS Y @ g:i A"
SECRET = "kim@example.com"


def with_rules(*rules: str) -> list[str]:
    return [word for rule in rules for word in ("--select", rule)]


def columns(result: Result, stream: str) -> set[str]:
    return set(result.schemas[stream]["schema"]["properties"])


def pseudonym(text: str) -> str:
    return hmac.digest(SALT.encode(), text.encode(), "sha256").hex()


@pytest.fixture(scope="module")
def odd() -> Iterator[Sandbox]:
    """A store whose rows have an address wherever no schema expects one."""
    with Sandbox(Options(orders=12, customers=12, products=12, coupons=4)) as store:
        everyone = [row["id"] for row in store.records("customers")]
        store.change(
            "customers",
            everyone,
            {
                "workEmail": SECRET,
                "email2": SECRET,
                "contact": {"since": 2020, "Email": SECRET, "all": [{"e_mail_emails": [SECRET]}]},
                "form_fields": [{"name": "f", "value": {"email": SECRET, "size": 4}}],
                "customer_group_id": {"email": SECRET},
                "company": [SECRET],
                "phone": 12,
                "date_created": "Monday",
                "e" * 200_000: 1,
            },
        )
        modifiers = [row["id"] for row in store.records("product_modifiers")]
        value = {"id": 1, "label": "x", "value_data": {"email": SECRET, "colors": ["red"]}}
        store.change("product_modifiers", modifiers, {"option_values": [value]})
        yield store


# What is read


def test_rules_come_as_a_list_as_text_and_from_the_environment(quiet: Sandbox) -> None:
    rules = ["coupons.*", "orders.products.sku", "!coupons.name"]
    text, config = ", ".join(rules), settings(quiet)
    results = [
        succeed(config, args=with_rules(*rules)),
        succeed(config, args=with_rules(text)),
        succeed({**config, "select": rules}),
        succeed({**config, "select": text}),
        succeed(config, env={"TAP_BIGCOMMERCE_SELECT": text}),
        succeed(config, env={"TAP_BIGCOMMERCE_SELECT": json.dumps(rules)}),
    ]
    assert columns(results[0], "orders") == {"id", "date_modified", "products"}
    read = {path for row in results[0].records("orders") for path, _ in leaves(row)}
    assert read == {"id", "date_modified", "products[].sku"}
    for result in results:
        assert result.schemas == results[0].schemas
        assert result.by_stream == results[0].by_stream


def test_a_name_selects_its_default_fields_and_stars_stand_for_any(
    quiet: Sandbox, first_sync: Result
) -> None:
    result = run(settings(quiet), args=with_rules("customers", "coupons.c*"))
    assert set(result.schemas) == {"customers", "coupons"}
    assert result.schemas["customers"] == first_sync.schemas["customers"]
    assert columns(result, "coupons") == {"id", "code"}
    every = run(settings(quiet), args=with_rules("customers.*"))
    assert "attributes" in columns(every, "customers") - columns(result, "customers")


def test_an_exclusion_wins_wherever_it_is(quiet: Sandbox, first_sync: Result) -> None:
    email = "orders.billing_address.email"
    rules = [f"!{email}", "orders.*", "!orders.id", "!orders.coupons", email]
    for chosen in (rules, rules[::-1]):
        result = run(settings(quiet), args=with_rules(*chosen))
        assert set(result.schemas) == {"orders"}
        for row in result.records("orders"):
            assert row["id"]
            assert "email" not in row["billing_address"]
            assert row["billing_address"]["city"]
    only_less = run(settings(quiet), args=with_rules("!orders.*", "!customers.Phone"))
    assert set(only_less.schemas) == {"coupons", "customers", "products"}
    assert columns(first_sync, "customers") - columns(only_less, "customers") == {"phone"}


def test_rules_exclude_from_a_catalog_or_replace_its_selection(
    quiet: Sandbox, catalog: Json
) -> None:
    chosen = select(catalog, "customers", "coupons", without={"customers": ["notes"]}, whole=True)
    less = run(settings(quiet), chosen, args=with_rules("!**.*email*"))
    assert set(less.schemas) == {"customers", "coupons"}
    assert not columns(less, "customers") & {"email", "notes"}
    other = run(settings(quiet), chosen, args=with_rules("customers.notes", "products.name"))
    assert columns(other, "customers") == {"id", "date_modified", "notes"}
    assert columns(other, "products") == {"id", "date_modified", "name"}
    assert set(other.schemas) == {"customers", "products"}


def test_the_command_line_replaces_the_selection_but_not_the_exclusions(quiet: Sandbox) -> None:
    config = settings(quiet, select=["orders.*", "!**.*email*"])
    result = run(config, args=with_rules("customers.*", "!customers.id"))
    assert set(result.schemas) == {"customers"}
    assert not [name for name in columns(result, "customers") if "email" in name]
    (warning,) = result.logged("WARNING")
    assert "'!customers.id'" in warning


@pytest.mark.parametrize(
    ("rule", "suggestion"),
    [
        ("!customers.emial", "'!customers.email'"),
        ("custommers.*", "'customers.*'"),
        ("!**.*emial*", "'!**.email'"),
        ("orders.products.skus", "'orders.products.sku'"),
        ("personell", "'personal'"),
        ("!orders.items.xyz", ""),
    ],
)
def test_a_rule_that_matches_nothing_is_an_error(
    quiet: Sandbox, catalog: Json, rule: str, suggestion: str
) -> None:
    chosen = None if rule.startswith("!") else select(catalog, "customers", whole=True)
    text = refused(settings(quiet), chosen, args=with_rules("orders.*", rule))
    (line,) = (line for line in text.split("\n") if "matches no field" in line)
    assert f"{rule!r}" in line
    assert suggestion in line
    assert not quiet.requests()


def test_discovery_and_the_list_follow_the_rules(quiet: Sandbox) -> None:
    rules = with_rules("orders.*", "!orders.coupons", "coupons.code", "!orders.products.n*")
    config = settings(quiet, hash_fields="orders.ip_address", hash_salt=SALT)
    result = succeed(config, args=["--list", *rules], env={"COLUMNS": "200"})
    text = re.sub(r"[\s│]+", " ", result.stdout)
    for words in (" id, code ", "ip_address (pseudonym),", " products.sku,", "1 for 250 records"):
        assert words in text
    assert not re.search(r" (products|products\.name|coupons)[, ]", text.split("orders")[1])
    assert not quiet.requests()
    found = succeed(config, args=["--discover", *rules])
    by_rules, by_catalog = run(config, args=rules), run(config, found.catalog)
    assert by_catalog.schemas == by_rules.schemas
    assert by_catalog.by_stream == by_rules.by_stream


# What must not be written


@pytest.mark.parametrize("rule", ["!**.*email*", "!personal", "hash_fields"])
def test_no_address_of_any_stream_is_written_whatever_the_catalog_says_of_it(
    small: Sandbox, catalog: Json, rule: str
) -> None:
    unknown = {
        "billing_address": {"type": ["null", "string"]},
        "consignments": {"type": "object"},
        "shipping_addresses": {},
    }
    # Texts of the log may name anybody, which no name of a field says.
    texts = {"system_logs": ["summary", "message"]} if "email" in rule else {}
    chosen = select(catalog, *ALL, every_field=True, without=texts)
    (orders,) = (entry for entry in chosen["streams"] if entry["tap_stream_id"] == "orders")
    orders["schema"]["properties"].update(unknown)
    hashing = {"hash_fields": "personal", "hash_salt": SALT} if rule == "hash_fields" else {}
    rules = [] if hashing else with_rules(rule)
    result = succeed(settings(small, **hashing), chosen, args=rules)
    assert set(result.schemas) == set(ALL)
    assert all(row["billing_address"] for row in result.records("orders"))
    assert "@" not in result.stdout.replace(DATE_FORMAT, "")
    assert SALT not in result.stdout + result.stderr


def test_fields_that_are_in_no_schema_are_excluded_by_their_names_too(odd: Sandbox) -> None:
    # The last one takes long for keys of hundreds of thousands of characters, if done naively.
    never = ["!**.*email*", "!customers.company", "!customers.*e*e*e*mail*"]
    rules = with_rules("customers.*", "product_modifiers.*", *never)
    result = succeed(settings(odd), args=rules, timeout=30)
    assert SECRET not in result.stdout + result.stderr
    for row in result.records("customers"):
        rescued = json.loads(row["_rescued_data"])
        assert rescued["contact"] == {"since": 2020, "all": [{}]}
        assert rescued["customer_group_id"] == {}
        assert json.loads(row["form_fields"][0]["value"]) == {"size": 4}
    for row in result.records("product_modifiers"):
        assert row["option_values"][0]["value_data"] == {"colors": ["red"]}


# Pseudonyms


def test_the_same_value_has_the_same_pseudonym_everywhere(quiet: Sandbox) -> None:
    rules = with_rules("customers.*", "orders.*", "!orders.coupons")
    plain = run(settings(quiet), args=rules)
    config = settings(quiet, hash_fields=["**.*email*", "orders.total_inc_tax"], hash_salt=SALT)
    hashed = succeed(config, args=rules)
    for stream in ("customers", "orders"):
        found = zip(leaves(plain.records(stream)), leaves(hashed.records(stream)), strict=True)
        for (path, before), (_, after) in found:
            if ("email" not in path and path != "[].total_inc_tax") or before in (None, ""):
                assert after == before
            else:
                text = str(before).lower() if isinstance(before, bool) else str(before)
                assert after == pseudonym(text), path
    assert "@" not in hashed.stdout
    for stream, field in (("customers", "email"), ("orders", "total_inc_tax")):
        schema = hashed.schemas[stream]["schema"]["properties"][field]
        assert schema["type"] == ["null", "string"]
    assert any(isinstance(row["total_inc_tax"], Decimal) for row in plain.records("orders"))


@pytest.mark.parametrize("rules", ["personal", "**.*email*,customers.*,!**.id,!**.date_modified"])
def test_values_that_no_schema_expects_are_hashed_unchanged(odd: Sandbox, rules: str) -> None:
    config = settings(odd, hash_fields=rules, hash_salt=SALT)
    result = succeed(config, args=[*with_rules("customers.*"), "--log-level", "DEBUG"])
    assert SECRET not in result.stdout + result.stderr
    for row in result.records("customers"):
        rescued = json.loads(row["_rescued_data"])
        assert rescued["email2"] == rescued["workEmail"] == pseudonym(SECRET)
        assert row["form_fields"][0]["value"] == pseudonym(f'{{"email":"{SECRET}","size":4}}')
        assert row["phone"] == pseudonym("12")
        assert row["company"] == pseudonym(f'["{SECRET}"]')
        assert row["date_created"] == pseudonym("Monday") or rules == "personal"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("customers.*", "customers.id"),
        ("customers.emial", "customers.email"),
        ({"a": 1}, "hash_fields should be"),
        ("customers", "'customers.*'"),
        ("personal, !orders", "'!orders.*'"),
        ("!orders.ip_address", "only excludes"),
        ("customers.email", "hash_salt"),
    ],
)
def test_fields_that_cannot_be_hashed_are_refused(
    quiet: Sandbox, fields: object, message: str
) -> None:
    salt = {} if message == "hash_salt" else {"hash_salt": SALT}
    text = refused(settings(quiet, hash_fields=fields, **salt))
    assert message in text
    assert SALT not in text
    assert not quiet.requests()


def test_a_stopped_sync_is_not_resumed_with_other_pseudonyms(quiet: Sandbox) -> None:
    config = settings(quiet, page_size=10, hash_fields="customers.notes", hash_salt=SALT)
    only: dict[str, Any] = {"args": with_rules("customers")}
    stopped = next(s for s in run(config, **only).states if "resume" in json.dumps(s))
    assert "resuming after" in run(config, state=stopped, **only).stderr
    for other in ({"hash_salt": "salt"}, {"hash_fields": "customers.phone"}):
        result = run({**config, **other}, state=stopped, **only)
        assert result.ids("customers") == [row["id"] for row in quiet.records("customers")]
