"""Signals, and targets that die or sleep."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
import tap_runner
from fault_process import Running, records, started, states
from fault_runs import Prepare, critical, fault
from fault_truth import differences
from tap_runner import Json
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

GONE_WITHIN = 5.0
AT_ONCE = 2.5
"""Seconds: when nothing holds the messages back, there is no reason to take that long."""


def options(**more: Any) -> Options:
    sizes: dict[str, Any] = {"orders": 30, "customers": 30, "products": 20, "coupons": 12}
    return Options(**{**sizes, "huge_order_share": 0.0, "variants_per_product": 1, **more})


def hangs(list_: str, request: int = 2) -> Prepare:
    return fault(list_, "hang", request=request)


WAITS: dict[str, tuple[dict[str, Any], Prepare, str]] = {
    "before another attempt": ({}, fault("customers", "503", request=2), "(attempt 4)"),
    "for the quota's reset": (
        {"window_seconds": 60.0},
        fault("customers", "429", request=2),
        "customers: 429",
    ),
    "after a 429 without a word": ({}, fault("orders", "429-bare", request=2), "waiting 1.0 s"),
    "for an answer that does not come": ({}, hangs("orders"), "orders: reading"),
    "for the first answer of all": ({}, hangs("coupons", 1), "coupons: reading"),
    "for an order's child list": ({}, hangs("order_coupons", 3), "orders: reading"),
}


def stop_and_go_on(store: Store, signum: int, page_size: int, lines: int, log: str) -> Json:
    """Send the signal once so many lines have come out and the log holds `log`; its last STATE.

    The tap is gone in time and leaves whole messages, the last of them a STATE, from which nothing
    is lost.
    """
    settings = tap_runner.settings(store, page_size=page_size)
    with started(settings) as tap:
        tap.wait_for(lines=lines, log=log)
        time.sleep(0.1)
        assert tap.signal(signum) < AT_ONCE
    assert tap.process.returncode == 128 + signum, tap.stderr[-2000:]
    assert f"Stopped by {signal.Signals(signum).name}" in tap.stderr
    assert "Traceback" not in tap.stderr
    assert all(line.endswith(b"\n") for line in tap.out)
    assert tap.messages[-1]["type"] == "STATE"
    store.clear_faults()
    store.set(latency_ms=0.0)
    state: Json = states(tap.messages)[-1]
    resumed = tap_runner.run(settings, state=state)
    assert resumed.status == 0, critical(resumed)
    assert differences(store, records(tap.messages, resumed.messages)) == []
    # It goes on there first.
    assert not lines or f"{state['currently_syncing']}: " in resumed.logged("INFO")[0]
    return state


IN_A_WAIT = [
    *((where, signal.SIGTERM) for where in WAITS),
    ("before another attempt", signal.SIGINT),
    ("for an answer that does not come", signal.SIGINT),
]


@pytest.mark.parametrize("case", some_of(IN_A_WAIT, 3, pytest.mark.real_time), ids=str)
def test_a_signal_ends_the_tap_at_once_while_it_waits(case: tuple[str, int]) -> None:
    where, signum = case
    more, prepare, log = WAITS[where]
    with Sandbox(options(**more)) as store:
        prepare(store)
        stop_and_go_on(store, signum, page_size=6, lines=0, log=log)


@pytest.mark.parametrize(
    ("lines", "signum"),
    [
        (3, signal.SIGTERM),
        pytest.param(30, signal.SIGINT, marks=pytest.mark.kills),
        pytest.param(60, signal.SIGTERM, marks=pytest.mark.kills),
        (80, signal.SIGINT),
    ],
)
def test_a_signal_while_records_come_leaves_a_state_to_go_on_from(lines: int, signum: int) -> None:
    # So many products that the tap is still busy when the signal comes.
    with Sandbox(options(latency_ms=60.0, products=160)) as store:
        state = stop_and_go_on(store, signum, page_size=4, lines=lines, log="")
    assert state["currently_syncing"]


def test_a_signal_during_discovery_ends_it_at_once() -> None:
    with Sandbox(options()) as store:
        store.fault("orders", kind="503", times=0)
        with tap_runner.start(tap_runner.settings(store), args=["--discover"]) as process:
            tap = Running(process, unread=False)
            tap.wait_for(log="(attempt 3)")
            took = tap.signal(signal.SIGTERM)
            assert process.returncode == 143, tap.stderr[-2000:]
    assert took < AT_ONCE
    assert tap.out == []
    assert "Traceback" not in tap.stderr


@pytest.mark.parametrize("ignored", [False, True], ids=["usually", "under nohup"])
def test_a_terminal_that_is_closed_ends_the_tap_as_a_signal_does(ignored: bool) -> None:
    action = signal.SIG_IGN if ignored else signal.SIG_DFL
    before = signal.signal(signal.SIGHUP, action)  # What is ignored here is in the tap, too.
    try:
        with (
            Sandbox(options(latency_ms=30.0)) as store,
            started(tap_runner.settings(store, page_size=4)) as tap,
        ):
            tap.wait_for(lines=3)
            tap.process.send_signal(signal.SIGHUP)
            status = tap.end()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert status == (0 if ignored else 129), tap.stderr[-2000:]
    assert ("Stopped by SIGHUP" in tap.stderr) != ignored
    assert states(tap.messages)
    assert tap_runner.read_message(tap.out[-1].decode())["type"] == "STATE"


@pytest.mark.parametrize("reads", [True, False], ids=["one line", "nothing"])
def test_a_target_that_dies_ends_the_tap_without_a_traceback(reads: bool) -> None:
    with (
        Sandbox(options(orders=150, customers=400)) as store,
        tap_runner.start(tap_runner.settings(store, page_size=10)) as process,
    ):
        assert process.stdout is not None
        assert not reads or process.stdout.readline().startswith(b'{"type":"SCHEMA"')
        process.stdout.close()
        said = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert "target stopped reading" in said


@pytest.mark.real_time
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_tap_even_if_nobody_reads_its_messages(signum: int) -> None:
    with (
        Sandbox(options(orders=200)) as store,
        started(tap_runner.settings(store), unread=True) as tap,
    ):
        tap.wait_for(log="orders: reading")
        # Its messages are more than a pipe holds: it waits for the target by now.
        time.sleep(1.0)
        assert tap.process.poll() is None
        assert tap.signal(signum) < GONE_WITHIN
        assert tap.process.returncode == 128 + signum


def test_a_target_that_reads_late_gets_all() -> None:
    # While the first orders wait for the pipe to be read, all others become whole: nothing is
    # under way any more that could wake the tap.
    with (
        Sandbox(options(orders=100, couponed_share=1.0, latency_ms=20.0)) as store,
        tap_runner.start(tap_runner.settings(store)) as process,
    ):
        time.sleep(2.5)
        out, said = process.communicate(timeout=30)
        assert process.returncode == 0, said.decode()
        messages = [tap_runner.read_message(line) for line in out.decode().splitlines()]
        assert differences(store, records(messages)) == []
