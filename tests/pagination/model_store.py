"""A store in memory with a clock of its own, which changes while it is read and sometimes fails;
and workers without threads."""

import bisect
import json
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tap_bigcommerce.api.client import Client
from tap_bigcommerce.api.response import Response
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.exceptions import PageTooLarge, RequestFailed
from tap_bigcommerce.shutdown import Shutdown

EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc)
LAYOUTS = ("dense", "holes", "sparse", "clusters", "huge gaps", "thin, then dense")


def random_ids(layout: str, count: int, chance: random.Random) -> list[int]:
    """`count` ids in ascending order."""
    if layout == "dense":
        return list(range(1, count + 1))
    if layout == "holes":
        return sorted(chance.sample(range(1, 2 * count), count))
    if layout == "sparse":
        return sorted(chance.sample(range(1, 10_000 * count), count))
    if layout == "clusters":
        length = chance.randint(2, 60)
        return [index // length * 1000 * length + index % length + 1 for index in range(count)]
    if layout == "huge gaps":
        length = chance.randint(20, 200)
        return [index + index // length * 10**9 + 1 for index in range(count)]
    thin = sorted(chance.sample(range(1, 33 * count), count // 2))
    return thin + list(range(33 * count, 33 * count + count - count // 2))


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
    these ids fails unless it is at most two rows long.
    """

    rows: dict[int, Row]
    clock: Clock
    chance: random.Random
    cap: int
    heavy: frozenset[int]
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
        is_heavy = len(rows) > 2 and self.heavy.intersection(self._just_read)
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

    lists: Mapping[str, ModelList]

    def get(self, path: str, params: Mapping[str, str], *_: Any, **options: Any) -> Response:
        list_ = self.lists[path.rpartition("/")[2]]
        list_.clock.count_request()
        sent_at = list_.clock.now
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


class InlineWorkers(Workers):
    """Jobs run one after another, but start and end in any order: at any time after they were
    submitted, at most `count` at once, and their callbacks at any time after that."""

    def __init__(self, count: int, stop: Shutdown, chance: random.Random) -> None:
        super().__init__(0, stop)
        self.count = count
        self._chance = chance
        self._waiting: list[tuple[Callable[..., Any], ...]] = []
        self._has_run: list[tuple[Callable[..., Any], Any]] = []

    def submit(self, *job: Any, priority: tuple[int, ...] = (0,)) -> None:
        self.unfinished += 1
        self._waiting.append(job[:3])

    def step(self, until: float = math.inf) -> bool:
        self._shutdown.check()
        assert self.unfinished, "nothing is under way: the walk would wait for ever"
        while not self._has_run or self._chance.random() < 0.6:
            if not self._begin_one():
                break
        self._follow_one()
        return True

    def catch_up(self) -> None:
        while self._chance.random() < 0.5:
            if not self._begin_one() and self._has_run:
                self._follow_one()

    def _begin_one(self) -> bool:
        """Run a job, if one waits and may begin."""
        if not self._waiting or len(self._has_run) >= self.count:
            return False
        self._shutdown.check()
        work, on_result, on_error = self._waiting.pop(self._chance.randrange(len(self._waiting)))
        try:
            self._has_run.append((on_result, work()))
        except BaseException as error:  # noqa: BLE001  # handed on, as the threads do
            self._has_run.append((on_error, error))
        return True

    def _follow_one(self) -> None:
        follow, outcome = self._has_run.pop(self._chance.randrange(len(self._has_run)))
        self.unfinished -= 1
        follow(outcome)
