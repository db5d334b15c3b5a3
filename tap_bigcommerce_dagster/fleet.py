"""Everything that a fleet is in Dagster, from one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster import cleanup, freshness, partitions, schedule
from tap_bigcommerce_dagster.asset import Retries, Shape, build_asset
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.reports import Reports
from tap_bigcommerce_dagster.states import FolderStates, StateStore
from tap_bigcommerce_dagster.stores import FolderOfConfigs, Settings, Stores, StoresOf
from tap_bigcommerce_dagster.streams import selected
from tap_bigcommerce_dagster.sync import Recipe
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
    """A code location for all stores: asset, job, schedule, sensor, freshness check.

    tap, target: their commands, in virtual environments of their own.
    stores: a folder of the tap's config files, a function that returns the tap's settings by the
        stores' names, or anything with the methods of `Stores`.
    states: a folder, or a `StateStore`.
    settings: the tap's settings for all stores, over those of each.
    catalog: a file of the tap's --discover that says what is read; None: what the tap reads by
        default.
    reports: the folder where the tap's page about each run is kept, or `Reports(...)`.
    cron: when all stores are read (None: when asked to).
    stores_per_run, at_once: stores that one run reads, and how many of them at the same time.
    pool: a Dagster pool that every run takes a place in; its limit is Dagster's setting.
    stalled_after_minutes: a sync is ended when for so long the tap has made no request and written
        no record, and the target acknowledged nothing (None: never).
    late_after_hours, check_cron: when a store counts as late, and when that is looked at.
    look_every: seconds between two looks which stores there are.
    keep_days: how long the fleet's runs and reports are kept (None: for ever), not the states.

    Raises FleetError where something cannot be as it is given.
    """
    if stores_per_run < 1 or at_once < 1:
        raise FleetError("stores_per_run and at_once should be 1 or more.")
    where, kept = _stores(stores), _states(states)
    stalled = None if stalled_after_minutes is None else stalled_after_minutes * 60
    # Whatever a run waits for, its syncs or a next try, it tells of before that.
    retries = retries or Retries()
    dead_after = None if stalled is None else stalled + 2 * retries.delay * 2**retries.most
    recipe = Recipe(
        tap=[tap] if isinstance(tap, str) else list(tap),
        target=target,
        stores=where,
        states=kept,
        settings=settings or {},
        catalog=Path(catalog) if catalog is not None else None,
        reports=Reports(reports) if isinstance(reports, (str, Path)) else reports,
        stalled_after=stalled,
    )
    by_store = dg.DynamicPartitionsDefinition(name=f"{name}_stores")
    shape = Shape(
        name=name,
        partitions=by_store,
        streams=selected(recipe.catalog),
        key_prefix=[name] if key_prefix is None else list(key_prefix),
        stores_per_run=stores_per_run,
        at_once=at_once,
        retries=retries,
        pool=pool,
    )
    asset = build_asset(recipe, shape)
    check = freshness.build_check(shape.key(shape.streams[0]), where, kept, hours=late_after_hours)
    # A process a step, as Dagster has it by default, would cost more than most stores' sync.
    executor = dg.in_process_executor
    job = dg.define_asset_job(
        f"{name}_job",
        dg.AssetSelection.assets(asset).without_checks(),
        partitions_def=by_store,
        executor_def=executor,
    )
    check_job = dg.define_asset_job(
        f"{name}_freshness_job", dg.AssetSelection.checks(check), executor_def=executor
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
        schedules.append(cleanup.build_cleanup(name, jobs, recipe.reports, keep_days))
    return dg.Definitions(
        assets=[asset],
        asset_checks=[check],
        jobs=[job, check_job],
        schedules=schedules,
        sensors=[partitions.build_sensor(name, where, by_store, look_every)],
        executor=executor,
    )


def _stores(given: str | Path | Stores | Callable[[], Mapping[str, Settings]]) -> Stores:
    if isinstance(given, (str, Path)):
        return FolderOfConfigs(given)
    # A class with `names` and `settings` may be callable, too.
    if hasattr(given, "names") and hasattr(given, "settings"):
        return given
    return StoresOf(given)


def _states(given: str | Path | StateStore) -> StateStore:
    if isinstance(given, Path):
        return FolderStates(given)
    if isinstance(given, str):
        if "://" in given:
            raise FleetError(
                "States at an address are kept by SqlStates(...), in a database; buckets keep none."
            )
        return FolderStates(given)
    return given
