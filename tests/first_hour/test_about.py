"""--about: settings, streams and capabilities, without a store."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest
from all_streams import KEYS, NAMES, REPLICATION_KEYS
from tap_runner import Json, succeed

from tap_bigcommerce import config as of_config
from tap_bigcommerce.config import SCHEMA, SETTINGS, Config
from tap_bigcommerce.exceptions import ConfigError

SAMPLE = json.loads((Path(__file__).parents[2] / "sample_config.json").read_text())


@pytest.fixture(scope="module")
def about() -> Json:
    found: Json = json.loads(succeed(args=["--about", "--format", "json"]).stdout)
    return found


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
    assert all(of_config.SECRET_NAME.search(name) for name in secret)
    assert properties["access_token"]["writeOnly"] is True
    assert about["settings"]["required"] == ["store_hash", "access_token"]


def test_the_schema_and_the_config_that_the_tap_sees_have_the_same_defaults() -> None:
    assert list(SETTINGS) == [field.name for field in dataclasses.fields(Config)]
    config = Config("abc123", "t0ken")
    for name, setting in SETTINGS.items():
        documented = setting.get("default")
        if name not in SCHEMA["required"]:
            default = None if documented is None else of_config.parse_value(documented, setting)
            assert getattr(config, name) == default, name


def test_the_expected_value_of_a_setting_names_its_bounds_and_choices() -> None:
    of_stream = SETTINGS["streams"]["additionalProperties"]["properties"]
    for name, setting in (*SETTINGS.items(), *of_stream.items()):
        bounds = [setting[key] for key in ("minimum", "exclusiveMinimum") if key in setting]
        if "integer" in setting["type"]:
            bounds += [setting["maximum"]] if "maximum" in setting else ["or more"]
        choices = filter(None, setting.get("enum", ()))
        for value in (*bounds, *choices):
            assert str(value) in setting["expected"], name


def test_the_schema_takes_what_the_tap_takes(about: Json) -> None:
    validator = jsonschema.Draft4Validator(about["settings"])
    assert set(SAMPLE) <= set(SETTINGS)
    for valid in ({}, {"page_size": 250, "channel_ids": [1, 2]}, {"order_coupons": None}):
        assert validator.is_valid({**SAMPLE, **valid})
        of_config.parse_config({**SAMPLE, **valid})
    wrong = {"page_size": 251, "order_coupons": "sometimes", "quota_share": 0, "access_token": None}
    for name, value in {**wrong, "channel_ids": ["one"]}.items():
        assert not validator.is_valid({**SAMPLE, name: value})
        with pytest.raises(ConfigError):
            of_config.parse_config({**SAMPLE, name: value})


def test_text_and_markdown_have_every_setting_stream_and_capability(about: Json) -> None:
    names = [*about["settings"]["properties"], *about["capabilities"], *NAMES]
    for args in ([], ["--format", "markdown"]):
        # Settings are not needed.
        result = succeed(args=["--about", *args], env={"TAP_BIGCOMMERCE_PAGE_SIZE": "many"})
        assert result.stderr == ""
        assert all(name in result.stdout for name in names)
    rows = [line for line in result.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == len(about["settings"]["properties"]) + len(NAMES) + 4
