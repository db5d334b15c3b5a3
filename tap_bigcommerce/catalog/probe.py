"""Asks for the least of each list: what can be read, and what the answers tell beside.

Discovery and check see a store through it. Each address is asked once.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.api.response import Response
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import (
    InvalidToken,
    MissingPermission,
    NotFound,
    NotOffered,
    RequestFailed,
)
from tap_bigcommerce.pagination.page import Row
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import Stream

ATTEMPTS, RETRY_SECONDS, REQUEST_TIMEOUT = 2, 5, 10.0
"""A person waits: a list that does not answer soon holds up all others."""

SECONDS = 60.0
"""What has not answered by then is not waited for, whatever the reason."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Access:
    """What the least that can be asked of the list of `stream` has shown.

    `error` is why it cannot be read, if it cannot. `rows` are those that came, and `total` is how
    many the whole list has, where that is known already.
    """

    stream: Stream
    error: RequestFailed | InvalidToken | None = None
    rows: Sequence[Row] = ()
    total: int | None = None

    @property
    def readable(self) -> bool:
        return self.error is None

    @property
    def lacks(self) -> str | None:
        """The permission that is missing, as the control panel calls it."""
        return self.stream.permission if isinstance(self.error, MissingPermission) else None

    @property
    def absent(self) -> bool:
        """The store does not have the list."""
        return isinstance(self.error, (NotFound, NotOffered))

    @property
    def message(self) -> str | None:
        """Why it cannot be read."""
        if isinstance(self.error, InvalidToken):  # Good elsewhere: it is this list that refuses it.
            return f"{self.stream.name}: {self.error.message}"
        return self.error.message if self.error else None


class Prober:
    """Asks one store, and keeps the time. Several threads may use it at once."""

    def __init__(self, config: Config, shutdown: Shutdown) -> None:
        share, concurrency = config.quota_share, config.max_concurrency
        self.quota = RateLimiter(share=share, concurrency=concurrency, shutdown=shutdown)
        config = dataclasses.replace(
            config,
            max_attempts=min(ATTEMPTS, config.max_attempts),
            max_retry_seconds=min(RETRY_SECONDS, config.max_retry_seconds),
            request_timeout=min(REQUEST_TIMEOUT, config.request_timeout),
        )
        self._store_hash = config.store_hash
        self._client = Client(config, self.quota, shutdown)
        self._workers = Workers(concurrency, shutdown)
        self._end = time.monotonic() + SECONDS
        self._asked: list[tuple[int, float]] = []
        """Of each question: how many requests it took, and seconds without waits for the quota."""

    @property
    def requests(self) -> int:
        return sum(requests for requests, _ in self._asked)

    @property
    def seconds_a_response(self) -> float:
        """How long an answer took on average, without waits for the quota."""
        return sum(seconds for _, seconds in self._asked) / max(1, self.requests)

    def access(self) -> dict[str, Access]:
        """Whether each stream can be read: by one look at its list.

        Raises TokenRefused, and NotFound where not one of them answers.
        """
        roots = map(root_of, STREAMS.values())
        looks = self._look_all({root.name: partial(self._look, root, {}) for root in roots})
        errors = [look.error for look in looks.values()]
        refused = [error for error in errors if isinstance(error, InvalidToken)]
        if refused and None not in errors:
            raise refused[0]
        if not any(look.readable or look.lacks for look in looks.values()):
            # The words for a missing list doubt the store's hash.
            first = max(looks.values(), key=lambda look: look.absent)
            raise NotFound(f"Nothing of the store {self._store_hash} can be read. {first.message}")
        access = {name: looks[root_of(stream).name] for name, stream in STREAMS.items()}
        below = {}
        for name, stream in STREAMS.items():
            # By these ids lists of their own can be asked for.
            rows = (r for r in access[name].rows if re.fullmatch("[0-9]+", str(r.get("id"))))
            if stream.has_child_list and (row := next(rows, None)) is not None:
                below[name] = partial(self._look, stream, {}, row)
        return access | self._look_all(below)

    def count(self, stream: Stream, params: Mapping[str, str]) -> int | None:
        """How many rows the list has with these parameters, if the API tells.

        The list itself can be read: a count that is not to be had stops nothing.
        """
        if stream.count is None:
            return self._look(stream, params).total
        try:
            return counted(stream, lambda path: self._ask(stream, path, params, dict))
        except (RequestFailed, InvalidToken):
            return None

    def run_all(self, jobs: Mapping[str, Callable[[], Value]]) -> dict[str, Value]:
        """What these jobs bring, those excepted that are not done in time."""
        return self._workers.run_all(jobs, max(0.0, self._end - time.monotonic()))

    def _look_all(self, looks: Mapping[str, Callable[[], Access]]) -> dict[str, Access]:
        found = self.run_all(looks)
        return {name: found.get(name) or Access(STREAMS[name], _late(name)) for name in looks}

    def _look(self, stream: Stream, params: Mapping[str, str], below: Row | None = None) -> Access:
        """Ask for one row of the stream's list; `below`: of the list of this row of its parent."""
        path = stream.path.format(id=below["id"] if below is not None else None)
        single, paged = stream.pagination.single, stream.pagination.paged
        limit = {"limit": "1"} if paged else {}
        try:
            response = self._ask(stream, path, {**params, **limit}, dict if single else list)
        except (RequestFailed, InvalidToken) as error:
            # A row may have no list of its own, or have just been deleted.
            return Access(stream, None if below and isinstance(error, NotFound) else error)
        rows, total = [response.content] if single else response.content, response.total
        if not paged or not rows:
            # What takes no limit has come whole, unless it says that there is more.
            total = max(len(rows), total or 0)
        return Access(stream, None, rows, total)

    def _ask(
        self, stream: Stream, path: str, params: Mapping[str, str], expects: type[Any]
    ) -> Response:
        """One question on behalf of `stream`, which is counted and timed."""
        counts, began = StreamCounts(stream.name), time.monotonic()
        context = RequestContext(stream.name, stream.permission, counts)
        try:
            return self._client.get(path, params, expects, context)
        finally:
            seconds = max(0.0, time.monotonic() - began - counts.waited)
            self._asked.append((counts.requests, seconds))


def counted(stream: Stream, get: Callable[[str], Response]) -> int | None:
    """What the API counts of the list, by what `get` brings from a path; None: it counts nothing.

    Raises RequestFailed and TokenRefused.
    """
    try:
        count = get(f"{stream.path}/count").content.get("count")
    except (NotFound, NotOffered):
        return None
    return count if type(count) is int else None


def _late(name: str) -> RequestFailed:
    return RequestFailed(
        f"{name}: {SECONDS:.0f} s have passed without an answer, and that is as long as anybody "
        "waits before a sync."
    )
