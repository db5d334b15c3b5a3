"""A fleet of sandbox stores, and its runs in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from tap_runner import EVERY_PAGE

from tap_bigcommerce_dagster import FolderStates, Retries, Target, build_fleet
from tap_bigcommerce_dagster.schedule import tags
from tap_bigcommerce_sandbox import Store

TAP = os.environ.get("FLEET_TAP") or str(Path(sys.executable).with_name("tap-bigcommerce"))
TARGET = (sys.executable, str(Path(__file__).with_name("plain_target.py")))
PARTITIONS = "bigcommerce_stores"


@pytest.fixture(autouse=True)
def dagster_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A separate Dagster instance for each test that imports this, without settings of the tap.

    Taps write a STATE after each page, so that short syncs have some.
    """
    home = tmp_path / "dagster-home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    for name in [name for name in os.environ if name.startswith("TAP_BIGCOMMERCE_")]:
        monkeypatch.delenv(name)
    for name, value in EVERY_PAGE.items():
        monkeypatch.setenv(name, value)
    return home


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
        """Write the store's config file."""
        path = self.folder / "stores" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        given = {
            "store_hash": name,
            "access_token": store.access_token,
            "api_url": store.api_url,
        }
        path.write_text(json.dumps({**given, **settings}))

    def remove(self, name: str) -> None:
        (self.folder / "stores" / f"{name}.json").unlink()

    def definitions(self) -> dg.Definitions:
        """The Dagster definitions."""
        return build_fleet(
            **{
                "tap": TAP,
                "target": Target(TARGET, self.target_settings),
                "stores": self.folder / "stores",
                "states": self.states,
                "retries": Retries(most=2, delay=0.1),
                **self.more,
            }
        )

    def target_settings(self, store: str) -> Mapping[str, Any]:
        return {"folder": str(self.folder / "rows" / store), **self.target.get(store, {})}

    def run(self, instance: dg.DagsterInstance, *stores: str) -> dg.ExecuteInProcessResult:
        """One run of these stores, which are adjacent in Dagster's list of partitions."""
        known = instance.get_dynamic_partitions(PARTITIONS)
        instance.add_dynamic_partitions(PARTITIONS, [s for s in stores if s not in known])
        return (
            self.definitions()
            .resolve_job_def("bigcommerce_job")
            .execute_in_process(
                instance=instance,
                tags=tags(stores),
                partition_key=stores[0] if len(stores) == 1 else None,
                raise_on_error=False,
            )
        )

    def rows(self, store: str, stream: str) -> list[dict[str, Any]]:
        """The target's rows of a stream."""
        path = self.folder / "rows" / store / f"{stream}.json"
        return list(json.loads(path.read_text()).values())

    def ids(self, store: str, stream: str) -> list[int]:
        return sorted(row["id"] for row in self.rows(store, stream))


def log_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """The text of a run's log."""
    return "\n".join(entry.user_message or entry.message for entry in instance.all_logs(run_id))


def materialized(instance: dg.DagsterInstance, stream: str) -> set[str]:
    return set(instance.get_materialized_partitions(dg.AssetKey(["bigcommerce", stream])))


def events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[Any]:
    """The events of a kind in a run."""
    found = instance.all_logs(run_id, of_type=kind)
    return [entry.dagster_event for entry in found]


def shown(instance: dg.DagsterInstance, stream: str) -> dict[str, Any]:
    """The metadata of a stream's last materialization."""
    entry = instance.get_latest_materialization_event(dg.AssetKey(["bigcommerce", stream]))
    assert entry is not None
    assert entry.asset_materialization is not None
    return {name: value.value for name, value in entry.asset_materialization.metadata.items()}
