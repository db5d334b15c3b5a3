"""The check that turns red when a store has not been read for some hours."""

# No postponed annotations here: Dagster looks at those of the functions that it calls.

from datetime import datetime, timedelta, timezone

import dagster as dg

from tap_bigcommerce_dagster.states import StateStore
from tap_bigcommerce_dagster.stores import Stores

NAME = "every_store_was_read"
MOST_NAMED = 200
"""Stores that the check's page names; their number is always told."""


def build_check(
    asset: dg.AssetKey, stores: Stores, states: StateStore, hours: float
) -> dg.AssetChecksDefinition:
    """Asks the states, not Dagster's history, which may have been lost."""

    def look(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """Compare each store's last complete read with the clock."""
        now = datetime.now(timezone.utc)
        read = states.completed(stores.names())
        late = {
            store: at
            for store, at in read.items()
            if at is None or now - at > timedelta(hours=hours)
        }
        never = datetime.min.replace(tzinfo=timezone.utc)
        oldest = sorted(late, key=lambda store: (late[store] or never, store))
        words = [f"- {store}: {_since(now, late[store])}" for store in oldest[:MOST_NAMED]]
        return dg.AssetCheckResult(
            passed=not late,
            severity=dg.AssetCheckSeverity.ERROR,
            description=(
                f"{len(late)} of {len(read)} stores have not been read for {hours:g} hours."
                if late
                else f"All {len(read)} stores have been read in the last {hours:g} hours."
            ),
            metadata={
                "stores": len(read),
                "late": len(late),
                "late_stores": dg.MetadataValue.md("\n".join(words) or "none"),
            },
        )

    return dg.asset_check(
        asset=asset,
        name=NAME,
        description=f"Red when a store has not been read to its end for {hours:g} hours.",
    )(look)


def _since(now: datetime, at: datetime | None) -> str:
    if at is None:
        return "never read to its end"
    return f"last read {(now - at).total_seconds() / 3600:.1f} hours ago"
