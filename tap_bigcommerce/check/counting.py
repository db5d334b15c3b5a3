"""How many rows lists have, from totals and count addresses only: no list is read for it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from tap_bigcommerce.check.access import FirstLook
from tap_bigcommerce.check.asking import Asking
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import RequestFailed
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.count_paths import COUNT_PATHS
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.workers import Workers

Part = tuple[str, str | None]
"""A list, by its stream's name, and the date from which on rows are counted (None: all)."""

IN_THE_FUTURE = "2200-01-01T00:00:00Z"
"""Nothing was modified after it: an address that counts rows all the same heeds no filter."""


def count_all(
    parts: Iterable[Part],
    looks: Mapping[str, FirstLook],
    config: Config,
    asking: Asking,
    workers: Workers,
) -> dict[Part, int | None]:
    """How many rows each part has; None where the API tells nobody, or cannot be asked."""
    readable = [part for part in dict.fromkeys(parts) if looks[part[0]].access.readable]
    heeding = workers.run_all(
        {
            name: functools.partial(_heeds_filters, STREAMS[name], asking)
            for name in {name for name, since in readable if since is not None}
            if name in COUNT_PATHS
        }
    )
    counts = workers.run_all(
        {
            (name, since): functools.partial(
                _count,
                STREAMS[name],
                _filters(STREAMS[name], since, config),
                looks[name],
                heeding.get(name, False),
                asking,
            )
            for name, since in readable
        }
    )
    return {part: counts.get(part) for part in parts}


def _filters(root: Stream, since: str | None, config: Config) -> dict[str, str]:
    params = root.channel_filter(config.channel_ids)
    if since is not None and root.modified_since is not None:
        params[root.modified_since] = since
    return params


def _count(
    root: Stream, params: Mapping[str, str], look: FirstLook, heeds_filters: bool, asking: Asking
) -> int | None:
    if look.total == 0 or (look.total is not None and not params):
        return look.total
    if root.name in COUNT_PATHS:
        return _counted(root, params, asking) if heeds_filters or not params else None
    if not root.walk.paged or not params or not root.path.startswith("/v3/"):
        return None
    return _total(root, params, asking)


def _total(root: Stream, params: Mapping[str, str], asking: Asking) -> int | None:
    """What v3 names as the total of the list with these filters, with one row of it."""

    def question(client: Client, purpose: Purpose) -> int | None:
        answer = client.get(root.path, {**params, "limit": "1"}, list, purpose)
        return answer.total if answer.content else 0

    return _or_none(root, question, asking)


def _counted(root: Stream, params: Mapping[str, str], asking: Asking) -> int | None:
    """What the list's count address says."""

    def question(client: Client, purpose: Purpose) -> int | None:
        count: Any = client.get(COUNT_PATHS[root.name], params, dict, purpose).content.get("count")
        return count if type(count) is int else None

    return _or_none(root, question, asking)


def _heeds_filters(root: Stream, asking: Asking) -> bool:
    """Their documentation names no filters, but count addresses may heed those of the list."""
    if root.modified_since is None:
        return False
    return _counted(root, {root.modified_since: IN_THE_FUTURE}, asking) == 0


def _or_none(root: Stream, question: Any, asking: Asking) -> int | None:
    try:
        count: int | None = asking.ask(root.name, root.permission, question)
    except RequestFailed:
        return None  # The list itself can be read: a count that is not to be had stops nothing.
    return count
