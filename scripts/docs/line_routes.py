"""Routes for the lines of a diagram: past boxes, through the gaps between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

LINE_DISTANCE = 4.0
"""Between two lines in the same gap."""

Point = tuple[float, float]


class Gaps:
    """The gaps between the boxes of one column. Lines to the same target share a height.

    `boxes` are the upper and lower ends of the boxes, from the top; `margin` is the height of the
    gaps above the first and below the last box.
    """

    def __init__(self, boxes: Iterable[Point], margin: float) -> None:
        ends = list(boxes)
        lower = [ends[0][0] - margin, *(below for _, below in ends)]
        upper = [*(above for above, _ in ends), ends[-1][1] + margin]
        self._middles = [(low + up) / 2 for low, up in zip(lower, upper, strict=True)]
        self._heights: dict[tuple[float, str], float] = {}
        self._taken = dict.fromkeys(self._middles, 0)

    def height(self, wanted: float, target: str) -> float:
        """The height of a line to `target`: in the gap that is closest to `wanted`."""
        middle = min(self._middles, key=lambda each: abs(each - wanted))
        if (middle, target) not in self._heights:
            number = self._taken[middle]
            self._taken[middle] += 1
            # In the middle, then one line below it, one above it, two below it.
            offset = (number + 1) // 2 * (1 if number % 2 else -1)
            self._heights[middle, target] = middle + offset * LINE_DISTANCE
        return self._heights[middle, target]


def curve(points: Sequence[Point]) -> str:
    """An SVG path that is curved between columns, and straight where it passes one.

    `points` are its start, the points where it enters and leaves each passed column, and its end.
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
    """An SVG path between two boxes of one column, through `x` at its side."""
    return f"M{_at(start)}C{_at((x, start[1]))} {_at((x, end[1]))} {_at(end)}"


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
