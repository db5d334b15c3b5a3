"""A store in memory with a clock of its own, which changes while it is read and sometimes fails."""

from __future__ import annotations

import bisect
import io
import json
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from unittest import mock

import requests

from tap_bigcommerce.api import client as client_module
from tap_bigcommerce.api.client import Client
from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import Shutdown

DEFAULT_LIMIT = 5
"""Rows of an answer to a request that names no limit."""

EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc)


def seconds(date: str) -> float:
    """Seconds since EPOCH."""
    return (datetime.fromisoformat(date.replace("Z", "+00:00")) - EPOCH).total_seconds()


def date(seconds: float) -> str:
    """As the API writes it."""
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


class Clock:
    """Seconds since EPOCH by the store's clock; only moved, never real."""

    def __init__(self, tap_is_ahead: float) -> None:
        self.now = 1000.0
        self.tap_is_ahead = tap_is_ahead

    def instant(self) -> datetime:
        return EPOCH + timedelta(seconds=self.now)

    @contextmanager
    def of_the_tap(self) -> Iterator[None]:
        """Let the tap's client read this clock."""
        clock = self

        class Time:
            @staticmethod
            def monotonic() -> float:
                return clock.now

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return clock.instant() + timedelta(seconds=clock.tap_is_ahead)

        with (
            mock.patch.object(client_module, "time", Time),
            mock.patch.object(client_module, "datetime", Datetime),
        ):
            yield


class ModelStop(Shutdown):
    """Waits by moving the clock, and comes after so many requests, if at all."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._after: int | None = None

    def after(self, requests: int) -> None:
        self._after = requests

    def one_request(self) -> None:
        if self._after is not None:
            self._after -= 1
            if self._after <= 0:
                self.request(15)

    def sleep(self, seconds: float) -> None:
        self.check()
        self._clock.now += seconds


class MovingCondition(threading.Condition):
    """Waits by moving the clock: nobody else is there who could notify."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.now += timeout or 0.0
        return False


@dataclass
class Row:
    """A record's newest version, and when it came to be."""

    version: int
    changed: float

    @property
    def date(self) -> int:
        """What the store says of it: dates have whole seconds."""
        return int(self.changed)


@dataclass(frozen=True)
class Manners:
    """How a store answers.

    `cap`: the most rows of an answer, whatever is asked for; `says_cap`: a larger limit is refused
    (413) in words that name the largest one. `heavy`: a page with one of these ids fails unless it
    is at most `heavy_limit` rows long.
    """

    inclusive: bool
    cap: int
    says_cap: bool
    tells_time: bool
    v3: bool
    heavy: frozenset[int]
    heavy_limit: int


class ModelQuota:
    """Requests that a store allows in each window of WINDOW seconds; its answers say so."""

    WINDOW = 30.0

    def __init__(self, size: int, clock: Clock) -> None:
        self.size = size
        self._clock = clock
        self._window = -1
        self._used = 0

    def renew(self) -> None:
        """A run begins: what an earlier one has used of this window it cannot know."""
        self._used = 0

    def take(self) -> dict[str, str]:
        """One request comes; returns the headers of its answer. None ever comes beyond the quota:
        nobody but the tap asks here, and it is told."""
        window, into = divmod(self._clock.now, self.WINDOW)
        if window != self._window:
            self._window, self._used = int(window), 0
        self._used += 1
        assert self._used <= self.size, "the quota is broken"
        return {
            "X-Rate-Limit-Time-Window-Ms": str(int(self.WINDOW * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(int((self.WINDOW - into) * 1000)),
            "X-Rate-Limit-Requests-Quota": str(self.size),
            "X-Rate-Limit-Requests-Left": str(self.size - self._used),
        }


class ModelList:
    """One list of records. It knows nothing of walks but what the API's parameters say."""

    def __init__(
        self,
        ids: Sequence[int],
        manners: Manners,
        clock: Clock,
        chance: random.Random,
        quota: ModelQuota | None = None,
    ) -> None:
        """`quota` is the store's: its lists share it. None: it tells of none."""
        self.manners = manners
        self.clock = clock
        self.quota = quota
        self.rows = {id_: Row(1, chance.uniform(0, 990)) for id_ in ids}
        self._ids = sorted(ids)
        self.fault_share = 0.0
        self.change_share = 0.0
        self.accident_share = 0.0
        """Of the answers to a sweep, those that leave out a row."""
        self.requests = 0
        self.read_by_page = False
        """A page was asked for by its number in this run."""
        self.most_requests = 0
        self.denied_at: dict[int, float] = {}
        """When an id was last asked for by itself, and was not there."""
        self._chance = chance
        self._next_id = max(ids, default=0) + 1
        self._just_read: list[int] = []
        self._total = 0

    # Changes

    def change(self) -> None:
        """One change, of any kind, to any record."""
        kind = self._chance.choice(("update", "update", "delete", "insert", "append"))
        if kind == "append" or not self.rows:
            self._insert(self._next_id)
            self._next_id += self._chance.choice((1, 1, 1, 2, 50))
            return
        # What has just been read, or is about to be read last, more often than all the rest.
        ids = self._ids
        near = [id_ for id_ in self._just_read if id_ in self.rows]
        id_ = self._chance.choice(self._chance.choice((ids, ids[-3:], near or ids)))
        if kind == "update":
            self.rows[id_] = Row(self.rows[id_].version + 1, self.clock.now)
        elif kind == "delete":
            del self.rows[id_]
            self._ids.remove(id_)
        else:
            self._insert(self._chance.randint(1, self._next_id - 1))

    def _insert(self, id_: int) -> None:
        if id_ not in self.rows:
            self.rows[id_] = Row(1, self.clock.now)
            bisect.insort(self._ids, id_)

    def time_passes(self) -> None:
        """Some time, in which there may be changes; much of it with the first answer of a run,
        which tells the tap when the walk began."""
        for _ in range(5 if self.requests <= 1 else self._chance.choice((1, 1, 2))):
            self.clock.now += self._chance.choice((0.0, 0.01, 0.3, 1.0, 4.0))
            if self._chance.random() < self.change_share:
                self.change()

    # Answers

    def get(self, params: Mapping[str, str]) -> requests.Response:
        """The answer to one request, or a fault."""
        self.requests += 1
        assert self.requests <= self.most_requests, "the walk goes round in circles"
        allowance = self.quota.take() if self.quota else {}
        self.time_passes()
        status, rows = self._rows(params)
        stamped = self.clock.instant()
        self.time_passes()
        if self._chance.random() < 0.5:
            stamped = self.clock.instant()
        if self._chance.random() < self.fault_share:
            status = self._fault()
        body: Any = rows
        if status == 413:
            body = [{"status": 413, "details": {"max_limit": self.manners.cap}}]
        elif status not in (200, 204):
            body = {"title": "no"}
        elif self.manners.v3:
            body = {"data": rows, "meta": {"pagination": {"total": self._total}}}
        elif not rows:
            status, body = 204, None
        headers = dict(allowance)
        if self.manners.tells_time:
            headers["Date"] = format_datetime(stamped, usegmt=True)
        if status == 429 and self._chance.random() < 0.5:
            headers.setdefault("X-Rate-Limit-Time-Reset-Ms", "3000")
        return self._response(status, b"" if body is None else json.dumps(body).encode(), headers)

    def _rows(self, params: Mapping[str, str]) -> tuple[int, list[dict[str, Any]]]:
        bound = int(params.get("min_id", 0)) + (0 if self.manners.inclusive else 1)
        since = params.get("date_modified:min")
        earliest = seconds(since) if since is not None else 0
        ids = self._ids[bisect.bisect_left(self._ids, bound) :]
        if "down" in params:
            ids.reverse()
        if "id:in" in params:
            asked = set(map(int, params["id:in"].split(",")))
            ids = [id_ for id_ in ids if id_ in asked]
            self.denied_at.update(dict.fromkeys(asked - self.rows.keys(), self.clock.now))
        limit = int(params.get("limit", DEFAULT_LIMIT))
        if self.manners.says_cap and "limit" in params and limit > self.manners.cap:
            return 413, []
        found = [id_ for id_ in ids if self.rows[id_].date >= earliest]
        self._total = len(found)
        limit = min(limit, self.manners.cap)
        begin = (int(params.get("page", 1)) - 1) * limit
        self.read_by_page = self.read_by_page or "page" in params
        page = found[begin : begin + limit]
        if len(page) > self.manners.heavy_limit and self.manners.heavy.intersection(page):
            return 500, []
        is_sweep = "ids" in params and "id:in" not in params
        if is_sweep and len(page) > 2 and self._chance.random() < self.accident_share:
            # Not the first or last one: that a list is not sorted as asked is another matter.
            del page[self._chance.randrange(1, len(page) - 1)]
        return 200, [
            {
                "id": id_,
                "version": self.rows[id_].version,
                "date_modified": date(self.rows[id_].date),
            }
            for id_ in page
        ]

    def _fault(self) -> int:
        kind = self._chance.choice((500, 502, 429, 409, "timeout", "connection"))
        if kind == "timeout":
            raise AttemptFailed("timeout", "no response in time")
        if kind == "connection":
            raise AttemptFailed("connection", "the connection failed")
        # A conflict fails at once; it is rare.
        return 503 if kind == 409 and self._chance.random() < 0.9 else int(kind)

    def _response(self, status: int, body: bytes, headers: dict[str, str]) -> requests.Response:
        if status == 200 and self._chance.random() < self.fault_share:
            body = body[: self._chance.randrange(len(body))]
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = io.BytesIO(body)
        return response


class ModelTransport:
    """Stands in for the network."""

    proxy = False

    def __init__(self, lists: Mapping[str, ModelList], stop: ModelStop) -> None:
        self._lists = lists
        self._stop = stop

    @contextmanager
    def get(self, url: str, params: Mapping[str, str]) -> Iterator[requests.Response]:
        self._stop.one_request()
        name = url.rpartition("/")[2]
        if name == "time":  # The store works, however often a list fails.
            response = requests.Response()
            response.status_code, response.raw = 200, io.BytesIO(b'{"time": 1}')
            yield response
        else:
            yield self._lists[name].get(params)


class ModelClient(Client):
    """The client as it is, but for its connections; `lists` by name."""

    def __init__(
        self, config: Config, quota: RateLimiter, stop: ModelStop, lists: Mapping[str, ModelList]
    ) -> None:
        super().__init__(config, quota, stop)
        self._transport: Any = ModelTransport(lists, stop)
