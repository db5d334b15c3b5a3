"""What lands in a real target is what the store holds, value by value."""

import functools
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_targets
import tap_runner
from all_streams import NAMES, list_of
from installed_tools import installed
from postgres_server import one_server  # noqa: F401
from real_targets import Kill, Load, Target, compare, load
from tap_runner import Json, Result, discover, select

from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

INCREMENTAL = ("customers", "orders", "products")
SIZE = int(os.environ.get("ROWS_PER_LIST", "200"))

# Everything that texts go through on their way into a table.
ODD_TEXT = "Zoë 李 🛒 مرحبا \"q\" 's' \\ \\n {a,b} NULL \t% $1 :x ; --\n2"


@pytest.fixture(params=("jsonl", "postgres", "duckdb"))
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "postgres":
        return real_targets.postgres(tmp_path, request.getfixturevalue("server"))
    target: Target = getattr(real_targets, request.param)(tmp_path)
    return target


@pytest.fixture
def stock() -> Iterator[Sandbox]:
    """A store of this size, with an order of each kind and texts that are hard to load."""
    # Values as texts and every field embedded: they can be compared digit for digit.
    more: Json = {"consignment_costs": "string", "fulfillment_source_embedded": True}
    with Sandbox(Options(orders=SIZE, customers=SIZE, products=SIZE, coupons=40, **more)) as store:
        _change(store, "customers", 0, company=ODD_TEXT)
        _change(store, "orders", 0, staff_notes=ODD_TEXT, customer_message="")
        _change(store, "products", 0, name=ODD_TEXT)
        yield store


def _change(store: Sandbox, list_: str, at: int, **fields: Any) -> None:
    store.change(list_, ids=[store.records(list_)[at]["id"]], fields=fields)


@functools.cache
def catalog(*names: str) -> Json:
    return select(discover(), *names)


def into(target: Target, store: Sandbox, *names: str, **more: Any) -> Load:
    """A load of these streams, a small page at a time."""
    return load(store, target.command, target.folder, catalog(*names), **{"page_size": 25, **more})


def differing(store: Sandbox, target: Target, done: Load) -> list[str]:
    """The first differences in the streams of this load: none, if all is well."""
    assert done.well, done.log
    return list(itertools.islice(compare(store, target, done.schemas), 8))


@pytest.mark.parametrize("target_too", [False, True], ids=["the tap", "both"])
def test_a_load_that_was_killed_goes_on_and_loses_nothing(
    target: Target, stock: Sandbox, target_too: bool
) -> None:
    kill = Kill(after=SIZE * len(INCREMENTAL) // 2, target_too=target_too)
    killed = into(target, stock, *INCREMENTAL, kill=kill)
    assert killed.lines >= kill.after
    assert not killed.well
    # A target that is killed has not always said how far it came. Then all comes again.
    silent = killed.state is None and target_too
    assert silent or "resume" in str(killed.state), killed.log
    # Behind the place at which the killed one stopped, and before it.
    stock.change("orders", count=5)
    resumed = into(target, stock, *INCREMENTAL, state=killed.state)
    assert resumed.well, resumed.log
    assert silent or resumed.records < SIZE * len(INCREMENTAL)
    last = into(target, stock, *INCREMENTAL, state=resumed.state)
    assert differing(stock, target, last) == []


def test_every_stream_loads_and_changes_take_the_place_of_what_was_loaded_before(
    target: Target, stock: Sandbox
) -> None:
    first = into(target, stock, *NAMES)
    assert differing(stock, target, first) == []
    assert set(first.schemas) == set(NAMES)
    assert first.records == sum(len(stock.records(list_of(name))) for name in NAMES)
    for stream in INCREMENTAL:
        stock.change(stream, count=5)
    stock.add("orders", count=3)
    stock.delete("orders", ids=[stock.records("orders")[30]["id"]])
    second = into(target, stock, *NAMES, state=first.state)
    assert differing(stock, target, second) == []


def checked(result: Result, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed("singer-tools", "singer-check-tap")],
        input=result.stdout,
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.tools
def test_singer_check_tap_accepts_a_whole_sync_of_all_streams_and_an_incremental_one(
    tmp_path: Path,
) -> None:
    # Orders of every kind, the huge ones too.
    with Sandbox(Options(orders=300, customers=150, products=120, coupons=40)) as store:
        settings = tap_runner.settings(store, page_size=50)
        full = tap_runner.succeed(settings, args=["--select", "*"])
        changes = tap_runner.succeed(settings, state=full.state)
    for result in (full, changes):
        done = checked(result, tmp_path)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-2000:]
        assert f"{sum(map(len, result.by_stream.values()))} record messages" in said
    line = next(line for line in full.stdout.splitlines() if '"type":"RECORD"' in line)
    message = json.loads(line)
    message["record"]["id"] = "not a number"
    odd = Result(0, full.stdout.replace(line, json.dumps(message), 1), "")
    assert checked(odd, tmp_path).returncode != 0, "it would notice a record that does not fit"
