"""Which stores a run has read or failed, from Dagster's event log."""

from __future__ import annotations

import dagster as dg

FAILURE = "failure"
"""Metadata of an observation: the error message."""
RETRIED = "worth_retrying"
"""Metadata of an observation: whether the store is tried again."""


def finished_stores(instance: dg.DagsterInstance, run_id: str) -> tuple[set[str], dict[str, str]]:
    """The stores that a run has read, and those that it does not retry, with their errors."""
    log = instance.all_logs(
        run_id,
        of_type={
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            dg.DagsterEventType.ASSET_OBSERVATION,
        },
    )
    read: set[str] = set()
    failed: dict[str, str] = {}
    for entry in log:
        event = entry.dagster_event
        if event is None or event.partition is None:
            continue
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            read.add(event.partition)
            continue
        found = event.asset_observation_data.asset_observation.metadata
        if RETRIED in found and not found[RETRIED].value:
            failed[event.partition] = str(found[FAILURE].value)
    return read, failed
