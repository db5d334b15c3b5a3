"""The Dagster asset: one partition per store, one output per stream."""

# No postponed annotations here: Dagster reads those of the functions that it calls.

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster import metadata, parallel, run_log
from tap_bigcommerce_dagster.streams import StreamInfo
from tap_bigcommerce_dagster.sync import Subset, SyncConfig, SyncResult


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


@dataclass(frozen=True)
class AssetOptions:
    """Names and limits of the asset.

    A run reads up to `stores_per_run` stores, `at_once` of them at the same time.
    """

    name: str
    partitions: dg.DynamicPartitionsDefinition
    streams: Sequence[StreamInfo]
    key_prefix: Sequence[str]
    stores_per_run: int
    at_once: int
    retries: Retries
    pool: str | None

    def key(self, stream: StreamInfo) -> dg.AssetKey:
        """The asset key of a stream."""
        return dg.AssetKey([*self.key_prefix, stream.name])


def build_asset(config: SyncConfig, options: AssetOptions) -> dg.AssetsDefinition:
    """A multi-asset of all streams, partitioned by store."""
    specs = [
        dg.AssetSpec(
            options.key(stream),
            # In a run, some stores may be materialized while others fail.
            skippable=True,
            group_name=options.name,
            kinds={"bigcommerce"},
            description=stream.description or f"`{stream.name}` of every store.",
            metadata=metadata.of_columns(stream),
        )
        for stream in options.streams
    ]

    def sync_stores(context: dg.AssetExecutionContext) -> Iterator[Any]:
        """Read the stores of this run."""
        yield from _Run(config, options, context).run()

    return dg.multi_asset(
        specs=specs,
        name=f"{options.name}_sync",
        partitions_def=options.partitions,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.multi_run(options.stores_per_run),
        # Without a retry policy: with one, Dagster would restart a run that a user terminates.
        pool=options.pool,
    )(sync_stores)


class _Run:
    def __init__(
        self, config: SyncConfig, options: AssetOptions, context: dg.AssetExecutionContext
    ) -> None:
        self._options = options
        self._context = context
        chosen = context.selected_asset_keys
        self._streams = [stream for stream in options.streams if options.key(stream) in chosen]
        left_out = [s.name for s in options.streams if s not in self._streams]
        if left_out:
            names = [stream.name for stream in self._streams]
            config = replace(config, subset=Subset(names, left_out))
        self._config = config
        self._failures: dict[str, tuple[str, bool]] = {}

    def run(self) -> Iterator[Any]:
        """Read the stores, materialize those that succeed, and fail if any has failed."""
        names = list(self._context.partition_keys)
        left = self._remaining(names) if self._context.retry_number else names
        events = parallel.read(self._config, left, self._context.run_id, self._options.at_once)
        try:
            for event in events:
                if isinstance(event, SyncResult):
                    yield from self._materialize(event, alone=len(names) == 1)
                elif isinstance(event, parallel.StoreFailed):
                    self._note_failure(event)
                else:
                    prefix = "" if len(names) == 1 else f"[{event.store}] "
                    level = max(event.level, logging.DEBUG)
                    self._context.log.log(level, prefix + event.message)
        finally:
            events.close()
        if self._failures:
            failure, done = self._failure(len(names)), self._context.retry_number
            if not failure.allow_retries or done >= self._options.retries.most:
                raise failure
            wait = self._options.retries.wait(done)
            raise dg.RetryRequested(self._options.retries.most, wait) from failure

    def _materialize(self, result: SyncResult, *, alone: bool) -> Iterator[Any]:
        for stream in self._streams:
            key, shown = self._options.key(stream), metadata.of_stream(result, stream.name)
            if alone:
                yield dg.MaterializeResult(asset_key=key, metadata=shown)
            else:
                # A MaterializeResult would apply to all stores of the run, also to failed ones.
                event = dg.AssetMaterialization(key, partition=result.store, metadata=shown)
                self._context.log_event(event)

    def _note_failure(self, failed: parallel.StoreFailed) -> None:
        self._failures[failed.store] = (failed.message, failed.worth_retrying)
        self._context.log.error(failed.message)
        self._context.log_event(
            dg.AssetObservation(
                self._options.key(self._streams[0]),
                partition=failed.store,
                metadata={run_log.FAILURE: failed.message, run_log.RETRIED: failed.worth_retrying},
            )
        )

    def _remaining(self, names: Sequence[str]) -> list[str]:
        """The stores that earlier attempts of this run have not finished.

        They are read from Dagster's event log: an attempt may have been another process.
        """
        read, failed = run_log.finished_stores(self._context.instance, self._context.run_id)
        self._failures |= {store: (message, False) for store, message in failed.items()}
        return [name for name in names if name not in read and name not in failed]

    def _failure(self, stores: int) -> dg.Failure:
        messages = [message for message, _ in self._failures.values()]
        head = "" if stores == 1 else f"{len(messages)} of {stores} stores failed.\n"
        return dg.Failure(
            head + "\n".join(messages),
            metadata={"failed_stores": sorted(self._failures)},
            allow_retries=any(worth_retrying for _, worth_retrying in self._failures.values()),
        )
