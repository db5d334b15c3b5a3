"""A fleet of sandbox stores, its runs in this process, and fixtures for tests to import."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from tap_runner import EVERY_PAGE

from tap_bigcommerce_dagster import FolderStates, Retries, Target, build_fleet
from tap_bigcommerce_dagster.schedule import tags
from tap_bigcommerce_sandbox import Options, Sandbox, Store

TAP = os.environ.get("FLEET_TAP") or str(Path(sys.executable).with_name("tap-bigcommerce"))
TARGET = (sys.executable, str(Path(__file__).with_name("plain_target.py")))
PARTITIONS = "bigcommerce_stores"
MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION
SMALL = Options(orders=40, customers=15, products=12, coupons=4, any_hash=True)
OBSERVED = dg.DagsterEventType.ASSET_OBSERVATION
RETRIED = dg.DagsterEventType.STEP_UP_FOR_RETRY


@dataclass
class Fleet:
    """Config files, states and rows in one folder.

    `target` has settings of the target by store, `more` arguments of `build_fleet`.
    """

    folder: Path
    target: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def states(self) -> FolderStates:
        return FolderStates(self.folder / "states")

    def add(self, name: str, store: Store, **settings: Any) -> None:
        self.file(name).parent.mkdir(parents=True, exist_ok=True)
        own = {"store_hash": name, "access_token": store.access_token, "api_url": store.api_url}
        self.file(name).write_text(json.dumps({**own, **settings}))

    def file(self, name: str) -> Path:
        return self.folder / "stores" / f"{name}.json"

    def program(self, name: str, text: str) -> str:
        """An executable of this text, which is a script for sh or Python."""
        path = self.folder / name
        shell = f"#!{sys.executable}" if "import " in text else "#!/bin/sh"
        path.write_text(f"{shell}\n{text}\n")
        path.chmod(0o700)
        return str(path)

    def definitions(self) -> dg.Definitions:
        given = {
            "tap": TAP,
            "target": Target(TARGET, self.target_settings),
            "stores": self.folder / "stores",
            "states": self.states,
            "retries": Retries(most=2, delay=0.1),
        }
        return build_fleet(**{**given, **self.more})

    def schedule(self, name: str) -> Any:
        found = {one.name: one for one in self.definitions().schedules or ()}
        return found[f"bigcommerce_{name}schedule"]

    def scheduled(self, instance: dg.DagsterInstance) -> list[dict[str, str]]:
        """The tags of the runs of the schedule's next tick, which name their stores."""
        now = datetime.now(timezone.utc)
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=now)
        known = tags("ab") | tags("a")
        return [
            {name: value for name, value in request.tags.items() if name in known}
            for request in self.schedule("").evaluate_tick(context).run_requests or []
        ]

    def sensor(self, instance: dg.DagsterInstance) -> Any:
        sensor: Any = next(iter(self.definitions().sensors or ()))
        return sensor(dg.build_sensor_context(instance=instance))

    def target_settings(self, store: str) -> Mapping[str, Any]:
        return {"folder": str(self.folder / "rows" / store), **self.target.get(store, {})}

    def run(self, instance: dg.DagsterInstance, *stores: str) -> dg.ExecuteInProcessResult:
        """One run of these stores, which are adjacent in Dagster's list of partitions."""
        known = instance.get_dynamic_partitions(PARTITIONS)
        instance.add_dynamic_partitions(PARTITIONS, [s for s in stores if s not in known])
        job = self.definitions().resolve_job_def("bigcommerce_job")
        return job.execute_in_process(
            instance=instance,
            tags=tags(stores),
            partition_key=stores[0] if len(stores) == 1 else None,
            raise_on_error=False,
        )

    def rows(self, store: str, stream: str) -> list[dict[str, Any]]:
        path = self.folder / "rows" / store / f"{stream}.json"
        return list(json.loads(path.read_text()).values())

    def ids(self, store: str, stream: str) -> list[int]:
        return sorted(row["id"] for row in self.rows(store, stream))


def log_of(instance: dg.DagsterInstance, run_id: str) -> str:
    return "\n".join(entry.user_message or entry.message for entry in instance.all_logs(run_id))


def materialized(instance: dg.DagsterInstance, stream: str) -> set[str]:
    return set(instance.get_materialized_partitions(dg.AssetKey(["bigcommerce", stream])))


def events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[Any]:
    return [entry.dagster_event for entry in instance.all_logs(run_id, of_type=kind)]


def shown(instance: dg.DagsterInstance, stream: str) -> dict[str, Any]:
    """The metadata of a stream's last materialization."""
    entry = instance.get_latest_materialization_event(dg.AssetKey(["bigcommerce", stream]))
    assert entry is not None
    assert entry.asset_materialization is not None
    return {name: value.value for name, value in entry.asset_materialization.metadata.items()}


@pytest.fixture(autouse=True)
def dagster_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of Dagster. Taps have no settings, and write a STATE after each page."""
    home = tmp_path / "dagster-home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    for name in [name for name in os.environ if name.startswith("TAP_BIGCOMMERCE_")]:
        monkeypatch.delenv(name)
    for name, value in EVERY_PAGE.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    # In a folder: a tick of a schedule needs that.
    with dg.DagsterInstance.get() as made:
        yield made


@pytest.fixture
def store() -> Iterator[Sandbox]:
    with Sandbox(SMALL) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path, store: Sandbox) -> Fleet:
    fleet = Fleet(tmp_path / "fleet")
    fleet.add("shoes", store)
    return fleet
