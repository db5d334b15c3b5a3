"""The asset: one for all stores, a partition for each, an output for each stream."""

# No postponed annotations here: Dagster looks at those of the functions that it calls.

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from tap_bigcommerce_dagster import metadata, parallel, run_log
from tap_bigcommerce_dagster.streams import StreamInfo
from tap_bigcommerce_dagster.sync import Recipe, Synced


@dataclass(frozen=True)
class Retries:
    """How often a store that failed is tried again in a run, and how long is waited before.

    `delay` is in seconds, and doubles each time.
    """

    most: int = 3
    delay: float = 60.0

    def wait(self, done: int) -> float:
        """Seconds before the next try, after so many; runs that failed together do not wait so."""
        return self.delay * 2.0**done * random.uniform(0.75, 1.25)


@dataclass(frozen=True)
class Shape:
    """How the asset looks in Dagster. A run reads up to `stores_per_run`, `at_once` at a time."""

    name: str
    partitions: dg.DynamicPartitionsDefinition
    streams: Sequence[StreamInfo]
    key_prefix: Sequence[str]
    stores_per_run: int
    at_once: int
    retries: Retries
    pool: str | None

    def key(self, stream: StreamInfo) -> dg.AssetKey:
        """The asset of a stream."""
        return dg.AssetKey([*self.key_prefix, stream.name])


def build_asset(recipe: Recipe, shape: Shape) -> dg.AssetsDefinition:
    """One multi-asset over the streams, partitioned by store."""
    specs = [
        dg.AssetSpec(
            shape.key(stream),
            # A store that failed has no materialization, while others of its run have.
            skippable=True,
            group_name=shape.name,
            kinds={"bigcommerce"},
            description=f"`{stream.name}` of every store.",
            metadata=metadata.of_columns(stream),
        )
        for stream in shape.streams
    ]

    def sync_stores(context: dg.AssetExecutionContext) -> Iterator[Any]:
        """Read the stores of this run."""
        yield from _Run(recipe, shape, context).run()

    return dg.multi_asset(
        specs=specs,
        name=f"{shape.name}_sync",
        partitions_def=shape.partitions,
        backfill_policy=dg.BackfillPolicy.multi_run(shape.stores_per_run),
        # No retry policy: Dagster would start a run again that somebody stops.
        pool=shape.pool,
    )(sync_stores)


class _Run:
    def __init__(self, recipe: Recipe, shape: Shape, context: dg.AssetExecutionContext) -> None:
        self._recipe = recipe
        self._shape = shape
        self._context = context
        self._failures: dict[str, tuple[str, bool]] = {}

    def run(self) -> Iterator[Any]:
        """Read the stores, materialize those that were read, and fail if any was not."""
        names = list(self._context.partition_keys)
        left = self._left_over(names) if self._context.retry_number else names
        events = parallel.read(self._recipe, left, self._context.run_id, self._shape.at_once)
        try:
            for event in events:
                if isinstance(event, Synced):
                    yield from self._materialized(event, alone=len(names) == 1)
                elif isinstance(event, parallel.Failed):
                    self._failed(event)
                else:
                    words = event.words if len(names) == 1 else f"[{event.store}] {event.words}"
                    self._context.log.log(max(event.level, logging.DEBUG), words)
        finally:
            events.close()
        if self._failures:
            failure, done = self._failure(len(names)), self._context.retry_number
            if not failure.allow_retries or done >= self._shape.retries.most:
                raise failure
            wait = self._shape.retries.wait(done)
            raise dg.RetryRequested(self._shape.retries.most, wait) from failure

    def _materialized(self, synced: Synced, *, alone: bool) -> Iterator[Any]:
        for stream in self._shape.streams:
            key, shown = self._shape.key(stream), metadata.of_stream(synced, stream.name)
            if alone:
                yield dg.MaterializeResult(asset_key=key, metadata=shown)
            else:
                # A result would count for all stores of the run, also for those that failed.
                event = dg.AssetMaterialization(key, partition=synced.store, metadata=shown)
                self._context.log_event(event)

    def _failed(self, failed: parallel.Failed) -> None:
        self._failures[failed.store] = (failed.words, failed.worth_retrying)
        self._context.log.error(failed.words)
        self._context.log_event(
            dg.AssetObservation(
                self._shape.key(self._shape.streams[0]),
                partition=failed.store,
                metadata={run_log.FAILURE: failed.words, run_log.RETRIED: failed.worth_retrying},
            )
        )

    def _left_over(self, names: Sequence[str]) -> list[str]:
        """The stores that earlier attempts of this run have left to do.

        From Dagster's own record of them: an attempt may be another process.
        """
        read, given_up = run_log.ended(self._context.instance, self._context.run_id)
        self._failures |= {store: (words, False) for store, words in given_up.items()}
        return [name for name in names if name not in read and name not in given_up]

    def _failure(self, stores: int) -> dg.Failure:
        words = [words for words, _ in self._failures.values()]
        again = any(worth for _, worth in self._failures.values())
        head = "" if stores == 1 else f"{len(words)} of {stores} stores failed.\n"
        return dg.Failure(
            head + "\n".join(words),
            metadata={"failed_stores": sorted(self._failures)},
            allow_retries=again,
        )
