"""python -m demo.fleet: reads three sandbox stores into one DuckDB file, with Dagster."""

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
    name: Options(seed=n, orders=100 * n, customers=50 * n, products=40 * n, any_hash=True)
    for n, name in enumerate(("boots", "hats", "shoes"), start=1)
}
PORT, REPORTS_PORT = 3000, 3001  # of Dagster's pages, and of the tap's reports

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
database, counts = duckdb.connect(sys.argv[1], read_only=True), {}
for name in sys.argv[2:]:
    rows = database.sql(f"select store_hash, count(*) from bigcommerce.{name} group by 1")
    counts[name] = dict(rows.fetchall())
print(json.dumps(counts))
"""


def run_demo(tap: Path, duckdb: Path, serve: bool) -> None:
    """Run the demo, and check that each row is in DuckDB; `serve`: with Dagster's pages."""
    for program in (tap, duckdb):
        if not program.exists():
            raise SystemExit(f"{program} is missing; `make fleet-demo` installs it.")
    folder = ROOT / "fleet-demo-output"
    _prepare(folder, tap, duckdb)
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        heading("Three stores")
        stores = {name: stack.enter_context(Sandbox.spawn(one)) for name, one in STORES.items()}
        rows: list[tuple[str, ...]] = [("store", "address", *STREAMS)]
        for name, store in stores.items():
            rows.append((name, store.api_url, *map(str, _sizes(store).values())))
            keys = {"access_token": store.access_token, "api_url": store.api_url}
            config = json.dumps({**keys, "store_hash": name}, indent=2)
            (folder / "stores" / f"{name}.json").write_text(config, "utf-8")
        table(rows, "<<>>>>")
        # Imported here: it reads environment variables that are set above.
        from demo.fleet.location import defs

        # The sensor, as Dagster's daemon runs it every minute.
        sensor: Any = next(iter(defs.sensors or ()))
        found = sensor(dg.build_sensor_context(instance=instance)).dynamic_partitions_requests
        names = [key for request in found for key in request.partition_keys]
        instance.add_dynamic_partitions("bigcommerce_stores", names)
        line(f"The sensor has added a partition for each: {', '.join(names)}")

        for sync in ("First sync: everything", "Second sync: 1, 2 and 3 orders have changed"):
            heading(sync)
            _run_all(instance, defs, names)
            _compare_rows(folder, duckdb, stores)
            for number, store in enumerate(stores.values(), start=1):
                store.change("orders", count=number)
        heading("Freshness")
        job = defs.resolve_job_def("bigcommerce_freshness_job")
        for check in job.execute_in_process(instance=instance).get_asset_check_evaluations():
            line(f"{'passed' if check.passed else 'failed'}: {check.description}")
        if serve:
            _serve(folder)
    heading(f"Everything is in {folder}.")
    line("`make fleet-demo SERVE=1` shows the same in Dagster's pages.")


def _prepare(folder: Path, tap: Path, duckdb: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("dagster", "stores"):
        (folder / name).mkdir(parents=True)
    (folder / "dagster" / "dagster.yaml").write_text(INSTANCE, "utf-8")
    os.environ.update(DAGSTER_HOME=str(folder / "dagster"), FLEET_DEMO=str(folder))
    os.environ.update(FLEET_DEMO_TAP=str(tap), FLEET_DEMO_DUCKDB=str(duckdb))
    # Dagster would log every event to the terminal, too.
    logging.disable(logging.INFO)


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
            raise SystemExit("\n".join([f"The run of {name} failed:", *(e.message for e in log)]))
        made = [entry.asset_materialization for entry in log if entry.asset_materialization]
        shown = {one.asset_key.path[-1]: one.metadata for one in made}
        cells = [shown[stream]["rows"].value for stream in STREAMS]
        cells.append(sum(one["requests"].value for one in shown.values()))
        cells.append(shown[STREAMS[0]]["seconds"].value)
        rows.append((name, result.run_id[:8], *map(str, cells)))
    table(rows, "<<>>>>>>")


def _compare_rows(folder: Path, duckdb: Path, stores: Mapping[str, Store]) -> None:
    """Count the rows in DuckDB, with the target's Python, and compare them with the stores."""
    command = [str(duckdb), "-c", COUNT, str(folder / "fleet.duckdb"), *STREAMS]
    counted = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True)
    counts = json.loads(counted.stdout)
    for name, store in stores.items():
        there, here = _sizes(store), {stream: counts[stream].get(name, 0) for stream in STREAMS}
        if there != here:
            raise SystemExit(f"{name} has {there} rows, but DuckDB has {here}.")
    total = sum(sum(rows.values()) for rows in counts.values())
    line(f"fleet.duckdb has {total:,} rows in {len(counts)} tables: each row of each store once.")


def _serve(folder: Path) -> None:
    heading("Dagster's pages")
    line(f"http://localhost:{PORT}, until Ctrl-C")
    pages = ["dagster", "dev", "-m", "demo.fleet.location", "-p", str(PORT)]
    # The tap's reports: each materialization has a link to its report.
    reports = ["http.server", "-b", "localhost", "-d", str(folder / "reports"), str(REPORTS_PORT)]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "dagster.log").open("wb"))
        for command in (reports, pages):
            server = subprocess.Popen([sys.executable, "-m", *command], stdout=log, stderr=log)
            stack.callback(server.wait, 30)
            stack.callback(server.terminate)
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m demo.fleet", description=__doc__)
    programs = {"tap": ".venv/bin/tap-bigcommerce", "duckdb": ".venv-duckdb/bin/python"}
    for name, path in programs.items():
        parser.add_argument(f"--{name}", type=Path, default=ROOT / path, help=f"default: {path}")
    parser.add_argument("--serve", action="store_true", help="serve Dagster's pages, until Ctrl-C")
    given = parser.parse_args()
    run_demo(given.tap.absolute(), given.duckdb.absolute(), given.serve)
