"""Asks for the least of each list: what can be read, and what the answers tell beside.

Discovery and check see a store through it. Each address is asked once.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import (
    NotFound,
    NotOffered,
    RequestFailed,
    ScopeMissing,
    TokenRefused,
)
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import Permission, Stream, own_list_path
from tap_bigcommerce.workers import Workers

ATTEMPTS, RETRY_SECONDS, REQUEST_TIMEOUT = 2, 5, 10.0
"""A person waits: a list that does not answer soon holds up all others."""

SECONDS = 60.0
"""What has not answered by then is not waited for, whatever the reason."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Access:
    """Whether a list can be read, and if not, why.

    `lacks` is the permission that is missing, as the control panel calls it. `absent`: the store
    does not have the list. Neither of them: it cannot be read at present. `words` say it for a
    person.
    """

    readable: bool
    lacks: str | None = None
    absent: bool = False
    words: str | None = None


@dataclass(frozen=True)
class FirstLook:
    """What the least that can be asked of a list has shown.

    `total` is how many rows the whole list has, where that is known already.
    """

    access: Access
    content: Any = None
    total: int | None = None

    @property
    def row(self) -> Row | None:
        """A row that has an id by which its own lists can be asked for, where there is one."""
        rows = self.content if isinstance(self.content, list) else []
        return next((row for row in rows if isinstance(row, dict) and _is_id(row.get("id"))), None)


class Prober:
    """Asks one store, and keeps the time. Several threads may use it at once."""

    def __init__(self, client: Client, workers: Workers) -> None:
        """`client` with the settings that `impatient` makes."""
        self._client = client
        self.workers = workers
        self._end = time.monotonic() + SECONDS
        self._lock = threading.Lock()
        self._seconds = 0.0
        self.requests = 0
        self._refused: list[TokenRefused] = []

    @property
    def seconds_an_answer(self) -> float:
        """How long an answer took on average, without waits for the quota."""
        with self._lock:
            return self._seconds / self.requests if self.requests else 0.0

    @property
    def seconds_left(self) -> float:
        """How long answers are still waited for."""
        return max(0.0, self._end - time.monotonic())

    def ask(
        self, stream: str, permission: Permission, question: Callable[[Client, Purpose], Value]
    ) -> Value:
        """What `question` brings, asked on behalf of `stream`."""
        counts = StreamCounts(stream)
        began = time.monotonic()
        try:
            return question(self._client, Purpose(stream, str(permission), counts))
        finally:
            taken = max(0.0, time.monotonic() - began - counts.waited)
            with self._lock:
                self._seconds += taken
                self.requests += counts.requests

    def first_looks(self, store_hash: str) -> dict[str, FirstLook]:
        """One look at each list that is walked, by its stream.

        Raises TokenRefused, and NotFound where not one of them answers.
        """
        roots = {root.name: root for root in map(root_of, STREAMS.values())}
        found = self.workers.run_all(
            {name: functools.partial(self._look, root) for name, root in roots.items()},
            self.seconds_left,
        )
        if self._refused and not any(look.access.readable for look in found.values()):
            raise self._refused[0]
        looks = {name: found.get(name) or FirstLook(_late(root)) for name, root in roots.items()}
        problems = [look.access for look in looks.values()]
        if all(not access.readable and access.lacks is None for access in problems):
            # The words for a missing list doubt the store's hash.
            first = next((one for one in problems if one.absent), problems[0])
            raise NotFound(f"Nothing of the store {store_hash} can be read. {first.words}")
        return looks

    def access_to_all(self, looks: Mapping[str, FirstLook]) -> dict[str, Access]:
        """Whether each stream can be read; asks for what belongs to single rows only."""
        access = {name: looks[root_of(stream).name].access for name, stream in STREAMS.items()}
        below = {}
        for name, stream in STREAMS.items():
            row = looks[root_of(stream).name].row
            has_own_list = stream.child is not None and stream.child.own_list is not None
            if access[name].readable and has_own_list and row is not None:
                below[name] = functools.partial(self._look_below, stream, row)
        found = self.workers.run_all(below, self.seconds_left)
        return {**access, **{name: found.get(name) or _late(STREAMS[name]) for name in below}}

    def _look(self, root: Stream) -> FirstLook:
        params = {"limit": "1"} if root.walk.paged else {}
        expects: type[Any] = dict if root.walk.single else list

        def question(client: Client, purpose: Purpose) -> Answer:
            return client.get(root.path, params, expects, purpose)

        try:
            answer = self.ask(root.name, root.permission, question)
        except TokenRefused as error:
            self._refused.append(error)
            return FirstLook(_refusal(error, root))
        except RequestFailed as error:
            return FirstLook(_refusal(error, root))
        total = answer.total
        if root.walk.single:
            total = 1
        elif not root.walk.paged or not answer.content:
            # What takes no limit has come whole, unless it says that there is more.
            total = max(len(answer.content), total or 0)
        return FirstLook(Access(readable=True), answer.content, total)

    def _look_below(self, stream: Stream, row: Row) -> Access:
        """Ask for one record of the list below `row`."""
        child = stream.child
        assert child is not None
        path = own_list_path(child, root_of(stream), row)
        params = {"limit": "1"} if child.paging.paged else {}
        try:
            self.ask(
                stream.name,
                stream.permission,
                lambda client, purpose: client.get(path, params, list, purpose),
            )
        except NotFound:
            pass  # The record has none, or has just been deleted.
        except (RequestFailed, TokenRefused) as error:
            return _refusal(error, stream)
        return Access(readable=True)


def counted(
    client: Client, stream: Stream, params: Mapping[str, str], purpose: Purpose
) -> int | None:
    """How many rows the API counts at the stream's `count_path`; None: nobody counts there."""
    assert stream.count_path is not None
    try:
        count = client.get(stream.count_path, params, dict, purpose).content.get("count")
    except NotFound:
        return None
    return count if type(count) is int else None


def impatient(config: Config) -> Config:
    """The settings for a client that gives up soon."""
    return dataclasses.replace(
        config,
        max_attempts=min(ATTEMPTS, config.max_attempts),
        max_retry_seconds=min(RETRY_SECONDS, config.max_retry_seconds),
        request_timeout=min(REQUEST_TIMEOUT, config.request_timeout),
    )


def _refusal(error: RequestFailed | TokenRefused, stream: Stream) -> Access:
    """A token that is good elsewhere and refused here (401) is no missing permission."""
    return Access(
        readable=False,
        lacks=stream.permission.name if isinstance(error, ScopeMissing) else None,
        absent=isinstance(error, (NotFound, NotOffered)),
        words=f"{stream.name}: {error.words}" if isinstance(error, TokenRefused) else error.words,
    )


def _late(stream: Stream) -> Access:
    error = RequestFailed(
        f"{stream.name}: {SECONDS:.0f} s have passed without an answer, and that is as long as "
        "anybody waits before a sync."
    )
    return _refusal(error, stream)


def _is_id(value: Any) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit()
