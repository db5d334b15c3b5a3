"""Requests one row of each list, to see what the token may read.

Used by `--discover` and `--check`. Each address is requested once.
"""

import dataclasses
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from tap_bigcommerce.api.client import Client, RequestContext
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
from tap_bigcommerce.progress.tracker import ProgressTracker
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import Stream, warn_of_fallback

LOGGER = logging.getLogger(__name__)

ATTEMPTS, RETRY_SECONDS, REQUEST_TIMEOUT = 2, 5, 10.0
"""Lower limits than those of a sync, because a person waits for the result."""

MAX_SECONDS = 60.0
"""Seconds for all requests of a Prober together."""

Value = TypeVar("Value")


class Access(NamedTuple):
    """Whether a stream can be read.

    error: why it cannot be read; None if it can.
    rows: the rows of the response, mostly one.
    total: how many rows the list has; None if the response does not say.
    """

    stream: Stream
    error: RequestFailed | InvalidToken | None = None
    rows: Sequence[Row] = ()
    total: int | None = None

    @property
    def readable(self) -> bool:
        """Whether the list has been read without an error."""
        return self.error is None

    @property
    def missing_permission(self) -> str | None:
        """The permission that the token lacks, by its name in the control panel."""
        return self.stream.permission if isinstance(self.error, MissingPermission) else None

    @property
    def is_absent(self) -> bool:
        """Whether the store does not have the list."""
        return isinstance(self.error, (NotFound, NotOffered))

    @property
    def message(self) -> str | None:
        """Why it cannot be read, for people; it begins with the stream's name."""
        # The message of InvalidToken has no stream's name: usually all streams are refused.
        if isinstance(self.error, InvalidToken):
            return f"{self.stream.name}: {self.error.message}"
        return self.error.message if self.error else None


class Prober:
    """Sends requests to one store until MAX_SECONDS have passed. It is thread-safe."""

    def __init__(self, config: Config, shutdown: Shutdown, tracker: ProgressTracker) -> None:
        """`tracker` counts the requests."""
        config = dataclasses.replace(
            config,
            max_attempts=min(ATTEMPTS, config.max_attempts),
            max_retry_seconds=min(RETRY_SECONDS, config.max_retry_seconds),
            request_timeout=min(REQUEST_TIMEOUT, config.request_timeout),
        )
        self._store_hash = config.store_hash
        self.client = Client(config, shutdown, tracker)
        self._workers = Workers(config.max_concurrency, shutdown)
        self._end = time.monotonic() + MAX_SECONDS
        LOGGER.info(
            "Asking %s which of %d streams the token may read, for %.0f s at most",
            *(urlsplit(config.api_url).netloc, len(STREAMS), MAX_SECONDS),
        )
        self._durations: list[tuple[int, float]] = []
        """Of each call of `_get`: its requests, and its seconds without waits for the quota."""

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return sum(requests for requests, _ in self._durations)

    @property
    def seconds_per_response(self) -> float:
        """The average seconds of a request, without waits for the quota."""
        return sum(seconds for _, seconds in self._durations) / max(1, self.requests)

    def access(self) -> dict[str, Access]:
        """Find out for each stream whether it can be read. Returns the results by stream.

        Raises InvalidToken if a list refuses the token and no other can be read, and NotFound if
        every list is missing.
        """
        roots = map(root_of, STREAMS.values())
        by_root = self._probe_all({root.name: partial(self._probe, root, {}) for root in roots})
        errors = [access.error for access in by_root.values()]
        refused = [error for error in errors if isinstance(error, InvalidToken)]
        if refused and None not in errors:
            raise refused[0]
        if not any(access.readable or access.missing_permission for access in by_root.values()):
            # Preferably an absent list: its message asks whether store_hash is right.
            first = max(by_root.values(), key=lambda access: access.is_absent)
            raise NotFound(f"Nothing of the store {self._store_hash} can be read. {first.message}")
        access = {name: by_root[root_of(stream).name] for name, stream in STREAMS.items()}
        child_lists = {}
        for name, stream in STREAMS.items():
            # The id becomes a part of the child list's address.
            rows = (r for r in access[name].rows if re.fullmatch("[0-9]+", str(r.get("id"))))
            if stream.has_child_list and (row := next(rows, None)) is not None:
                child_lists[name] = partial(self._probe, stream, {}, row)
        return access | self._probe_all(child_lists)

    def count(self, stream: Stream, params: Mapping[str, str]) -> int | None:
        """How many rows a readable list has with these query parameters.

        None: the API does not say. Errors of the request are ignored.
        """
        if stream.count is None:
            return self._probe(stream, params).total
        try:
            return count_rows(stream, lambda path: self._get(stream, path, params, dict))
        except (RequestFailed, InvalidToken):
            return None

    def run_all(self, jobs: Mapping[str, Callable[[], Value]]) -> dict[str, Value]:
        """Run jobs in parallel. Returns the results, without those that were not done in time."""
        return self._workers.run_all(jobs, max(0.0, self._end - time.monotonic()))

    def _probe_all(self, probes: Mapping[str, Callable[[], Access]]) -> dict[str, Access]:
        found = self.run_all(probes)
        late = f"no response within {MAX_SECONDS:.0f} s, the time limit of --check and --discover."
        failed = {n: Access(STREAMS[n], RequestFailed(f"{n}: {late}")) for n in probes}
        return failed | found

    def _probe(self, stream: Stream, query: Mapping[str, str], parent: Row | None = None) -> Access:
        """Request one row of a stream's list; of a child list, that of the row `parent`."""
        path = stream.path.format(id=parent["id"] if parent is not None else None)
        single, paged = stream.pagination.single, stream.pagination.paged
        limit = {"limit": "1"} if paged else {}
        try:
            response = self._get(stream, path, {**query, **limit}, dict if single else list)
        except (RequestFailed, InvalidToken) as error:
            # The parent may have no child list, or may just have been deleted.
            found = Access(stream, None if parent and isinstance(error, NotFound) else error)
            if found.is_absent and stream.fallback is not None:
                of_fallback = self._probe(stream.fallback, query)
                if not of_fallback.is_absent:
                    warn_of_fallback(stream)
                    return of_fallback
            return found
        rows, total = [response.content] if single else response.content, response.total
        if not paged or not rows:
            # Without a limit the response has all rows, unless it names a larger total.
            total = max(len(rows), total or 0)
        return Access(stream, None, rows, total)

    def _get(
        self, stream: Stream, path: str, params: Mapping[str, str], expects: type[Any]
    ) -> Response:
        """Send a request, and record its duration."""
        counts, began = StreamCounts(stream.name), time.monotonic()
        context = RequestContext(stream.name, stream.permission, counts)
        try:
            return self.client.get(path, params, expects, context)
        finally:
            seconds = max(0.0, time.monotonic() - began - counts.waited)
            self._durations.append((counts.requests, seconds))


def count_rows(stream: Stream, get: Callable[[str], Response]) -> int | None:
    """How many rows the list's count address reports. None: it reports none.

    get: requests a path. Its errors are raised, but for NotFound and NotOffered.
    """
    try:
        count = get(f"{stream.path}/count").content.get("count")
    except (NotFound, NotOffered):
        return None
    return count if type(count) is int else None
