"""The floor beneath every stream: a mistake of the tap fails the stream in which it shows."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import tap_runner
from fault_runs import run_command, small
from tap_runner import Result, some_of

from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce_sandbox import Sandbox

# The only way to see what becomes of a mistake in the tap is to make one: this function of it
# raises when the expression on its arguments holds.
MISTAKES = {
    "in a worker": "api.response Response.read a[0].path=='/v2/orders'",
    "where answers are taken": "pagination.id_ranges IdRangePaginator.received a[0].name=='orders'",
    "where rows are completed": "streams.enrichment.order_details OrderDetails.enrich True",
    "in a lookup": "streams.enrichment.child_lists ChildLists.read a[2]=='coupons'",
    "where records are made": "sync.stream_sync StreamSync.write a[0].stream.name=='orders'",
    "where the state is read": "sync.stream_sync StreamSync._find_start a[0].stream.name=='orders'",
    "at the end": "sync.stream_sync StreamSync.complete a[0].stream.name=='orders'",
}
"""A module, a function of it, and when it raises."""
CHILD = "streams.enrichment.child_lists ChildLists.read 'order_taxes'in(a[0].context.stream)"

BREAK = """
import functools, importlib, sys
module, name, when = sys.argv[1:4]
holder, _, function = f"module.{name}".rpartition(".")
module = importlib.import_module("tap_bigcommerce." + module)
holder = eval(holder)
real = getattr(holder, function)

def mistaken(*a, **k):
    if eval(when):
        raise ZeroDivisionError("a mistake")
    return real(*a, **k)

setattr(holder, function, mistaken)
from tap_bigcommerce.cli.main import main
sys.exit(main(sys.argv[4:]))
"""


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(small()) as running:
        yield running


@pytest.fixture(scope="module")
def whole(store: Sandbox) -> Result:
    return tap_runner.run(tap_runner.settings(store))


def run_with_a_mistake(store: Sandbox, mistake: str, **more: Any) -> Result:
    # As little memory as can be: what a failed stream keeps of it would stop the others.
    few = {"page_size": 5, "max_buffered_mb": 1, **more}
    return run_command(store, [sys.executable, "-c", BREAK, *mistake.split()], **few)


@pytest.mark.parametrize("where", some_of([*MISTAKES], 5, pytest.mark.histories))
def test_a_mistake_of_the_tap_fails_its_own_stream(
    store: Sandbox, whole: Result, where: str
) -> None:
    result = run_with_a_mistake(store, MISTAKES[where])
    assert result.status == 1, result.stderr[-2000:]
    assert result.stderr.count("ZeroDivisionError: a mistake") == 1
    [words] = result.logged("CRITICAL")
    assert "orders: " in words
    assert "a bug in the tap" in words
    for stream in ("coupons", "customers", "products"):
        assert result.records(stream) == whole.records(stream)
    assert result.state["bookmarks"].get("orders", {}).get("date_modified") is None
    assert result.bookmark("products") == whole.bookmark("products")
    assert result.state.get("currently_syncing") is None


def test_a_mistake_where_a_childs_list_is_read_fails_the_child_alone(store: Sandbox) -> None:
    select = "orders,order_taxes,order_messages"
    result = run_with_a_mistake(store, CHILD, select=select)
    assert result.status == 1
    assert "Failed: order_taxes (see above); " in result.logged("ERROR")[-1]
    whole = tap_runner.run(tap_runner.settings(store, select=select))
    for stream in ("orders", "order_messages"):
        assert result.records(stream) == whole.records(stream) != []


def test_what_follows_from_a_job_fails_whoever_the_job_is_for() -> None:
    """And not whoever waits just then."""
    workers, errors = Workers(1, Shutdown()), list[BaseException]()
    workers.submit(lambda: 0, lambda result: 1 / result, errors.append)
    workers.step()
    assert [type(error) for error in errors] == [ZeroDivisionError]
    workers.close()
