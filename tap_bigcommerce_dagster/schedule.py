"""The schedule: runs of some stores each, together all of them."""

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
    job: Any,  # Dagster exports no name for a job whose assets are not resolved yet.
    partitions: dg.DynamicPartitionsDefinition,
    cron: str,
    stores_per_run: int,
    dead_after: float | None,
) -> dg.ScheduleDefinition:
    """Runs all stores, but for those that an earlier run has still to do.

    A run that has told nothing for `dead_after` seconds is taken for one whose process was killed.
    """

    def request_runs(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """A run for each portion of the stores."""
        stores = list(context.instance.get_dynamic_partitions(str(partitions.name)))
        busy = _under_way(context.instance, job.name, stores, dead_after)
        at = context.scheduled_execution_time.isoformat()
        for portion in portions(stores, busy, stores_per_run):
            yield dg.RunRequest(run_key=f"{at} {portion[0]}", tags=tags(portion))

    return dg.ScheduleDefinition(
        name=name,
        cron_schedule=cron,
        job=job,
        execution_fn=request_runs,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Reads every store, up to {stores_per_run} in a run.",
    )


def portions(stores: Sequence[str], busy: set[str], most: int) -> Iterator[list[str]]:
    """The stores in their order, up to `most` at a time, without those that are busy.

    Each portion has no gap: a run's tags can say its first and its last store only.
    """
    portion: list[str] = []
    for store in stores:
        if portion and (store in busy or len(portion) == most):
            yield portion
            portion = []
        if store not in busy:
            portion.append(store)
    if portion:
        yield portion


def tags(portion: Sequence[str]) -> dict[str, str]:
    """The tags of a run of these stores."""
    if len(portion) == 1:
        return {PARTITION: portion[0]}
    return {RANGE_START: portion[0], RANGE_END: portion[-1]}


def _under_way(
    instance: dg.DagsterInstance, job: str, stores: Sequence[str], dead_after: float | None
) -> set[str]:
    """The stores that runs have still to do, or to try again."""
    place = {store: number for number, store in enumerate(stores)}
    found: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNDER_WAY)):
        first = run.tags.get(PARTITION) or run.tags.get(RANGE_START)
        last = run.tags.get(PARTITION) or run.tags.get(RANGE_END)
        if first not in place or last not in place or _is_dead(instance, run, dead_after):
            continue
        read, given_up = run_log.ended(instance, run.run_id)
        found |= set(stores[place[first] : place[last] + 1]) - read - set(given_up)
    return found


def _is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun, after: float | None) -> bool:
    """Whether a run that once began is gone, though Dagster has not noticed."""
    if after is None or run.status not in (STARTED, CANCELING):
        return False
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return bool(last) and time.time() - last[0].timestamp > after
