"""Seeded randomness: the same (seed, kind, number) always draws the same."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """Sixty-four well-mixed bits from a few integers: a draw too cheap to need a generator."""
    value = 0x9E3779B97F4A7C15
    for part in parts:
        value = ((value ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        value ^= value >> 31
    value = (value * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 29)


def name_number(name: str) -> int:
    """A number for a name, the same in every process (unlike hash())."""
    return zlib.crc32(name.encode())


class Chance(random.Random):
    """A random generator with the few draws that rows are made of."""

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def share(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))
