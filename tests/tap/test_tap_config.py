"""The settings: which values are accepted, which are refused, and the messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tap_runner import Json, Result, refused, run, select, settings, succeed

from tap_bigcommerce.catalog.discovery import catalog_entry
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import Sandbox

TOP = Path(__file__).resolve().parents[2]


def read_few(store: Sandbox, catalog: Json, **more: Any) -> Result:
    """A quick sync of customers with these settings."""
    chosen = select(catalog, "customers", fields={"customers": ()})
    return succeed({**settings(store), **more}, chosen)


def sent(store: Sandbox, name: str) -> set[str | None]:
    return {e["query"].get(name) for e in store.requests() if e["list"] == "customers"}


# Files that are generated


def test_the_catalog_at_the_top_is_what_discovery_without_settings_writes() -> None:
    wanted = {"streams": [*map(catalog_entry, STREAMS.values())]}
    there = json.loads((TOP / "catalog.json").read_text(encoding="utf-8"))
    assert there == json.loads(json.dumps(wanted))
    assert run(args=["--discover"]).catalog == there


def test_the_sample_config_works_with_a_stores_own_values(
    tmp_path: Path, quiet: Sandbox, catalog: Json
) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(settings(quiet)))
    sample = json.loads((TOP / "sample_config.json").read_text(encoding="utf-8"))
    args = ["--config", str(TOP / "sample_config.json"), "--config", str(own)]
    result = succeed(catalog=select(catalog, "customers"), args=args)
    assert not result.logged("WARNING")
    assert sent(quiet, "min_date_modified") == {sample["start_date"]}


# What is refused


MISTAKES: dict[str, tuple[object, str]] = {
    "store_hash": ("not a hash!", "hash"),
    "access_token": (None, "missing"),
    "start_date": ("yesterday", "2024-01-31"),
    "page_size": (251, "1 to 250"),
    "lookback_seconds": (-1, "0 to 31622400"),
    "request_timeout": (0, "above 0"),
    "order_details": ("some", "embedded, per_order"),
    "order_coupons": ("perhaps", "auto, always, never"),
    "max_attempts": (0, "1 or more"),
    "max_retry_seconds": ("long", "0 or more"),
    "max_buffered_mb": (0.5, "1 or more"),
    "api_url": ("http://example.com", "https://"),
    "user_agent": (5, "text"),
    "client_id": (["x"], "text"),
    "store_hash_column": ("perhaps", "true or false"),
}


def test_all_mistakes_are_named_at_once_each_with_what_was_expected() -> None:
    text = refused({name: value for name, (value, _) in MISTAKES.items()})
    for name, (_, expected) in MISTAKES.items():
        (line,) = (line for line in text.split("\n") if f" {name} " in line)
        assert expected in line, text


@pytest.mark.parametrize("command", ["sync", "--check", "--audit", "--list", "--test"])
@pytest.mark.parametrize("config", [None, {}])
def test_a_run_without_any_settings_says_how_to_get_them(config: Json | None, command: str) -> None:
    line = refused(config, args=[] if command == "sync" else [command])
    assert line.startswith("CRITICAL There are no settings. ")
    assert "--init credentials.txt --config config.json" in line


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is empty"), ("{", "not JSON"), ("[]", "JSON object"), ("null", "is empty")],
)
def test_a_config_file_that_holds_no_object_is_refused(text: str, says: str) -> None:
    line = refused(text)
    assert says in line
    assert "config.json" in line


def test_a_config_file_that_is_not_there_is_named() -> None:
    assert "/no/such/file.json" in refused(args=["--config", "/no/such/file.json"])


def test_a_config_that_a_windows_editor_saved_is_taken(quiet: Sandbox, catalog: Json) -> None:
    config = "\ufeff" + json.dumps(settings(quiet), indent=2).replace("\n", "\r\n")
    succeed(config, select(catalog, "coupons"))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("acess_token", "access_token"), ("startdate", "start_date"), ("qqqqqqq", None)],
)
def test_an_unknown_setting_is_a_warning_with_the_nearest_name(
    quiet: Sandbox, catalog: Json, name: str, advice: str | None
) -> None:
    result = read_few(quiet, catalog, **{name: "zzz-value"})
    (line,) = result.logged("WARNING")
    assert name in line
    assert advice in line if advice else "mean" not in line
    assert "zzz-value" not in result.stderr


def test_settings_of_a_legacy_account_get_the_advice_to_make_a_new_one() -> None:
    legacy = {"username": "me", "api_token": "tok-0123", "store_url": "https://x.mybigcommerce.com"}
    text = refused(legacy, hides="tok-0123")
    for words in ("legacy", "API account", "username", "Customers", "Marketing", "Orders"):
        assert words in text


# Accepted values


@pytest.mark.parametrize(
    "form",
    [
        " {hash} ",
        "https://api.bigcommerce.com/stores/{hash}/v3/",
        "https://api.bigcommerce.com/stores/{hash}/v2",
        "/stores/{hash}/v3/",
    ],
)
def test_the_store_hash_is_taken_from_a_pasted_path(
    quiet: Sandbox, catalog: Json, form: str
) -> None:
    result = read_few(quiet, catalog, store_hash=form.format(hash=quiet.store_hash))
    assert result.state["store_hash"] == quiet.store_hash


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("store_hash", "https://example.com/", "hash"),
        ("store_hash", "ábc", "hash"),
        ("start_date", "31/12/2024", "01/31/2024"),
        ("start_date", "02/30/2024", "01/31/2024"),
        ("start_date", "01/31/24", "01/31/2024"),
        ("start_date", 20240101, "01/31/2024"),
        ("api_url", "http://127.0.0.1.example.com", "https://"),
        ("api_url", "https://user:secret-word@api.bigcommerce.com", "https://"),
    ],
)
def test_hashes_dates_and_addresses_that_are_none_are_refused(
    name: str, value: object, says: str
) -> None:
    config = {"store_hash": "abc", "access_token": "x", name: value}
    _, line = refused(config, hides="secret-word").split("\n")
    assert name in line
    assert says in line


@pytest.mark.parametrize(
    ("start_date", "filter_"),
    [
        ("2025-06-01", "2025-06-01T00:00:00Z"),
        ("2025-06-01T08:30:00+02:00", "2025-06-01T06:30:00Z"),
        ("2025-06-01T08:30:00", "2025-06-01T08:30:00Z"),
        ("2025-06-01 08:30:00.000000Z", "2025-06-01T08:30:00Z"),
        ("06/01/2025", "2025-06-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("", None),
    ],
)
def test_the_start_date_may_be_written_in_every_usual_form(
    quiet: Sandbox, catalog: Json, start_date: str | None, filter_: str | None
) -> None:
    read_few(quiet, catalog, start_date=start_date)
    assert sent(quiet, "min_date_modified") == {filter_}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_taken_for_this_machine_and_never_through_a_proxy(
    quiet: Sandbox, catalog: Json, host: str
) -> None:
    url = quiet.api_url.replace("127.0.0.1", host) + "/"
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    chosen = select(catalog, "coupons", fields={"coupons": ()})
    succeed({**settings(quiet), "api_url": url, "max_attempts": 1}, chosen, env=proxy)


def test_numbers_may_come_as_texts_and_a_client_id_changes_nothing(
    quiet: Sandbox, catalog: Json
) -> None:
    texts = {"page_size": "29", "request_timeout": "30.5", "lookback_seconds": " 5 "}
    result = read_few(quiet, catalog, client_id="abcdef", **texts)
    assert sent(quiet, "limit") == {"29"}
    assert not result.logged("WARNING")


@pytest.mark.parametrize(
    ("settings_", "bookmark"),
    [
        ({"lookback_seconds": 10**12}, "2025-01-01T00:00:00Z"),
        ({"lookback_seconds": 10**18}, "2025-01-01T00:00:00Z"),
        ({}, "0001-01-01T00:00:00Z"),
    ],
    ids=["longer than history", "longer than a number", "from year one"],
)
def test_a_lookback_beyond_the_calendar_reads_everything_or_is_refused(
    quiet: Sandbox, catalog: Json, settings_: Json, bookmark: str
) -> None:
    chosen = select(catalog, "customers", fields={"customers": ()})
    state = {"bookmarks": {"customers": {"date_modified": bookmark}}}
    result = run({**settings(quiet), **settings_}, chosen, state)
    if result.status:
        assert any("lookback_seconds" in line for line in result.logged("CRITICAL"))
    else:
        assert len(result.records("customers")) == len(quiet.records("customers"))
