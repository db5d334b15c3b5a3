"""The schedule: splits stores into runs, without those still being read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster import run_log

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"

STARTED, CANCELING = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING
UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    STARTED,
    CANCELING,
]


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
        name=name,
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
        read, failed = run_log.finished_stores(instance, run.run_id)
        found |= set(stores[index[first] : index[last] + 1]) - read - set(failed)
    return found


def _is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun, after: float | None) -> bool:
    """Whether the process of a started run is gone without Dagster having noticed."""
    if after is None or run.status not in (STARTED, CANCELING):
        return False
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return bool(last) and time.time() - last[0].timestamp > after
