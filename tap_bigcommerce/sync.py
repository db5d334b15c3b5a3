"""A run: which streams, in which order, and what a failure does."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Mapping

from tap_bigcommerce.exceptions import Interrupted, TapError, TargetGone, TokenRefused
from tap_bigcommerce.progress import summary
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.stream_sync import StreamSync, Tools

LOGGER = logging.getLogger(__name__)


def sync(selections: Mapping[str, Selection], tools: Tools) -> dict[str, TapError]:
    """Read the selected streams, one after another. Returns what failed, by stream.

    A stream that fails does not stop the others. Raises TokenRefused and TargetGone, after which
    nothing can be read or written, and Interrupted when the tap is asked to stop; a STATE has
    gone out by then if it can. A token that is refused at once leaves no message at all.
    """
    failures: dict[str, TapError] = {}
    runs = [
        StreamSync(selections[name], tools, turn)
        for turn, name in enumerate(tools.state.in_order(selections))
    ]
    try:
        for turn, run in enumerate(runs):
            name = run.counts.stream
            LOGGER.info("%s: reading", name)
            tools.state.begin(name)
            following = runs[turn + 1 : turn + 2]
            try:
                run.run(functools.partial(_let_begin, following))
            except (TokenRefused, TargetGone):
                raise
            except TapError as error:
                LOGGER.error("%s failed: %s", name, error.words)
                failures[name] = error
            # The end of a stream, whole or not, is worth a STATE.
            tools.messages.state(tools.state.value(), at_once=True)
            LOGGER.info("Summary of %s", summary(run.counts))
        tools.state.begin(None)
        tools.messages.state(tools.state.value(), at_once=True)
    except Interrupted:
        tools.messages.state(tools.state.value(), at_once=True)
        raise
    except TokenRefused:
        if tools.messages.any_written:
            tools.messages.state(tools.state.value(), at_once=True)
        raise
    return failures


def _let_begin(following: list[StreamSync]) -> None:
    """Let the next stream's first requests go; what fails there is raised in its own turn."""
    for run in following:
        with contextlib.suppress(TapError):
            run.ask()
