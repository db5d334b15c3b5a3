"""The sensor that lets partitions come and go with the stores."""

from __future__ import annotations

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.stores import Stores, listed


def build_sensor(
    name: str, stores: Stores, partitions: dg.DynamicPartitionsDefinition, every: int
) -> dg.SensorDefinition:
    """Looks every so many seconds which stores there are.

    A store that is gone loses its partition, and with it its place in schedules; its state stays.
    """

    def follow_stores(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Add and remove partitions."""
        try:
            found = listed(stores)
        except FleetError as error:
            # The tick turns red, and nothing is removed.
            raise dg.Failure(error.words) from None
        for words in found.refused.values():
            context.log.error(words)
        known = set(context.instance.get_dynamic_partitions(str(partitions.name)))
        if known and not found.names:
            return dg.SkipReason(
                f"No store was found where there were {len(known)}. That looks like a mistake, so "
                "no partition is removed."
            )
        come = [store for store in found.names if store not in known]
        gone = sorted(known - set(found.names))
        if not come and not gone:
            return dg.SkipReason(f"Still the same {len(known)} stores.")
        requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
        if come:
            requests.append(partitions.build_add_request(come))
        if gone:
            requests.append(partitions.build_delete_request(gone))
        return dg.SensorResult(dynamic_partitions_requests=requests)

    return dg.SensorDefinition(
        name=f"{name}_stores",
        evaluation_fn=follow_stores,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Adds a partition for each new store, and removes those of stores that left.",
    )
