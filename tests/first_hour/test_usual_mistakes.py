"""Usual mistakes in files and variables: each is named, with what to do instead."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tap_runner import COMMAND, PREFIX, clean_environment, discover, run, settings

from tap_bigcommerce_sandbox import Sandbox

STATE = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00.000000Z"}}}
STATE_MESSAGE = {"type": "STATE", "value": STATE}


def test_a_file_in_the_place_of_another_is_named(quiet: Sandbox) -> None:
    config, catalog = settings(quiet), discover()
    for files, message in (
        ((json.dumps(catalog),), "The config file"),
        ((json.dumps(STATE),), "The config file"),
        ((config, config), "The catalog file"),
        ((config, STATE), "The catalog file"),
        ((config, None, config), "The state file"),
        ((config, None, catalog), "The state file"),
        *((({"singer_state": STATE},), "The config file"), ((STATE_MESSAGE,), "The config file")),
        ((config, {"completed": {}, "partial": {}}), "The catalog file"),
    ):
        result = run(*files)
        assert result.status == 1
        assert result.stdout == ""
        assert message in result.stderr
        assert "give it with --" in result.stderr
    assert quiet.requests() == []


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("store_hash: abc123\naccess_token: x\n", "it looks like YAML"),
        ("---\n- a\n", "it looks like YAML"),
        ('"store_hash": "abc123"\n"access_token": "x"\n', "it looks like YAML"),
        ("ACCESS TOKEN: x\nAPI PATH: https://x\n", "make a config of it with --init"),
    ],
)
def test_another_format_is_named(text: str, advice: str) -> None:
    result = run(text)
    assert result.status == 1
    assert advice in result.stderr


def test_a_wrapped_state_is_unwrapped(quiet: Sandbox) -> None:
    """In `partial` Meltano keeps what runs left that ended early: it adds to `completed`."""
    state = run(settings(quiet)).state
    orders = state["bookmarks"]["orders"]
    old = {"bookmarks": {"orders": {"date_modified": "2020-01-01"}, "customers": {}}}
    partial = {"completed": {"singer_state": old}, "partial": {"singer_state": state}}
    part = {"singer_state": {"bookmarks": {"orders": orders}}}
    for wrapped, form in (
        ({"singer_state": state}, '{"singer_state": ...}'),
        ({"type": "STATE", "value": state}, "a STATE message"),
        (partial, '{"completed": ..., "partial": ...}'),
        ({"completed": {"singer_state": state}}, '{"completed": ..., "partial": ...}'),
        ({"completed": {"singer_state": old}, "partial": part}, '{"completed": '),
        ({"completed": {}, "partial": part}, '{"completed": '),
    ):
        again = run(settings(quiet), state=wrapped)
        assert again.status == 0, again.stderr
        assert again.stderr.count("The state is the one in ") <= 2
        assert f"The state is the one in {form}" in again.stderr
        assert len(again.records("orders")) <= 2, "those from the bookmark on"


@pytest.mark.parametrize(
    ("command", "api_url", "proxy", "cause"),
    [
        ([], "http://127.0.0.1:9", "", "127.0.0.1:9: connection refused"),
        (["--check"], "https://store.invalid", "", "store.invalid: its name is unknown here"),
        (
            ["--discover"],
            "https://store.invalid",
            "http://me:my-password@127.0.0.1:9",
            "the proxy 127.0.0.1:9 (HTTPS_PROXY): connection refused",
        ),
        (
            [],
            "https://store.invalid",
            "http://proxy.invalid:3128",
            "the proxy proxy.invalid:3128 (HTTPS_PROXY): its name is unknown here",
        ),
    ],
)
def test_a_failed_connection_names_where_to_and_why(
    command: list[str], api_url: str, proxy: str, cause: str
) -> None:
    config = {"store_hash": "abc123", "access_token": "x" * 20, "api_url": api_url}
    limits = {"max_attempts": 2, "max_retry_seconds": 1}
    environment = {"HTTPS_PROXY": proxy, "no_proxy": "", "NO_PROXY": ""}
    result = run({**config, **limits}, args=command, env=environment)
    assert result.status == 1
    (line,) = result.logged("CRITICAL")
    assert f"No connection to {cause}. This was tried for " in line
    assert "my-password" not in result.stderr
    assert "Error" not in line, "no names of Python"
    retries = result.logged("WARNING")
    assert len(retries) == len(set(re.findall(r"attempt \d+", " ".join(retries)))), "once for all"
    assert result.logged()[-1].startswith("ERROR Failed: ")


class Refusing(BaseHTTPRequestHandler):
    """A server that speaks no TLS, and a proxy that refuses everybody."""

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("api_url", "variables", "cause"),
    [
        ("https://{here}", {}, "No connection to {here}: TLS failed ("),
        (
            "https://store.invalid",
            {"HTTPS_PROXY": "http://me:my-password@{here}"},
            "No connection to the proxy {here} (HTTPS_PROXY): it answered with status 407",
        ),
        ("https://store.invalid", {"https_proxy": "{here}"}, "the proxy {here} (https_proxy): it"),
        ("https://store.invalid", {"ALL_PROXY": "socks5://me:my-password@{here}"}, "(ALL_PROXY)"),
        ("https://store.invalid", {"HTTPS_PROXY": "http://[::1"}, "The proxy (HTTPS_PROXY) cannot"),
        ("https://store.invalid", {"HTTPS_PROXY": "me:my-password@{here}"}, "(HTTPS_PROXY) cannot"),
    ],
)
def test_a_proxy_of_no_use_is_named(api_url: str, variables: dict[str, str], cause: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{server.server_port}"
        limits = {"max_attempts": 1, "max_retry_seconds": 0}
        config = {"store_hash": "abc123", "access_token": "x", **limits}
        result = run(
            {**config, "api_url": api_url.format(here=here)},
            env={name: value.replace("{here}", here) for name, value in variables.items()},
        )
        server.shutdown()
    assert result.status == 1
    (line,) = result.logged("CRITICAL")
    assert cause.format(here=here) in line
    assert "Error" not in line, "no names of Python"
    assert "my-password" not in result.stderr


def test_a_hint_is_given_where_the_messages_go_to_a_terminal(quiet: Sandbox) -> None:
    main, terminal = pty.openpty()
    variables = {f"{PREFIX}{name.upper()}": value for name, value in settings(quiet).items()}
    with subprocess.Popen(
        [*COMMAND, "--test", "--select", "coupons"],
        env={**clean_environment(), **variables},
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
    ) as tap:
        _, log = tap.communicate(timeout=60)
    os.close(terminal)
    os.close(main)
    assert "The messages go to this terminal. To load them, append: | target-jsonl" in log
    assert "this terminal" not in run(settings(quiet), args=["--test"]).stderr


@pytest.mark.parametrize(
    ("args", "end"),
    [
        (["--discover"], r"INFO Done: \d+ requests, \d+ s"),
        (["--audit"], r"INFO Done: \d+ requests, \d+ s"),
        (["--test"], r"INFO Done: 4 records of 4 streams, \d+ requests, \d+ s"),
        (["--check", "--quiet"], ""),
        (["--select", "nothing"], r"ERROR Failed: 0 requests, 0 s"),
        (["--list"], "INFO Settings .*|"),
    ],
    ids=str,
)
def test_the_last_line_says_how_it_ended(quiet: Sandbox, args: list[str], end: str) -> None:
    last = (run(settings(quiet), args=args).logged() or [""])[-1]
    assert re.fullmatch(end, last), last


def test_a_state_without_known_bookmarks_is_not_taken_in_silence(quiet: Sandbox) -> None:
    other = run(settings(quiet), state={"value": {"position": 1}})
    assert other.status == 1
    assert 'The state has no "bookmarks"' in other.stderr
    foreign = run(settings(quiet), state={"bookmarks": {"contacts": {"updated": "2026"}}})
    assert foreign.status == 0
    assert (
        "no bookmark of a stream of this tap, only of 'contacts', so everything is read"
        in foreign.stderr
    )
    nothing: list[Any] = ["", {}, {"singer_state": {}}, {"type": "STATE", "value": {}}]
    for state in [*nothing, {"bookmarks": {}}]:
        empty = run(settings(quiet), state=state)
        assert empty.status == 0
        (warning,) = empty.logged("WARNING")
        assert warning.endswith("no bookmark of a stream of this tap, so everything is read.")
    other_key = {"orders": {"updated_at": "2026-01-01"}, "customers": {}}
    for args in ([], ["--check"], ["--audit"]):
        unread = run(settings(quiet), state={"bookmarks": other_key}, args=args)
        assert unread.status == 0
        (warning,) = unread.logged("WARNING")
        assert "entry of orders has no bookmark of this tap (date_modified)" in warning
    for text in (json.dumps("{}"), {"singer_state": "{}"}, {"completed": "{}", "partial": {}}):
        in_a_text = run(settings(quiet), state=text)
        assert in_a_text.status == 1
        assert "The state should be a JSON object such as" in in_a_text.stderr
    wrong = run(settings(quiet), state={"store_hash": quiet.store_hash, "start_date": "2024-01-01"})
    assert wrong.status == 1
    assert "is a config: give it with --config" in wrong.stderr
    assert not run(settings(quiet), state=STATE).logged("WARNING")


def test_dates_in_the_future_are_named(quiet: Sandbox, tmp_path: Path) -> None:
    future = "2999-01-01T00:00:00Z"
    streams = {"customers": {"start_date": future}}
    result = run(settings(quiet, start_date=future, streams=streams))
    assert result.status == 0
    assert "start_date is in the future" in result.stderr
    assert "streams.customers.start_date is in the future" in result.stderr
    file = tmp_path / "credentials.txt"
    file.write_text("ACCESS TOKEN: x\nAPI PATH: https://api.bigcommerce.com/stores/abc123/v3/\n")
    made = run(args=["--init", str(file), "--start-date", "2999-01-01"])
    assert "--start-date is in the future" in made.stderr
    state = {"bookmarks": {"orders": {"date_modified": future}}}
    for args in ([], ["--check"]):
        result = run(settings(quiet), state=state, args=args)
        assert result.status == 0
        assert "orders: the bookmark 2999-01-01T00:00:00.000000Z is in the future" in result.stderr


def test_an_empty_value_in_the_file_does_not_hide_the_variables(quiet: Sandbox) -> None:
    config = settings(quiet, access_token="", start_date=None)
    result = run(config, env={"TAP_BIGCOMMERCE_ACCESS_TOKEN": quiet.access_token})
    assert result.status == 0, result.stderr
    assert "Settings from the environment: TAP_BIGCOMMERCE_ACCESS_TOKEN" in result.stderr


def test_a_misspelt_variable_is_named(quiet: Sandbox) -> None:
    variables = {"TAP_BIGCOMMERCE_ACCES_TOKEN": "secret-of-mine", "TAP_BIGCOMMERCE__SELECT": "x"}
    result = run(settings(quiet), env=variables)
    (warning,) = result.logged("WARNING")
    assert "There is no setting for TAP_BIGCOMMERCE_ACCES_TOKEN" in warning
    assert "Did you mean 'TAP_BIGCOMMERCE_ACCESS_TOKEN'?" in warning
    assert "secret-of-mine" not in result.stderr


@pytest.mark.parametrize(
    ("config", "variables", "name"),
    [
        ({"acces_token": "x"}, {}, "'access_token'"),
        ({}, {"TAP_BIGCOMMERCE_ACCES_TOKEN": "x"}, "'TAP_BIGCOMMERCE_ACCESS_TOKEN'"),
        (None, {"TAP_BIGCOMMERCE_STOREHASH": "x"}, "'TAP_BIGCOMMERCE_STORE_HASH'"),
        (None, {"tap_bigcommerce_store_hash": "x"}, "'TAP_BIGCOMMERCE_STORE_HASH'"),
    ],
)
def test_a_misspelt_name_is_also_named_where_a_setting_is_missing(
    config: Any, variables: dict[str, str], name: str
) -> None:
    result = run(None if config is None else {"store_hash": "abc123", **config}, env=variables)
    assert result.status == 1
    (warning,) = result.logged("WARNING")
    assert warning.endswith(f"Did you mean {name}?")
