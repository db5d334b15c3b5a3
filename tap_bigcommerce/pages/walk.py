"""What the two walks through a list have in common, `by_id.ById` and `in_turn.InTurn`.

A walk says what to ask for, and is told what came. It makes no requests, and hands on rows in its
order, each of them once, named by their keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import Enum, auto

Position = int | str | None
"""Where a stopped walk goes on: behind an id, or at a cursor; None: at the start."""


class What(Enum):
    """What an ask is for."""

    PAGE = auto()
    """A page of rows, as long as the list gives it."""
    LAST = auto()
    """The row with the largest id."""
    COUNT = auto()
    """One row, for the total that comes with it."""


def slack(totals: Sequence[int], pages: int) -> int:
    """How many rows a list that changes may seem to lack, by the totals that it named meanwhile.

    What is deleted before the reader comes by, and what enters behind it, makes the difference: as
    much as the totals show, and for each page as much as may have cancelled out in them.
    """
    changes = sum(abs(one - two) for one, two in itertools.pairwise(totals))
    return changes + pages if changes else 0
