"""What lands in a real target is what the store holds, value by value."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_targets
from all_streams import NAMES, list_of
from loading import Kill, Load, load
from postgres_server import one_server  # noqa: F401
from real_targets import Target, compare
from tap_runner import Json, discover, select

from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

FOUR = ("coupons", "customers", "orders", "products")
INCREMENTAL = ("customers", "orders", "products")
SIZE = int(os.environ.get("ROWS_PER_LIST", "200"))

# Everything that texts go through on their way into a table.
ODD_TEXT = "Zoë 李 🛒 مرحبا \"q\" 's' \\ \\n {a,b} NULL \t% $1 :x ; --\n2"


@pytest.fixture(params=("jsonl", "postgres", "duckdb"))
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """An empty target."""
    if request.param == "postgres":
        return real_targets.postgres(tmp_path, request.getfixturevalue("server"))
    target: Target = getattr(real_targets, request.param)(tmp_path)
    return target


@pytest.fixture
def stock() -> Iterator[Sandbox]:
    with _stock() as running:
        yield running


@contextlib.contextmanager
def _stock() -> Iterator[Sandbox]:
    """A store of this size, with an order of each kind and texts that are hard to load."""
    # Values as texts and every field embedded: they can be compared digit for digit.
    options = Options(
        orders=SIZE,
        customers=SIZE,
        products=SIZE,
        coupons=40,
        consignment_costs="string",
        fulfillment_source_embedded=True,
    )
    with Sandbox(options) as running:
        _change(running, "customers", 0, company=ODD_TEXT)
        _change(running, "orders", 0, staff_notes=ODD_TEXT, customer_message="")
        _change(running, "products", 0, name=ODD_TEXT)
        yield running


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


def test_a_full_load_holds_what_the_store_holds(target: Target, stock: Sandbox) -> None:
    assert differing(stock, target, into(target, stock, *FOUR)) == []


def test_changes_take_the_place_of_what_was_loaded_before(target: Target, stock: Sandbox) -> None:
    first = into(target, stock, *FOUR)
    assert first.well, first.log
    for stream in FOUR:
        stock.change(stream, count=7)
        stock.add(stream, count=3)
    stock.delete("orders", ids=[stock.records("orders")[30]["id"]])
    second = into(target, stock, *FOUR, state=first.state)
    assert differing(stock, target, second) == []
    assert second.records < first.records / 3


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
    resumed = into(target, stock, *INCREMENTAL, state=killed.state)
    assert differing(stock, target, resumed) == []
    assert silent or resumed.records < SIZE * len(INCREMENTAL)


@pytest.mark.parametrize("target_too", [False, True], ids=["the tap", "both"])
def test_what_changes_around_a_kill_is_loaded_by_the_next_sync_but_one(
    target: Target, stock: Sandbox, target_too: bool
) -> None:
    whole = into(target, stock, *INCREMENTAL)
    for stream in INCREMENTAL:
        stock.change(stream, count=SIZE // 2)
    kill = Kill(after=SIZE * len(INCREMENTAL) // 4, target_too=target_too)
    killed = into(target, stock, *INCREMENTAL, state=whole.state, kill=kill)
    assert killed.lines >= kill.after
    # Behind the place at which the killed one stopped.
    stock.change("orders", count=5)
    resumed = into(target, stock, *INCREMENTAL, state=killed.state or whole.state)
    assert resumed.well, resumed.log
    quiet = into(target, stock, *INCREMENTAL, state=resumed.state)
    assert differing(stock, target, quiet) == []


def test_every_stream_loads(target: Target, stock: Sandbox) -> None:
    first = into(target, stock, *NAMES)
    assert differing(stock, target, first) == []
    assert set(first.schemas) == set(NAMES)
    assert first.records == sum(len(stock.records(list_of(name))) for name in NAMES)
    for stream in INCREMENTAL:
        stock.change(stream, count=5)
    second = into(target, stock, *NAMES, state=first.state)
    assert differing(stock, target, second) == []
