"""A store in memory with a clock of its own, which changes while it is read and sometimes fails."""

from __future__ import annotations

import bisect
import io
import json
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import requests

from tap_bigcommerce.api import client as client_module
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.shutdown import Shutdown

EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc)
# 0 is no response. A conflict (409) fails at once; it is rare.
FAULTS = [*(500, 502, 503, 429, 0) * 10, 409]


def seconds(date: str) -> float:
    """Seconds since EPOCH."""
    return (datetime.fromisoformat(date.replace("Z", "+00:00")) - EPOCH).total_seconds()


class Clock(Shutdown):
    """Seconds since EPOCH by the store's clock, which is never real: it moves when the tap waits.

    It requests a shutdown after `stops_after` more requests, if that is not 0.
    """

    def __init__(self, tap_is_ahead: float) -> None:
        super().__init__()
        self.now = 1000.0
        self.tap_is_ahead = tap_is_ahead
        self.stops_after = 0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.check()
        self.now += seconds

    def count_request(self) -> None:
        self.stops_after -= 1
        if not self.stops_after:
            self.request(15)

    @contextmanager
    def of_the_tap(self) -> Iterator[None]:
        """Let the tap's client read this clock."""
        clock = self

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return EPOCH + timedelta(seconds=clock.now + clock.tap_is_ahead)

        with (
            mock.patch.object(client_module, "time", SimpleNamespace(monotonic=clock)),
            mock.patch.object(client_module, "datetime", Datetime),
            # No other thread could notify it.
            mock.patch.object(threading.Condition, "wait", lambda _, wait: clock.sleep(wait)),
        ):
            yield


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
    sends_date: bool
    v3: bool
    fault_share: float
    change_share: float
    read_by_page: bool = False
    """A page was requested by its number in this run."""
    request_count: int = 0
    most_requests: int = 0
    _just_read: list[int] = field(default_factory=list)
    _total: int = 0

    def __post_init__(self) -> None:
        self._ids = sorted(self.rows)
        self._next_id = self._ids[-1] + 1
        # Each request may change the list: without a limit, long passes would make it longer.
        self._max_rows = 2 * len(self.rows)

    def begin_run(self) -> None:
        self.request_count, self.read_by_page = 0, False
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
        for _ in range(5 if self.request_count <= 1 else self.chance.choice((1, 1, 2))):
            self.clock.now += self.chance.choice((0.0, 0.01, 0.3, 1.0, 4.0))
            if self.chance.random() < self.change_share:
                self.change()

    # Responses

    def get(self, params: Mapping[str, str]) -> requests.Response:
        """The response to one request, or a fault."""
        self.request_count += 1
        assert self.request_count <= self.most_requests, "the tap makes too many requests"
        self._let_time_pass()
        status, self._just_read = self._page(params)
        rows = [self._shown(id_) for id_ in self._just_read]
        answered = self.clock.now
        self._let_time_pass()
        stamped = EPOCH + timedelta(seconds=self.chance.choice((answered, self.clock.now)))
        if self.chance.random() < self.fault_share:
            status = self.chance.choice(FAULTS)
            if status < 100:
                raise AttemptFailed("timeout", "no response")
        body: Any = rows
        if status != 200:
            body = {"title": "no"}
        elif self.v3:
            body = {"data": rows, "meta": {"pagination": {"total": self._total}}}
        elif not rows:
            status, body = 204, None
        headers = {"Date": format_datetime(stamped, usegmt=True)} if self.sends_date else {}
        if status == 429 and self.chance.random() < 0.5:
            headers["X-Rate-Limit-Time-Reset-Ms"] = "3000"
        text = b"" if body is None else json.dumps(body).encode()
        if status == 200 and self.chance.random() < self.fault_share:
            text = text[: self.chance.randrange(len(text))]
        return http_response(status, text, headers)

    def _page(self, params: Mapping[str, str]) -> tuple[int, list[int]]:
        """The status, and the ids of the rows."""
        bound = int(params.get("min_id", 0)) + (0 if self.inclusive else 1)
        since = params.get("date_modified:min")
        earliest = seconds(since) if since is not None else 0
        ids = self._ids[bisect.bisect_left(self._ids, bound) :]
        if "down" in params:
            ids.reverse()
        found = [id_ for id_ in ids if self.rows[id_].date >= earliest]
        self._total = len(found)
        limit = min(int(params["limit"]), self.cap)
        begin = (int(params.get("page", 1)) - 1) * limit
        self.read_by_page = self.read_by_page or "page" in params
        page = found[begin : begin + limit]
        if len(page) > self.heavy_limit and self.heavy.intersection(page):
            return 500, []
        return 200, page

    def _shown(self, id_: int) -> dict[str, Any]:
        row = self.rows[id_]
        modified = EPOCH + timedelta(seconds=row.date)
        return {"id": id_, "version": row.version, "date_modified": modified.isoformat()}


def http_response(status: int, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response.raw = io.BytesIO(body)
    return response


@dataclass
class ModelTransport:
    """Stands in for the network."""

    lists: Mapping[str, ModelList]
    clock: Clock

    @contextmanager
    def get(self, url: str, params: Mapping[str, str]) -> Iterator[requests.Response]:
        self.clock.count_request()
        name = url.rpartition("/")[2]
        if name == "time":  # The store works, however often a list fails.
            yield http_response(200, b'{"time": 1}', {})
        else:
            yield self.lists[name].get(params)
