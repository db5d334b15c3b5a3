"""A run: which streams, in which order, and what a failure does."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Hashable, Mapping

from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.exceptions import Interrupted, RunFailed, TapError, failure_of
from tap_bigcommerce.memory import give_memory_back
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.metrics import summary
from tap_bigcommerce.sync.list_sync import ListSync
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.stream_sync import StreamSync

LOGGER = logging.getLogger(__name__)


def sync(selections: Mapping[str, Selection], run: RunContext) -> dict[str, TapError]:
    """Read the selected streams, one walk after another. Returns what failed, by stream.

    A stream that fails does not stop the others, whatever it is. Raises RunFailed where nothing
    can be read or written any more, and Interrupted when the tap is asked to stop; a STATE has
    gone out by then if it can. A token that is refused at once leaves no message at all.
    """
    failures: dict[str, TapError] = {}
    list_syncs = _list_syncs(selections, run, failures)
    try:
        asks: list[Callable[[], None]] = [
            *(list_sync.send_requests for list_sync in list_syncs[1:]),
            lambda: None,
        ]
        for list_sync, ask_next in zip(list_syncs, asks, strict=False):
            LOGGER.info("%s: reading", list_sync.names)
            run.state.set_currently_syncing(list_sync.name)
            for stream_sync in list_sync.stream_syncs:
                stream_sync.counts.began = time.monotonic()
            list_sync.run(ask_next)
            give_memory_back()
            # The end of a walk, whole or not, is worth a STATE.
            run.messages.write_state()
            for stream_sync in list_sync.stream_syncs:
                error = stream_sync.trouble
                if error is not None:
                    _note(failures, stream_sync.stream.name, error)
                    stream_sync.counts.failure = error.message
                stream_sync.counts.ended = time.monotonic()
                LOGGER.info("Summary of %s", summary(stream_sync.counts))
        run.state.set_currently_syncing(None)
        run.messages.write_state()
    except (Interrupted, RunFailed) as error:
        if run.messages.any_written or isinstance(error, Interrupted):
            run.messages.write_state()
        raise
    finally:
        run.workers.close()
    return failures


def _list_syncs(
    selections: Mapping[str, Selection], run: RunContext, failures: dict[str, TapError]
) -> list[ListSync]:
    """One walk for all streams of the same list that begin at the same place."""
    shared: dict[Hashable, list[StreamSync]] = {}
    lost: list[StreamCounts] = []

    def begin(selection: Selection) -> None:
        stream_sync = StreamSync(selection, run)
        start, stream = stream_sync.position, stream_sync.stream
        separate = stream.separate_pass or stream_sync.has_own_dates
        dates = (start.since, start.sync_start, start.newest, stream_sync.until)
        shared.setdefault((stream_sync.root.name, separate, start.after, dates), []).append(
            stream_sync
        )

    for name in run.state.in_order(selections):
        error = failure_of(name, functools.partial(begin, selections[name]))
        if error is not None:
            _note(failures, name, error)
            lost.append(StreamCounts(name, failure=error.message))
    for first, *others in shared.values():
        for stream_sync in others:
            stream_sync.counts.read_with = first.stream.name
    run.tracker.streams = [
        o.counts for stream_syncs in shared.values() for o in stream_syncs
    ] + lost
    return [
        ListSync(stream_syncs, run, priority)
        for priority, stream_syncs in enumerate(shared.values())
    ]


def _note(failures: dict[str, TapError], name: str, error: TapError) -> None:
    LOGGER.error("%s failed: %s", name, error.message)
    failures[name] = error
