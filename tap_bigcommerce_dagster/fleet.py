"""`build_fleet`: the Dagster definitions of a fleet, and its asset."""

import contextlib
import json
import logging
import math
import random
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from tap_bigcommerce_dagster import schedule
from tap_bigcommerce_dagster.errors import FleetError
from tap_bigcommerce_dagster.facts import FAILURE, RETRIED, LogLine, Reports, finished_stores
from tap_bigcommerce_dagster.states import FolderStates, StateStore
from tap_bigcommerce_dagster.stores import FolderOfConfigs, Settings, Stores, StoresOf, Target
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

    def spec(self, key: dg.AssetKey, group: str) -> dg.AssetSpec:
        """The stream's asset, with its columns, if they are known."""
        columns = []
        for name, field in self.fields.items():
            given = field.get("type") or ()
            kinds = [given] if isinstance(given, str) else [one for one in given if one != "null"]
            text = str(field.get("description") or "") or None
            columns.append(dg.TableColumn(name, str(kinds[0]) if kinds else "any", text))
        return dg.AssetSpec(
            key,
            skippable=True,  # In a run, some stores may be materialized while others fail.
            group_name=group,
            kinds={"bigcommerce"},
            description=self.description or f"`{self.name}` of every store.",
            metadata={"dagster/column_schema": dg.TableSchema(columns)} if columns else {},
        )


def selected_streams(catalog: Path | None) -> list[Stream]:
    """The streams that a catalog selects (None: the tap's default). Raises FleetError."""
    if catalog is None:
        return [Stream(name, text, {}) for name, text in BY_DEFAULT.items()]
    found = []
    try:
        for entry in json.loads(catalog.read_text(encoding="utf-8-sig"))["streams"]:
            name, schema = entry.get("tap_stream_id") or entry["stream"], entry["schema"]
            if is_selected(entry.get("metadata") or (), schema):
                text = str(schema.get("description") or "")
                found.append(Stream(name, text, dict(schema["properties"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FleetError(
            f"The catalog {catalog} cannot be read ({type(error).__name__}). Make it with "
            "tap-bigcommerce --discover."
        ) from error
    if not found:
        raise FleetError(f"The catalog {catalog} selects no stream.")
    return found


def is_selected(metadata: Iterable[Any], schema: Mapping[str, Any]) -> bool:
    """Whether the tap reads a stream, of which a catalog has this metadata and schema."""
    given: Mapping[str, Any] = next((m["metadata"] for m in metadata if not m["breadcrumb"]), {})
    # Old catalogs have it in the schema.
    values = (given.get("selected"), schema.get("selected"), given.get("selected-by-default"))
    texts = [str(value).lower() for value in values]
    return next((text == "true" for text in texts if text in ("true", "false")), False)


class Retries(NamedTuple):
    """How often a run retries failed stores, and the wait before that: it doubles each time."""

    most: int = 3
    delay: float = 60.0  # In seconds.


def build_fleet(
    *,
    tap: str | Sequence[str],
    target: Target,
    stores: str | Path | Stores | Callable[[], Mapping[str, Settings]],
    states: str | Path | StateStore,
    settings: Mapping[str, Any] | None = None,
    catalog: str | Path | None = None,
    reports: str | Path | Reports | None = None,
    name: str = "bigcommerce",
    key_prefix: Sequence[str] | None = None,
    cron: str | None = "0 * * * *",
    stores_per_run: int = 25,
    at_once: int = 4,
    retries: Retries | None = None,
    pool: str | None = None,
    stalled_after_minutes: float | None = 60.0,
    late_after_hours: float = 3.0,
    check_cron: str | None = "*/15 * * * *",
    look_every: int = 60,
    keep_days: float | None = 30.0,
) -> dg.Definitions:
    """Dagster definitions for all stores: assets, job, schedules, sensor and freshness checks.

    docs/fleet.md explains the arguments. None for a cron is no schedule, and for `keep_days` keeps
    runs and reports for ever. Raises FleetError for invalid arguments.
    """
    if stores_per_run < 1 or at_once < 1:
        raise FleetError("stores_per_run and at_once should be 1 or more.")
    store_list: Any = FolderOfConfigs(stores) if isinstance(stores, (str, Path)) else stores
    if not hasattr(store_list, "names"):
        store_list = StoresOf(store_list)
    command = [tap] if isinstance(tap, str) else tap
    options = [] if catalog is None else ["--catalog", str(Path(catalog).absolute())]
    config = SyncConfig(
        tap=[*command, *options],
        target=target,
        stores=store_list,
        states=FolderStates(states) if isinstance(states, (str, Path)) else states,
        settings=settings or {},
        reports=Reports(reports) if isinstance(reports, (str, Path)) else reports,
        at_once=at_once,
        stalled_after=60 * (math.inf if stalled_after_minutes is None else stalled_after_minutes),
    )
    prefix = [name] if key_prefix is None else [*key_prefix]
    found = selected_streams(None if catalog is None else Path(catalog))
    streams = {dg.AssetKey([*prefix, stream.name]): stream for stream in found}
    by_store = dg.DynamicPartitionsDefinition(name=f"{name}_stores")
    names = {key: stream.name for key, stream in streams.items()}
    retries = retries or Retries()
    # Without a retry policy: with one, Dagster would restart a run that a user terminates.
    asset = dg.multi_asset(
        specs=[stream.spec(key, name) for key, stream in streams.items()],
        name=f"{name}_sync",
        can_subset=True,
        partitions_def=by_store,
        backfill_policy=dg.BackfillPolicy.multi_run(stores_per_run),
        pool=pool,
    )(_sync_function(names, config, retries))
    checks = schedule.build_checks(name, names, config, late_after_hours)
    job = dg.define_asset_job(f"{name}_job", dg.AssetSelection.assets(asset).without_checks())
    check_job = dg.define_asset_job(f"{name}_freshness_job", dg.AssetSelection.checks(checks))
    schedules = []
    if cron is not None:
        # A run that works logs an event within this time, even if it waits for a sync or a retry.
        dead_after = config.stalled_after + 2 * retries.delay * 2**retries.most
        schedules.append(
            schedule.build_schedule(name, names, job, by_store, cron, stores_per_run, dead_after)
        )
    if check_cron is not None:
        schedules.append(schedule.running(f"{name}_freshness_schedule", check_job, check_cron))
    if keep_days is not None:
        schedules.append(schedule.build_cleanup(name, config.reports, keep_days))
    return dg.Definitions(
        assets=[asset],
        asset_checks=[checks],
        jobs=[job, check_job],
        schedules=schedules,
        sensors=[schedule.build_sensor(name, store_list, by_store, look_every)],
        # Dagster's default, a process per step, would take longer than the sync of most stores.
        executor=dg.in_process_executor,
    )


def _sync_function(
    names: Mapping[dg.AssetKey, str], config: SyncConfig, retries: Retries
) -> Callable[[dg.AssetExecutionContext], Generator[Any, None, None]]:
    """The asset's function. `names` are those of the streams."""

    def sync_stores(context: dg.AssetExecutionContext) -> Generator[Any, None, None]:
        """Read the stores of this run, materialize those that succeed, fail if any has failed."""
        chosen = {key: name for key, name in names.items() if key in context.selected_asset_keys}
        left_out = [name for key, name in names.items() if key not in chosen]
        part = replace(config, streams=[*chosen.values()], left_out=left_out)
        failures = yield from _read(part, chosen, context)
        if not failures:
            return
        stores = len(context.partition_keys)
        messages = [] if stores == 1 else [f"{len(failures)} of {stores} stores failed."]
        failure = dg.Failure(
            "\n".join([*messages, *map(str, failures.values())]),
            metadata={"failed_stores": sorted(failures)},
            allow_retries=any(error.worth_retrying for error in failures.values()),
        )
        if not failure.allow_retries or context.retry_number >= retries.most:
            raise failure
        # Not all runs of a fleet retry at the same time.
        wait = retries.delay * 2.0**context.retry_number * random.uniform(0.75, 1.25)
        raise dg.RetryRequested(retries.most, wait) from failure

    return sync_stores


def _read(
    config: SyncConfig, keys: Mapping[dg.AssetKey, str], context: dg.AssetExecutionContext
) -> Generator[Any, None, dict[str, FleetError]]:
    """Read the stores, yield or log their events, and return the errors by store."""
    left = list(context.partition_keys)
    alone = len(left) == 1
    failures: dict[str, FleetError] = {}
    if context.retry_number:
        done, failures = finished_stores(context.instance, context.run_id)
        left = [store for store in left if store not in done and store not in failures]
    with contextlib.closing(read(config, left, context.run_id)) as events:
        for store, event in events:
            if isinstance(event, FleetError):
                failures[store] = event
                context.log.error(event.message)
                shown = {FAILURE: event.message, RETRIED: event.worth_retrying}
                first = next(iter(keys))
                context.log_event(dg.AssetObservation(first, partition=store, metadata=shown))
            elif isinstance(event, LogLine):
                prefix = "" if alone else f"[{store}] "
                context.log.log(max(event.level, logging.DEBUG), prefix + event.message)
            else:
                for key, stream in keys.items():
                    shown = event.metadata(stream)
                    if alone:
                        yield dg.MaterializeResult(asset_key=key, metadata=shown)
                    else:
                        # A MaterializeResult would be one of all stores, also of failed ones.
                        made = dg.AssetMaterialization(key, partition=store, metadata=shown)
                        context.log_event(made)
    return failures
