"""How densely a list's ids lie, as the answers of late show it."""

from __future__ import annotations

import math
from collections import deque

REMEMBERED = 8
"""Answers. Enough to see a gap between clusters as part of the pattern, few enough to follow."""

LONGEST_STRETCH = 12
"""Pages."""

WASTE_AIMED_AT = 0.06
"""Share of rows that may be read twice, at the seams of stretches."""


class Density:
    """Ids a page, how much that varies, and how long a stretch should be for it."""

    def __init__(self) -> None:
        self._answers: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._seam_waste = 0.1
        self._rows_twice = 0

    def answered(self, span: int, rows: int) -> None:
        """`rows` new rows were spread over `span` ids."""
        self._answers.append((span, rows))

    def came_twice(self, rows: int) -> None:
        """`rows` rows had come with another answer already."""
        self._rows_twice += rows

    def seam(self) -> None:
        """A stretch has met the next one."""
        share = min(2.0, self._rows_twice / self.rows_a_page)
        self._seam_waste += (share - self._seam_waste) * 0.25
        self._rows_twice = 0

    @property
    def known(self) -> bool:
        return bool(self._answers)

    @property
    def rows_a_page(self) -> int:
        """What a full page holds: the most that an answer of late has given."""
        return max((rows for _, rows in self._answers), default=1)

    @property
    def ids_a_page(self) -> float:
        return max(1.0, self._mean(self._usual()) * self.rows_a_page)

    def pages_a_stretch(self, most: int) -> int:
        """How many pages one stretch should be long, at least 1, at most `most`.

        Where two stretches meet, some rows are read twice: the rarer the seams, the less.
        """
        wanted = math.ceil(self._seam_waste / WASTE_AIMED_AT)
        return max(1, min(wanted, LONGEST_STRETCH, most))

    def margin(self, pages: int) -> float:
        """By how many pages to begin the next stretch early, so that this one surely reaches it.

        A stretch that falls short by one row costs a whole request.
        """
        usual = self._usual()
        mean = self._mean(usual)
        variance = sum((span / rows - mean) ** 2 for span, rows in usual) / len(usual)
        return min(0.4 * pages, 0.04 + 1.5 * math.sqrt(variance * pages) / mean)

    def _usual(self) -> list[tuple[int, int]]:
        """The answers without the one that is spread widest: a single huge gap is no pattern."""
        by_spread = sorted(self._answers, key=lambda answer: answer[0] / answer[1])
        return by_spread[:-1] if len(by_spread) > 2 else by_spread

    @staticmethod
    def _mean(answers: list[tuple[int, int]]) -> float:
        return sum(span for span, _ in answers) / sum(rows for _, rows in answers)
