"""How the API looks up records by their ids, to see whether they exist."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class IdLookup:
    """The request that looks up records of a stream by their ids.

    Attributes:
        params: Query parameters. In their values {ids} stands for several ids, {id} for one,
            {before} and {after} for the ids next to it. The response may include these two:
            whether a bound includes itself is not documented. Without parameters, each record has
            a path of its own below the list.
        path: Where to send them; None: the path of the stream's list.
        short_rows: Query parameters that make the list's rows short.
        archived: The field that marks archived rows, which count as deleted.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    short_rows: Mapping[str, str] = field(default_factory=dict)
    archived: str | None = None

    @property
    def record_filter(self) -> str | None:
        """The list's parameter for ids; None: it has none, or another list looks them up."""
        names = (name for name, value in self.params.items() if value == "{ids}")
        return next(names, None) if self.path is None else None


IDS = {"id:in": "{ids}"}

IN_BULK = IdLookup(IDS)

SINGLY = IdLookup()
