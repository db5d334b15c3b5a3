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
from tap_bigcommerce.sync.list_sync import WalkSync
from tap_bigcommerce.sync.run_context import Tools
from tap_bigcommerce.sync.stream_sync import Output

LOGGER = logging.getLogger(__name__)


def sync(selections: Mapping[str, Selection], tools: Tools) -> dict[str, TapError]:
    """Read the selected streams, one walk after another. Returns what failed, by stream.

    A stream that fails does not stop the others, whatever it is. Raises RunFailed where nothing
    can be read or written any more, and Interrupted when the tap is asked to stop; a STATE has
    gone out by then if it can. A token that is refused at once leaves no message at all.
    """
    failures: dict[str, TapError] = {}
    walks = _walks(selections, tools, failures)
    try:
        asks: list[Callable[[], None]] = [*(walk.ask for walk in walks[1:]), lambda: None]
        for walk, ask_next in zip(walks, asks, strict=False):
            LOGGER.info("%s: reading", walk.names)
            tools.state.begin(walk.name)
            for output in walk.outputs:
                output.counts.began = time.monotonic()
            walk.run(ask_next)
            give_memory_back()
            # The end of a walk, whole or not, is worth a STATE.
            tools.messages.state()
            for output in walk.outputs:
                error = output.trouble
                if error is not None:
                    _note(failures, output.stream.name, error)
                    output.counts.failure = error.words
                output.counts.ended = time.monotonic()
                LOGGER.info("Summary of %s", summary(output.counts))
        tools.state.begin(None)
        tools.messages.state()
    except (Interrupted, RunFailed) as error:
        if tools.messages.any_written or isinstance(error, Interrupted):
            tools.messages.state()
        raise
    finally:
        tools.workers.close()
    return failures


def _walks(
    selections: Mapping[str, Selection], tools: Tools, failures: dict[str, TapError]
) -> list[WalkSync]:
    """One walk for all streams of the same list that begin at the same place."""
    shared: dict[Hashable, list[Output]] = {}
    lost: list[StreamCounts] = []

    def begin(selection: Selection) -> None:
        output = Output(selection, tools)
        start, apart = output.position, output.stream.apart or output.has_own_dates
        dates = (start.since, start.sync_start, start.newest, output.until)
        shared.setdefault((output.root.name, apart, start.after, dates), []).append(output)

    for name in tools.state.in_order(selections):
        error = failure_of(name, functools.partial(begin, selections[name]))
        if error is not None:
            _note(failures, name, error)
            lost.append(StreamCounts(name, failure=error.words))
    for first, *others in shared.values():
        for output in others:
            output.counts.read_with = first.stream.name
    tools.tracker.streams = [o.counts for outputs in shared.values() for o in outputs] + lost
    return [WalkSync(outputs, tools, turn) for turn, outputs in enumerate(shared.values())]


def _note(failures: dict[str, TapError], name: str, error: TapError) -> None:
    LOGGER.error("%s failed: %s", name, error.words)
    failures[name] = error
