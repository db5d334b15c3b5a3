"""The steps of the demo of a fleet, and what they print."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from demo.page import heading, line, table
from tap_bigcommerce_sandbox import Options, RemoteStore, Sandbox

STREAMS = ("coupons", "customers", "orders", "products")
NAMES = ("boots", "hats", "shoes")
PARTITIONS = "bigcommerce_stores"
JOB = "bigcommerce_job"

INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
# The output of a run's process is not captured: the tap's log is in the run's log.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""

COUNT = """
import duckdb, json, sys
rows = duckdb.connect(sys.argv[1], read_only=True)
count = "select store_hash, count(*) from bigcommerce.{} group by 1"
print(json.dumps({
    name: dict(rows.sql(count.format(name)).fetchall()) for name in sys.argv[2:]
}))
"""


class DemoFailed(Exception):
    """A step has failed; the message says which and why."""


def run_demo(tap: Path, duckdb: Path, folder: Path, *, port: int, serve: bool) -> None:
    """Run the demo in `folder`; with `serve`, serve Dagster's pages at `port` in the end.

    Raises DemoFailed if a run fails, or if a row of a store is missing in DuckDB.
    """
    for program in (tap, duckdb):
        if not program.exists():
            raise DemoFailed(f"{program} is missing; `make fleet-demo` installs it.")
    _prepare(tap, duckdb, folder, port)
    with _stores() as stores, dg.DagsterInstance.get() as instance:
        _configs(folder, stores)
        heading("Three stores")
        head = ("store", "address", *STREAMS)
        rows = [(name, store.api_url, *_sizes(store)) for name, store in stores.items()]
        table([head, *rows], "<<>>>>")
        # Imported here: it reads environment variables that are set above.
        from demo.fleet.location import defs

        _first_look(instance, defs)
        heading("First sync: everything")
        _run_all(instance, defs)
        _compare_rows(folder, duckdb, stores)
        for number, store in enumerate(stores.values(), start=1):
            store.change("orders", count=number)
        heading("Second sync: what has changed, which is 1, 2 and 3 orders")
        _run_all(instance, defs)
        _compare_rows(folder, duckdb, stores)
        _freshness(instance, defs)
        if serve:
            _serve(folder, port)
    line("")
    line(f"Everything is in {folder}.")
    line("`make fleet-demo SERVE=1` shows the same in Dagster's pages.")


def _prepare(tap: Path, duckdb: Path, folder: Path, port: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(INSTANCE, "utf-8")
    os.environ.update(
        DAGSTER_HOME=str(home),
        FLEET_DEMO=str(folder),
        FLEET_DEMO_TAP=str(tap),
        FLEET_DEMO_DUCKDB=str(duckdb),
        FLEET_DEMO_REPORTS=f"http://localhost:{port + 1}",
    )
    # Dagster would log every event to the terminal, too.
    logging.disable(logging.INFO)


@contextlib.contextmanager
def _stores() -> Iterator[dict[str, RemoteStore]]:
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                Sandbox.spawn(
                    Options(
                        seed=number,
                        orders=100 * number,
                        customers=50 * number,
                        products=40 * number,
                        coupons=5,
                        any_hash=True,
                    )
                )
            )
            for number, name in enumerate(NAMES, start=1)
        }


def _sizes(store: RemoteStore) -> list[str]:
    return [f"{len(store.records(stream)):,}" for stream in STREAMS]


def _configs(folder: Path, stores: Mapping[str, RemoteStore]) -> None:
    (folder / "stores").mkdir()
    for name, store in stores.items():
        config = {
            "store_hash": name,
            "access_token": store.access_token,
            "api_url": store.api_url,
        }
        (folder / "stores" / f"{name}.json").write_text(json.dumps(config, indent=2), "utf-8")


def _first_look(instance: dg.DagsterInstance, defs: dg.Definitions) -> None:
    """Run the sensor, as Dagster's daemon does every minute."""
    sensor: Any = next(iter(defs.sensors or ()))
    result = sensor(dg.build_sensor_context(instance=instance))
    for request in result.dynamic_partitions_requests:
        instance.add_dynamic_partitions(PARTITIONS, list(request.partition_keys))
    found = ", ".join(instance.get_dynamic_partitions(PARTITIONS))
    line(f"The sensor has added a partition for each: {found}")


def _run_all(instance: dg.DagsterInstance, defs: dg.Definitions) -> None:
    job = defs.resolve_job_def(JOB)
    rows: list[tuple[str, ...]] = [("store", "run", *STREAMS, "requests", "s")]
    for store in instance.get_dynamic_partitions(PARTITIONS):
        result = job.execute_in_process(
            instance=instance, partition_key=store, raise_on_error=False
        )
        if not result.success:
            raise DemoFailed(f"The run of {store} failed: {_why(instance, result.run_id)}")
        rows.append((store, result.run_id[:8], *_shown(instance, result.run_id)))
    table(rows, "<<>>>>>>")


def _why(instance: dg.DagsterInstance, run_id: str) -> str:
    log = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return "\n".join(entry.message for entry in log)


def _shown(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """From the run's materializations: rows of each stream, requests, seconds."""
    log = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found: dict[str, Mapping[str, Any]] = {}
    for entry in log:
        made = entry.asset_materialization
        if made is not None:
            found[made.asset_key.path[-1]] = {k: v.value for k, v in made.metadata.items()}
    yield from (str(found[stream]["rows"]) for stream in STREAMS)
    yield str(sum(one["requests"] for one in found.values()))
    yield str(found[STREAMS[0]]["seconds"])


def _compare_rows(folder: Path, duckdb: Path, stores: Mapping[str, RemoteStore]) -> None:
    """Count the rows in DuckDB, with the target's Python, and compare them with the stores."""
    command = [str(duckdb), "-c", COUNT, str(folder / "fleet.duckdb"), *STREAMS]
    counted = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if counted.returncode != 0:
        raise DemoFailed(f"DuckDB cannot be read: {counted.stderr.strip()}")
    counts = json.loads(counted.stdout)
    line("")
    for name, store in stores.items():
        there = {stream: len(store.records(stream)) for stream in STREAMS}
        here = {stream: counts[stream].get(name, 0) for stream in STREAMS}
        if there != here:
            raise DemoFailed(f"{name} has {there} rows, but DuckDB has {here}.")
    total = sum(sum(rows.values()) for rows in counts.values())
    line(f"fleet.duckdb has {total:,} rows in {len(counts)} tables: each row of each store once.")


def _freshness(instance: dg.DagsterInstance, defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("bigcommerce_freshness_job")
    checks = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    heading("Freshness")
    for check in checks:
        line(f"{'passed' if check.passed else 'failed'}: {check.description}")


def _serve(folder: Path, port: int) -> None:
    heading("Dagster's pages")
    line(f"http://localhost:{port}, until Ctrl-C")
    pages = ["dagster", "dev", "-m", "demo.fleet.location", "-p", str(port)]
    # The tap's reports: each materialization has a link to its report.
    reports = ["http.server", "-b", "localhost", "-d", str(folder / "reports"), str(port + 1)]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "dagster.log").open("wb"))
        for command in (reports, pages):
            server = subprocess.Popen([sys.executable, "-m", *command], stdout=log, stderr=log)
            stack.callback(server.wait, 30)
            stack.callback(server.terminate)
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
