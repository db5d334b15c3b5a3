"""The scheduled job that removes old runs and reports."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import dagster as dg

from tap_bigcommerce_dagster.reports import Reports

BATCH_SIZE = 100

FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def build_cleanup(
    name: str, jobs: Sequence[str], reports: Reports | None, days: float
) -> dg.ScheduleDefinition:
    """A daily schedule that removes finished runs of these jobs, and reports, older than `days`."""

    def remove_old_runs(context: dg.OpExecutionContext) -> None:
        """Remove runs with all their events, the oldest first."""
        before = datetime.now(timezone.utc) - timedelta(days=days)
        removed = 0
        for job in jobs:
            runs_filter = dg.RunsFilter(job_name=job, statuses=FINISHED, created_before=before)
            while runs := context.instance.get_run_records(
                runs_filter, limit=BATCH_SIZE, ascending=True
            ):
                for run in runs:
                    context.instance.delete_run(run.dagster_run.run_id)
                removed += len(runs)
        context.log.info(f"Removed {removed} runs older than {days:g} days.")
        if reports is not None:
            removed_days = reports.remove_before(before.date())
            context.log.info(
                f"Removed the reports of {removed_days} days before {before:%Y-%m-%d}."
            )

    def cleanup() -> None:
        """The job's only step."""
        remove()

    remove = dg.op(name=f"{name}_remove_old_runs")(remove_old_runs)
    job = dg.job(name=f"{name}_cleanup_job", executor_def=dg.in_process_executor)(cleanup)
    return dg.ScheduleDefinition(
        name=f"{name}_cleanup_schedule",
        job=job,
        cron_schedule="17 3 * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
