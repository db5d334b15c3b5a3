"""Usual mistakes in files and variables: each is named, with what to do instead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tap_runner import discover, run, settings

from tap_bigcommerce_sandbox import Sandbox

STATE = {"bookmarks": {"orders": {"date_modified": "2026-01-01T00:00:00.000000Z"}}}


def test_a_file_in_the_place_of_another_is_named(quiet: Sandbox) -> None:
    config, catalog = settings(quiet), discover()
    for files, message in (
        ((json.dumps(catalog),), "The config file"),
        ((json.dumps(STATE),), "The config file"),
        ((config, config), "The catalog file"),
        ((config, STATE), "The catalog file"),
        ((config, None, config), "The state file"),
        ((config, None, catalog), "The state file"),
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
        ("ACCESS TOKEN: x\nAPI PATH: https://x\n", "make a config of it with --init"),
    ],
)
def test_another_format_is_named(text: str, advice: str) -> None:
    result = run(text)
    assert result.status == 1
    assert advice in result.stderr


def test_a_wrapped_state_is_unwrapped(quiet: Sandbox) -> None:
    first = run(settings(quiet))
    again = run(settings(quiet), state={"singer_state": first.state})
    assert again.status == 0, again.stderr
    assert len(again.records("orders")) < len(first.records("orders"))


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
    wrong = run(settings(quiet), state={"store_hash": quiet.store_hash, "start_date": "2024-01-01"})
    assert wrong.status == 1
    assert "is a config: give it with --config" in wrong.stderr
    assert not run(settings(quiet), state=STATE).logged("WARNING")


def test_dates_in_the_future_are_named(quiet: Sandbox) -> None:
    future = "2999-01-01T00:00:00Z"
    streams = {"customers": {"start_date": future}}
    result = run(settings(quiet, start_date=future, streams=streams))
    assert result.status == 0
    assert "start_date is in the future" in result.stderr
    assert "streams.customers.start_date is in the future" in result.stderr
    state = {"bookmarks": {"orders": {"date_modified": future}}}
    result = run(settings(quiet), state=state)
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
