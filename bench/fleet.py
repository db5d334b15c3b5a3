"""A fleet of sandbox stores on Dagster; its runs are measured as processes."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.program import LAUNCH, NotMeasured, environment

ROOT = Path(__file__).resolve().parents[1]
PARTITIONS = "bigcommerce_stores"
Process = subprocess.Popen[bytes]

LOCATION = """\
import sys
from pathlib import Path
from tap_bigcommerce_dagster import Retries, Target, build_fleet

here = Path(__file__).parent


def loaded_into(store):
    return {{"filepath": str(here / f"{{store}}.duckdb"), "schema": "main"}}


defs = build_fleet(
    tap={tap!r},
    target=Target({target!r}, loaded_into),
    stores=here / "stores",
    states=here / "states",
    reports=here / "reports",
    stores_per_run={stores_per_run},
    at_once={at_once},
    retries=Retries(most=1, delay=1),
)
"""

# A minimal target: the measurement is about Dagster.
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
import dagster as dg, json, re
from dagster._serdes import serialize_value

runs, made = [], {}
with dg.DagsterInstance.get() as instance:
    for run in reversed(instance.get_runs()):
        log = instance.all_logs(run.run_id)
        runs.append({"events": len(log), "bytes": sum(len(serialize_value(one)) for one in log)})
        for entry in log:
            if entry.asset_materialization is None:
                continue
            found = entry.asset_materialization
            shown = {name: value.value for name, value in found.metadata.items()}
            memory = re.search("memory: tap (.+) MB, target (.+) MB", shown["summary"]).groups()
            sync = made.setdefault(found.partition, {}).setdefault(run.run_id, {})
            figures = {name: shown[name] for name in ("rows", "requests", "processor_seconds")}
            figures |= {"tap_mb": float(memory[0]), "target_mb": float(memory[1])}
            sync[found.asset_key.path[-1]] = figures
syncs = {store: list(of_store.values()) for store, of_store in made.items()}
print(json.dumps({"runs": runs, "syncs": syncs}))
"""


@dataclass(frozen=True)
class RunTook:
    """The measurements of one run of several stores, including taps and targets."""

    stores: int
    succeeded: bool
    seconds: float
    processor_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class History:
    """Dagster's history: the size of each run's log, and the syncs of each store, oldest first.

    A sync has figures by stream; processor time and memory are those of the complete sync.
    """

    runs: list[dict[str, int]]
    syncs: dict[str, list[dict[str, dict[str, float]]]]

    @property
    def pairs(self) -> float:
        """Processor seconds of all taps and targets; each stream has those of the whole sync."""
        syncs = [sync for made in self.syncs.values() for sync in made]
        return sum(next(iter(sync.values()))["processor_seconds"] for sync in syncs)


def python_of(name: str) -> str:
    """The Python of the environment of `make NAME`. Raises NotMeasured if there is none."""
    for venv in (Path(f"{sys.prefix}-{name}"), ROOT / f".venv-{name}"):
        if (venv / "bin" / "python").exists():
            return str(venv / "bin" / "python")
    raise NotMeasured(f"`make {name}` installs what this needs")


def duckdb_target() -> list[str]:
    """The command of the demo's target. Raises NotMeasured if DuckDB is not installed."""
    return [python_of("duckdb"), str(ROOT / "demo" / "fleet" / "duckdb_target.py")]


class Fleet:
    """Stores of one sandbox under many hashes, and runs of them one after another.

    `configs`: the config of each store. `target` None: a minimal target, which stores nothing.
    """

    def __init__(
        self,
        folder: Path,
        configs: Mapping[str, Any],
        stores_per_run: int,
        at_once: int,
        target: Sequence[str] | None = None,
    ) -> None:
        self.names = list(configs)
        self._folder = folder
        self._python = python_of("dagster")
        for name in ("stores", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "home" / "dagster.yaml").write_text(INSTANCE)
        (folder / "target.py").write_text(TARGET)
        location = LOCATION.format(
            tap=str(Path(sys.executable).with_name("tap-bigcommerce")),
            target=list(target or [sys.executable, "-I", str(folder / "target.py")]),
            stores_per_run=stores_per_run,
            at_once=at_once,
        )
        (folder / "location.py").write_text(location)
        for name, config in configs.items():
            (folder / "stores" / f"{name}.json").write_text(json.dumps(config))
        self._run_code(ADD, PARTITIONS, *self.names)

    def run(self, first: str, last: str) -> RunTook:
        """Run some stores; measured from the start of the process to its end."""
        report = self._folder / "report.json"
        if self._start([*LAUNCH, str(report), *self._command(first, last)]).wait() != 0:
            raise NotMeasured(f"the run of {first} to {last} could not be started")
        used = json.loads(report.read_text())
        number = self.names.index(last) - self.names.index(first) + 1
        return RunTook(number, used.pop("status") == 0, **used)

    def kill_run(self, first: str, last: str, after_stores: int) -> None:
        """Start a run, and kill its process once this number of states is saved."""
        states = self._folder / "states"
        before = len([*states.glob("*.json")])
        process = self._start(self._command(first, last))
        deadline = time.monotonic() + 120
        while len([*states.glob("*.json")]) < before + after_stores:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasured("the run ended before it could be killed")
            time.sleep(0.05)
        process.kill()
        process.wait()

    def left_over(self) -> int:
        """The number of taps and targets that still run after some seconds."""
        # Each has inherited the environment of its run.
        own = b"TMPDIR=" + bytes(self._folder / "tmp") + b"\0"
        deadline, number = time.monotonic() + 15, 1
        while number and time.monotonic() < deadline:
            time.sleep(0.5)
            number = 0
            for path in Path("/proc").glob("[0-9]*/environ"):
                with contextlib.suppress(OSError):
                    number += own in path.read_bytes()
        return number

    def history(self) -> History:
        """Dagster's history until now."""
        return History(**json.loads(self._run_code(LOOK)))

    def _command(self, first: str, last: str) -> list[str]:
        bounds = {"start": first, "end": last}
        tags = {f"dagster/asset_partition_range_{name}": key for name, key in bounds.items()}
        options = ["-m", "dagster", "job", "execute", "-f", "location.py", "-j", "bigcommerce_job"]
        return [self._python, *options, "--tags", json.dumps(tags)]

    def _start(self, command: Sequence[str], stdout: int = subprocess.DEVNULL) -> Process:
        folder = self._folder
        places = {"DAGSTER_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
        env = {**environment(), **places}
        return subprocess.Popen(
            command, env=env, cwd=folder, stdout=stdout, stderr=subprocess.DEVNULL
        )

    def _run_code(self, code: str, *arguments: str) -> bytes:
        command = [self._python, "-W", "ignore", "-c", code, *arguments]
        process = self._start(command, subprocess.PIPE)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise NotMeasured("Dagster's instance cannot be used")
        return output
