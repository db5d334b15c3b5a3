"""Runs in processes of Dagster that are stopped or killed: what is saved, what still runs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_graphql import DagsterGraphQLClient
from fleet_runs import PARTITIONS, Fleet, dagster_home, log_of, materialized, shown
from tap_runner import wait_until

from tap_bigcommerce_dagster import StoreBusy
from tap_bigcommerce_sandbox import Options, Sandbox

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 400
SLOW = Options(orders=ORDERS, customers=5, products=5, coupons=2, any_hash=True, latency_ms=50)
JOB = "bigcommerce_job"
PROGRAMS = {"tap-bigcommerce", "plain_target", "processes"}


@pytest.fixture
def store() -> Iterator[Sandbox]:
    """A store that takes some seconds to read."""
    with Sandbox(SLOW) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path, store: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A fleet with this store, and a file with its Dagster definitions."""
    # The processes of the tap and the target are found by this variable.
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    fleet = Fleet(tmp_path)
    fleet.add("shoes", store, page_size=10, max_concurrency=1)
    (tmp_path / "location.py").write_text(
        "import sys\n"
        f"sys.path[:0] = {[str(ROOT / 'tests/fleet'), str(ROOT / 'tests'), str(ROOT)]}\n"
        "from pathlib import Path\n"
        "from fleet_runs import Fleet\n"
        f"here = Path({str(tmp_path)!r})\n"
        "defs = Fleet(here, more={'reports': here / 'reports'}).definitions()\n"
    )
    return fleet


def has_rows(fleet: Fleet) -> bool:
    return (fleet.folder / "rows" / "shoes" / "orders.json").exists()


def programs(fleet: Fleet) -> dict[str, int]:
    """The running processes of the tap, the target and their supervisor, by name."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            stems = {Path(word).stem for word in path.read_text(errors="replace").split("\0")}
            ours = f"TMPDIR={fleet.folder}/tmp\0" in path.with_name("environ").read_text()
            for name in stems & PROGRAMS if ours else ():
                found[name] = int(path.parent.name)
    return found


def is_free(fleet: Fleet) -> bool:
    try:
        with fleet.states.lock("shoes"):
            return True
    except StoreBusy:
        return False


def check_kept(fleet: Fleet) -> int:
    """Check that the saved state fits the target's rows; returns the number of orders."""
    kept, ids = fleet.states.read("shoes"), fleet.ids("shoes", "orders")
    assert kept is not None
    assert kept.completed_at is None
    assert kept.value["bookmarks"]["orders"]["resume"]["after_id"] == max(ids)
    assert 0 < len(ids) < ORDERS
    return len(ids)


def reset_interrupts() -> None:
    """For a child process: a shell that runs the tests in the background ignores interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def started(fleet: Fleet) -> Iterator[subprocess.Popen[Any]]:
    """A run of the store, once rows have reached the target."""
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(PARTITIONS, ["shoes"])
    words = ["job", "execute", "-f", "location.py", "-j", JOB, "--tags"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster", *words, '{"dagster/partition": "shoes"}'],
        cwd=fleet.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=reset_interrupts,
    )
    try:
        wait_until(lambda: has_rows(fleet) or process.poll() is not None, "no row came", 60)
        assert process.poll() is None
        assert set(programs(fleet)) == PROGRAMS
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_saves_the_state_of_the_rows_that_the_target_has(
    fleet: Fleet, number: int
) -> None:
    with started(fleet) as process:
        process.send_signal(number)
        process.wait(30)
        assert programs(fleet) == {}
    check_kept(fleet)
    assert is_free(fleet)


@pytest.mark.parametrize("waits", [False, True])
def test_tap_and_target_end_when_their_run_is_killed_and_hold_the_lock_until_then(
    fleet: Fleet, store: Sandbox, waits: bool
) -> None:
    if waits:
        # The tap writes nothing for minutes, so it would not notice a closed pipe.
        store.fault("orders", request=20, kind="503", times=0)
    with started(fleet) as process:
        assert not is_free(fleet)
        token, files = store.access_token, (fleet.folder / "tmp").rglob("*")
        assert not [path for path in files if path.is_file() and token in path.read_text()]
        if waits:
            wait_until(lambda: any(r["status"] == 503 for r in store.requests()), "no 503", 30)
        process.kill()
        process.wait()
        # The tap and the target hold the lock, too: it is free once both have ended.
        wait_until(lambda: is_free(fleet), "the lock is still held", 15)
        assert set(programs(fleet)) <= {"processes"}
    wait_until(lambda: programs(fleet) == {}, "something runs on", 5)
    assert list((fleet.folder / "tmp").iterdir()) == []
    assert len(fleet.ids("shoes", "orders")) < ORDERS


@pytest.mark.parametrize("which", ["tap-bigcommerce", "plain_target"])
def test_if_tap_or_target_is_killed_the_other_ends_and_the_store_is_retried(
    fleet: Fleet, which: str
) -> None:
    with started(fleet) as process:
        os.kill(programs(fleet)[which], signal.SIGKILL)
        process.wait(120)
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        name = "tap" if which == "tap-bigcommerce" else "target"
        assert f"the {name} ended by signal 9" in log_of(instance, run.run_id)
        assert shown(instance, "orders")["rows"] < ORDERS, "it went on, and did not begin again"
    assert len(fleet.ids("shoes", "orders")) == ORDERS


@pytest.fixture
def dagster(fleet: Fleet, dagster_home: Path) -> Iterator[DagsterGraphQLClient]:
    """Dagster with its pages, its daemon, and the limits of the example for clusters."""
    example = yaml.safe_load((ROOT / "examples" / "fleet" / "dagster.yaml").read_text("utf-8"))
    settings = {name: example[name] for name in ("telemetry", "concurrency", "compute_logs")}
    (dagster_home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["dev", "-f", "location.py", "-h", "127.0.0.1", "-p", str(port)]
    with (fleet.folder / "dagster.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", *words],
            cwd=fleet.folder,
            stdout=log,
            stderr=log,
            preexec_fn=reset_interrupts,
        )

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        wait_until(answers, "Dagster does not answer; see dagster.log", 60)
        yield DagsterGraphQLClient("127.0.0.1", port_number=port)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.kill()


def test_dagster_queues_runs_of_the_same_store_and_can_terminate_one(
    fleet: Fleet, dagster: DagsterGraphQLClient
) -> None:
    with dg.DagsterInstance.get() as instance:

        def status(run_id: str) -> dg.DagsterRunStatus:
            run = instance.get_run_by_id(run_id)
            assert run is not None
            return run.status

        wait_until(
            lambda: instance.get_dynamic_partitions(PARTITIONS) == ["shoes"], "no partition", 60
        )
        tags = {"dagster/partition": "shoes"}
        first, second = (dagster.submit_job_execution(JOB, tags=tags) for _ in range(2))
        wait_until(lambda: has_rows(fleet), "no row came", 60)
        assert status(second) == dg.DagsterRunStatus.QUEUED
        dagster.terminate_run(first)
        wait_until(lambda: status(first) == dg.DagsterRunStatus.CANCELED, "it goes on", 30)
        read = check_kept(fleet)
        wait_until(lambda: status(second) == dg.DagsterRunStatus.SUCCESS, "no second run", 120)
        assert materialized(instance, "orders") == {"shoes"}
        assert shown(instance, "orders")["rows"] == ORDERS - read, "it went on where the first was"
        assert len(fleet.ids("shoes", "orders")) == ORDERS
        assert "orders: reading" in log_of(instance, second)
    assert programs(fleet) == {}
