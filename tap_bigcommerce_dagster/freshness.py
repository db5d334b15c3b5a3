"""Asset checks that fail when a stream of a store was not read in time."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.states import SavedState, StateStore
from tap_bigcommerce_dagster.stores import Stores, list_stores
from tap_bigcommerce_dagster.user_code import call

NAME = "every_store_was_read"
NEVER = float("inf")
MAX_CLOCK_DIFFERENCE = 1.0
"""Hours that the clock of another machine may be ahead of this one's."""

MAX_NAMED = 200
"""Late stores that the check's page lists; their number is always shown."""


def build_checks(
    assets: Mapping[str, dg.AssetKey], stores: Stores, states: StateStore, hours: float, name: str
) -> dg.AssetChecksDefinition:
    """A check for each stream. `assets` has the asset keys of the streams.

    The checks read the state storage, not Dagster's history, which may have been lost.
    """

    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        """Compare the last complete sync of each stream in each store with the clock."""
        wanted = {key.asset_key for key in context.selected_asset_check_keys}
        refused, read, error = dict[str, str](), dict[str, SavedState | FleetError | None](), ""
        try:
            found = list_stores(stores)
            names = [store for store in found.names if store not in found.refused]
            refused, read = found.refused, call("The state storage", states.read_all, names)
        except FleetError as failure:
            error = failure.message
        now = datetime.now(timezone.utc)
        for stream, asset in assets.items():
            if asset not in wanted:
                continue
            late = [(NEVER, reason) for reason in refused.values()]
            for store, saved in read.items():
                at = saved.completed(stream) if isinstance(saved, SavedState) else saved
                age, text = _age(at, now)
                if age > hours:
                    late.append((age, f"{store}: {text}"))
            late.sort(key=lambda one: (-one[0], one[1]))
            number = len(read) + len(refused)
            text = (
                f"In {len(late)} of {number} stores {stream} has not been read completely in the "
                f"last {hours:g} hours, or the store was refused, or its state cannot be read."
                if late
                else f"{stream} has been read in the last {hours:g} hours in all {number} stores."
            )
            named = "\n".join(f"- {text}" for _, text in late[:MAX_NAMED]) or "none"
            yield dg.AssetCheckResult(
                asset_key=asset,
                check_name=NAME,
                passed=not late and not error,
                severity=dg.AssetCheckSeverity.ERROR,
                description=error or text,
                metadata={
                    "stores": number,
                    "late": len(late),
                    "late_stores": dg.MetadataValue.md(named),
                },
            )

    description = "Fails when the stream has not been read completely in a store for {:g} hours."
    return dg.multi_asset_check(
        name=f"{name}_freshness",
        specs=[
            dg.AssetCheckSpec(NAME, asset=asset, description=description.format(hours))
            for asset in assets.values()
        ],
        can_subset=True,
    )(check)


def _age(at: datetime | FleetError | None, now: datetime) -> tuple[float, str]:
    """Hours since the last complete sync, and a text that says so."""
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
