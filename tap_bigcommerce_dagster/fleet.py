"""`build_fleet`: the Dagster definitions of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster.asset import Retries, build_asset, selected_streams
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.facts import Reports
from tap_bigcommerce_dagster.schedule import (
    build_checks,
    build_cleanup,
    build_schedule,
    build_sensor,
)
from tap_bigcommerce_dagster.states import FolderStates, StateStore
from tap_bigcommerce_dagster.stores import FolderOfConfigs, Settings, Stores, StoresOf, Target
from tap_bigcommerce_dagster.sync import SyncConfig


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

    docs/fleet.md explains the arguments. Without a catalog, the streams are those that the tap
    reads by default; None for a cron is no schedule, and for `keep_days` keeps runs and reports for
    ever. Raises FleetError for invalid arguments.
    """
    if stores_per_run < 1 or at_once < 1:
        raise FleetError("stores_per_run and at_once should be 1 or more.")
    if isinstance(states, str) and "://" in states:
        raise FleetError(
            "`states` is a URL: use SqlStates(...) for a database. Buckets are not supported."
        )
    if isinstance(stores, (str, Path)):
        store_list: Stores = FolderOfConfigs(stores)
    # Checked first: an object with the methods of `Stores` may be callable, too.
    elif hasattr(stores, "names") and hasattr(stores, "settings"):
        store_list = stores
    else:
        store_list = StoresOf(stores)
    catalog = Path(catalog) if catalog is not None else None
    prefix = [name] if key_prefix is None else [*key_prefix]
    streams = {dg.AssetKey([*prefix, found.name]): found for found in selected_streams(catalog)}
    config = SyncConfig(
        tap=[tap] if isinstance(tap, str) else list(tap),
        target=target,
        stores=store_list,
        states=FolderStates(states) if isinstance(states, (str, Path)) else states,
        settings=settings or {},
        catalog=catalog,
        reports=Reports(reports) if isinstance(reports, (str, Path)) else reports,
        stalled_after=None if stalled_after_minutes is None else stalled_after_minutes * 60,
        streams=[stream.name for stream in streams.values()],
    )
    by_store = dg.DynamicPartitionsDefinition(name=f"{name}_stores")
    retries = retries or Retries()
    asset = build_asset(
        name,
        streams,
        config,
        at_once,
        retries,
        partitions_def=by_store,
        backfill_policy=dg.BackfillPolicy.multi_run(stores_per_run),
        pool=pool,
    )
    checks = build_checks(name, streams, config, late_after_hours)
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
        # A run that works logs an event within this time, even if it waits for a sync or a retry.
        longest_wait = 2 * retries.delay * 2**retries.most
        dead_after = None if config.stalled_after is None else config.stalled_after + longest_wait
        schedules.append(build_schedule(name, job, by_store, cron, stores_per_run, dead_after))
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
        schedules.append(build_cleanup(name, config.reports, keep_days))
    return dg.Definitions(
        assets=[asset],
        asset_checks=[checks],
        jobs=[job, check_job],
        schedules=schedules,
        sensors=[build_sensor(name, store_list, by_store, look_every)],
        executor=executor,
    )
