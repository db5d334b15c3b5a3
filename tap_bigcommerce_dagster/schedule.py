"""What Dagster starts by itself: sensor, schedules, freshness checks."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError, call
from tap_bigcommerce_dagster.facts import Reports, finished_stores
from tap_bigcommerce_dagster.states import Found
from tap_bigcommerce_dagster.stores import Stores, list_stores
from tap_bigcommerce_dagster.sync import SyncConfig

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"

STATUS = dg.DagsterRunStatus
STARTED = [STATUS.STARTED, STATUS.CANCELING]
UNDER_WAY = [STATUS.NOT_STARTED, STATUS.QUEUED, STATUS.STARTING, *STARTED]
FINISHED = [STATUS.SUCCESS, STATUS.FAILURE, STATUS.CANCELED]

BATCH_SIZE = 100  # Old runs that one query finds.
CHECK = "every_store_was_read"
NEVER = float("inf")
MAX_CLOCK_DIFFERENCE = 1.0  # Hours that the clock of another machine may be ahead of this one's.
MAX_NAMED = 200  # Late stores that the check's page lists; their number is always shown.


def build_sensor(
    name: str, stores: Stores, partitions: dg.DynamicPartitionsDefinition, every: int
) -> dg.SensorDefinition:
    """A sensor that adds and removes the partitions of stores every `every` seconds."""

    def follow_stores(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            found = list_stores(stores)
        except FleetError as error:
            # The tick fails, and no partition is removed.
            raise dg.Failure(error.message) from None
        for reason in found.refused.values():
            context.log.error(reason.message)
        known = set(context.instance.get_dynamic_partitions(str(partitions.name)))
        if known and not found.names:
            return dg.SkipReason(
                f"No store was found; before, there were {len(known)}. This looks like a mistake, "
                "so no partition is removed."
            )
        requests: list[Any] = []
        if added := sorted({*found.names} - known):
            requests.append(partitions.build_add_request(added))
        if removed := sorted(known - {*found.names}):
            requests.append(partitions.build_delete_request(removed))
        if not requests:
            return dg.SkipReason(f"No change: {len(known)} stores.")
        return dg.SensorResult(dynamic_partitions_requests=requests)

    return dg.SensorDefinition(
        name=f"{name}_stores",
        evaluation_fn=follow_stores,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Adds a partition for each new store, and removes those of removed ones.",
    )


def build_schedule(
    name: str,
    streams: Mapping[dg.AssetKey, str],
    job: Any,  # Dagster has no public type for a job whose assets are not resolved yet.
    partitions: dg.DynamicPartitionsDefinition,
    cron: str,
    stores_per_run: int,
    dead_after: float,
) -> dg.ScheduleDefinition:
    """A schedule that runs all stores, except those that an earlier run has not finished.

    A run without an event for `dead_after` seconds counts as killed.
    """

    def in_progress(instance: dg.DagsterInstance, stores: Sequence[str]) -> set[str]:
        """The stores that current runs have not finished, or will retry."""
        index = {store: number for number, store in enumerate(stores)}
        found: set[str] = set()
        for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
            # A run that is started from the page of an asset is one of Dagster's own job.
            ours = run.job_name == job.name or {*streams} & {*(run.asset_selection or ())}
            first = run.tags.get(PARTITION) or run.tags.get(RANGE_START)
            last = run.tags.get(PARTITION) or run.tags.get(RANGE_END)
            if not ours or first not in index or last not in index:
                continue
            events = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
            # Dagster may not have noticed that its process was killed.
            if run.status in STARTED and events and time.time() - events[0].timestamp > dead_after:
                continue
            read, failed = finished_stores(instance, run.run_id)
            found |= {*stores[index[first] : index[last] + 1]} - read - {*failed}
        return found

    def request_runs(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        stores = list(context.instance.get_dynamic_partitions(str(partitions.name)))
        at = context.scheduled_execution_time.isoformat()
        for batch in batches(stores, in_progress(context.instance, stores), stores_per_run):
            yield dg.RunRequest(run_key=f"{at} {batch[0]}", tags=tags(batch))

    text = f"Reads every store, up to {stores_per_run} in a run."
    return running(f"{name}_schedule", job, cron, execution_fn=request_runs, description=text)


def running(name: str, job: Any, cron: str, **more: Any) -> dg.ScheduleDefinition:
    """A schedule that is on until somebody turns it off."""
    on = dg.DefaultScheduleStatus.RUNNING
    return dg.ScheduleDefinition(name=name, job=job, cron_schedule=cron, default_status=on, **more)


def batches(stores: Sequence[str], busy: set[str], size: int) -> Iterator[list[str]]:
    """Lists of up to `size` stores, adjacent as a run's tags name only its first and last one."""
    for is_busy, group in itertools.groupby(stores, busy.__contains__):
        adjacent = [] if is_busy else list(group)
        for first in range(0, len(adjacent), size):
            yield adjacent[first : first + size]


def tags(batch: Sequence[str]) -> dict[str, str]:
    """The tags of a run of these stores."""
    if len(batch) == 1:
        return {PARTITION: batch[0]}
    return {RANGE_START: batch[0], RANGE_END: batch[-1]}


def build_checks(
    name: str, streams: Mapping[dg.AssetKey, str], config: SyncConfig, hours: float
) -> dg.AssetChecksDefinition:
    """A check for each stream. It reads the states, as Dagster's history may have been lost."""

    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        states, error = dict[str, Found](), ""
        try:
            found = list_stores(config.stores)
            states.update(found.refused)
            names = [store for store in found.names if store not in found.refused]
            states |= call("The state storage", config.states.read_all, names)
        except FleetError as failure:
            error = failure.message
        for key in context.selected_asset_check_keys:
            stream = streams[key.asset_key]
            ages = [(store, *_age(state, stream)) for store, state in states.items()]
            late = sorted((-age, f"- {store}: {text}") for store, age, text in ages if age > hours)
            shown = dg.MetadataValue.md("\n".join(line for _, line in late[:MAX_NAMED]) or "none")
            text = (
                f"In the last {hours:g} hours {stream} was read completely in "
                f"{len(states) - len(late)} of {len(states)} stores."
            )
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=CHECK,
                passed=not late and not error,
                severity=dg.AssetCheckSeverity.ERROR,
                description=error or text,
                metadata={"stores": len(states), "late": len(late), "late_stores": shown},
            )

    text = f"Fails when the stream has not been read completely in a store for {hours:g} hours."
    specs = [dg.AssetCheckSpec(CHECK, asset=key, description=text) for key in streams]
    return dg.multi_asset_check(name=f"{name}_freshness", specs=specs, can_subset=True)(check)


def _age(state: Found, stream: str) -> tuple[float, str]:
    """Hours since the last complete sync of a stream, and a text that says so."""
    if isinstance(state, FleetError):
        return NEVER, state.message
    at = state.streams_completed_at.get(stream, state.completed_at) if state else None
    if at is None:
        return NEVER, "never read completely"
    age = (datetime.now(timezone.utc) - at).total_seconds() / 3600
    if age < -MAX_CLOCK_DIFFERENCE:
        return NEVER, f"its state says that it was last read {-age:.1f} hours in the future"
    return age, f"last read {age:.1f} hours ago"


def build_cleanup(name: str, reports: Reports | None, days: float) -> dg.ScheduleDefinition:
    """A daily schedule that removes the fleet's finished runs and reports older than `days`."""

    def remove_old_runs(context: dg.OpExecutionContext) -> None:
        before, removed = datetime.now(timezone.utc) - timedelta(days=days), 0
        for job in (f"{name}_job", f"{name}_freshness_job", f"{name}_cleanup_job"):
            old = dg.RunsFilter(job_name=job, statuses=FINISHED, created_before=before)
            while runs := context.instance.get_run_records(old, limit=BATCH_SIZE, ascending=True):
                for run in runs:
                    context.instance.delete_run(run.dagster_run.run_id)
                removed += len(runs)
        context.log.info(f"Removed {removed} runs older than {days:g} days.")
        if reports is not None:
            number = reports.remove_before(before.date())
            context.log.info(f"Removed the reports of {number} days before {before:%Y-%m-%d}.")

    remove = dg.op(name=f"{name}_remove_old_runs")(remove_old_runs)
    steps = dg.GraphDefinition(name=f"{name}_cleanup", node_defs=[remove])
    return running(f"{name}_cleanup_schedule", steps.to_job(f"{name}_cleanup_job"), "17 3 * * *")
