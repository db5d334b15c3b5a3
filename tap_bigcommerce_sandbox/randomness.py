"""Random numbers that depend only on seed, purpose and row number."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """A 64-bit hash of a few integers; much cheaper than a random generator."""
    value = 0x9E3779B97F4A7C15
    for part in parts:
        value = ((value ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        value ^= value >> 31
    value = (value * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 29)


def name_number(name: str) -> int:
    """A number for a name, the same in every process (unlike hash())."""
    return zlib.crc32(name.encode())


class SeededRandom(random.Random):
    """A random generator with the methods that rows are made with."""

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(self.random() * len(items))]

    def chance(self, probability: float) -> bool:
        """True with this probability, from 0 to 1."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))
