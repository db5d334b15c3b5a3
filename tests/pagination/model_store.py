"""A store in memory with a clock of its own, which changes while it is read and sometimes fails."""

from __future__ import annotations

import bisect
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tap_bigcommerce.api.client import Client
from tap_bigcommerce.api.response import Response
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import PageTooLarge, RequestFailed
from tap_bigcommerce.shutdown import Shutdown

EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc)


def seconds(date: str) -> float:
    """Seconds since EPOCH."""
    return (datetime.fromisoformat(date.replace("Z", "+00:00")) - EPOCH).total_seconds()


def instant(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


class Clock(Shutdown):
    """Seconds since EPOCH by the store's clock, which is never real: it moves with each request.

    It requests a shutdown after `stops_after` more requests, if that is not 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.stops_after = 0

    def count_request(self) -> None:
        self.stops_after -= 1
        if not self.stops_after:
            self.request(15)
        self.check()


@dataclass
class Row:
    """A record's newest version, and when the record got it."""

    version: int
    changed: float

    @property
    def date(self) -> int:
        """As the store writes it: dates have whole seconds."""
        return int(self.changed)


@dataclass
class ModelList:
    """One list of records. It knows nothing of paginators, only the API's parameters.

    `cap`: the most rows of a response, whatever limit is requested. `heavy`: a page with one of
    these ids fails unless it is at most `heavy_limit` rows long.
    """

    rows: dict[int, Row]
    clock: Clock
    chance: random.Random
    cap: int
    heavy: frozenset[int]
    heavy_limit: int
    inclusive: bool
    v3: bool
    fault_share: float
    change_share: float
    read_by_page: bool = False
    """A page was requested by its number in this run."""
    requests: int = 0
    most_requests: int = 0
    _just_read: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = sorted(self.rows)
        self._next_id = self._ids[-1] + 1
        # Each request may change the list: without a limit, long passes would make it longer.
        self._max_rows = 2 * len(self.rows)

    def begin_run(self) -> None:
        self.requests, self.read_by_page = 0, False
        # Pages that fail shrink, down to a row each, and the list may grow while it is read.
        self.most_requests = 300 + 12 * len(self.rows)

    # Changes

    def change(self) -> None:
        """One change, of any kind, to any record."""
        kind = self.chance.choice(("update", "update", "delete", "insert", "append"))
        if kind in ("insert", "append") and len(self.rows) >= self._max_rows:
            kind = "delete"
        if kind == "append" or not self.rows:
            self._insert(self._next_id)
            self._next_id += self.chance.choice((1, 1, 1, 2, 50))
            return
        # More often than others, rows that have just been read or will be read last.
        ids = self._ids
        near = [id_ for id_ in self._just_read if id_ in self.rows]
        id_ = self.chance.choice(self.chance.choice((ids, ids[-3:], near or ids)))
        if kind == "update":
            self.rows[id_] = Row(self.rows[id_].version + 1, self.clock.now)
        elif kind == "delete":
            del self.rows[id_]
            self._ids.remove(id_)
        else:
            self._insert(self.chance.randint(1, self._next_id - 1))

    def _insert(self, id_: int) -> None:
        if id_ not in self.rows:
            self.rows[id_] = Row(1, self.clock.now)
            bisect.insort(self._ids, id_)

    def _let_time_pass(self) -> None:
        """Some time passes, in which there may be changes: much of it with the first response of a
        run, which tells the tap when the pass began."""
        for _ in range(5 if self.requests <= 1 else self.chance.choice((1, 1, 2))):
            self.clock.now += self.chance.choice((0.0, 0.01, 0.3, 1.0, 4.0))
            if self.chance.random() < self.change_share:
                self.change()

    def respond(self, params: Mapping[str, str]) -> dict[str, Any] | None:
        """What the API answers, with the total around the rows as v3 has it; None: it fails."""
        self.requests += 1
        assert self.requests <= self.most_requests, "the tap makes too many requests"
        self._let_time_pass()
        self._just_read, total = self._page(params)
        rows = [self._shown(id_) for id_ in self._just_read]
        self._let_time_pass()
        is_heavy = len(rows) > self.heavy_limit and self.heavy.intersection(self._just_read)
        if is_heavy or self.chance.random() < self.fault_share:
            return None
        return {"data": rows, "meta": {"pagination": {"total": total}}}

    def _page(self, params: Mapping[str, str]) -> tuple[list[int], int]:
        """The ids of the rows, and the total."""
        bound = int(params.get("min_id", 0)) + (0 if self.inclusive else 1)
        since = params.get("date_modified:min")
        earliest = seconds(since) if since is not None else 0
        ids = self._ids[bisect.bisect_left(self._ids, bound) :]
        if "down" in params:
            ids.reverse()
        found = [id_ for id_ in ids if self.rows[id_].date >= earliest]
        limit = min(int(params["limit"]), self.cap)
        begin = (int(params.get("page", 1)) - 1) * limit
        self.read_by_page = self.read_by_page or "page" in params
        return found[begin : begin + limit], len(found)

    def _shown(self, id_: int) -> dict[str, Any]:
        row = self.rows[id_]
        modified = instant(row.date).isoformat()
        return {"id": id_, "version": row.version, "date_modified": modified}


class ModelClient(Client):
    """Stands in for the client: a failed request has had its retries, which tests/client shows."""

    def __init__(self, config: Config, clock: Clock, lists: Mapping[str, ModelList]) -> None:
        super().__init__(config, clock)
        self._clock = clock
        self._lists = lists

    def get(self, path: str, params: Mapping[str, str], *_: Any, **options: Any) -> Response:
        self._clock.count_request()
        list_ = self._lists[path.rpartition("/")[2]]
        sent_at = self._clock.now
        content = list_.respond(params)
        if content is None:
            if options.get("can_reduce_limit"):
                raise PageTooLarge("no", None, refused=False)
            raise RequestFailed("no")
        # The time by the store's clock is a little too early.
        store_time = instant(sent_at - list_.chance.random())
        response = Response(path, 0, [], None, instant(sent_at), store_time)
        body = json.dumps(content if list_.v3 else content["data"]).encode()
        response.read(body, list, options["keys"], repair=False)
        return response
