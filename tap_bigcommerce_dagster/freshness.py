"""The asset check that fails when a store was not read for some hours."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

from datetime import datetime, timezone

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.states import StateStore
from tap_bigcommerce_dagster.states.state import CompletedAt
from tap_bigcommerce_dagster.stores import Stores, list_stores
from tap_bigcommerce_dagster.user_code import call

NAME = "every_store_was_read"
NEVER = float("inf")
MAX_CLOCK_DIFFERENCE = 1.0
"""Hours that the clock of another machine may be ahead of this one's."""

MAX_NAMED = 200
"""Late stores that the check's page lists; their number is always shown."""


def build_check(
    asset: dg.AssetKey, stores: Stores, states: StateStore, hours: float
) -> dg.AssetChecksDefinition:
    """The check. It reads the state storage, not Dagster's history, which may have been lost."""

    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """Compare each store's last complete sync with the clock."""
        try:
            found = list_stores(stores)
            names = [name for name in found.names if name not in found.refused]
            read = call("The state storage", states.completed, names)
        except FleetError as error:
            return dg.AssetCheckResult(
                passed=False, severity=dg.AssetCheckSeverity.ERROR, description=error.message
            )
        now = datetime.now(timezone.utc)
        ages = {store: _age(at, now) for store, at in read.items()}
        late = [(age, f"{store}: {text}") for store, (age, text) in ages.items() if age > hours]
        late += [(NEVER, reason) for reason in found.refused.values()]
        late.sort(key=lambda one: (-one[0], one[1]))
        number = len(read) + len(found.refused)
        return dg.AssetCheckResult(
            passed=not late,
            severity=dg.AssetCheckSeverity.ERROR,
            description=(
                f"{len(late)} of {number} stores have not been read completely in the last "
                f"{hours:g} hours, or were refused, or their state cannot be read."
                if late
                else f"All {number} stores have been read in the last {hours:g} hours."
            ),
            metadata={
                "stores": number,
                "late": len(late),
                "late_stores": dg.MetadataValue.md(
                    "\n".join(f"- {text}" for _, text in late[:MAX_NAMED]) or "none"
                ),
            },
        )

    return dg.asset_check(
        asset=asset,
        name=NAME,
        description=f"Fails when a store has not been read completely for {hours:g} hours.",
    )(check)


def _age(at: CompletedAt, now: datetime) -> tuple[float, str]:
    """Hours since a store's last complete sync, and a text that says so."""
    if at is None:
        return NEVER, "never read completely"
    if isinstance(at, FleetError):
        return NEVER, at.message
    # A state that another program has written may have no time zone.
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    age = (now - at).total_seconds() / 3600
    if age < -MAX_CLOCK_DIFFERENCE:
        return NEVER, f"its state says that it was last read {-age:.1f} hours in the future"
    return age, f"last read {age:.1f} hours ago"
