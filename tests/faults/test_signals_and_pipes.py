"""Signals, targets that die or sleep, and full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tap_runner
from fault_process import Running, records, started, states
from fault_runs import asked_for, critical, side_by_side
from fault_truth import differences
from tap_runner import Json, Result
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

GONE_WITHIN = 5.0
AT_ONCE = 2.5
"""Seconds: when nothing holds the messages back, there is no reason to take that long."""

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


def options(**more: Any) -> Options:
    sizes: dict[str, Any] = {"orders": 30, "customers": 30, "products": 20, "coupons": 12}
    return Options(**{**sizes, "huge_order_share": 0.0, "variants_per_product": 1, **more})


def lasting(list_: str, kind: str, request: int = 2) -> Callable[[Store], None]:
    return lambda store: store.fault(list_, request=request, kind=kind, times=0)


WAITS: dict[str, tuple[Options, Callable[[Store], None], str]] = {
    "before another attempt": (options(), lasting("customers", "503"), "(attempt 4)"),
    "for the quota's reset": (
        options(window_seconds=60.0),
        lasting("customers", "429"),
        "customers: 429",
    ),
    "after a refusal without a word": (options(), lasting("orders", "429-bare"), "waiting 1.0 s"),
    "for an answer that does not come": (options(), lasting("orders", "hang"), "orders: reading"),
    "for the first answer of all": (options(), lasting("coupons", "hang", 1), "coupons: reading"),
    "for an order's child list": (
        options(),
        lasting("order_coupons", "hang", 3),
        "orders: reading",
    ),
}


@dataclass(frozen=True)
class Stopped:
    """A run that was stopped by a signal, and the one that went on from its last STATE."""

    status: int
    took: float
    stderr: str
    out: list[bytes]
    resumed: Result
    differences: list[str]

    @property
    def last(self) -> Json:
        return tap_runner.read_message(self.out[-1].decode())


def stop_and_go_on(store: Store, signum: int, page_size: int, lines: int, log: str) -> Stopped:
    """Send the signal once so many lines have come out and the log holds `log`."""
    settings = tap_runner.settings(store, page_size=page_size)
    with started(settings) as tap:
        tap.wait_for(lines=lines, log=log)
        time.sleep(0.1)
        took = tap.signal(signum)
    store.clear_faults()
    store.set(latency_ms=0.0)
    known = states(tap.messages)
    resumed = tap_runner.run(settings, state=known[-1] if known else None)
    rows = records(tap.messages, resumed.messages)
    wrong = differences(store, rows)
    return Stopped(tap.process.returncode, took, tap.stderr, tap.out, resumed, wrong)


def assert_stopped_well(stopped: Stopped, status: int, within: float) -> None:
    """Gone in time; whole messages, the last of them a STATE, from which nothing is lost."""
    assert stopped.status == status, stopped.stderr[-2000:]
    assert stopped.took < within
    assert f"Stopped by {signal.Signals(status - 128).name}" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert all(line.endswith(b"\n") for line in stopped.out)
    assert stopped.last["type"] == "STATE"
    assert stopped.resumed.status == 0, critical(stopped.resumed)
    assert stopped.differences == []


IN_A_WAIT = [(where, *SIGNALS[0]) for where in WAITS] + [
    (where, *SIGNALS[1]) for where in ("before another attempt", "for an answer that does not come")
]
UNDER_WAY = [(lines, *SIGNALS[at % 2]) for at, lines in enumerate((3, 30, 60, 80))]


def stop_in_a_wait(case: tuple[str, int, int]) -> Stopped:
    where, signum, _ = case
    store_options, prepare, log = WAITS[where]
    with Sandbox(store_options) as store:
        prepare(store)
        return stop_and_go_on(store, signum, page_size=6, lines=0, log=log)


def stop_under_way(case: tuple[int, int, int]) -> Stopped:
    lines, signum, _ = case
    # So many products that the tap is still busy when the signal comes.
    with Sandbox(options(latency_ms=60.0, products=160)) as store:
        return stop_and_go_on(store, signum, page_size=4, lines=lines, log="")


@pytest.fixture(scope="module")
def in_a_wait(
    request: pytest.FixtureRequest,
) -> dict[tuple[str, int, int], Future[Stopped]]:
    return side_by_side(stop_in_a_wait, asked_for(request, IN_A_WAIT, "case"))


@pytest.fixture(scope="module")
def under_way() -> dict[tuple[int, int, int], Future[Stopped]]:
    return side_by_side(stop_under_way, UNDER_WAY)


@pytest.mark.parametrize(
    "case", some_of(IN_A_WAIT, 3, pytest.mark.real_time), ids=lambda case: f"{case[0]} {case[2]}"
)
def test_a_signal_ends_the_tap_at_once_while_it_waits(
    in_a_wait: dict[tuple[str, int, int], Future[Stopped]], case: tuple[str, int, int]
) -> None:
    assert_stopped_well(in_a_wait[case].result(), case[2], AT_ONCE)


@pytest.mark.parametrize("case", UNDER_WAY, ids=[f"{n} lines {s}" for n, _, s in UNDER_WAY])
def test_a_signal_while_records_come_leaves_a_state_to_go_on_from(
    under_way: dict[tuple[int, int, int], Future[Stopped]], case: tuple[int, int, int]
) -> None:
    stopped = under_way[case].result()
    assert_stopped_well(stopped, case[2], AT_ONCE)
    current = stopped.last["value"]["currently_syncing"]
    # It goes on there first.
    assert f"{current}: " in stopped.resumed.logged("INFO")[0]


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


def test_a_target_that_dies_ends_the_tap_without_a_traceback() -> None:
    with (
        Sandbox(options(orders=150, customers=400)) as store,
        tap_runner.start(tap_runner.settings(store, page_size=10)) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"type":"SCHEMA"')
        process.stdout.close()
        said = process.communicate(timeout=30)[1].decode()
    status = process.returncode
    assert status not in (0, 141, -signal.SIGPIPE)
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert "target stopped reading" in said


def test_a_target_that_is_dead_from_the_start_ends_the_tap_without_a_traceback() -> None:
    with (
        Sandbox(options()) as store,
        tap_runner.start(tap_runner.settings(store)) as process,
    ):
        assert process.stdout is not None
        process.stdout.close()
        said = process.communicate(timeout=30)[1].decode()
    status = process.returncode
    assert status not in (0, 141, -signal.SIGPIPE)
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def stop_unread(case: tuple[int, int]) -> tuple[bool, float, int | None]:
    with (
        Sandbox(options(orders=200)) as store,
        started(tap_runner.settings(store), unread=True) as tap,
    ):
        tap.wait_for(log="orders: reading")
        # Its messages are more than a pipe holds: it waits for the target by now.
        time.sleep(1.0)
        alive = tap.process.poll() is None
        return alive, tap.signal(case[0]), tap.process.returncode


@pytest.mark.real_time
def test_a_signal_ends_the_tap_even_if_nobody_reads_its_messages() -> None:
    for (_, status), ended in side_by_side(stop_unread, SIGNALS).items():
        alive, took, found = ended.result()
        assert alive
        assert took < GONE_WITHIN
        assert found == status


def test_a_target_that_reads_late_gets_all() -> None:
    with (
        Sandbox(options(orders=100)) as store,
        tap_runner.start(tap_runner.settings(store)) as process,
    ):
        time.sleep(1.5)
        out, said = process.communicate(timeout=30)
        assert process.returncode == 0, said.decode()
        messages = [tap_runner.read_message(line) for line in out.decode().splitlines()]
        assert differences(store, records(messages)) == []


@pytest.mark.real_time
def test_lookups_that_end_while_the_target_sleeps_are_written_too() -> None:
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


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    with Sandbox(options()) as store:
        path = "/dev/full"
        if not os.path.exists(path):
            pytest.skip("this system has no /dev/full")
        environment = {
            **tap_runner.clean_environment(),
            **{
                tap_runner.PREFIX + name.upper(): str(value)
                for name, value in tap_runner.settings(store).items()
            },
        }
        with open(path, "wb") as full:
            ended = subprocess.run(
                [*tap_runner.COMMAND, "--config", "ENV"],
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=tmp_path,
                timeout=30,
                check=False,
            )
    said = ended.stderr.decode()
    assert ended.returncode == 1, said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    [words] = [line for line in said.splitlines() if " CRITICAL " in line]
    assert "No space left on device" in words


def test_what_a_stopped_run_wrote_is_json_to_the_last_byte() -> None:
    with Sandbox(options(orders=200, latency_ms=5.0)) as store:
        with started(tap_runner.settings(store, page_size=20)) as tap:
            tap.wait_for(lines=80)
            tap.signal(signal.SIGTERM)
        text = b"".join(tap.out)
    assert text.endswith(b"\n")
    for line in text.splitlines():
        assert json.loads(line)["type"] in ("SCHEMA", "RECORD", "STATE")
