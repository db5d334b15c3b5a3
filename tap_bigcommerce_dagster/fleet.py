"""`build_fleet`: the Dagster definitions of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster import cleanup, freshness, partitions, schedule
from tap_bigcommerce_dagster.asset import AssetOptions, Retries, build_asset
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.reports import Reports
from tap_bigcommerce_dagster.states import FolderStates, StateStore
from tap_bigcommerce_dagster.stores import FolderOfConfigs, Settings, Stores, StoresOf
from tap_bigcommerce_dagster.streams import selected
from tap_bigcommerce_dagster.sync import SyncConfig
from tap_bigcommerce_dagster.target import Target


def build_fleet(
    *,
    tap: str | Sequence[str],
    target: Target,
    stores: str | Path | Stores | Callable[[], Mapping[str, Settings]],
    states: str | Path | StateStore,
    settings: Mapping[str, Any] | None = None,
    catalog: str | Path | None = None,
    reports: str | Path | Reports | None = None,
    name: str = "bigcommerce",
    key_prefix: Sequence[str] | None = None,
    cron: str | None = "0 * * * *",
    stores_per_run: int = 25,
    at_once: int = 4,
    retries: Retries | None = None,
    pool: str | None = None,
    stalled_after_minutes: float | None = 60.0,
    late_after_hours: float = 3.0,
    check_cron: str | None = "*/15 * * * *",
    look_every: int = 60,
    keep_days: float | None = 30.0,
) -> dg.Definitions:
    """Dagster definitions for all stores: assets, job, schedules, sensor and freshness checks.

    tap, target: their commands, each in its own virtual environment.
    stores: a folder of the tap's config files, a function that returns the tap's settings by store
        name, or an object with the methods of `Stores`.
    states: a folder, or a `StateStore`.
    settings: the tap's settings for all stores. They override those of each store.
    catalog: a catalog of the tap's --discover; None: the streams that the tap reads by default.
    reports: the folder for the tap's HTML report of each run, or `Reports(...)`; None: no reports.
    name, key_prefix: the prefix of jobs and schedules, and that of asset keys.
    cron: when all stores are read (None: no schedule).
    stores_per_run, at_once: how many stores a run reads, and how many of them at the same time.
    retries: how often failed stores are retried; None: `Retries()`.
    pool: a Dagster pool for the runs, which limits how many run at the same time.
    stalled_after_minutes: a sync is ended if the tap made no request and wrote no record, and the
        target acknowledged no state, for this long (None: never).
    late_after_hours, check_cron: when a stream of a store counts as late, and when this is checked.
    look_every: seconds between two updates of the list of stores.
    keep_days: how long runs and reports are kept (None: for ever). States are always kept.

    Raises FleetError for invalid arguments.
    """
    if stores_per_run < 1 or at_once < 1:
        raise FleetError("stores_per_run and at_once should be 1 or more.")
    store_list, state_store = _stores(stores), _states(states)
    stalled = None if stalled_after_minutes is None else stalled_after_minutes * 60
    # A run that works logs an event within this time, even if it waits for a sync or a retry.
    retries = retries or Retries()
    dead_after = None if stalled is None else stalled + 2 * retries.delay * 2**retries.most
    config = SyncConfig(
        tap=[tap] if isinstance(tap, str) else list(tap),
        target=target,
        stores=store_list,
        states=state_store,
        settings=settings or {},
        catalog=Path(catalog) if catalog is not None else None,
        reports=Reports(reports) if isinstance(reports, (str, Path)) else reports,
        stalled_after=stalled,
    )
    by_store = dg.DynamicPartitionsDefinition(name=f"{name}_stores")
    options = AssetOptions(
        name=name,
        partitions=by_store,
        streams=selected(config.catalog),
        key_prefix=[name] if key_prefix is None else list(key_prefix),
        stores_per_run=stores_per_run,
        at_once=at_once,
        retries=retries,
        pool=pool,
    )
    asset = build_asset(config, options)
    keys = {stream.name: options.key(stream) for stream in options.streams}
    checks = freshness.build_checks(keys, store_list, state_store, late_after_hours, name)
    # Dagster's default, a process per step, would take longer than the sync of most stores.
    executor = dg.in_process_executor
    job = dg.define_asset_job(
        f"{name}_job",
        dg.AssetSelection.assets(asset).without_checks(),
        partitions_def=by_store,
        executor_def=executor,
    )
    check_job = dg.define_asset_job(
        f"{name}_freshness_job", dg.AssetSelection.checks(checks), executor_def=executor
    )
    schedules = []
    if cron is not None:
        schedules.append(
            schedule.build_schedule(
                f"{name}_schedule", job, by_store, cron, stores_per_run, dead_after
            )
        )
    if check_cron is not None:
        schedules.append(
            dg.ScheduleDefinition(
                name=f"{name}_freshness_schedule",
                job=check_job,
                cron_schedule=check_cron,
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        )
    if keep_days is not None:
        jobs = [f"{name}_job", f"{name}_freshness_job", f"{name}_cleanup_job"]
        schedules.append(cleanup.build_cleanup(name, jobs, config.reports, keep_days))
    return dg.Definitions(
        assets=[asset],
        asset_checks=[checks],
        jobs=[job, check_job],
        schedules=schedules,
        sensors=[partitions.build_sensor(name, store_list, by_store, look_every)],
        executor=executor,
    )


def _stores(given: str | Path | Stores | Callable[[], Mapping[str, Settings]]) -> Stores:
    if isinstance(given, (str, Path)):
        return FolderOfConfigs(given)
    # Checked first: an object with the methods of `Stores` may be callable, too.
    if hasattr(given, "names") and hasattr(given, "settings"):
        return given
    return StoresOf(given)


def _states(given: str | Path | StateStore) -> StateStore:
    if isinstance(given, Path):
        return FolderStates(given)
    if isinstance(given, str):
        if "://" in given:
            raise FleetError(
                "`states` is a URL: use SqlStates(...) for a database. Buckets are not supported."
            )
        return FolderStates(given)
    return given
