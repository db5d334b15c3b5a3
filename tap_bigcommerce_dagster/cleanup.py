"""The job that removes old runs and reports, which would grow without end."""

# No postponed annotations here: Dagster looks at those of the functions that it calls.

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import dagster as dg

from tap_bigcommerce_dagster.reports import Reports

AT_ONCE = 100

ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def build_cleanup(
    name: str, jobs: Sequence[str], reports: Reports | None, days: float
) -> dg.ScheduleDefinition:
    """A schedule that removes ended runs of these jobs, and reports, that are so many days old."""

    def remove_old_runs(context: dg.OpExecutionContext) -> None:
        """Remove runs, the oldest first, with all their events."""
        before = datetime.now(timezone.utc) - timedelta(days=days)
        removed = 0
        for job in jobs:
            wanted = dg.RunsFilter(job_name=job, statuses=ENDED, created_before=before)
            while runs := context.instance.get_run_records(wanted, limit=AT_ONCE, ascending=True):
                for run in runs:
                    context.instance.delete_run(run.dagster_run.run_id)
                removed += len(runs)
        context.log.info(f"Removed {removed} runs that were older than {days:g} days.")
        if reports is not None:
            pages = reports.remove_before(before.date())
            context.log.info(f"Removed the reports of {pages} days before {before:%Y-%m-%d}.")

    def cleanup() -> None:
        """What the job does."""
        remove()

    remove = dg.op(name=f"{name}_remove_old_runs")(remove_old_runs)
    job = dg.job(name=f"{name}_cleanup_job", executor_def=dg.in_process_executor)(cleanup)
    return dg.ScheduleDefinition(
        name=f"{name}_cleanup_schedule",
        job=job,
        cron_schedule="17 3 * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
