"""Rows that come next, in order: parsed a few at a time, and made whole."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.exceptions import TapError
from tap_bigcommerce.pages.enricher import Enriched, Enricher
from tap_bigcommerce.pages.page import Page, Row
from tap_bigcommerce.pages.walk import Position
from tap_bigcommerce.row_keys import Key
from tap_bigcommerce.workers import Workers

PART = 24 * 1024
"""Bytes of rows, about, that are parsed at once. The objects of a whole page take several times its
bytes: they would fall out of the processor's cache, and their memory come from the system anew for
each page."""

MOST_PARSED = 2
"""Pages whose rows are held as objects, at the most."""


@dataclass
class Batch:
    """Rows of one page that are whole, and all before them are, in the order of the walk.

    `keys` are theirs, and those of rows that are gone by now. `ends_page`: none of the page follow.
    `position`: where a stopped walk goes on behind them; None where it could not go on from here.
    """

    page: Page
    keys: Sequence[Key]
    rows: list[Row]
    ends_page: bool
    position: Position = None


@dataclass
class _Part:
    """Rows of one page that follow each other.

    `places` are theirs in the page; `last`: no other part of it follows. `rows` is None until they
    are parsed; a row that is gone is None. `incomplete` are the indexes of the rows that are not
    whole yet.
    """

    page: Page
    keys: Sequence[Key]
    places: Sequence[int]
    last: bool
    rows: list[Row | None] | None = None
    incomplete: set[int] = field(default_factory=set)
    handed_on: int = 0


class OrderedRows:
    """Takes keys in the order of a walk, and hands on whole rows in the same order."""

    def __init__(
        self,
        enricher: Enricher | None,
        workers: Workers,
        failed: Callable[[BaseException], None],
        *,
        turn: int,
    ) -> None:
        """`failed` is told what a job raises; `turn` as for the `Reading`."""
        self._enricher = enricher
        self._workers = workers
        self._failed = failed
        self._turn = turn
        self._parts: deque[_Part] = deque()
        self._closed = False
        self.waiting = 0
        """How many rows are in parts that have not been handed on whole."""

    def line_up(self, page: Page, keys: Sequence[Key]) -> None:
        """The rows of `page` with these keys come next."""
        whole = self._enricher is not None and self._enricher.whole_pages
        self._parts.extend(_parts(page, keys, whole=whole))
        self.waiting += len(keys)

    def close(self) -> None:
        """Nobody wants the rows any more; jobs under way end in nothing."""
        self._closed = True

    def ready(self) -> Iterator[Batch]:
        """What can be handed on: the parts in front, as far as their rows are whole."""
        while self._parts:
            self._begin_next()
            part = self._parts[0]
            assert part.rows is not None  # The first part has always begun.
            begin, end = part.handed_on, min(part.incomplete, default=len(part.rows))
            part.handed_on = end
            is_done = end == len(part.rows)
            if is_done:
                self._parts.popleft()
                self.waiting -= len(part.keys)
            elif end == begin:
                return
            rows = [row for row in part.rows[begin:end] if row is not None]
            yield Batch(part.page, part.keys[begin:end], rows, is_done and part.last)

    def _begin_next(self) -> None:
        """Begin the next parts: the one in front; and while this waits for jobs, as many behind it
        as keep the workers busy."""
        pages: set[Page] = set()
        for number, part in enumerate(self._parts):
            pages.add(part.page)
            waits = self._parts[0].incomplete and self._workers.idle
            if number and not (waits and len(pages) <= MOST_PARSED):
                return
            if part.rows is None:
                rows = part.page.answer.rows(part.places)
                if self._enricher is None:
                    part.rows = [*rows]
                else:
                    self._begin(part, rows, self._enricher)

    def _begin(self, part: _Part, rows: list[Row], enricher: Enricher) -> None:
        """Complete the page, and then each of its rows."""
        whole: list[Row | None] = [*rows]
        part.rows, part.incomplete = whole, set(range(len(rows)))

        def take(index: int, row: Row | None) -> None:
            whole[index] = row
            part.incomplete.discard(index)

        def came(index: int, enriched: Enriched) -> None:
            take(index, enricher.finish(enriched))

        def each(_: None = None) -> None:
            for index, row in enumerate(rows):
                enriched = enricher.enrich(row, bare=part.page.bare)
                if callable(enriched):
                    self._submit(enriched, functools.partial(came, index))
                else:
                    take(index, enriched)

        try:
            job = enricher.enrich_page(rows)
            if job is None:
                each()
            else:
                self._submit(job, each)
        except TapError as error:
            self._failed(error)

    def _submit(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run a job in a worker; `then` takes what it returns, where rows are still wanted."""

        def work() -> Any:
            return None if self._closed else job()

        def came(result: Any) -> None:
            if not self._closed:
                then(result)

        self._workers.submit(work, came, self._failed, (self._turn, 0, False))


def _parts(page: Page, keys: Sequence[Key], *, whole: bool) -> Iterator[_Part]:
    """The page's rows with these keys, in parts of about `PART` bytes; `whole`: all in one."""
    raw = page.answer.raw.rows
    places: Sequence[int] = range(len(raw))
    if len(keys) < len(raw):
        by_key = {key: place for place, key in enumerate(page.ids)}
        places = [by_key[key] for key in keys]
    begin, size = 0, 0
    for end, place in enumerate(places, 1):
        size += len(raw[place])
        if end == len(places) or (size >= PART and not whole):
            yield _Part(page, keys[begin:end], places[begin:end], end == len(places))
            begin, size = end, 0
