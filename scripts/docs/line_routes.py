"""Ways for the lines of a diagram: past the boxes of the columns between, in the gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

APART = 4.0
"""Between two lines in the same gap."""

Point = tuple[float, float]


class Gaps:
    """The gaps of one column. What leads to the same target shares a lane.

    `rows` are the upper and lower ends of its boxes, from above; `room` is how far a gap above
    the first and below the last reaches.
    """

    def __init__(self, rows: Iterable[Point], room: float) -> None:
        ends = list(rows)
        lower = [ends[0][0] - room, *(below for _, below in ends)]
        upper = [*(above for above, _ in ends), ends[-1][1] + room]
        self._middles = [(low + up) / 2 for low, up in zip(lower, upper, strict=True)]
        self._lanes: dict[tuple[float, str], float] = {}
        self._taken = dict.fromkeys(self._middles, 0)

    def lane(self, wanted: float, target: str) -> float:
        """The height of a line to `target` that would run at `wanted` if nothing stood there."""
        middle = min(self._middles, key=lambda each: abs(each - wanted))
        if (middle, target) not in self._lanes:
            number = self._taken[middle]
            self._taken[middle] += 1
            # In the middle, then one below it, one above it, two below it.
            away = (number + 1) // 2 * (1 if number % 2 else -1)
            self._lanes[middle, target] = middle + away * APART
        return self._lanes[middle, target]


def curve(points: Sequence[Point]) -> str:
    """A path that bends between two columns, and runs straight past those between.

    `points` are its start, where it enters and leaves each column that it passes, and its end.
    """
    parts = [f"M{_at(points[0])}"]
    for number, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        if number % 2:
            parts.append(f"L{_at((x2, y2))}")
        else:
            middle = (x1 + x2) / 2
            parts.append(f"C{_at((middle, y1))} {_at((middle, y2))} {_at((x2, y2))}")
    return "".join(parts)


def loop(start: Point, end: Point, x: float) -> str:
    """A path between two boxes of one column, out to `x` and back."""
    return f"M{_at(start)}C{_at((x, start[1]))} {_at((x, end[1]))} {_at(end)}"


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
