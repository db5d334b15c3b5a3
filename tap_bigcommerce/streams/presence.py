"""How the store is asked whether records are there, by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Presence:
    """At `path` (None: the stream's own list) with the parameters `params`.

    In these {ids} stands for several ids, {id} for one, {before} and {after} for those beside it,
    which may be shown, too: whether a bound includes itself is not documented. A path with {id} has
    one object, and none once the record is gone. `short` are the parameters that make the list's
    rows short, in place of the stream's own; `archived` is the field of rows that are as good as
    gone.
    """

    path: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] | None = None
    archived: str | None = None

    @property
    def in_bulk(self) -> bool:
        """Several ids can be asked for at once."""
        return any("{ids}" in value for value in self.params.values())

    @property
    def shows_neighbours(self) -> bool:
        """The records with the ids before and after may come as well."""
        return any("{before}" in value for value in self.params.values())


IN_BULK = {"id:in": "{ids}"}
