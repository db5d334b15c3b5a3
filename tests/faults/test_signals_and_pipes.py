"""Signals, targets that die or sleep, and a standard output that cannot be written.

What other commands say of such an output is in tests/security.
"""

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tap_runner
from fault_runs import Prepare, Running, critical, differences, fault, run_command, small, started
from tap_runner import Json, Result, some_of

from tap_bigcommerce_sandbox import Sandbox, Store

AT_ONCE = 2.5
"""Seconds: when nothing holds the messages back, there is no reason to take that long."""

WAITS: dict[str, tuple[dict[str, Any], Prepare, str]] = {
    "before another attempt": ({}, fault("customers", "503", request=2), "(attempt 4)"),
    "for the quota": ({"window_seconds": 60.0}, fault("customers", "429"), "customers: 429"),
    "for an answer that does not come": ({}, fault("coupons", "hang"), "coupons: reading"),
    "for a child list": ({}, fault("order_coupons", "hang", request=3), "orders: reading"),
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
        stopped = tap.end(signum, within=AT_ONCE)
    assert stopped.status == 128 + signum, stopped.stderr[-2000:]
    assert f"Stopped by {signal.Signals(signum).name}" in stopped.stderr
    assert len(tap.out) == len(stopped.messages), "a line is cut off"
    assert stopped.messages[-1]["type"] == "STATE"
    store.clear_faults()
    store.set(latency_ms=0.0)
    resumed = tap_runner.run(settings, state=stopped.state)
    assert resumed.status == 0, critical(resumed)
    assert differences(store, stopped, resumed) == []
    # It goes on there first.
    current = stopped.state.get("currently_syncing")
    assert not lines or f"{current}: " in resumed.logged("INFO")[0]
    return stopped.state


IN_A_WAIT = [
    *((where, signal.SIGTERM) for where in WAITS),
    ("for an answer that does not come", signal.SIGINT),
]


@pytest.mark.parametrize("case", some_of(IN_A_WAIT, 3, pytest.mark.real_time), ids=str)
def test_a_signal_ends_the_tap_at_once_while_it_waits(case: tuple[str, int]) -> None:
    where, signum = case
    more, prepare, log = WAITS[where]
    with Sandbox(small(**more)) as store:
        prepare(store)
        stop_and_go_on(store, signum, page_size=6, lines=0, log=log)


@pytest.mark.parametrize(
    ("lines", "signum"),
    [
        (3, signal.SIGTERM),
        pytest.param(30, signal.SIGINT, marks=pytest.mark.kills),
        (80, signal.SIGINT),
    ],
)
def test_a_signal_while_records_come_leaves_a_state_to_go_on_from(lines: int, signum: int) -> None:
    # So many products that the tap is still busy when the signal comes.
    with Sandbox(small(latency_ms=60.0, orders=30, products=800)) as store:
        state = stop_and_go_on(store, signum, page_size=4, lines=lines, log="")
    assert state["currently_syncing"]


def test_a_signal_during_discovery_ends_it_at_once() -> None:
    with Sandbox(small()) as store:
        store.fault("orders", kind="503", times=0)
        with tap_runner.start(tap_runner.settings(store), args=["--discover"]) as process:
            tap = Running(process)
            tap.wait_for(log="(attempt 3)")
            assert tap.end(signal.SIGTERM, within=AT_ONCE).status == 143, tap.stderr[-2000:]
    assert tap.out == []


@pytest.mark.parametrize("ignored", [False, True], ids=["usually", "under nohup"])
def test_a_terminal_that_is_closed_ends_the_tap_as_a_signal_does(ignored: bool) -> None:
    action = signal.SIG_IGN if ignored else signal.SIG_DFL
    before = signal.signal(signal.SIGHUP, action)  # What is ignored here is in the tap, too.
    try:
        with (
            Sandbox(small(latency_ms=30.0)) as store,
            started(tap_runner.settings(store, page_size=4)) as tap,
        ):
            tap.wait_for(lines=3)
            result = tap.end(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert result.status == (0 if ignored else 129), result.stderr[-2000:]
    assert ("Stopped by SIGHUP" in result.stderr) != ignored
    assert result.messages[-1]["type"] == "STATE"


@pytest.mark.parametrize("reads", [True, False], ids=["one line", "nothing"])
def test_a_target_that_dies_ends_the_tap_without_a_traceback(reads: bool) -> None:
    with (
        Sandbox(small(orders=150, customers=400)) as store,
        tap_runner.start(tap_runner.settings(store, page_size=10)) as process,
    ):
        assert process.stdout is not None
        assert not reads or process.stdout.readline().startswith(b'{"type":"SCHEMA"')
        process.stdout.close()
        said = process.communicate(timeout=30)[1].decode()
        assert len(store.requests()) < 60, "it goes on reading the store"
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert "target stopped reading" in said


@pytest.mark.real_time
def test_a_signal_ends_the_tap_even_if_nobody_reads_its_messages() -> None:
    with (
        Sandbox(small(orders=200)) as store,
        started(tap_runner.settings(store), reads=False) as tap,
    ):
        tap.wait_for(log="orders: reading")
        # Its messages are more than a pipe holds: it waits for the target by now.
        time.sleep(1.0)
        assert tap.process.poll() is None
        assert tap.end(signal.SIGTERM, within=5.0).status == 143


def test_a_target_that_reads_late_gets_all() -> None:
    # While the first orders wait for the pipe to be read, all others become whole: nothing is
    # under way any more that could wake the tap.
    with (
        Sandbox(small(orders=100, couponed_share=1.0, latency_ms=20.0)) as store,
        tap_runner.start(tap_runner.settings(store)) as process,
    ):
        time.sleep(2.5)
        out, said = process.communicate(timeout=30)
        assert process.returncode == 0, said.decode()
        assert differences(store, Result(0, out.decode(), "")) == []


# Full disks


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(small(latency_ms=20.0)) as running:
        yield running


@pytest.fixture(scope="module")
def size(store: Sandbox) -> int:
    return len(tap_runner.succeed(tap_runner.settings(store)).stdout.encode())


# A disk that is full for a moment only: standard output takes so many bytes, fails once in the
# middle of a write, and takes everything from then on.
FULL_FOR_A_MOMENT = """
import errno, os, sys
room, number = int(sys.argv[1]), getattr(errno, sys.argv[2])
real, output = os.write, os.fstat(1)

def write(descriptor, data):
    global room
    if room is None or not os.path.samestat(os.fstat(descriptor), output):
        return real(descriptor, data)
    if room == 0:
        room = None
        raise OSError(number, os.strerror(number))
    written = real(descriptor, data[:room])
    room -= written
    return written

os.write = write
from tap_bigcommerce.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("number", some_of(["ENOSPC", "EIO", "EPIPE"], 2, pytest.mark.kills))
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0], ids=["first", "one on the way", "last"])
def test_after_a_write_that_failed_nothing_more_is_written(
    store: Sandbox, size: int, share: float, number: str, tmp_path: Path
) -> None:
    room = max(100, int(share * size) - 1)
    path, asked = tmp_path / "out", len(store.requests())
    script = [sys.executable, "-c", FULL_FOR_A_MOMENT, str(room), number]
    with path.open("wb") as out:
        result = run_command(store, script, out)
    asked = len(store.requests()) - asked
    assert result.status == 1
    assert path.stat().st_size == room
    reason = "target stopped reading" if number == "EPIPE" else os.strerror(getattr(errno, number))
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
    if share == 0.0:
        # Those that were under way for the first streams.
        assert asked <= 20


def test_a_standard_output_that_is_closed_is_said_so(store: Sandbox) -> None:
    result = run_command(store, out=None, before=lambda: os.close(1))
    assert result.status == 1
    assert "Standard output is closed" in result.stderr
    assert "Traceback" not in result.stderr
