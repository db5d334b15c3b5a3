"""The sensor that adds and removes the partitions of stores."""

from __future__ import annotations

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.stores import Stores, list_stores


def build_sensor(
    name: str, stores: Stores, partitions: dg.DynamicPartitionsDefinition, every: int
) -> dg.SensorDefinition:
    """A sensor that lists the stores every `every` seconds.

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
        requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
        if added:
            requests.append(partitions.build_add_request(added))
        if removed:
            requests.append(partitions.build_delete_request(removed))
        return dg.SensorResult(dynamic_partitions_requests=requests)

    return dg.SensorDefinition(
        name=f"{name}_stores",
        evaluation_fn=follow_stores,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Adds a partition for each new store, and removes those of removed stores.",
    )
