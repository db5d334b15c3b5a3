"""The rows of one kind: which ids exist, their dates, and what was changed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tap_bigcommerce_sandbox.values import mix

Row = dict[str, Any]
_HISTORY = 1095 * 86400
"""The time in which rows were created, in seconds."""


class Dates(NamedTuple):
    """The date fields of a row, if it has them, and how they are written."""

    write: Callable[[int], str]
    created: str = ""
    modified: str = ""


class Table:
    """Ids and dates as a pure function of the seed, plus the changes made since the start.

    Rows are not stored: a million ids take 16 MB, and 8 MB more once dates are searched.
    """

    def __init__(self, ids: array[int], seed: int, until: int) -> None:
        self.base = array("q", ids)
        self.ids = ids
        self.revision = 0
        self._seed = seed
        self._first, self._until = until - _HISTORY, until
        self._created: dict[int, int] = {}
        self._touched: dict[int, int] = {}
        self._versions: dict[int, int] = {}
        self._changes: dict[int, int] = {}
        self._fields: dict[int, Row] = {}
        self._archived: set[int] = set()
        self._below: dict[int, int] = {}
        self._modified_index: array[int] | None = None

    # Reading
    def __contains__(self, number: int) -> bool:
        at = bisect_left(self.ids, number)
        return at < len(self.ids) and self.ids[at] == number

    def base_index(self, number: int) -> int | None:
        """Index among the ids that the store started with; None for a row added later."""
        if number in self._created:
            return None
        return bisect_left(self.base, number)

    def created(self, number: int) -> int:
        """date_created in seconds; in the rows at the start it ascends with the id."""
        added = self._created.get(number)
        if added is not None:
            return added
        step = (self._until - self._first) / max(1, len(self.base))
        jitter = mix(self._seed, number, 1) % max(1, int(step))
        return self._first + int(bisect_left(self.base, number) * step) + jitter

    def modified(self, number: int) -> int:
        touched = self._touched.get(number)
        if touched is not None:
            return touched
        created = self.created(number)
        if number in self._created:
            return created
        draw = mix(self._seed, number, 2)
        if draw % 1000 < 20:
            # One bulk edit in the past: many rows share this second.
            return max(created, self._until - 40 * 86400)
        reach = (7200, 7200, 7200, 3 * 86400, 60 * 86400)[(draw >> 10) % 5]
        return min(self._until, created + (draw >> 20) % reach)

    def modified_index(self) -> array[int]:
        """date_modified of every id, in the order of `ids`. Computed on first use."""
        if self._modified_index is None:
            self._modified_index = array("q", map(self.modified, self.ids))
        return self._modified_index

    def version(self, number: int) -> int:
        """A number that grows with each change of the row; a cache key."""
        return self._versions.get(number, 0)

    def changes(self, number: int) -> int:
        """How often the row was changed without given fields; shown in a text of the row."""
        return self._changes.get(number, 0)

    def state(self, number: int) -> tuple[int, int]:
        """A cache key that changes with the row and with its child rows."""
        return self.version(number), self._below.get(number, 0)

    def added(self, number: int) -> bool:
        return number in self._created

    def changed_below(self, number: int) -> bool:
        return number in self._below

    def fields(self, number: int) -> Row:
        """Field values that were set with `change` or `add`."""
        return self._fields.get(number, {})

    def archived(self, number: int) -> bool:
        return number in self._archived

    # Changing
    def next_ids(self, count: int) -> list[int]:
        highest = self.ids[-1] if self.ids else 0
        return list(range(highest + 1, highest + 1 + count))

    def add(self, numbers: Iterable[int], now: int, fields: Row | None) -> None:
        """Add rows, created and modified now."""
        for number in numbers:
            if number in self:
                raise ValueError(f"id {number} exists already")
            at = bisect_left(self.ids, number)
            self.ids.insert(at, number)
            self._created[number] = self._touched[number] = now
            if self._modified_index is not None:
                self._modified_index.insert(at, now)
            self._note(number, fields)

    def change(self, numbers: Iterable[int], now: int | None, fields: Row | None) -> None:
        """Change rows visibly. now=None leaves date_modified as it is."""
        for number in numbers:
            self._expect(number)
            if now is not None:
                self._touch(number, now)
            if not fields:
                self._changes[number] = self.changes(number) + 1
            self._note(number, fields)

    def change_below(self, number: int, now: int | None) -> None:
        """Note a change of a child row. now=None leaves the row's date_modified as it is."""
        self._expect(number)
        self._below[number] = self._below.get(number, 0) + 1
        if now is not None:
            self._touch(number, now)
        self.revision += 1

    def archive(self, numbers: Iterable[int], now: int | None) -> None:
        """Delete rows softly: they stay, marked as archived."""
        for number in numbers:
            self._expect(number)
            self._archived.add(number)
            if now is not None:
                self._touch(number, now)
            self._note(number, None)

    def remove(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._expect(number)
            at = bisect_left(self.ids, number)
            self.ids.pop(at)
            self._fields.pop(number, None)
            if self._modified_index is not None:
                self._modified_index.pop(at)
            self.revision += 1

    def _expect(self, number: int) -> None:
        if number not in self:
            raise ValueError(f"there is no id {number}")

    def _touch(self, number: int, now: int) -> None:
        self._touched[number] = now
        if self._modified_index is not None:
            self._modified_index[bisect_left(self.ids, number)] = now

    def _note(self, number: int, fields: Row | None) -> None:
        self._versions[number] = self.version(number) + 1
        if fields:
            self._fields[number] = {**self.fields(number), **fields}
        self.revision += 1
