"""The command line: options, files, the environment, settings, and what is never shown."""

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from all_streams import FOUR
from tap_runner import PREFIX, Json, clean_environment, refused, run, select, settings, succeed

from tap_bigcommerce.config import parse_config
from tap_bigcommerce.version import VERSION
from tap_bigcommerce_sandbox import Options, Sandbox

TOKEN = "tok-5f1d2c7ae9c04b73"


def write(folder: Path, name: str, value: object) -> str:
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def environment(store: Sandbox) -> dict[str, str]:
    return {f"{PREFIX}{name.upper()}": value for name, value in settings(store).items()}


# Options

SHOWN = {
    "--version": [f"tap-bigcommerce {VERSION}\n"],
    "--help": ["--config FILE", "--properties FILE", "-d, --discover", PREFIX],
}


@pytest.mark.parametrize("option", SHOWN)
def test_the_installed_command_shows_version_and_help_and_loads_nothing_else(option: str) -> None:
    """So that it is fast; `bench` measures how fast."""
    installed = str(Path(sys.executable).with_name("tap-bigcommerce"))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", installed, option],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=True,
    )
    assert all(text in done.stdout for text in SHOWN[option])
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "tap_bigcommerce.cli.main" in loaded
    slow = {"requests", "urllib3", "singer", "orjson", "msgspec", "rich", "jinja2"}
    assert not loaded & (slow | {"tap_bigcommerce.cli.run"})


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--config"], "expected one argument"),
        (["--progress-every", "0"], "--progress-every"),
        (["--progress-every", "nan"], "--progress-every"),
        (["--log-format", "xml"], "invalid choice: 'xml'"),
        (["--discover", "--report", "report.html"], "--report"),
        (["--init", "x", "--check"], "use only one of --init and --check"),
        (["--init", "x", "--state", "y"], "omit --state"),
        (["--about", "--config", "y"], "omit --config"),
        (["--test", "--state", "y"], "omit --state"),
        (["--check", "--start-date", "2024-01-01"], "--start-date is only valid with --init"),
        (["--init", "x", "--force"], "--force is only valid with --init and --config"),
        (["--list", "--full-refresh", "orders"], "--full-refresh is only valid for a sync"),
        (["--format", "json"], "--format is only valid with --check and --about"),
        (["--check", "--format", "markdown"], "--format text and json only"),
    ],
)
def test_invalid_options_are_refused_with_the_usage(args: list[str], expected: str) -> None:
    result = run(args=args)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ")
    assert expected in result.stderr


@pytest.mark.parametrize("env_at", [0, 4])
def test_settings_come_from_the_last_file_that_has_a_value_or_else_from_the_environment(
    tmp_path: Path, quiet: Sandbox, catalog: Json, env_at: int
) -> None:
    more = {"PAGE_SIZE": "23", "USER_AGENT": "agent-of-mine", "STORE_HASH": "not-this-one"}
    env = {**environment(quiet), **{f"{PREFIX}{name}": value for name, value in more.items()}}
    first = {"store_hash": quiet.store_hash, "page_size": 11, "start_date": "2025-01-01"}
    second = {"access_token": "", "page_size": 13, "start_date": None}
    args = ["-c", write(tmp_path, "1.json", first), "--config", write(tmp_path, "2.json", second)]
    args = [*args[:env_at], "-c", "ENV", *args[env_at:]]
    # The other files, by their short options.
    state = {"bookmarks": {"orders": {"date_modified": "2025-01-01T00:00:00Z"}}}
    args += ["-p", write(tmp_path, "k.json", select(catalog, "customers"))]
    args += ["-s", write(tmp_path, "s.json", state)]
    result = succeed(env=env, args=args)
    assert set(result.schemas) == {"customers"}
    assert result.state["bookmarks"]["orders"] == state["bookmarks"]["orders"]
    queries = [e["query"] for e in quiet.requests() if e["list"] == "customers"]
    assert {query["limit"] for query in queries} == {"13"}
    assert all("min_date_modified" in query for query in queries)
    # What the environment filled in is named, but its values are never shown.
    (line,) = (line for line in result.logged("INFO") if PREFIX in line)
    used = [f"{PREFIX}{name}" for name in ("ACCESS_TOKEN", "API_URL", "USER_AGENT")]
    assert line.endswith(f": {', '.join(used)}")
    for value in (quiet.access_token, "agent-of-mine", "not-this-one"):
        assert value not in result.stderr


def test_every_setting_can_come_from_the_environment_alone(quiet: Sandbox, catalog: Json) -> None:
    env = environment(quiet)
    assert succeed(env=env, args=["-d"]).catalog == catalog
    assert quiet.requests()
    assert set(succeed(env=env, args=["--config", "ENV"]).schemas) == set(FOUR)


# Which settings are accepted and which refused

MISTAKES: dict[str, tuple[object, str]] = {
    "store_hash": ("not a hash!", "hash"),
    "access_token": (None, "missing"),
    "start_date": ("yesterday", "2024-01-31T08:00:00Z or 01/31/2024"),
    "page_size": (251, "1 to 250"),
    "request_timeout": (0, "above 0"),
    "order_details": ("some", "embedded, per_order"),
    "max_attempts": (0, "1 or more"),
    "max_retry_seconds": ("long", "0 or more"),
    "max_buffered_mb": (1.5, "1 or more"),
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
    for date in ("31/12/2024", "02/30/2024", "01/31/24", 20240101):
        assert "start_date should be a date" in refused({"start_date": date})


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


JUNE = datetime(2025, 6, 1, tzinfo=timezone.utc)
HASH = "k1m2n3"


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("store_hash", f" {HASH} ", HASH),
        ("store_hash", f"https://api.bigcommerce.com/stores/{HASH}/v3/", HASH),
        ("store_hash", f"/stores/{HASH}", HASH),
        ("access_token", "  t0ken\n", "t0ken"),
        ("start_date", "2025-06-01", JUNE),
        ("start_date", "2025-06-01T02:00:00+02:00", JUNE),
        ("start_date", "2025-06-01 00:00:00.000000Z", JUNE),
        ("start_date", "06/01/2025", JUNE),
        ("start_date", "", None),
        ("lookback_seconds", " 5 ", 5),
        ("request_timeout", "30.5", 30.5),
        ("detect_deletes", "True", True),
        ("channel_ids", "2, 1", (1, 2)),
    ],
)
def test_a_value_may_be_written_in_every_usual_form(name: str, value: Any, meant: Any) -> None:
    config = parse_config({"store_hash": "abc", "access_token": "x", name: value})
    assert getattr(config, name) == meant


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_taken_for_this_machine_and_never_through_a_proxy(
    quiet: Sandbox, catalog: Json, host: str
) -> None:
    url = quiet.api_url.replace("127.0.0.1", host) + "/"
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    chosen = select(catalog, "coupons", fields={"coupons": ()})
    succeed({**settings(quiet), "api_url": url, "max_attempts": 1}, chosen, env=proxy)


# What goes where


def metrics(lines: list[str]) -> list[Json]:
    return [json.loads(line.split("METRIC: ", 1)[1]) for line in lines if "METRIC: {" in line]


def test_every_request_is_logged_with_metrics_and_standard_output_has_only_messages(
    quiet: Sandbox,
) -> None:
    result = succeed(settings(quiet, page_size=9), args=["--log-level", "DEBUG"])
    assert result.stdout.endswith("\n")
    assert {message["type"] for message in result.messages} == {"SCHEMA", "RECORD", "STATE"}
    debug = result.logged("DEBUG")
    for entry in quiet.requests():
        parts = (entry["path"].split(quiet.store_hash, 1)[1], *entry["query"].values())
        assert any(all(part in line for part in parts) for line in debug), parts
    # As singer-python writes them.
    counters, timers = metrics(result.logged("INFO")), metrics(debug)
    for point in counters + timers:
        assert list(point) == ["type", "metric", "value", "tags"]
    totals: Counter[tuple[str, str]] = Counter()
    for point in counters:
        totals[point["metric"], point["tags"]["endpoint"]] += point["value"]
    for name in FOUR:
        assert totals["record_count", name] == len(result.records(name))
    assert len(timers) == len(quiet.requests()) == sum(totals["requests", name] for name in FOUR)
    assert {point["metric"] for point in timers} == {"http_request_duration"}
    assert all(point["type"] == "timer" and point["value"] >= 0 for point in timers)
    # A usual log has no line of a single request.
    usual = succeed(settings(quiet)).logged()
    assert {point["type"] for point in metrics(usual)} == {"counter"}


# Secrets


def test_no_failure_shows_the_token() -> None:
    for kinds in (("500", "403", "reset", "html"), ("302", "cut", "wrong-shape", "401")):
        with Sandbox(Options(orders=3, customers=3, products=3, coupons=2)) as tiny:
            for stream, kind in zip(FOUR, kinds, strict=True):
                tiny.fault(stream, kind=kind, times=0)
            config = settings(tiny, max_attempts=1, max_retry_seconds=0)
            debug = ["--log-level", "DEBUG"]
            synced, found = (run(config, args=[*debug, *args]) for args in ([], ["--discover"]))
        for result in (synced, found):
            assert tiny.access_token not in result.stderr + result.stdout
        assert all(kind in synced.stderr for kind in kinds if kind.isdigit())
        assert synced.status == 1
        assert len(synced.logged("CRITICAL")) == 4


def test_a_token_that_cannot_be_is_refused_and_never_shown(quiet: Sandbox) -> None:
    wrong = [settings(quiet, access_token=t) for t in ([TOKEN], f"{TOKEN}\nx", f"{TOKEN}ü", TOKEN)]
    for config in (*wrong, json.dumps(wrong[-1])[:-1] + ",}"):
        said = refused(config, args=["--log-level", "DEBUG"], hides=TOKEN)
        assert ("access_token" if isinstance(config, dict) else "line 1") in said
