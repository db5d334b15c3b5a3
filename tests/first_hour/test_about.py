"""--about: settings, streams and capabilities, without a store."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from all_streams import KEYS, NAMES, REPLICATION_KEYS
from tap_runner import Json, run, settings

from tap_bigcommerce.config import SCHEMA, SECRET_NAME, SETTINGS, Config, parse_value
from tap_bigcommerce_sandbox import Sandbox

SAMPLE = json.loads((Path(__file__).parents[2] / "sample_config.json").read_text())


@pytest.fixture(scope="module")
def about() -> Json:
    result = run(args=["--about", "--format", "json"])
    assert result.status == 0, result.stderr
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


def test_every_stream_is_shown_with_keys_replication_permission_and_cost(about: Json) -> None:
    streams = {stream["name"]: stream for stream in about["streams"]}
    assert sorted(streams) == sorted(NAMES)
    for name, stream in streams.items():
        assert tuple(stream["key_properties"]) == KEYS[name]
        assert stream["replication_key"] == REPLICATION_KEYS.get(name)
        assert stream["permission"].endswith(": read-only")
        assert stream["requests"]
    assert streams["order_taxes"]["read_from"] == "/v2/orders/{id}/taxes"
    assert streams["order_taxes"]["requests"] == "1 for each record of orders that is read"
    assert streams["order_products"]["requests"] == "none: it comes with orders"


def test_secrets_are_marked_in_the_schema_of_the_config(about: Json) -> None:
    properties = about["settings"]["properties"]
    secret = {name for name, schema in properties.items() if schema.get("secret")}
    assert secret == {"access_token", "hash_salt"}
    assert all(SECRET_NAME.search(name) for name in secret)
    assert properties["access_token"]["writeOnly"] is True
    assert about["settings"]["required"] == ["store_hash", "access_token"]


def test_the_schema_and_the_config_that_the_tap_sees_have_the_same_defaults() -> None:
    assert list(SETTINGS) == [field.name for field in dataclasses.fields(Config)]
    config = Config("abc123", "t0ken")
    for name, setting in SETTINGS.items():
        default, documented = getattr(config, name), setting.get("default")
        if name not in SCHEMA["required"]:
            assert default == (None if documented is None else parse_value(documented, setting)), (
                name
            )


def test_the_expected_value_of_a_setting_names_its_bounds_and_choices() -> None:
    of_stream = SETTINGS["streams"]["additionalProperties"]["properties"]
    for name, setting in (*SETTINGS.items(), *of_stream.items()):
        bounds = [setting[key] for key in ("minimum", "exclusiveMinimum") if key in setting]
        if "integer" in setting["type"]:
            bounds += [setting["maximum"]] if "maximum" in setting else ["or more"]
        choices = filter(None, setting.get("enum", ()))
        for value in (*bounds, *choices):
            assert str(value) in setting["expected"], name


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"page_size": 250, "channel_ids": [1, 2], "order_coupons": "never"}, True),
        ({"page_size": None, "order_coupons": None}, True),
        ({"page_size": 251}, False),
        ({"order_coupons": "sometimes"}, False),
        ({"quota_share": 0}, False),
        ({"channel_ids": ["one"]}, False),
        ({"access_token": None}, False),
    ],
)
def test_the_schema_takes_what_the_tap_takes(
    about: Json, small: Sandbox, change: dict[str, Any], valid: bool
) -> None:
    validator = jsonschema.Draft4Validator(about["settings"])
    assert validator.is_valid({**SAMPLE, **change}) is valid
    result = run(settings(small, **change), args=["--discover"])
    assert (result.status == 0) is valid, result.stderr


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_text_and_markdown_have_every_setting_stream_and_capability(
    about: Json, format: str
) -> None:
    result = run(args=["--about", "--format", format])
    assert result.status == 0, result.stderr
    assert result.stderr == ""
    names = [*about["settings"]["properties"], *about["capabilities"], *NAMES]
    assert all(name in result.stdout for name in names)
    if format == "text":
        assert result.stdout == run(args=["--about"]).stdout
    else:
        rows = [line for line in result.stdout.splitlines() if line.startswith("|")]
        assert len(rows) == len(about["settings"]["properties"]) + len(NAMES) + 4


def test_it_needs_no_settings() -> None:
    assert run(args=["--about"], env={"TAP_BIGCOMMERCE_PAGE_SIZE": "many"}).status == 0
