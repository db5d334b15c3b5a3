"""How many rows lists have, from totals and count addresses only: no list is read for it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import RequestFailed, TokenRefused
from tap_bigcommerce.probe import FirstLook, Prober, counted
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

Part = tuple[str, str | None]
"""A list, by its stream's name, and the date from which on rows are counted (None: all)."""

IN_THE_FUTURE = "2200-01-01T00:00:00Z"
"""Nothing was modified after it: an address that counts rows all the same heeds no filter."""


def count_all(
    parts: Iterable[Part],
    looks: Mapping[str, FirstLook],
    config: Config,
    prober: Prober,
) -> dict[Part, int | None]:
    """How many rows each part has; None where the API tells nobody, or cannot be asked."""
    readable = [part for part in dict.fromkeys(parts) if looks[part[0]].access.readable]
    heeding = prober.workers.run_all(
        {
            name: functools.partial(_heeds_filters, STREAMS[name], prober)
            for name in {name for name, since in readable if since is not None}
            if STREAMS[name].count_path is not None
        },
        prober.seconds_left,
    )
    counts = prober.workers.run_all(
        {
            (name, since): functools.partial(
                _count,
                STREAMS[name],
                _filters(STREAMS[name], since, config),
                looks[name],
                heeding.get(name, False),
                prober,
            )
            for name, since in readable
        },
        prober.seconds_left,
    )
    return {part: counts.get(part) for part in parts}


def _filters(root: Stream, since: str | None, config: Config) -> dict[str, str]:
    params = root.channel_filter(config.channel_ids)
    if since is not None and root.modified_since is not None:
        params[root.modified_since] = since
    return params


def _count(
    root: Stream, params: Mapping[str, str], look: FirstLook, heeds_filters: bool, prober: Prober
) -> int | None:
    if look.total == 0 or (look.total is not None and not params):
        return look.total
    if root.count_path is not None:
        return _counted(root, params, prober) if heeds_filters or not params else None
    if not root.walk.paged or not params or not root.path.startswith("/v3/"):
        return None
    return _total(root, params, prober)


def _total(root: Stream, params: Mapping[str, str], prober: Prober) -> int | None:
    """What v3 names as the total of the list with these filters, with one row of it."""

    def question(client: Client, purpose: Purpose) -> int | None:
        answer = client.get(root.path, {**params, "limit": "1"}, list, purpose)
        return answer.total if answer.content else 0

    return _or_none(root, question, prober)


def _counted(root: Stream, params: Mapping[str, str], prober: Prober) -> int | None:
    """What the list's count address says."""

    def question(client: Client, purpose: Purpose) -> int | None:
        return counted(client, root, params, purpose)

    return _or_none(root, question, prober)


def _heeds_filters(root: Stream, prober: Prober) -> bool:
    """Their documentation names no filters, but count addresses may heed those of the list."""
    if root.modified_since is None:
        return False
    return _counted(root, {root.modified_since: IN_THE_FUTURE}, prober) == 0


def _or_none(root: Stream, question: Any, prober: Prober) -> int | None:
    try:
        count: int | None = prober.ask(root.name, root.permission, question)
    except (RequestFailed, TokenRefused):
        return None  # The list itself can be read: a count that is not to be had stops nothing.
    return count
