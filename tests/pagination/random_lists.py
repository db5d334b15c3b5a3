"""Lists of ids like those of real stores."""

from __future__ import annotations

import random

LAYOUTS = ("dense", "holes", "sparse", "clusters", "huge gaps", "thin, then dense")


def random_ids(layout: str, count: int, chance: random.Random) -> list[int]:
    """`count` ids in ascending order."""
    if layout == "dense":
        return list(range(1, count + 1))
    if layout == "holes":
        return sorted(chance.sample(range(1, 2 * count), count))
    if layout == "sparse":
        return sorted(chance.sample(range(1, 10_000 * count), count))
    if layout == "clusters":
        length = chance.randint(2, 60)
        return [index // length * 1000 * length + index % length + 1 for index in range(count)]
    if layout == "huge gaps":
        length = chance.randint(20, 200)
        return [index + index // length * 10**9 + 1 for index in range(count)]
    thin = sorted(chance.sample(range(1, 33 * count), count // 2))
    return thin + list(range(33 * count, 33 * count + count - count // 2))
