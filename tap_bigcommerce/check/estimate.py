"""How many requests a sync will take, and how long, as far as that can be known before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tap_bigcommerce import costs
from tap_bigcommerce.check.counting import Part
from tap_bigcommerce.config import Config
from tap_bigcommerce.costs import Load
from tap_bigcommerce.quota import Allowance
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.streams import root_of

Sinces = Mapping[str, str | None]
"""From which date on each stream is read; None: everything."""


@dataclass(frozen=True)
class Estimate:
    """Requests and seconds: what is to be expected, and the same if all orders hint at coupons.

    `uncounted` are the lists of which nobody knows how many rows they have; each is taken to fit
    one page, so that all figures are too low where one is longer.
    """

    requests: int
    requests_high: int
    seconds: float
    seconds_high: float
    uncounted: tuple[str, ...]


def part_of(selection: Selection, since: str | None) -> Part:
    """The part of a list that is walked for a stream."""
    root = root_of(selection.stream)
    return root.name, since if _is_filtered(selection) else None


def estimate(
    selections: Sequence[Selection],
    sinces: Sinces,
    counts: Mapping[Part, int | None],
    config: Config,
    allowance: Allowance | None,
    latency: float,
) -> Estimate:
    """What a sync of `selections` takes; `latency` is in seconds an answer."""
    walks: dict[tuple[Part, bool], list[Selection]] = {}
    for selection in selections:
        child = selection.stream.child
        apart = child is not None and (child.apart or selection.stream.modified_since is not None)
        part = part_of(selection, sinces[selection.stream.name])
        walks.setdefault((part, apart), []).append(selection)
    load, uncounted = Load(), dict[str, None]()
    for (part, _), together in walks.items():
        root = root_of(together[0].stream)
        if counts[part] is None and root.walk.paged:
            uncounted[root.name] = None
        load += costs.of_walk(root, counts[part], together, config)
    return Estimate(
        load.expected,
        load.high,
        _seconds(load.in_turn, load.parallel, config, allowance, latency),
        _seconds(load.in_turn, load.parallel_high, config, allowance, latency),
        tuple(uncounted),
    )


def _is_filtered(selection: Selection) -> bool:
    """The walked list is filtered by the stream's date; rows with dates of their own are found
    below all rows of their parent."""
    return selection.stream.child is None or selection.stream.modified_since is None


def _seconds(
    in_turn: int, parallel: int, config: Config, allowance: Allowance | None, latency: float
) -> float:
    """The longer of two: waiting for answers, and waiting for the quota."""
    answering = latency * (in_turn + parallel / config.max_concurrency)
    if allowance is None:
        return answering
    a_window = max(1, math.floor(allowance.quota * config.quota_share))
    full_windows = max(0, in_turn + parallel - 1) // a_window
    return max(answering, full_windows * allowance.window)
