"""What Dagster starts by itself: sensor, schedules, freshness checks."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster.asset import Stream
from tap_bigcommerce_dagster.errors import FleetError, call
from tap_bigcommerce_dagster.facts import Reports, finished_stores
from tap_bigcommerce_dagster.states import SavedState
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
    """A sensor that adds and removes the partitions of stores every `every` seconds.

    A store that is removed loses its partition and is no longer scheduled; its state is kept.
    """

    def follow_stores(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Add and remove partitions."""
        try:
            found = list_stores(stores)
        except FleetError as error:
            # The tick fails, and no partition is removed.
            raise dg.Failure(error.message) from None
        for reason in found.refused.values():
            context.log.error(reason)
        known = set(context.instance.get_dynamic_partitions(str(partitions.name)))
        if known and not found.names:
            return dg.SkipReason(
                f"No store was found; before, there were {len(known)}. This looks like a mistake, "
                "so no partition is removed."
            )
        added = [store for store in found.names if store not in known]
        removed = sorted(known - set(found.names))
        if not added and not removed:
            return dg.SkipReason(f"No change: {len(known)} stores.")
        requests = [
            *([partitions.build_add_request(added)] if added else []),
            *([partitions.build_delete_request(removed)] if removed else []),
        ]
        return dg.SensorResult(dynamic_partitions_requests=requests)

    return dg.SensorDefinition(
        name=f"{name}_stores",
        evaluation_fn=follow_stores,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Adds a partition for each new store, and removes those of removed stores.",
    )


def build_schedule(
    name: str,
    job: Any,  # Dagster has no public type for a job whose assets are not resolved yet.
    partitions: dg.DynamicPartitionsDefinition,
    cron: str,
    stores_per_run: int,
    dead_after: float | None,
) -> dg.ScheduleDefinition:
    """A schedule that runs all stores, except those that an earlier run has not finished.

    A run without an event for `dead_after` seconds counts as one whose process was killed (None:
    no run does).
    """

    def request_runs(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """One run for each batch of stores."""
        stores = list(context.instance.get_dynamic_partitions(str(partitions.name)))
        busy = _stores_in_progress(context.instance, job.name, stores, dead_after)
        at = context.scheduled_execution_time.isoformat()
        for batch in batches(stores, busy, stores_per_run):
            yield dg.RunRequest(run_key=f"{at} {batch[0]}", tags=tags(batch))

    return dg.ScheduleDefinition(
        name=f"{name}_schedule",
        cron_schedule=cron,
        job=job,
        execution_fn=request_runs,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Reads every store, up to {stores_per_run} in a run.",
    )


def batches(stores: Sequence[str], busy: set[str], size: int) -> Iterator[list[str]]:
    """Split the stores into lists of up to `size`, without those that are busy.

    The stores of a batch are adjacent: a run's tags name only its first and its last store.
    """
    batch: list[str] = []
    for store in stores:
        if batch and (store in busy or len(batch) == size):
            yield batch
            batch = []
        if store not in busy:
            batch.append(store)
    if batch:
        yield batch


def tags(batch: Sequence[str]) -> dict[str, str]:
    """The tags of a run of these stores."""
    if len(batch) == 1:
        return {PARTITION: batch[0]}
    return {RANGE_START: batch[0], RANGE_END: batch[-1]}


def _stores_in_progress(
    instance: dg.DagsterInstance, job: str, stores: Sequence[str], dead_after: float | None
) -> set[str]:
    """The stores that current runs have not finished, or will retry."""
    index = {store: number for number, store in enumerate(stores)}
    found: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNDER_WAY)):
        first = run.tags.get(PARTITION) or run.tags.get(RANGE_START)
        last = run.tags.get(PARTITION) or run.tags.get(RANGE_END)
        if first not in index or last not in index or _is_dead(instance, run, dead_after):
            continue
        read, failed = finished_stores(instance, run.run_id)
        found |= set(stores[index[first] : index[last] + 1]) - read - set(failed)
    return found


def _is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun, after: float | None) -> bool:
    """Whether the process of a started run is gone without Dagster having noticed."""
    if after is None or run.status not in STARTED:
        return False
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return bool(last) and time.time() - last[0].timestamp > after


def build_checks(
    name: str, streams: Mapping[dg.AssetKey, Stream], config: SyncConfig, hours: float
) -> dg.AssetChecksDefinition:
    """A check for each stream.

    The checks read the state storage, not Dagster's history, which may have been lost.
    """

    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        """Compare the last complete sync of each stream in each store with the clock."""
        wanted = {key.asset_key for key in context.selected_asset_check_keys}
        refused, read, error = dict[str, str](), dict[str, SavedState | FleetError | None](), ""
        try:
            found = list_stores(config.stores)
            names = [store for store in found.names if store not in found.refused]
            refused = found.refused
            read = call("The state storage", config.states.read_all, names)
        except FleetError as failure:
            error = failure.message
        now = datetime.now(timezone.utc)
        for asset, stream in ((key, streams[key].name) for key in streams if key in wanted):
            late = [(NEVER, reason) for reason in refused.values()]
            for store, saved in read.items():
                at = saved.completed(stream) if isinstance(saved, SavedState) else saved
                age, text = _age(at, now)
                if age > hours:
                    late.append((age, f"{store}: {text}"))
            late.sort(key=lambda one: (-one[0], one[1]))
            number = len(read) + len(refused)
            text = (
                f"In {len(late)} of {number} stores {stream} has not been read completely in the "
                f"last {hours:g} hours, or the store was refused, or its state cannot be read."
                if late
                else f"{stream} has been read in the last {hours:g} hours in all {number} stores."
            )
            named = "\n".join(f"- {text}" for _, text in late[:MAX_NAMED]) or "none"
            yield dg.AssetCheckResult(
                asset_key=asset,
                check_name=CHECK,
                passed=not late and not error,
                severity=dg.AssetCheckSeverity.ERROR,
                description=error or text,
                metadata={
                    "stores": number,
                    "late": len(late),
                    "late_stores": dg.MetadataValue.md(named),
                },
            )

    description = "Fails when the stream has not been read completely in a store for {:g} hours."
    return dg.multi_asset_check(
        name=f"{name}_freshness",
        specs=[
            dg.AssetCheckSpec(CHECK, asset=asset, description=description.format(hours))
            for asset in streams
        ],
        can_subset=True,
    )(check)


def _age(at: datetime | FleetError | None, now: datetime) -> tuple[float, str]:
    """Hours since the last complete sync, and a text that says so."""
    if at is None:
        return NEVER, "never read completely"
    if isinstance(at, FleetError):
        return NEVER, at.message
    age = (now - at).total_seconds() / 3600
    if age < -MAX_CLOCK_DIFFERENCE:
        return NEVER, f"its state says that it was last read {-age:.1f} hours in the future"
    return age, f"last read {age:.1f} hours ago"


def build_cleanup(name: str, reports: Reports | None, days: float) -> dg.ScheduleDefinition:
    """A daily schedule that removes the fleet's finished runs and reports older than `days`."""

    def remove_old_runs(context: dg.OpExecutionContext) -> None:
        """Remove runs with all their events, the oldest first."""
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

    def cleanup() -> None:
        """The job's only step."""
        remove()

    remove = dg.op(name=f"{name}_remove_old_runs")(remove_old_runs)
    return dg.ScheduleDefinition(
        name=f"{name}_cleanup_schedule",
        job=dg.job(name=f"{name}_cleanup_job", executor_def=dg.in_process_executor)(cleanup),
        cron_schedule="17 3 * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
