"""Child rows, such as an order's line items: which exist, and what was changed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_sandbox.cache import BoundedCache
from tap_bigcommerce_sandbox.table import Dates, Row, Table
from tap_bigcommerce_sandbox.values import number_of, read_date

_ROWS_KEPT = 30_000
_UNDATED = Dates(str)
_FAR_ABOVE = 1_000_000
"""Added parents can have this many rows before their numbers meet those of added rows."""


@dataclass(frozen=True, kw_only=True)
class Below:
    """How the rows of a list are told apart and changed; most of it is for those with a parent."""

    name: str
    text: str = ""
    """The text field that changes if a change gives no fields."""
    key: tuple[str, ...] = ("id",)
    """The fields that identify a row, of one parent if there is a parent."""
    parent: str = ""
    """The list whose rows have these rows below them; it is declared earlier."""
    parent_field: str = ""
    """The field with the parent's id."""
    id: str = "id"
    """The field with the row's number; "": rows have none and are numbered in order."""
    id_form: Callable[[int], Any] = int
    """How the number of an added row is written there."""
    number: Callable[[Row], int] | None = None
    """Computes the number if no field of the row has it."""
    stride: int = 1000
    """Room for numbers below each parent: a number's parent is number // stride."""
    dates: Dates = _UNDATED
    touches_parent: bool = False
    """Whether a change of the row sets its parent's date_modified."""
    derived_from: str = ""
    """The lists that these rows are computed from; they change only when those do."""


class ChildTable:
    """Child rows as a pure function of their parent, plus the changes made since the start.

    A row's number is its id, or where it has none a number that only the sandbox knows. Parents
    come in order, so that numbers ascend; rows added later have numbers above all others.
    """

    def __init__(
        self,
        declared: Below,
        parents: Table | ChildTable,
        rows: Callable[[int], list[Row]],
        others: Sequence[Table] = (),
    ) -> None:
        self.parents = parents
        self._declared = declared
        self._rows = rows
        self._others = others
        self._made: BoundedCache[dict[int, Row]] = BoundedCache(_ROWS_KEPT)
        self._numbers: dict[int, tuple[Hashable, tuple[int, ...]]] = {}
        self._ids: array[int] = array("q")
        self._ids_of: Hashable = None
        self._fields: dict[int, Row] = {}
        self._changes: dict[int, int] = {}
        self._removed: set[int] = set()
        self._added: dict[int, dict[int, Row]] = {}
        self._adopted: dict[int, int] = {}

    # Reading
    @property
    def revision(self) -> Hashable:
        """A cache key that changes when any row does."""
        return (self.parents.revision, *(table.revision for table in self._others))

    @property
    def ids(self) -> array[int]:
        """The numbers of all rows, ascending. Computed on first use."""
        revision = self.revision
        if self._ids_of != revision:
            found = array("q")
            for parent in self.parents.ids:
                found.extend(self.numbers(parent))
            self._ids = array("q", sorted(found)) if self._adopted else found
            self._ids_of = revision
        return self._ids

    def numbers(self, parent: int) -> Sequence[int]:
        """The numbers of the rows below a parent, ascending."""
        state = self.state_below(parent)
        known = self._numbers.get(parent)
        if known is None or known[0] != state:
            known = self._numbers[parent] = (state, tuple(self._below(parent)))
        return known[1]

    def below(self, parent: int) -> list[Row]:
        """The rows of a parent, keyed by number. They are shared: do not change them."""
        if not self.parents.changed_below(parent):
            # Nothing was changed here, so the rows need not be numbered and kept.
            return self._rows(parent)
        return list(self._below(parent).values())

    def row(self, number: int) -> Row:
        """A row by its number. It is shared: do not change it."""
        return self._below(self.parent_of(number))[number]

    def parent_of(self, number: int) -> int:
        return self._adopted.get(number, number // self._declared.stride)

    def state_below(self, parent: int) -> Hashable:
        """A cache key that changes when a row of this parent does."""
        return (self.parents.state(parent), *(table.revision for table in self._others))

    def state(self, number: int) -> Hashable:
        """A cache key that changes with the row, with its siblings and with their child rows."""
        return self.state_below(self.parent_of(number))

    def added(self, number: int) -> bool:
        return number in self._added.get(self.parent_of(number), {})

    def changed_below(self, number: int) -> bool:
        """Whether the row, a sibling or a child row of one was changed."""
        return self.parents.changed_below(self.parent_of(number))

    def __contains__(self, number: int) -> bool:
        parent = self.parent_of(number)
        return parent in self.parents and number in self.numbers(parent)

    def created(self, number: int) -> int:
        """date_created in seconds; the parent's if the rows have no such date."""
        return self._date(number, self._declared.dates.created, self.parents.created)

    def modified(self, number: int) -> int:
        """date_modified in seconds; the parent's if the rows have no such date."""
        return self._date(number, self._declared.dates.modified, self.parents.modified)

    def _date(self, number: int, name: str, of_parent: Callable[[int], int]) -> int:
        return int(read_date(self.row(number)[name])) if name else of_parent(self.parent_of(number))

    def modified_index(self) -> array[int]:
        return array("q", map(self.modified, self.ids))

    # Changing
    def next_ids(self, count: int) -> list[int]:
        above = max(self.parents.ids[-1:], default=0) + _FAR_ABOVE
        start = max(above * self._declared.stride, max(self._adopted, default=0) + 1)
        return list(range(start, start + count))

    def add(
        self, numbers: Iterable[int], now: int, fields: Row | None, parent: int | None = None
    ) -> None:
        """Add rows to a parent, modelled on existing ones. Raises ValueError without a parent."""
        self._refuse_derived()
        parent = self._home(fields) if parent is None else parent
        write, created, modified = self._declared.dates
        for number in numbers:
            if number in self or number in self._removed:
                raise ValueError(f"id {number} exists already")
            own = {self._declared.id: self._declared.id_form(number)}
            own |= {self._declared.parent_field: parent, created: write(now), modified: write(now)}
            row = {**self._model(parent), **own, **(fields or {})}
            row.pop("", None)  # The name of fields that the rows do not have.
            self._refuse_double(parent, row)
            self._adopted[number] = parent
            self._added.setdefault(parent, {})[number] = row
            self._note(parent, now)

    def change(self, numbers: Iterable[int], now: int | None, fields: Row | None) -> None:
        """Change rows visibly. now=None leaves all dates as they are."""
        self._refuse_derived()
        for number in numbers:
            self._expect(number)
            if not fields:
                if not self._declared.text:
                    raise ValueError(f"{self._declared.name} has no text: say which fields")
                self._changes[number] = self._changes.get(number, 0) + 1
            write, _, name = self._declared.dates
            stamped = {} if not name or now is None else {name: write(now)}
            self._fields[number] = {**self._fields.get(number, {}), **stamped, **(fields or {})}
            self._note(self.parent_of(number), now)

    def remove(self, numbers: Iterable[int], now: int | None = None) -> None:
        """Remove rows without a trace, except that the parent's date_modified may change."""
        self._refuse_derived()
        for number in numbers:
            self._expect(number)
            parent = self.parent_of(number)
            self._removed.add(number)
            self._added.get(parent, {}).pop(number, None)
            self._note(parent, now)

    def change_below(self, number: int, now: int | None) -> None:
        self._note(self.parent_of(number), now)

    def forget(self) -> None:
        self._made.clear()
        self._numbers.clear()
        self._ids_of = None

    # What is below a parent
    def _below(self, parent: int) -> dict[int, Row]:
        key = (parent, self.state_below(parent))
        found = self._made.get(key)
        if found is None:
            found = self._make(parent)
            self._made.put(key, found, len(found) + 1)
        return found

    def _make(self, parent: int) -> dict[int, Row]:
        made = {}
        for at, row in enumerate(self._rows(parent)):
            number = self._number(parent, at, row)
            if number // self._declared.stride != parent:
                # Made from a row that was added later, whose number is above all others.
                self._adopted[number] = parent
            if number not in self._removed:
                made[number] = self._current(number, row)
        added = self._added.get(parent, {})
        made.update((number, self._current(number, row)) for number, row in added.items())
        return made

    def _number(self, parent: int, at: int, row: Row) -> int:
        if self._declared.number is not None:
            return self._declared.number(row)
        name = self._declared.id
        return number_of(row[name]) if name else parent * self._declared.stride + at

    def _current(self, number: int, row: Row) -> Row:
        changes, fields = self._changes.get(number), self._fields.get(number)
        if changes:
            row = {**row, self._declared.text: f"changed {changes} times"}
        return {**row, **fields} if fields else row

    # What new rows are like
    def _home(self, fields: Row | None) -> int:
        given = (fields or {}).get(self._declared.parent_field)
        if given is not None:
            return int(given)
        if not self.parents.ids:
            raise ValueError(f"{self._declared.name}: there is nothing to add to")
        return self.parents.ids[-1]

    def _model(self, parent: int) -> Mapping[str, object]:
        if parent not in self.parents:
            raise ValueError(f"there is no id {parent} to add to")
        for other in (parent, *self.parents.ids):
            rows = self.below(other)
            if rows:
                return rows[-1]
        raise ValueError(f"{self._declared.name}: there is no row that a new one could be like")

    def _refuse_double(self, parent: int, row: Row) -> None:
        key = self._declared.key
        if any(all(row.get(n) == other.get(n) for n in key) for other in self.below(parent)):
            raise ValueError(
                f"{self._declared.name}: there is such a row already; say which fields"
            )

    def _refuse_derived(self) -> None:
        if self._declared.derived_from:
            raise ValueError(f"{self._declared.name} follows from {self._declared.derived_from}")

    def _expect(self, number: int) -> None:
        if number not in self:
            raise ValueError(f"there is no id {number}")

    def _note(self, parent: int, now: int | None) -> None:
        self.parents.change_below(parent, now if self._declared.touches_parent else None)
