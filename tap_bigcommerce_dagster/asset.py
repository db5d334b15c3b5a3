"""The Dagster asset: one partition per store, one output per stream."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

import json
import logging
import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.facts import FAILURE, RETRIED, Facts, finished_stores
from tap_bigcommerce_dagster.sync import SyncConfig, read

# What the tap reads without a catalog, with descriptions; a test compares it with the tap.
BY_DEFAULT = {
    "coupons": "A coupon code that shoppers can redeem, read in full every time because it carries "
    "no date of change.",
    "customers": "A customer with an account in the store; guests who only ordered are not among "
    "them.",
    "orders": "An order with its line items, addresses, coupons and fees, abandoned checkouts "
    "(status 0) included.",
    "products": "A product of the catalog with its variants, pictures, videos, custom fields and "
    "quantity prices.",
}


class Stream(NamedTuple):
    """A stream, and the JSON schemas of its fields, if known."""

    name: str
    description: str
    fields: Mapping[str, Any]


def selected_streams(catalog: Path | None) -> list[Stream]:
    """The streams that a catalog selects (None: the tap's default).

    Raises FleetError if the file is not a catalog, or selects no stream.
    """
    if catalog is None:
        return [Stream(name, text, {}) for name, text in BY_DEFAULT.items()]
    try:
        entries = json.loads(catalog.read_text(encoding="utf-8-sig"))["streams"]
        found = [
            Stream(
                entry.get("tap_stream_id") or entry["stream"],
                str(entry["schema"].get("description") or ""),
                dict(entry["schema"]["properties"]),
            )
            for entry in entries
            if _is_selected(entry)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FleetError(
            f"The catalog {catalog} cannot be read ({type(error).__name__}). Make it with "
            "tap-bigcommerce --discover."
        ) from error
    if not found:
        raise FleetError(f"The catalog {catalog} selects no stream.")
    return found


def _is_selected(entry: Mapping[str, Any]) -> bool:
    for item in entry.get("metadata") or ():
        if not item["breadcrumb"]:
            given: dict[str, Any] = item["metadata"]
            selected = given.get("selected", given.get("selected-by-default"))
            return str(selected).lower() == "true"
    return False


@dataclass(frozen=True)
class Retries:
    """How often a run retries failed stores, and how long it waits before each retry.

    `most` is the maximum number of retries. `delay` is in seconds and doubles with each retry.
    """

    most: int = 3
    delay: float = 60.0

    def wait(self, done: int) -> float:
        """Seconds to wait after `done` retries; random, so that runs do not retry together."""
        return self.delay * 2.0**done * random.uniform(0.75, 1.25)


def build_asset(
    name: str,
    streams: Mapping[dg.AssetKey, Stream],
    config: SyncConfig,
    at_once: int,
    retries: Retries,
    **options: Any,
) -> dg.AssetsDefinition:
    """A multi-asset of these streams. `options` are further ones of Dagster's multi_asset."""
    specs = [
        dg.AssetSpec(
            key,
            # In a run, some stores may be materialized while others fail.
            skippable=True,
            group_name=name,
            kinds={"bigcommerce"},
            description=stream.description or f"`{stream.name}` of every store.",
            metadata=_columns(stream),
        )
        for key, stream in streams.items()
    ]

    def sync_stores(context: dg.AssetExecutionContext) -> Generator[Any, None, None]:
        """Read the stores of this run, materialize those that succeed, fail if any has failed."""
        chosen = {k: s.name for k, s in streams.items() if k in context.selected_asset_keys}
        names = [stream.name for stream in streams.values() if stream.name in chosen.values()]
        left_out = [stream.name for stream in streams.values() if stream.name not in names]
        failures = yield from _read(
            replace(config, streams=names, left_out=left_out), chosen, at_once, context
        )
        if not failures:
            return
        messages, stores = "\n".join(map(str, failures.values())), len(context.partition_keys)
        failure = dg.Failure(
            messages if stores == 1 else f"{len(failures)} of {stores} stores failed.\n{messages}",
            metadata={"failed_stores": sorted(failures)},
            allow_retries=any(error.worth_retrying for error in failures.values()),
        )
        done = context.retry_number
        if not failure.allow_retries or done >= retries.most:
            raise failure
        raise dg.RetryRequested(retries.most, retries.wait(done)) from failure

    # Without a retry policy: with one, Dagster would restart a run that a user terminates.
    return dg.multi_asset(specs=specs, name=f"{name}_sync", can_subset=True, **options)(sync_stores)


def _read(
    config: SyncConfig,
    keys: Mapping[dg.AssetKey, str],
    at_once: int,
    context: dg.AssetExecutionContext,
) -> Generator[Any, None, dict[str, FleetError]]:
    """Read the stores, yield or log their events, and return the errors by store."""
    stores = list(context.partition_keys)
    alone = len(stores) == 1
    failures: dict[str, FleetError] = {}
    left: Sequence[str] = stores
    if context.retry_number:
        done, failed = finished_stores(context.instance, context.run_id)
        failures = {store: FleetError(message) for store, message in failed.items()}
        left = [store for store in stores if store not in done and store not in failed]
    events = read(config, left, context.run_id, at_once)
    try:
        for store, event in events:
            if isinstance(event, FleetError):
                failures[store] = event
                context.log.error(event.message)
                shown = {FAILURE: event.message, RETRIED: event.worth_retrying}
                first = next(iter(keys))
                context.log_event(dg.AssetObservation(first, partition=store, metadata=shown))
            elif isinstance(event, Facts):
                for key, stream in keys.items():
                    shown = event.metadata(stream)
                    if alone:
                        yield dg.MaterializeResult(asset_key=key, metadata=shown)
                    else:
                        # A MaterializeResult would apply to all stores of the run, also to failed
                        # ones.
                        made = dg.AssetMaterialization(key, partition=store, metadata=shown)
                        context.log_event(made)
            else:
                prefix = "" if alone else f"[{store}] "
                context.log.log(max(event.level, logging.DEBUG), prefix + event.message)
    finally:
        events.close()
    return failures


def _columns(stream: Stream) -> dict[str, Any]:
    """The metadata of a stream's asset: its columns."""
    if not stream.fields:
        return {}
    columns = []
    for name, field in stream.fields.items():
        given = field.get("type") or ()
        kinds = [given] if isinstance(given, str) else [kind for kind in given if kind != "null"]
        kind = str(kinds[0]) if kinds else "any"
        columns.append(dg.TableColumn(name, kind, str(field.get("description") or "") or None))
    return {"dagster/column_schema": dg.TableSchema(columns)}
