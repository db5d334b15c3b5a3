"""Which streams the token may read, and what the answers that show it tell beside."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce.check.asking import Asking
from tap_bigcommerce.discover import first_answer, try_own_list
from tap_bigcommerce.exceptions import RequestFailed, ScopeMissing
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import Permission, Stream
from tap_bigcommerce.workers import Workers


@dataclass(frozen=True)
class Access:
    """Whether a stream can be read, and if not, why.

    `lacks` is the permission that is missing, as the control panel calls it; None where something
    else is in the way. `words` say what, and what to do.
    """

    readable: bool
    lacks: str | None = None
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
        """The first row, where there is one."""
        rows = self.content if isinstance(self.content, list) else [self.content]
        return rows[0] if rows else None


def first_looks(asking: Asking, workers: Workers) -> dict[str, FirstLook]:
    """One look at each list that is walked, by its stream. Raises TokenRefused."""
    roots = {root.name: root for root in map(root_of, STREAMS.values())}
    return workers.run_all(
        {name: functools.partial(_look, root, asking) for name, root in roots.items()}
    )


def access_to_all(
    looks: Mapping[str, FirstLook], asking: Asking, workers: Workers
) -> dict[str, Access]:
    """Whether each stream can be read; asks for what belongs to single rows only."""
    return workers.run_all(
        {
            name: functools.partial(_access, stream, looks[root_of(stream).name], asking)
            for name, stream in STREAMS.items()
        }
    )


def _look(root: Stream, asking: Asking) -> FirstLook:
    try:
        answer = asking.ask(
            root.name,
            root.permission,
            lambda client, purpose: first_answer(root, client, purpose),
        )
    except RequestFailed as error:
        return FirstLook(_refusal(error, root.permission))
    total = answer.total
    if root.walk.single:
        total = 1
    elif not root.walk.paged or not answer.content:
        # What takes no limit has come whole.
        total = len(answer.content)
    return FirstLook(Access(readable=True), answer.content, total)


def _access(stream: Stream, look: FirstLook, asking: Asking) -> Access:
    child, row = stream.child, look.row
    if not look.access.readable or child is None or child.own_list is None or row is None:
        return look.access
    root = root_of(stream)
    try:
        asking.ask(
            stream.name,
            stream.permission,
            lambda client, purpose: try_own_list(child, root, row, client, purpose),
        )
    except RequestFailed as error:
        return _refusal(error, stream.permission)
    return look.access


def _refusal(error: RequestFailed, permission: Permission) -> Access:
    lacks = permission.name if isinstance(error, ScopeMissing) else None
    return Access(readable=False, lacks=lacks, words=error.words)
