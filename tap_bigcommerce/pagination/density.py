"""Estimates how densely a list's ids lie, from the pages so far."""

import bisect
import functools
import heapq
import math
from typing import NamedTuple

NEIGHBOURS = 8
"""Pages per estimate: enough to show regular gaps, few enough to adapt to changes."""

OUTLIER_FACTOR = 20
"""A page whose ids are this many times as far apart as usual is an exception, and is ignored."""

MAX_PAGES_REMEMBERED = 1000
"""More pages than are ever under way between the first id range and the last."""


class Spacing(NamedTuple):
    """How densely ids lie around one id; all zeros where nothing is known.

    `ids_per_page` is how many ids a page spans. `deviation` is the relative standard deviation of
    this number.
    """

    rows_per_page: int
    ids_per_page: float
    deviation: float

    def distance(self, pages: int) -> int:
        """How many ids after one range the next should start, so that `pages` pages reach it.

        It is a little less than the pages are expected to span. Then some rows are read twice; a
        start that is one row too late costs one more request. Where ids are very uneven, this makes
        no difference.
        """
        margin = min(0.5, 0.04 + 1.2 * self.deviation * math.sqrt(pages))
        return max(1, round((pages - margin) * self.ids_per_page))

    def pages_per_range(self, most: int) -> int:
        """How many pages long a range should be: the less even the ids, the longer.

        The end of a range costs up to a page, or hardly anything where ids are even. But the longer
        ranges are, the more rows wait for the rows before them.
        """
        return min(most, 4 + int(45 * self.deviation))


class Density:
    """Remembers how many ids each page spans."""

    def __init__(self) -> None:
        self._pages: list[tuple[int, int, int]] = []
        """The last id, the span in ids and the number of rows of each page, by the last id."""
        # Called far more often than pages are added.
        self.at = functools.cache(self._at)

    def add(self, last: int, span: int, rows: int) -> None:
        """Add a page of `rows` rows up to the id `last`, which span `span` ids."""
        new = (last, span, rows)
        index = bisect.bisect(self._pages, (last,))
        if index < len(self._pages) and self._pages[index][0] == last:
            # Pages that start in the same gap end with the same row, and show only one gap.
            new = max(new, self._pages.pop(index))
        self._pages.insert(index, new)
        del self._pages[:-MAX_PAGES_REMEMBERED]
        self.at.cache_clear()

    def _at(self, id_: int) -> Spacing:
        """The spacing around `id_`.

        It is estimated from the pages nearest to it, not from the latest ones: these are of other
        parts of the list, where ids may lie more or less densely.
        """
        if not self._pages:
            return Spacing(0, 0.0, 0.0)
        index = bisect.bisect(self._pages, (id_,))
        around = self._pages[max(0, index - NEIGHBOURS) : index + NEIGHBOURS]
        near = heapq.nsmallest(NEIGHBOURS, around, key=lambda page: abs(page[0] - id_))
        rows_per_page = max(rows for _, _, rows in near)
        # At most two pages are outliers: a gap shows in both pages that span it.
        near.sort(key=_ids_per_row)
        usual = _ids_per_row(near[max(len(near) // 2, len(near) - 3)])
        near = [page for page in near if _ids_per_row(page) <= OUTLIER_FACTOR * usual]
        mean = sum(span for _, span, _ in near) / sum(rows for _, _, rows in near)
        variance = sum((_ids_per_row(page) - mean) ** 2 for page in near) / len(near)
        # One row of a page may be the one at its lower bound, which is known.
        ids_per_page = max(1.0, mean * (rows_per_page - 1))
        return Spacing(rows_per_page, ids_per_page, math.sqrt(variance) / mean)


def _ids_per_row(page: tuple[int, int, int]) -> float:
    _, span, rows = page
    return span / rows
