"""The walk by id, as a stream declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tap_bigcommerce.pages.by_id import Ask, ById
from tap_bigcommerce.pages.in_turn import ByPage, InTurn
from tap_bigcommerce.pages.walk import Position, Walk, WalkKind

ASCENDING = {"sort": "id", "direction": "asc"}
DESCENDING = {"sort": "id", "direction": "desc"}
"""How most lists are sorted by id, where they can be."""


@dataclass(frozen=True)
class IdParameters:
    """How a list is asked for rows by id.

    `bound` is the parameter for the smallest id; `upwards` and `downwards` sort by it (`downwards`
    None: the list cannot be sorted so).
    """

    bound: str
    upwards: Mapping[str, str] = field(default_factory=dict)
    downwards: Mapping[str, str] | None = None

    def place(self, ask: Ask) -> dict[str, str]:
        """The parameters for the rows that `ask` wants."""
        if ask.bound is None:
            return dict(self.downwards or {})
        # No bound at all is the plainest way to say "from the start".
        return {**self.upwards, **({self.bound: str(ask.bound)} if ask.bound > 0 else {})}

    paged = True
    single = False

    def begin(self, noun: str, after: Position, parallel: int) -> ById:
        """A walk that goes on behind the id `after`."""
        return ById(
            noun,
            after=after if isinstance(after, int) else 0,
            can_see_last=self.downwards is not None,
            parallel=parallel,
        )

    def again(self, walk: ById) -> tuple[WalkKind, Walk] | None:
        """By page number over the whole list, where the walk by id may lack rows."""
        if walk.contradiction is None:
            return None
        kind = ByPage(self.upwards)
        return kind, InTurn(walk.noun, kind, handed_on=walk.ids, awaited=walk.denied)
