"""Usual mistakes in files and variables: each is named, with what to do instead."""

import json
import os
import pty
import re
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tap_runner import COMMAND, PREFIX, clean_environment, discover, refused, run, settings, succeed

from tap_bigcommerce_sandbox import Sandbox

STATE = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00.000000Z"}}}


def test_a_file_in_the_place_of_another_is_named(quiet: Sandbox) -> None:
    config, catalog = settings(quiet), discover()
    for files, place, found in (
        ((json.dumps(catalog),), "config", "catalog"),
        ((json.dumps(STATE),), "config", "state"),
        ((json.dumps({"type": "STATE", "value": STATE}),), "config", "state"),
        ((config, config), "catalog", "config"),
        ((config, {"partial": STATE}), "catalog", "state"),
        ((config, None, config), "state", "config"),
        ((config, None, catalog), "state", "catalog"),
    ):
        said = refused(*files)
        assert f"The {place} file " in said
        assert f" is a {found}: give it with --{found}." in said
    assert quiet.requests() == []


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "is empty. Did --init fail?"),
        ("[]", "should hold one JSON object"),
        ("{", "cannot be read: it is not JSON: Expecting"),
        ("{}\n{}\n", "it has several lines: keep only the last one (tail -1)"),
        ("---\n- a\n", "it looks like YAML"),
        ('"store_hash": "abc123"\n"access_token": "x"\n', "it looks like YAML"),
        ("ACCESS TOKEN: x\nAPI PATH: https://x\n", "make a config of it with --init"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, advice: str) -> None:
    said = refused(text)
    assert advice in said
    assert "config.json" in said


def test_a_file_that_is_not_there_is_named(quiet: Sandbox) -> None:
    for option in ("--config", "--catalog", "--state", "--init"):
        config = settings(quiet) if option in ("--catalog", "--state") else None
        said = refused(config, args=[option, "/no/such/file"])
        assert "/no/such/file" in said
        assert "No such file or directory" in said


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
        ({"completed": {"singer_state": old}, "partial": part}, '{"completed": '),
    ):
        again = succeed(settings(quiet), state=wrapped)
        assert again.stderr.count("The state is the one in ") <= 2
        assert f"The state is the one in {form}" in again.stderr
        assert len(again.records("orders")) <= 2, "those from the bookmark on"


class Refusing(BaseHTTPRequestHandler):
    """A server that speaks no TLS, and a proxy that refuses everybody."""

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        pass


STORE, LOGIN = "https://store.invalid", "me:my-password@"


@pytest.mark.parametrize(
    ("api_url", "variable", "cause"),
    [
        ("http://127.0.0.1:9", "", "to 127.0.0.1:9: connection refused. This was tried for "),
        (STORE, "", "to store.invalid: its name is unknown here. This was tried for "),
        ("https://{here}", "", "to {here}: TLS failed ("),
        (
            STORE,
            f"HTTPS_PROXY=http://{LOGIN}[::1]:9",
            "[::1]:9 (HTTPS_PROXY): connection refused. T",
        ),
        (STORE, "ALL_PROXY=http://p.invalid:3", "p.invalid:3 (ALL_PROXY): its name is unknown"),
        (STORE, f"HTTPS_PROXY=http://{LOGIN}{{here}}", "{here} (HTTPS_PROXY): it answered with"),
        (
            STORE,
            "https_proxy={here}",
            "the proxy {here} (https_proxy): it answered with status 407",
        ),
        (STORE, f"ALL_PROXY=socks5://{LOGIN}{{here}}", "The proxy (ALL_PROXY) cannot be used"),
        (STORE, "HTTPS_PROXY=http://[::1", "The proxy (HTTPS_PROXY) cannot be used"),
        (STORE, f"HTTPS_PROXY={LOGIN}{{here}}", "The proxy (HTTPS_PROXY) cannot be used"),
    ],
)
def test_a_failed_connection_names_where_to_and_why(
    api_url: str, variable: str, cause: str
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{server.server_port}"
        config = {"store_hash": "abc123", "access_token": "x", "api_url": api_url.format(here=here)}
        limits = {"max_attempts": 1 if variable else 2, "max_retry_seconds": 0}
        name, _, value = variable.replace("{here}", here).partition("=")
        result = run(
            {**config, **limits},
            args=["--check"] if variable else [],
            env={"no_proxy": "", "NO_PROXY": "", **({name: value} if name else {})},
        )
        server.shutdown()
    assert result.status == 1
    (line,) = result.logged("CRITICAL")
    assert cause.format(here=here) in line
    assert "No connection to" in line or "It should be an address" in line
    assert "my-password" not in result.stderr
    assert "Error" not in line, "no names of Python"
    retries = result.logged("WARNING")
    assert len(retries) == len(set(re.findall(r"attempt \d+", " ".join(retries)))), "once for all"
    assert result.logged()[-1].startswith("ERROR Failed: ")


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


def test_dates_in_the_future_are_named(quiet: Sandbox, tmp_path: Path) -> None:
    future = "2999-01-01T00:00:00Z"
    streams = {"customers": {"start_date": future}}
    result = succeed(settings(quiet, start_date=future, streams=streams))
    assert result.records("orders") == []
    assert "orders" not in result.state["bookmarks"]
    assert "start_date is in the future" in result.stderr
    assert "streams.customers.start_date is in the future" in result.stderr
    file = tmp_path / "credentials.txt"
    file.write_text("ACCESS TOKEN: x\nAPI PATH: https://api.bigcommerce.com/stores/abc123/v3/\n")
    made = run(args=["--init", str(file), "--start-date", "2999-01-01"])
    assert "--start-date is in the future" in made.stderr
    state = {"bookmarks": {"orders": {"date_modified": future}}}
    checked = succeed(settings(quiet), state=state, args=["--check"])
    assert "orders: the bookmark 2999-01-01T00:00:00.000000Z is in the future" in checked.stderr
