"""The check that turns red when a store has not been read for some hours."""

# No postponed annotations here: Dagster looks at those of the functions that it calls.

from datetime import datetime, timezone

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.states import StateStore
from tap_bigcommerce_dagster.states.state import Completed
from tap_bigcommerce_dagster.stores import Stores, listed
from tap_bigcommerce_dagster.user_code import ask

NAME = "every_store_was_read"
NEVER = float("inf")
AHEAD = 1.0
"""Hours that a clock may be ahead of this one's."""

MOST_NAMED = 200
"""Stores that the check's page names; their number is always told."""


def build_check(
    asset: dg.AssetKey, stores: Stores, states: StateStore, hours: float
) -> dg.AssetChecksDefinition:
    """Asks the states, not Dagster's history, which may have been lost."""

    def look(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """Compare each store's last complete read with the clock."""
        try:
            found = listed(stores)
            names = [name for name in found.names if name not in found.refused]
            read = ask("The place of the states", states.completed, names)
        except FleetError as error:
            return dg.AssetCheckResult(
                passed=False, severity=dg.AssetCheckSeverity.ERROR, description=error.words
            )
        now = datetime.now(timezone.utc)
        told = {store: _age(at, now) for store, at in read.items()}
        late = [(age, f"{store}: {words}") for store, (age, words) in told.items() if age > hours]
        late += [(NEVER, words) for words in found.refused.values()]
        late.sort(key=lambda one: (-one[0], one[1]))
        number = len(read) + len(found.refused)
        return dg.AssetCheckResult(
            passed=not late,
            severity=dg.AssetCheckSeverity.ERROR,
            description=(
                f"{len(late)} of {number} stores have not been read for {hours:g} hours, as far "
                "as that can be told."
                if late
                else f"All {number} stores have been read in the last {hours:g} hours."
            ),
            metadata={
                "stores": number,
                "late": len(late),
                "late_stores": dg.MetadataValue.md(
                    "\n".join(f"- {words}" for _, words in late[:MOST_NAMED]) or "none"
                ),
            },
        )

    return dg.asset_check(
        asset=asset,
        name=NAME,
        description=f"Red when a store has not been read to its end for {hours:g} hours.",
    )(look)


def _age(at: Completed, now: datetime) -> tuple[float, str]:
    """How many hours ago a store was last read to its end, and words about that."""
    if at is None:
        return NEVER, "never read to its end"
    if isinstance(at, FleetError):
        return NEVER, at.words
    # States of other people's making may name no zone.
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    age = (now - at).total_seconds() / 3600
    if age < -AHEAD:
        return NEVER, f"last read {-age:.1f} hours from now, says its state"
    return age, f"last read {age:.1f} hours ago"
