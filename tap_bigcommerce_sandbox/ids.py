"""Ids: those that a list starts with, in one of five patterns of real stores, and UUIDs."""

from __future__ import annotations

import uuid
from array import array
from collections.abc import Iterable

from tap_bigcommerce_sandbox.randomness import SeededRandom, mix, name_number

PATTERNS = ("dense", "holes", "sparse", "clusters", "huge_gaps")
_CLUSTER, _CLUSTER_STEP = 500, 100_000
_SPARSE_STEP = 10_000
_GAP, _RUNS = 50_000_000, 5
_NUMBER_BITS = 48


def pattern_for(name: str, patterns: str) -> str:
    """The pattern of one list from the option `ids`. Raises ValueError for an unknown one."""
    chosen = "holes"
    for part in patterns.split(","):
        target, _, pattern = part.rpartition("=")
        if target in ("", name):
            chosen = pattern
        if pattern not in PATTERNS:
            raise ValueError(f"ids: unknown pattern {pattern!r}, use {', '.join(PATTERNS)}")
    return chosen


def make_ids(pattern: str, count: int, first: int, gaps: float, seed: int) -> array[int]:
    """`count` ascending ids from `first` on."""
    return array("q", _generate(pattern, count, first, gaps, seed))


def _generate(pattern: str, count: int, first: int, gaps: float, seed: int) -> Iterable[int]:
    if pattern == "dense":
        return range(first, first + count)
    if pattern == "sparse":
        return range(first, first + count * _SPARSE_STEP, _SPARSE_STEP)
    if pattern == "clusters":
        return (
            first + index // _CLUSTER * _CLUSTER_STEP + index % _CLUSTER for index in range(count)
        )
    if pattern == "huge_gaps":
        run = max(1, count // _RUNS)
        return (first + index // run * _GAP + index % run for index in range(count))
    return _with_holes(count, first, gaps, seed)


def _with_holes(count: int, first: int, gaps: float, seed: int) -> Iterable[int]:
    draw = SeededRandom(seed).random
    number = first
    for _ in range(count):
        while draw() < gaps:
            number += 1
        yield number
        number += 1


def unique_id(purpose: str, number: int) -> str:
    """A UUID for a number, which it ends with; the same in every store."""
    low, high = (mix(number, name_number(purpose), part) for part in (7, 8))
    low = low >> _NUMBER_BITS << _NUMBER_BITS | number
    return str(uuid.UUID(int=(high << 64) | low, version=4))


def number_of(written: str | int) -> int:
    """The number of a row from its id: a number, its digits, or a UUID. Raises ValueError."""
    if isinstance(written, str) and not written.isdigit():
        return uuid.UUID(written).int & ((1 << _NUMBER_BITS) - 1)
    return int(written)
