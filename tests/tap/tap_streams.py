"""The streams that the tests go through. To have a further one tested: one more line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Stream:
    """A stream as its users know it.

    list: its rows' name in the sandbox. since: the parameter that filters by date. scope: what
    the sandbox calls the permission, and permission what the control panel calls it. text: a text
    field that the sandbox lets be changed.
    """

    name: str
    list: str
    scope: str
    permission: str
    text: str
    since: str | None = None
    ignores_start_date: bool = False
    primary_keys: tuple[str, ...] = ("id",)

    @property
    def incremental(self) -> bool:
        return self.since is not None

    @property
    def automatic_fields(self) -> set[str]:
        """The fields that always go out."""
        return {*self.primary_keys, *(["date_modified"] if self.incremental else [])}


STREAMS = (
    Stream("coupons", "coupons", "marketing", "Marketing", "name"),
    Stream("customers", "customers", "customers", "Customers", "notes", "min_date_modified"),
    Stream("orders", "orders", "orders", "Orders", "staff_notes", "min_date_modified"),
    Stream(
        "products", "products", "products", "Products", "name", "date_modified:min", True
    ),
)  # fmt: skip
NAMES = tuple(stream.name for stream in STREAMS)
INCREMENTAL = tuple(stream for stream in STREAMS if stream.incremental)

Mark = Callable[[Any], Any]


def _over(streams: tuple[Stream, ...]) -> Mark:
    return pytest.mark.parametrize("stream", streams, ids=[stream.name for stream in streams])


over_streams: Mark = _over(STREAMS)
over_incremental: Mark = _over(INCREMENTAL)
