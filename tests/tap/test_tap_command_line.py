"""The command line: options, files, the environment, exit statuses, and what is never shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from all_streams import FOUR
from all_streams import NAMES as ALL
from tap_runner import (
    COMMAND,
    Json,
    Result,
    clean_environment,
    discover,
    refused,
    run,
    select,
    settings,
    succeed,
)

from tap_bigcommerce_sandbox import Options, Sandbox

TOKEN = "tok-5f1d2c7ae9c04b73"


def write(folder: Path, name: str, value: object) -> str:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)


def environment(store: Sandbox) -> dict[str, str]:
    """The settings of a store as variables."""
    return {f"TAP_BIGCOMMERCE_{name.upper()}": value for name, value in settings(store).items()}


def limits(store: Sandbox) -> set[str]:
    """The page sizes of the requests."""
    return {e["query"]["limit"] for e in store.requests() if e["list"] == "customers"}


# Options


@pytest.mark.parametrize(
    ("config", "option", "state"),
    [("-c", "-p", "-s"), ("--config", "--properties", "--state"), ("-c", "--catalog", "-s")],
)
def test_files_can_be_named_by_each_options_short_and_old_name(
    tmp_path: Path, quiet: Sandbox, catalog: Json, config: str, option: str, state: str
) -> None:
    future = {"bookmarks": {"customers": {"date_modified": "2098-01-01T00:00:00Z"}}}
    args = [config, write(tmp_path, "c.json", settings(quiet))]
    args += [option, write(tmp_path, "k.json", select(catalog, "coupons", "customers"))]
    args += [state, write(tmp_path, "s.json", future)]
    result = succeed(args=args)
    assert set(result.schemas) == {"coupons", "customers"}
    assert result.records("coupons")
    assert not result.records("customers")


def test_the_installed_command_is_the_same_as_the_module(tmp_path: Path, quiet: Sandbox) -> None:
    installed = Path(sys.executable).with_name("tap-bigcommerce")
    for command in ([str(installed)], [*COMMAND]):
        done = subprocess.run(
            [*command, "--config", write(tmp_path, "c.json", settings(quiet)), "--discover"],
            capture_output=True,
            env=clean_environment(),
            check=True,
        )
        names = [entry["stream"] for entry in json.loads(done.stdout)["streams"]]
        assert sorted(names) == sorted(ALL)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_needs_nothing_else_loads_nothing_else(option: str) -> None:
    """So that it is fast; `bench` measures how fast."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tap_bigcommerce", option],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "tap_bigcommerce.cli.main" in loaded
    slow = {"requests", "urllib3", "singer", "orjson", "msgspec", "rich", "jinja2"}
    assert not loaded & (slow | {"tap_bigcommerce.cli.run"})


def test_the_version_is_shown() -> None:
    name, version = succeed(args=["--version"]).stdout.split()
    assert name == "tap-bigcommerce"
    assert version[0].isdigit()


def test_help_names_every_option() -> None:
    text = succeed(args=["--help"]).stdout
    for option in ("--config", "--catalog", "--properties", "--state", "--discover", "--version"):
        assert option in text
    for short in ("-c", "-d", "-s", "-p"):
        assert f"{short}," in text or f"{short} " in text
    assert "TAP_BIGCOMMERCE_" in text


@pytest.mark.parametrize("args", [["--no-such-option"], ["--config"], ["surplus"]])
def test_a_wrong_option_is_refused_with_the_usage(args: list[str]) -> None:
    result = run(args=args)
    assert result.status != 0
    assert result.stdout == ""
    assert "usage: tap-bigcommerce" in result.stderr


# Configuration from several places


def test_of_several_config_files_the_last_wins(tmp_path: Path, quiet: Sandbox) -> None:
    args = ["-c", write(tmp_path, "1.json", settings(quiet, page_size=11, start_date="2025-01-01"))]
    args += ["--config", write(tmp_path, "2.json", {"page_size": 13})]
    succeed(args=args)
    assert limits(quiet) == {"13"}
    assert any("min_date_modified" in entry["query"] for entry in quiet.requests())


@pytest.mark.parametrize("args", [["--config", "ENV"], []])
def test_every_setting_can_come_from_the_environment_alone(quiet: Sandbox, args: list[str]) -> None:
    env = {**environment(quiet), "TAP_BIGCOMMERCE_PAGE_SIZE": "17"}
    assert set(succeed(env=env, args=args).schemas) == set(FOUR)
    assert limits(quiet) == {"17"}


@pytest.mark.parametrize("env_first", [True, False])
def test_a_file_wins_over_the_environment_in_any_order(
    tmp_path: Path, quiet: Sandbox, env_first: bool
) -> None:
    file = write(tmp_path, "c.json", {"page_size": 19})
    args = ["-c", "ENV", "-c", file] if env_first else ["-c", file, "-c", "ENV"]
    succeed(env={**environment(quiet), "TAP_BIGCOMMERCE_PAGE_SIZE": "23"}, args=args)
    assert limits(quiet) == {"19"}


def test_what_the_environment_filled_in_is_named_but_never_shown(quiet: Sandbox) -> None:
    config = settings(quiet)
    token = config.pop("access_token")
    env = {"TAP_BIGCOMMERCE_ACCESS_TOKEN": token, "TAP_BIGCOMMERCE_USER_AGENT": "agent-of-mine"}
    result = succeed(config, env={**env, "TAP_BIGCOMMERCE_STORE_HASH": "not-this-one"})
    (line,) = (line for line in result.logged("INFO") if "TAP_BIGCOMMERCE_" in line)
    assert all(name in line for name in env)
    assert "TAP_BIGCOMMERCE_STORE_HASH" not in line
    for value in (token, "agent-of-mine", "not-this-one"):
        assert value not in result.stderr


def test_discovery_takes_its_settings_from_the_environment_too(
    quiet: Sandbox, catalog: Json
) -> None:
    assert succeed(env=environment(quiet), args=["-d"]).catalog == catalog
    assert quiet.requests()


# What goes where


@pytest.fixture(scope="module")
def debugged(_quiet_store: Sandbox) -> tuple[Result, list[Json]]:
    """A sync with all log lines, and its requests."""
    _quiet_store.clear_requests()
    result = succeed(settings(_quiet_store, page_size=9), args=["--log-level", "DEBUG"])
    return result, _quiet_store.requests()


def test_every_request_is_logged_and_standard_output_has_only_messages(
    quiet: Sandbox, debugged: tuple[Result, list[Json]]
) -> None:
    result, requests = debugged
    assert result.stdout.endswith("\n")
    assert {message["type"] for message in result.messages} == {"SCHEMA", "RECORD", "STATE"}
    debug = result.logged("DEBUG")
    for entry in requests:
        parts = (entry["path"].split(quiet.store_hash, 1)[1], *entry["query"].values())
        assert any(all(part in line for part in parts) for line in debug), parts


def metrics(result: Result, level: str) -> list[Json]:
    """The METRIC lines of a level."""
    lines = [line for line in result.logged(level) if "METRIC: {" in line]
    return [json.loads(line.split("METRIC: ", 1)[1]) for line in lines]


def test_metrics_are_written_as_singer_python_writes_them(
    debugged: tuple[Result, list[Json]], first_sync: Result
) -> None:
    result, requests = debugged
    counters, timers = metrics(result, "INFO"), metrics(result, "DEBUG")
    for point in counters + timers:
        assert list(point) == ["type", "metric", "value", "tags"]

    def total(metric: str, stream: str) -> int:
        points = [p for p in counters if p["metric"] == metric and p["tags"]["endpoint"] == stream]
        return sum(point["value"] for point in points)

    for name in FOUR:
        assert total("record_count", name) == len(result.records(name))
    assert len(timers) == len(requests) == sum(total("requests", name) for name in FOUR)
    assert {point["metric"] for point in timers} == {"http_request_duration"}
    assert all(point["type"] == "timer" and point["value"] >= 0 for point in timers)
    # A usual log has no line of a single request.
    assert "http_request_duration" not in first_sync.stderr
    assert {point["type"] for point in metrics(first_sync, "INFO")} == {"counter"}


# Secrets


FAULTS = (
    ("500", "503", "403", "404"),
    ("reset", "cut", "html", "302"),
    ("wrong-shape", "empty-200", "invalid-byte", "418"),
    ("401", "401", "401", "401"),
)


@pytest.mark.parametrize("kinds", FAULTS, ids=" ".join)
def test_no_failure_shows_the_token(kinds: tuple[str, ...]) -> None:
    with Sandbox(Options(orders=3, customers=3, products=3, coupons=2)) as tiny:
        for stream, kind in zip(FOUR, kinds, strict=True):
            tiny.fault(stream, kind=kind, times=0)
        config = settings(tiny, max_attempts=1, max_retry_seconds=0)
        args = ["--log-level", "DEBUG"]
        synced, found = run(config, args=args), run(config, args=[*args, "--discover"])
    for result in (synced, found):
        assert tiny.access_token not in result.stderr + result.stdout
    assert all(kind in synced.stderr for kind in kinds if kind.isdigit())
    assert synced.status == 1
    assert synced.logged("CRITICAL")


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (1234567890123, "1234567890123"),
        ([TOKEN], TOKEN),
        ({"token": TOKEN}, TOKEN),
        (f"{TOKEN}\nmore", TOKEN),
        (f"{TOKEN}→", TOKEN),
        (f"{TOKEN}ü", TOKEN),
        (f"{TOKEN}\x00", TOKEN),
        (TOKEN, TOKEN),
    ],
    ids=["number", "list", "object", "line break", "arrow", "umlaut", "NUL", "wrong"],
)
def test_a_token_that_cannot_be_is_refused_and_never_shown(
    quiet: Sandbox, token: object, shown: str
) -> None:
    args = ["--log-level", "DEBUG"]
    assert "access_token" in refused(settings(quiet, access_token=token), args=args, hides=shown)


def test_a_config_that_is_no_json_is_refused_and_never_shown(quiet: Sandbox) -> None:
    text = json.dumps(settings(quiet))[:-1] + ', "x": 1,}'
    args = ["--log-level", "DEBUG"]
    assert "line 1" in refused(text, args=args, hides=quiet.access_token)


def test_spaces_around_a_token_are_ignored(quiet: Sandbox) -> None:
    discover(settings(quiet, access_token=f"  {quiet.access_token}\n"))


@pytest.mark.parametrize("name", ["Ünïcode/1.0 →", "two\nlines"])
def test_an_invalid_user_agent_gives_an_error_that_names_the_setting(
    quiet: Sandbox, name: str
) -> None:
    result = run(settings(quiet, user_agent=name), args=["--discover"])
    assert result.status == 0 or any("user_agent" in line for line in result.logged("CRITICAL"))
