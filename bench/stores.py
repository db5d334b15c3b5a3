"""Stores to measure against: the sandbox as a process, and what it knows."""

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
        """What the store itself has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def requests_by_list(self) -> Counter[str]:
        """How many requests each list has had."""
        return Counter(request["list"] for request in self.store.requests())


@contextlib.contextmanager
def store(**options: Any) -> Iterator[Measured]:
    """A store of its own, of which everything that is not named is empty."""
    sizes = {"orders": 0, "customers": 0, "products": 0, "coupons": 0, "cache_mb": 2048}
    spawned = Sandbox.spawn(Options(**{**sizes, **options}))
    with spawned as running:
        yield Measured(running, spawned.pid)


def sizes_for(stream: str, size: int) -> dict[str, int]:
    """A store for one stream alone. Orders have coupons only where the store has some."""
    return {stream: size, **({"coupons": 200} if stream == "orders" else {})}


def pages(rows: int) -> int:
    """The fewest pages that hold so many rows."""
    return -(-rows // LARGEST_PAGE)
