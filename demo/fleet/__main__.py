"""python -m demo.fleet: reads three sandbox stores into one DuckDB file, with Dagster."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from demo.page import heading, line, table
from tap_bigcommerce_sandbox import Options, Sandbox, Store

ROOT = Path(__file__).resolve().parents[2]
STREAMS = ("coupons", "customers", "orders", "products")
STORES = {
    name: Options(
        seed=n, orders=100 * n, customers=50 * n, products=40 * n, coupons=5, any_hash=True
    )
    for n, name in enumerate(("boots", "hats", "shoes"), start=1)
}
PARTITIONS = "bigcommerce_stores"

# The output of a run's process is not captured: the tap's log is in the run's log.
INSTANCE = """\
telemetry: {enabled: false}
nux: {enabled: false}
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


def run_demo(tap: Path, duckdb: Path, folder: Path, port: int, serve: bool) -> None:
    """Run the demo in `folder`; with `serve`, serve Dagster's pages at `port` in the end.

    Raises DemoFailed if a run fails, or if a row of a store is missing in DuckDB.
    """
    for program in (tap, duckdb):
        if not program.exists():
            raise DemoFailed(f"{program} is missing; `make fleet-demo` installs it.")
    _prepare(tap, duckdb, folder, port)
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        stores: dict[str, Store] = {}
        heading("Three stores")
        rows: list[tuple[str, ...]] = [("store", "address", *STREAMS)]
        for name, options in STORES.items():
            store = stores[name] = stack.enter_context(Sandbox.spawn(options))
            rows.append((name, store.api_url, *(f"{n:,}" for n in _sizes(store).values())))
            config = {**_keys(store), "store_hash": name}
            (folder / "stores" / f"{name}.json").write_text(json.dumps(config, indent=2), "utf-8")
        table(rows, "<<>>>>")
        # Imported here: it reads environment variables that are set above.
        from demo.fleet.location import defs

        # Run the sensor, as Dagster's daemon does every minute.
        sensor: Any = next(iter(defs.sensors or ()))
        found = sensor(dg.build_sensor_context(instance=instance)).dynamic_partitions_requests
        names = [key for request in found for key in request.partition_keys]
        instance.add_dynamic_partitions(PARTITIONS, names)
        line(f"The sensor has added a partition for each: {', '.join(names)}")

        heading("First sync: everything")
        _run_all(instance, defs, names)
        _compare_rows(folder, duckdb, stores)
        for number, store in enumerate(stores.values(), start=1):
            store.change("orders", count=number)
        heading("Second sync: what has changed, which is 1, 2 and 3 orders")
        _run_all(instance, defs, names)
        _compare_rows(folder, duckdb, stores)
        heading("Freshness")
        job = defs.resolve_job_def("bigcommerce_freshness_job")
        for check in job.execute_in_process(instance=instance).get_asset_check_evaluations():
            line(f"{'passed' if check.passed else 'failed'}: {check.description}")
        if serve:
            _serve(folder, port)
    line("")
    line(f"Everything is in {folder}.")
    line("`make fleet-demo SERVE=1` shows the same in Dagster's pages.")


def _prepare(tap: Path, duckdb: Path, folder: Path, port: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("dagster", "stores"):
        (folder / name).mkdir(parents=True)
    (folder / "dagster" / "dagster.yaml").write_text(INSTANCE, "utf-8")
    os.environ.update(
        DAGSTER_HOME=str(folder / "dagster"),
        FLEET_DEMO=str(folder),
        FLEET_DEMO_TAP=str(tap),
        FLEET_DEMO_DUCKDB=str(duckdb),
        FLEET_DEMO_REPORTS=f"http://localhost:{port + 1}",
    )
    # Dagster would log every event to the terminal, too.
    logging.disable(logging.INFO)


def _keys(store: Store) -> dict[str, str]:
    return {"access_token": store.access_token, "api_url": store.api_url}


def _sizes(store: Store) -> dict[str, int]:
    return {stream: len(store.records(stream)) for stream in STREAMS}


def _run_all(instance: dg.DagsterInstance, defs: dg.Definitions, names: list[str]) -> None:
    """Run all stores, and print what the materializations of each say."""
    job = defs.resolve_job_def("bigcommerce_job")
    rows: list[tuple[str, ...]] = [("store", "run", *STREAMS, "requests", "s")]
    for name in names:
        result = job.execute_in_process(instance=instance, partition_key=name, raise_on_error=False)
        log = instance.all_logs(result.run_id)
        if not result.success:
            raise DemoFailed("\n".join([f"The run of {name} failed:", *(e.message for e in log)]))
        made = [entry.asset_materialization for entry in log if entry.asset_materialization]
        shown = {one.asset_key.path[-1]: one.metadata for one in made}
        numbers = [shown[stream]["rows"].value for stream in STREAMS]
        requests = sum(one["requests"].value for one in shown.values())
        cells = (*numbers, requests, shown[STREAMS[0]]["seconds"].value)
        rows.append((name, result.run_id[:8], *map(str, cells)))
    table(rows, "<<>>>>>>")


def _compare_rows(folder: Path, duckdb: Path, stores: Mapping[str, Store]) -> None:
    """Count the rows in DuckDB, with the target's Python, and compare them with the stores."""
    command = [str(duckdb), "-c", COUNT, str(folder / "fleet.duckdb"), *STREAMS]
    counted = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if counted.returncode != 0:
        raise DemoFailed(f"DuckDB cannot be read: {counted.stderr.strip()}")
    counts = json.loads(counted.stdout)
    for name, store in stores.items():
        there, here = _sizes(store), {stream: counts[stream].get(name, 0) for stream in STREAMS}
        if there != here:
            raise DemoFailed(f"{name} has {there} rows, but DuckDB has {here}.")
    total = sum(sum(rows.values()) for rows in counts.values())
    line("")
    line(f"fleet.duckdb has {total:,} rows in {len(counts)} tables: each row of each store once.")


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


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo.fleet", description=__doc__)
    for name, path, text in (
        ("tap", ".venv/bin/tap-bigcommerce", "the tap"),
        ("duckdb", ".venv-duckdb/bin/python", "a Python with the package duckdb"),
        ("output", "fleet-demo-output", "the folder to write into"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / path, help=f"{text} ({path})")
    parser.add_argument("--serve", action="store_true", help="serve Dagster's pages, until Ctrl-C")
    port = "the port of the pages (3000); reports are at the next port"
    parser.add_argument("--port", type=int, default=3000, help=port)
    given = parser.parse_args()
    tap, duckdb, output = (path.absolute() for path in (given.tap, given.duckdb, given.output))
    try:
        run_demo(tap, duckdb, output, given.port, given.serve)
    except DemoFailed as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
