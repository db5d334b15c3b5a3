"""How densely a list's ids lie, as the answers show it."""

from __future__ import annotations

import bisect
import functools
import heapq
import math
from dataclasses import dataclass

NEIGHBOURS = 8
"""Answers. Enough to see a gap between clusters as part of the pattern, few enough to follow."""

ODDLY_WIDE = 20
"""How many times as wide as a usual answer one is that spans a gap of no pattern."""

REMEMBERED = 1000
"""Answers: more than are ever under way between the first stretch and the last."""


@dataclass(frozen=True)
class Spacing:
    """How ids lie about one place in the list.

    `deviation`: by how much of itself the length of a page, in ids, varies.
    """

    rows_a_page: int
    ids_a_page: float
    deviation: float

    def ids(self, pages: int) -> int:
        """How far from here to begin what whoever reads `pages` pages from here is to reach.

        A little less than they are long: some rows are read twice then, but to fall short by one
        row costs a whole request. Where ids vary so much that nobody can tell, it is all the same.
        """
        margin = min(0.5, 0.04 + 1.2 * self.deviation * math.sqrt(pages))
        return max(1, round((pages - margin) * self.ids_a_page))

    def pages_a_range(self, most: int) -> int:
        """How many pages a stretch should be long: the longer, the less even the ids.

        Its end costs up to a page, hardly anything where ids are even; but the longer stretches
        are, the more rows wait for those before them.
        """
        return min(most, 4 + int(45 * self.deviation))


class Density:
    """Remembers how widely the rows of each answer were spread."""

    def __init__(self) -> None:
        self._responses: list[tuple[int, int, int]] = []
        # Asked far more often than answers come.
        self.at = functools.cache(self._at)

    def received(self, last: int, span: int, rows: int) -> None:
        """`rows` rows, up to the id `last`, were spread over `span` ids."""
        new = (last, span, rows)
        place = bisect.bisect(self._responses, (last,))
        if place < len(self._responses) and self._responses[place][0] == last:
            # Several that began in one gap end with the same row, and tell of one gap only.
            new = max(new, self._responses.pop(place))
        self._responses.insert(place, new)
        del self._responses[:-REMEMBERED]
        self.at.cache_clear()

    def _at(self, id_: int) -> Spacing:
        """The spacing about `id_`; all zeros before any answer has come.

        What counts are the answers nearest to it, not the latest: at the same time other parts of
        the list are read, where ids may lie otherwise.
        """
        if not self._responses:
            return Spacing(0, 0.0, 0.0)
        place = bisect.bisect(self._responses, (id_,))
        around = self._responses[max(0, place - NEIGHBOURS) : place + NEIGHBOURS]
        near = heapq.nsmallest(NEIGHBOURS, around, key=lambda response: abs(response[0] - id_))
        rows_a_page = max(rows for _, _, rows in near)
        # Two answers at the most are odd ones: a gap shows in both that reach over it.
        near.sort(key=_spread)
        usual = _spread(near[max(len(near) // 2, len(near) - 3)])
        near = [response for response in near if _spread(response) <= ODDLY_WIDE * usual]
        mean = sum(span for _, span, _ in near) / sum(rows for _, _, rows in near)
        variance = sum((_spread(response) - mean) ** 2 for response in near) / len(near)
        # One row of an answer may be the one that was asked from.
        ids_a_page = max(1.0, mean * (rows_a_page - 1))
        return Spacing(rows_a_page, ids_a_page, math.sqrt(variance) / mean)


def _spread(response: tuple[int, int, int]) -> float:
    _, span, rows = response
    return span / rows
