"""What a run's own log, which Dagster keeps, says of the stores that it reads."""

from __future__ import annotations

import dagster as dg

FAILURE = "failure"
"""The metadata under which an observation says what failed; RETRIED whether it is tried again."""
RETRIED = "worth_retrying"


def ended(instance: dg.DagsterInstance, run_id: str) -> tuple[set[str], dict[str, str]]:
    """The stores that a run has read, and those that it has given up, with what failed."""
    log = instance.all_logs(
        run_id,
        of_type={
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            dg.DagsterEventType.ASSET_OBSERVATION,
        },
    )
    read: set[str] = set()
    given_up: dict[str, str] = {}
    for entry in log:
        event = entry.dagster_event
        if event is None or event.partition is None:
            continue
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            read.add(event.partition)
            continue
        found = event.asset_observation_data.asset_observation.metadata
        if RETRIED in found and not found[RETRIED].value:
            given_up[event.partition] = str(found[FAILURE].value)
    return read, given_up
