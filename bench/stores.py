"""Stores for measurements: the sandbox in a separate process."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap_bigcommerce_sandbox import Options, RemoteStore, Sandbox

LARGEST_PAGE = 250


@dataclass(frozen=True)
class Measured:
    """A running store; `pid` is its process."""

    store: RemoteStore
    pid: int

    def processor_seconds(self) -> float:
        """Processor time of the store's process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def requests_by_list(self) -> Counter[str]:
        """The number of requests for each list."""
        return Counter(request["list"] for request in self.store.requests())


@contextlib.contextmanager
def store(**options: Any) -> Iterator[Measured]:
    """Start a store; lists without an option are empty."""
    sizes = {"orders": 0, "customers": 0, "products": 0, "coupons": 0, "cache_mb": 2048}
    spawned = Sandbox.spawn(Options(**{**sizes, **options}))
    with spawned as running:
        yield Measured(running, spawned.pid)


def sizes_for(stream: str, size: int) -> dict[str, int]:
    """Options of a store for one stream. Orders have coupons only if the store has some."""
    return {stream: size, **({"coupons": 200} if stream == "orders" else {})}


def pages(rows: int) -> int:
    """The smallest number of pages for this number of rows."""
    return -(-rows // LARGEST_PAGE)
