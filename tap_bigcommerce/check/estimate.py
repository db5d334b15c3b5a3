"""How many rows there are, and what a sync will take: pages, and one lookup a parent.

Rows are counted from totals and count addresses only: no list is read for it.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tap_bigcommerce.config import Config
from tap_bigcommerce.costs import lookups, page_size, wants_v3
from tap_bigcommerce.probe import Access, Prober
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.timeline import Allowance

Part = tuple[str, str | None]
"""A list, by its stream's name, and the date from which on rows are counted (None: all)."""

IN_THE_FUTURE = "2200-01-01T00:00:00Z"
"""Nothing was modified after it: an address that counts rows all the same heeds no filter."""

COUPON_SHARE = 0.1
"""How many of the orders are taken to hint at a coupon where nobody can know. A guess."""

Sinces = Mapping[str, str | None]
"""From which date on each stream is read; None: everything."""


@dataclass(frozen=True)
class Estimate:
    """Requests and seconds: what is to be expected, and the same if all orders hint at coupons.

    Each list of unknown length is taken to fit one page, so that all figures are too low where one
    is longer.
    """

    requests: int
    requests_high: int
    seconds: float
    seconds_high: float
    lists_of_unknown_length: tuple[str, ...]


def count_all(
    parts: Iterable[Part], looks: Mapping[str, Access], config: Config, prober: Prober
) -> dict[Part, int | None]:
    """How many rows each part has; missing or None where the API tells nobody."""
    dates: dict[str, set[str | None]] = defaultdict(set)
    for name, since in parts:
        dates[name].add(since)
    counts = prober.run_all(
        {
            name: functools.partial(_count, looks[name], sinces, config, prober)
            for name, sinces in dates.items()
            if looks[name].readable
        }
    )
    return {(name, since): rows for name in counts for since, rows in counts[name].items()}


def _count(
    look: Access, sinces: Collection[str | None], config: Config, prober: Prober
) -> dict[str | None, int | None]:
    """How many rows one list has from each of these dates on."""
    root = look.stream
    date = root.modified_since
    # Their documentation names no filters, but count addresses may heed those of the list.
    heeds_filters = root.count is None or (
        any(sinces) and date is not None and prober.count(root, {date: IN_THE_FUTURE}) == 0
    )
    counts = {}
    for since in sinces:
        params = root.channel_filter(config.channel_ids)
        if since is not None and date is not None:
            params[date] = since
        if look.total == 0 or not (params or root.count):
            counts[since] = look.total
        elif heeds_filters or not params:
            counts[since] = prober.count(root, params)
    return counts


def part_of(selection: Selection, sinces: Sinces) -> Part:
    """The part of a list that is walked for a stream.

    Rows with dates of their own are found below all rows of their parent.
    """
    stream = selection.stream
    own_date = stream.parent is not None and stream.modified_since is not None
    return root_of(stream).name, None if own_date else sinces[stream.name]


def estimate(
    selections: Sequence[Selection],
    sinces: Sinces,
    counts: Mapping[Part, int | None],
    config: Config,
    allowance: Allowance | None,
    latency: float,
) -> Estimate:
    """What a sync of `selections` takes; `latency` is in seconds an answer."""
    walks: dict[tuple[Part, int], list[Selection]] = {}
    for selection in selections:
        walk = part_of(selection, sinces), page_size(selection.stream, config)
        walks.setdefault(walk, []).append(selection)
    requests = coupons = 0
    unknown: dict[str, None] = {}
    for (part, size), together in walks.items():
        root, rows = STREAMS[part[0]], counts.get(part) or 0
        if counts.get(part) is None and root.walk.paged:
            unknown[root.name] = None
        requests += rows // size + 1 if root.walk.paged else 1
        if any(map(wants_v3, together)):
            requests += rows // size + 1
        lists = lookups(together, config)
        if "coupons" in lists and config.order_coupons == "auto":
            lists.remove("coupons")
            coupons += rows
        requests += rows * len(lists)
    expected, high = requests + math.ceil(coupons * COUPON_SHARE), requests + coupons

    def seconds(requests: int) -> float:
        """The longer of two: waiting for answers, and waiting for the quota."""
        taken = latency * requests / config.max_concurrency
        if allowance is not None:
            a_window = max(1, math.floor(allowance.quota * config.quota_share))
            taken = max(taken, max(0, requests - 1) // a_window * allowance.window)
        return round(taken, 1)

    return Estimate(expected, high, seconds(expected), seconds(high), tuple(unknown))
