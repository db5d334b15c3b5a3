"""The ids that a list starts with, in one of five patterns of real stores."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from tap_bigcommerce_sandbox.randomness import SeededRandom

PATTERNS = ("dense", "holes", "sparse", "clusters", "huge_gaps")
_CLUSTER, _CLUSTER_STEP = 500, 100_000
_SPARSE_STEP = 10_000
_GAP, _RUNS = 50_000_000, 5


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
