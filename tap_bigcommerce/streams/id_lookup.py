"""How the store is asked whether records are there, by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class IdLookup:
    """With the parameters `params` at `path` (None: the stream's own list).

    In these {ids} stands for several ids, {id} for one, {before} and {after} for those beside it,
    which may be shown, too: whether a bound includes itself is not documented. Without any, each
    record has an address of its own below the list. `short_rows` are parameters that make its
    rows short; `archived` is the field of rows that are as good as gone.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    short_rows: Mapping[str, str] = field(default_factory=dict)
    archived: str | None = None


IDS = {"id:in": "{ids}"}

IN_BULK = IdLookup(IDS)

SINGLY = IdLookup()
