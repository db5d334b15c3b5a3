"""The settings: which values are accepted, which are refused, and the messages."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from tap_runner import PREFIX, Json, refused, run, select, settings, succeed

from tap_bigcommerce.config import parse_config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce_sandbox import Sandbox

MISTAKES: dict[str, tuple[object, str]] = {
    "store_hash": ("not a hash!", "hash"),
    "access_token": (None, "missing"),
    "start_date": ("yesterday", "2024-01-31T08:00:00Z or 01/31/2024"),
    "page_size": (251, "1 to 250"),
    "request_timeout": (0, "above 0"),
    "order_details": ("some", "embedded, per_order"),
    "max_attempts": (0, "1 or more"),
    "max_retry_seconds": ("long", "0 or more"),
    "max_buffered_mb": (0.5, "1 or more"),
    "api_url": ("http://example.com", "https://"),
    "user_agent": ("Ünïcode", "printable ASCII"),
    "client_id": (["x"], "text"),
    "store_hash_column": ("perhaps", "true or false"),
}


def test_all_mistakes_are_named_at_once_each_with_what_was_expected() -> None:
    text = refused({name: value for name, (value, _) in MISTAKES.items()})
    for name, (_, expected) in MISTAKES.items():
        (line,) = (line for line in text.split("\n") if f" {name} " in line)
        assert expected in line, text


def test_a_run_without_any_settings_says_how_to_get_them() -> None:
    for args in ([], ["--check"], ["--audit"], ["--list"], ["--test"]):
        for config in (None, "{}"):
            line = refused(config, args=args)
            assert line.startswith("CRITICAL There are no settings. ")
            assert "--init credentials.txt --config config.json" in line


def test_settings_of_a_legacy_account_get_the_advice_to_make_a_new_one() -> None:
    legacy = {"username": "me", "api_token": "tok-0123", "store_url": "https://x.mybigcommerce.com"}
    text = refused(legacy, hides="tok-0123")
    for words in ("legacy", "API account", "username", "Customers", "Marketing", "Orders"):
        assert words in text


def test_unknown_settings_and_variables_are_warnings_with_the_nearest_name(quiet: Sandbox) -> None:
    config = settings(quiet, startdate="zzz-value", qqqqqqq="zzz-value")
    own = {f"{PREFIX}ACCES_TOKEN": "zzz-value", f"{PREFIX}_SELECT": "that of Meltano"}
    result = succeed(config, env=own, args=["--list"])
    assert result.logged("WARNING") == [
        "WARNING There is no setting 'qqqqqqq'; it is ignored.",
        "WARNING There is no setting 'startdate'; it is ignored. Did you mean 'start_date'?",
        f"WARNING There is no setting for {PREFIX}ACCES_TOKEN; it is ignored."
        f" Did you mean '{PREFIX}ACCESS_TOKEN'?",
    ]
    assert "zzz-value" not in result.stderr
    # Also where a setting is missing, or all are.
    for result, name in (
        (run({"store_hash": "abc", "acces_token": "x"}), "access_token"),
        (run(env={"tap_bigcommerce_storehash": "x"}), f"{PREFIX}STORE_HASH"),
    ):
        assert result.status == 1
        (warning,) = result.logged("WARNING")
        assert warning.endswith(f"Did you mean '{name}'?")


# Accepted values


JUNE = datetime(2025, 6, 1, tzinfo=timezone.utc)
HASH = "k1m2n3"


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("store_hash", f" {HASH} ", HASH),
        ("store_hash", f"https://api.bigcommerce.com/stores/{HASH}/v3/", HASH),
        ("store_hash", f"https://api.bigcommerce.com/stores/{HASH}/v2", HASH),
        ("store_hash", f"/stores/{HASH}", HASH),
        ("access_token", "  t0ken\n", "t0ken"),
        ("start_date", "2025-06-01", JUNE),
        ("start_date", "2025-06-01T02:00:00+02:00", JUNE),
        ("start_date", "2025-06-01T00:00:00", JUNE),
        ("start_date", "2025-06-01 00:00:00.000000Z", JUNE),
        ("start_date", "06/01/2025", JUNE),
        ("start_date", "", None),
        ("page_size", "29", 29),
        ("lookback_seconds", " 5 ", 5),
        ("request_timeout", "30.5", 30.5),
        ("detect_deletes", "True", True),
        ("channel_ids", "2, 1", (1, 2)),
    ],
)
def test_a_value_may_be_written_in_every_usual_form(name: str, value: Any, meant: Any) -> None:
    config = parse_config({"store_hash": "abc", "access_token": "x", name: value})
    assert getattr(config, name) == meant


@pytest.mark.parametrize("date", ["31/12/2024", "02/30/2024", "01/31/24", 20240101])
def test_a_date_that_is_none_is_refused(date: object) -> None:
    with pytest.raises(ConfigError) as error:
        parse_config({"store_hash": "abc", "access_token": "x", "start_date": date})
    assert error.value.mistakes[0].startswith("start_date should be a date")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_taken_for_this_machine_and_never_through_a_proxy(
    quiet: Sandbox, catalog: Json, host: str
) -> None:
    url = quiet.api_url.replace("127.0.0.1", host) + "/"
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    chosen = select(catalog, "coupons", fields={"coupons": ()})
    succeed({**settings(quiet), "api_url": url, "max_attempts": 1}, chosen, env=proxy)
