"""Rows that come next, in order: read from their pages a part at a time, and made whole."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.exceptions import TapError
from tap_bigcommerce.pages.details import Details, Lookup
from tap_bigcommerce.pages.page import Page, Row
from tap_bigcommerce.pages.parts import Part, parts
from tap_bigcommerce.row_keys import Key
from tap_bigcommerce.records import TypedReader
from tap_bigcommerce.workers import Workers

MOST_PARSED = 2
"""Pages whose rows are held as objects, at the most."""


@dataclass(frozen=True)
class Whole:
    """Rows of one page that are whole, and all before them are.

    `keys` are theirs, and those of rows that are gone by now. `are_records`: a `TypedReader` has
    made records of them. `ends_page`: none of the page follow.
    """

    page: Page
    keys: Sequence[Key]
    here: list[Any]
    are_records: bool
    ends_page: bool


@dataclass
class _Run:
    """A part of a page that comes next.

    `rows` is None until they are being completed; a row that is gone is None. `are_records` as for
    `Whole`. `incomplete` are the places of the rows whose lookups are under way.
    """

    part: Part
    rows: list[Any] | None = None
    are_records: bool = False
    incomplete: set[int] = field(default_factory=set)
    handed_on: int = 0


class Completing:
    """Takes keys in the order of a walk, and hands on whole rows in the same order."""

    def __init__(
        self,
        details: Details | None,
        workers: Workers,
        failed: Callable[[BaseException], None],
        typed: TypedReader | None,
        *,
        turn: int,
    ) -> None:
        """`failed` is told what a lookup raises; `typed` and `turn` as for the `Reading`."""
        self._details = details
        self._typed = typed
        self._workers = workers
        self._failed = failed
        self._turn = turn
        self._runs: deque[_Run] = deque()
        self._closed = False
        self.waiting = 0
        """How many rows are in parts that have not been handed on whole."""

    def line_up(self, page: Page, keys: Sequence[Key]) -> None:
        """The rows of `page` with these keys come next."""
        whole = self._details is not None and self._details.whole_pages
        self._runs.extend(_Run(part) for part in parts(page, keys, whole=whole))
        self.waiting += len(keys)

    def close(self) -> None:
        """Nobody wants the rows any more; lookups under way end in nothing."""
        self._closed = True

    def whole(self) -> Iterator[Whole]:
        """What can be handed on: the runs in front, as far as their rows are whole."""
        while self._runs:
            self._complete_next()
            run = self._runs[0]
            assert run.rows is not None  # The first run is always being completed.
            begin, end = run.handed_on, min(run.incomplete, default=len(run.rows))
            run.handed_on = end
            is_done = end == len(run.rows)
            if is_done:
                self._runs.popleft()
                self.waiting -= len(run.part.keys)
            elif end == begin:
                return
            rows = [row for row in run.rows[begin:end] if row is not None]
            keys, ends_page = run.part.keys[begin:end], is_done and run.part.last
            yield Whole(run.part.page, keys, rows, run.are_records, ends_page)

    def _complete_next(self) -> None:
        """Begin to complete the next rows: those in front; and while these wait for lookups, as
        many behind them as keep the workers busy."""
        pages: set[Page] = set()
        for place, run in enumerate(self._runs):
            pages.add(run.part.page)
            waits = self._runs[0].incomplete and self._workers.idle
            if place and not (waits and len(pages) <= MOST_PARSED):
                return
            if run.rows is None:
                run.rows = self._read(run)
                if self._details is not None and not run.are_records:
                    self._begin(run, run.rows, self._details)

    def _read(self, run: _Run) -> list[Any]:
        """The rows of a part; as records where nothing remains to be done with them."""
        details = self._details
        as_they_come = details is None or details.as_they_come(bare=run.part.page.bare)
        rows, run.are_records = run.part.read(self._typed if as_they_come else None)
        return rows

    def _begin(self, run: _Run, rows: list[Row | None], details: Details) -> None:
        """Complete the page, and then each of its rows."""

        def each(_: None = None) -> None:
            for place, row in enumerate(rows):
                if row is None:
                    continue
                try:
                    completion = details.complete(row, bare=run.part.page.bare)
                except TapError as error:
                    run.incomplete.add(place)  # And so it stays.
                    self._failed(error)
                    return
                if completion is not None:
                    then = functools.partial(rows.__setitem__, place)
                    self._go_on(run, place, completion, None, then)

        try:
            whole_page = details.complete_page([row for row in rows if row is not None])
        except TapError as error:
            run.incomplete.add(0)
            self._failed(error)
            return
        if whole_page is None:
            each()
        else:
            self._go_on(run, 0, whole_page, None, each)

    def _go_on(
        self,
        run: _Run,
        place: int,
        completion: Generator[list[Lookup], list[Any], Any],
        results: list[Any] | None,
        then: Callable[[Any], None],
    ) -> None:
        """Let a completion go one step further; `then` takes what it returns.

        Meanwhile the row at `place`, and so all behind it, are not handed on.
        """
        try:
            lookups = completion.send(results) if results is not None else next(completion)
        except StopIteration as stop:
            run.incomplete.discard(place)
            then(stop.value)
            return
        except TapError as error:
            run.incomplete.add(place)  # And so it stays.
            self._failed(error)
            return
        run.incomplete.add(place)
        found: list[Any] = [None] * len(lookups)
        missing = len(lookups)

        def came_as(number: int) -> Callable[[Any], None]:
            def came(result: Any) -> None:
                nonlocal missing
                found[number] = result
                missing -= 1
                if not missing and not self._closed:
                    self._go_on(run, place, completion, found, then)

            return came

        for number, lookup in enumerate(lookups):
            work = functools.partial(self._if_wanted, lookup)
            self._workers.submit(work, came_as(number), self._failed, (self._turn, 0, False))

    def _if_wanted(self, lookup: Lookup) -> Any:
        """The lookup's result; of those that still wait when nobody wants the rows, none."""
        return None if self._closed else lookup()
