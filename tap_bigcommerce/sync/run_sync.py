"""Reads the selected streams in order; a failed one does not stop others."""

import functools
import logging
import time
from collections.abc import Hashable, Mapping

from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.exceptions import Interrupted, RunFailed, TapError, failure_of
from tap_bigcommerce.memory import give_memory_back
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.metrics import log_failure, log_missing_permissions, summary
from tap_bigcommerce.sync.list_sync import ListSync
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.stream_sync import StreamSync

LOGGER = logging.getLogger(__name__)


def sync(selections: Mapping[str, Selection], run: RunContext) -> dict[str, TapError]:
    """Read the selected streams, one list after another, and write their messages.

    Returns the error of each stream that failed; the other streams are read nevertheless. Raises
    RunFailed if nothing can be read or written any more, and Interrupted on a signal. Before it
    raises, it writes a STATE if that is possible; but none after an error before the first message.
    """
    failures: dict[str, TapError] = {}
    list_syncs = _list_syncs(selections, run, failures)
    try:
        for list_sync, following in zip(list_syncs, [*list_syncs[1:], None], strict=False):
            LOGGER.info("%s: reading", list_sync.names)
            run.state.set_currently_syncing(list_sync.name)
            for stream_sync in list_sync.stream_syncs:
                stream_sync.counts.began = time.monotonic()
            list_sync.run(following.send_requests if following is not None else lambda: None)
            give_memory_back()
            # At the end of a list a STATE is always written, also if the list failed.
            run.messages.write_state()
            for stream_sync in list_sync.stream_syncs:
                error = stream_sync.error
                if error is not None:
                    _record_failure(failures, stream_sync.stream.name, error)
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
        log_missing_permissions(failures)
        run.workers.close()
    return failures


def _list_syncs(
    selections: Mapping[str, Selection], run: RunContext, failures: dict[str, TapError]
) -> list[ListSync]:
    """Return what reads each list.

    Streams of one list are read together if they start at the same position and dates. The error
    of a stream that cannot start is added to `failures`.
    """
    shared: dict[Hashable, list[StreamSync]] = {}
    not_started: list[StreamCounts] = []

    def add(selection: Selection) -> None:
        stream_sync = StreamSync(selection, run)
        start, stream = stream_sync.start, stream_sync.stream
        separate = stream.separate_pass or stream_sync.has_own_dates
        dates = (start.since, start.sync_start, start.newest, stream_sync.until)
        key = (stream_sync.root.name, separate, start.after, dates)
        shared.setdefault(key, []).append(stream_sync)

    for name in run.state.in_order(selections):
        error = failure_of(name, functools.partial(add, selections[name]))
        if error is not None:
            _record_failure(failures, name, error)
            not_started.append(StreamCounts(name, failure=error.message))
    for first, *others in shared.values():
        for stream_sync in others:
            stream_sync.counts.read_with = first.stream.name
    run.tracker.streams = [
        stream_sync.counts for group in shared.values() for stream_sync in group
    ] + not_started
    return [ListSync(group, run, priority) for priority, group in enumerate(shared.values())]


def _record_failure(failures: dict[str, TapError], name: str, error: TapError) -> None:
    # An error of several streams is logged once.
    if error.message not in {other.message for other in failures.values()}:
        log_failure(error)
    failures[name] = error
