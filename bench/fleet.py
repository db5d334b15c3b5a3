"""A fleet of sandbox stores on Dagster, whose runs are processes that are measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.program import LAUNCH, PREFIX, NotMeasured

ROOT = Path(__file__).resolve().parents[1]
PARTITIONS = "bigcommerce_stores"

LOCATION = """\
import sys
from pathlib import Path
from tap_bigcommerce_dagster import Retries, Target, build_fleet

here = Path(__file__).parent
defs = build_fleet(
    tap={tap!r},
    target=Target([{python!r}, "-I", str(here / "target.py")]),
    stores=here / "stores",
    states=here / "states",
    reports=here / "reports",
    stores_per_run={stores_per_run},
    at_once={at_once},
    retries=Retries(most=1, delay=1),
)
"""

# The lightest target there can be: what is measured is the engine.
TARGET = """\
import sys

for line in sys.stdin:
    if line.startswith('{"type":"STATE"'):
        print(line[len('{"type":"STATE","value":'):-2], flush=True)
"""

INSTANCE = """\
telemetry: {enabled: false}
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""

ADD = """
import dagster as dg, sys
with dg.DagsterInstance.get() as instance:
    instance.add_dynamic_partitions(sys.argv[1], sys.argv[2:])
"""

LOOK = """
import dagster as dg, json
found = {}
with dg.DagsterInstance.get() as instance:
    key = dg.AssetKey(["bigcommerce", "orders"])
    cursor = None
    while True:
        page = instance.fetch_materializations(key, limit=1000, cursor=cursor)
        for record in page.records:
            made = record.asset_materialization
            found.setdefault(made.partition, []).append(
                {name: made.metadata[name].value for name in ("rows", "processor_seconds")})
        cursor = page.cursor
        if not page.has_more:
            break
print(json.dumps(found))
"""


@dataclass(frozen=True)
class RunTook:
    """One run of some stores: the whole of it, with tap and target."""

    stores: int
    succeeded: bool
    seconds: float
    processor_seconds: float
    peak_mb: float


def dagster_python() -> str:
    """The Python that has Dagster. Raises NotMeasured where it was not installed."""
    for venv in (Path(sys.prefix + "-dagster"), ROOT / ".venv-dagster"):
        if (venv / "bin" / "dagster").exists():
            return str(venv / "bin" / "python")
    raise NotMeasured("`make dagster` installs Dagster, which this needs")


class Fleet:
    """Stores of one sandbox under many hashes, and runs of them one after another."""

    def __init__(self, folder: Path, names: Sequence[str], stores_per_run: int, at_once: int):
        self.names = list(names)
        self._folder = folder
        self._python = dagster_python()
        tap = str(Path(sys.executable).with_name("tap-bigcommerce"))
        (folder / "stores").mkdir()
        (folder / "home").mkdir()
        (folder / "home" / "dagster.yaml").write_text(INSTANCE)
        (folder / "target.py").write_text(TARGET)
        location = LOCATION.format(
            tap=tap, python=sys.executable, stores_per_run=stores_per_run, at_once=at_once
        )
        (folder / "location.py").write_text(location)

    def add(self, name: str, config: dict[str, Any]) -> None:
        """Write a store's config file."""
        (self._folder / "stores" / f"{name}.json").write_text(json.dumps(config))

    def begin(self) -> None:
        """Make the partitions."""
        self._ask(ADD, PARTITIONS, *self.names)

    def run(self, first: str, last: str) -> RunTook:
        """One run, from the start of its process to its end."""
        report = self._folder / "report.json"
        ended = subprocess.run(
            [*LAUNCH, str(report), *self._command(first, last)],
            env=self._environment(),
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if ended.returncode != 0:
            raise NotMeasured(f"the run of {first} to {last} could not be started")
        used = json.loads(report.read_text())
        number = self.names.index(last) - self.names.index(first) + 1
        return RunTook(
            number,
            used["status"] == 0,
            used["seconds"],
            used["processor_seconds"],
            used["peak_mb"],
        )

    def kill_run(self, first: str, last: str, after_stores: int) -> None:
        """Start a run, and kill its process once so many of its states are kept."""
        before = self._states()
        process = subprocess.Popen(
            self._command(first, last),
            env=self._environment(),
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while self._states() < before + after_stores:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasured("the run that was to be killed half-way had ended before")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # Its taps and targets end by themselves, and hold their locks so long.
        time.sleep(6)

    def materialized(self) -> dict[str, list[dict[str, float]]]:
        """By store, of each materialization of orders: rows, processor seconds of the pair."""
        found: dict[str, list[dict[str, float]]] = json.loads(self._ask(LOOK))
        return found

    def _states(self) -> int:
        return len(list((self._folder / "states").glob("*.json")))

    def _command(self, first: str, last: str) -> list[str]:
        tags = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        }
        words = ["-m", "dagster", "job", "execute", "-f", "location.py", "-j", "bigcommerce_job"]
        return [self._python, *words, "--tags", json.dumps(tags)]

    def _ask(self, code: str, *words: str) -> str:
        asked = subprocess.run(
            [self._python, "-W", "ignore", "-c", code, *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode != 0:
            raise NotMeasured(f"Dagster's instance cannot be asked: {asked.stderr[-500:]}")
        return asked.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return {**kept, "DAGSTER_HOME": str(self._folder / "home")}
