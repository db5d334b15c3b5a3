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
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import Shutdown

DEFAULT_LIMIT = 5
"""How many rows a response has if the request names no limit."""

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
    """Waits by moving the clock; requests a shutdown after a number of requests, if one is set."""

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
    """Waits by moving the clock: no other thread could notify it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.now += timeout or 0.0
        return False


@dataclass
class Row:
    """A record's newest version, and when the record got it."""

    version: int
    changed: float

    @property
    def date(self) -> int:
        """As the store writes it: dates have whole seconds."""
        return int(self.changed)


@dataclass(frozen=True)
class ApiBehavior:
    """How the API of a store responds.

    `cap`: the most rows of a response, whatever limit is requested; `says_cap`: a larger limit is
    refused (413) with a message that names the largest one. `heavy`: a page with one of these ids
    fails unless it is at most `heavy_limit` rows long.
    """

    inclusive: bool
    cap: int
    says_cap: bool
    sends_date: bool
    v3: bool
    heavy: frozenset[int]
    heavy_limit: int


class ModelQuota:
    """Requests that a store allows in each window of WINDOW seconds, as its responses say."""

    WINDOW = 30.0

    def __init__(self, size: int, clock: Clock) -> None:
        self.size = size
        self._clock = clock
        self._window = -1
        self._used = 0

    def renew(self) -> None:
        """A run begins: it cannot know what an earlier run has used of this window."""
        self._used = 0

    def take(self) -> dict[str, str]:
        """Count a request; returns the headers of its response. Fails beyond the quota, for the tap
        is the only client, and has to keep it."""
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
    """One list of records. It knows nothing of paginators, only the API's parameters."""

    def __init__(
        self,
        ids: Sequence[int],
        behavior: ApiBehavior,
        clock: Clock,
        chance: random.Random,
        quota: ModelQuota | None = None,
    ) -> None:
        """`quota` is shared by all lists of the store; None: its responses name none."""
        self.behavior = behavior
        self.clock = clock
        self.quota = quota
        self.rows = {id_: Row(1, chance.uniform(0, 990)) for id_ in ids}
        self._ids = sorted(ids)
        self.fault_share = 0.0
        self.change_share = 0.0
        self.accident_share = 0.0
        """The share of responses to an id scan that leave out a row."""
        self.requests = 0
        self.read_by_page = False
        """A page was requested by its number in this run."""
        self.most_requests = 0
        self.not_found_at: dict[int, float] = {}
        """When an id was last looked up and not found."""
        self._chance = chance
        self._max_rows = 2 * len(ids)
        """Each request may change the list: without a limit, long passes would make it longer."""
        self._next_id = max(ids, default=0) + 1
        self._just_read: list[int] = []
        self._total = 0

    # Changes

    def change(self) -> None:
        """One change, of any kind, to any record."""
        kind = self._chance.choice(("update", "update", "delete", "insert", "append"))
        if kind in ("insert", "append") and len(self.rows) >= self._max_rows:
            kind = "delete"
        if kind == "append" or not self.rows:
            self._insert(self._next_id)
            self._next_id += self._chance.choice((1, 1, 1, 2, 50))
            return
        # More often than others, rows that have just been read or will be read last.
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

    def let_time_pass(self) -> None:
        """Some time passes, in which there may be changes: much of it with the first response of a
        run, which tells the tap when the pass began."""
        for _ in range(5 if self.requests <= 1 else self._chance.choice((1, 1, 2))):
            self.clock.now += self._chance.choice((0.0, 0.01, 0.3, 1.0, 4.0))
            if self._chance.random() < self.change_share:
                self.change()

    # Responses

    def get(self, params: Mapping[str, str]) -> requests.Response:
        """The response to one request, or a fault."""
        self.requests += 1
        assert self.requests <= self.most_requests, "the tap makes too many requests"
        allowance = self.quota.take() if self.quota else {}
        self.let_time_pass()
        status, rows = self._rows(params)
        stamped = self.clock.instant()
        self.let_time_pass()
        if self._chance.random() < 0.5:
            stamped = self.clock.instant()
        if self._chance.random() < self.fault_share:
            status = self._fault()
        body: Any = rows
        if status == 413:
            body = [{"status": 413, "details": {"max_limit": self.behavior.cap}}]
        elif status not in (200, 204):
            body = {"title": "no"}
        elif self.behavior.v3:
            body = {"data": rows, "meta": {"pagination": {"total": self._total}}}
        elif not rows:
            status, body = 204, None
        headers = dict(allowance)
        if self.behavior.sends_date:
            headers["Date"] = format_datetime(stamped, usegmt=True)
        if status == 429 and self._chance.random() < 0.5:
            headers.setdefault("X-Rate-Limit-Time-Reset-Ms", "3000")
        return self._response(status, b"" if body is None else json.dumps(body).encode(), headers)

    def _rows(self, params: Mapping[str, str]) -> tuple[int, list[dict[str, Any]]]:
        bound = int(params.get("min_id", 0)) + (0 if self.behavior.inclusive else 1)
        since = params.get("date_modified:min")
        earliest = seconds(since) if since is not None else 0
        ids = self._ids[bisect.bisect_left(self._ids, bound) :]
        if "down" in params:
            ids.reverse()
        if "id:in" in params:
            wanted = set(map(int, params["id:in"].split(",")))
            ids = [id_ for id_ in ids if id_ in wanted]
            self.not_found_at.update(dict.fromkeys(wanted - self.rows.keys(), self.clock.now))
        limit = int(params.get("limit", DEFAULT_LIMIT))
        if self.behavior.says_cap and "limit" in params and limit > self.behavior.cap:
            return 413, []
        found = [id_ for id_ in ids if self.rows[id_].date >= earliest]
        self._total = len(found)
        limit = min(limit, self.behavior.cap)
        begin = (int(params.get("page", 1)) - 1) * limit
        self.read_by_page = self.read_by_page or "page" in params
        page = found[begin : begin + limit]
        if len(page) > self.behavior.heavy_limit and self.behavior.heavy.intersection(page):
            return 500, []
        is_id_scan = "ids" in params and "id:in" not in params
        if is_id_scan and len(page) > 2 and self._chance.random() < self.accident_share:
            # Not the first or last one: the list would seem not to be sorted as requested.
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

    def __init__(self, config: Config, stop: ModelStop, lists: Mapping[str, ModelList]) -> None:
        super().__init__(config, stop)
        self._transport: Any = ModelTransport(lists, stop)
