"""Rows that come next, in order: parsed a few at a time, and made whole."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce.api.response import Key
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.exceptions import TapError
from tap_bigcommerce.pagination.enricher import Enriched, Enricher
from tap_bigcommerce.pagination.page import Page, Position, Row

PART = 24 * 1024
"""Bytes of rows, about, that are parsed at once. The objects of a whole page take several times its
bytes: they would fall out of the processor's cache, and their memory come from the system anew for
each page."""

MOST_PARSED = 2
"""Pages whose rows are held as objects, at the most."""


@dataclass(eq=False)
class Batch:
    """Rows of one page that follow each other; handed on when they, and all before them, are whole.

    `keys` are theirs, and those of rows that are gone by now; `places` are where they stand in the
    page. `ends_page`: none of the page follow. `position`: where a stopped walk goes on behind
    them; None where it could not go on from here. `parsed`: the rows are; `incomplete`: how many of
    them are not whole yet.
    """

    page: Page
    keys: Sequence[Key]
    places: Sequence[int]
    ends_page: bool
    rows: list[Row] = field(default_factory=list)
    position: Position = None
    parsed: bool = False
    incomplete: int = 0


class OrderedRows:
    """Takes keys in the order of a walk, and hands on whole rows in the same order."""

    def __init__(
        self,
        enricher: Enricher | None,
        workers: Workers,
        failed: Callable[[BaseException], None],
        *,
        priority: int,
    ) -> None:
        """`failed` is told what a job raises; `priority` as for `ListReader`."""
        self._enricher = enricher
        self._workers = workers
        self._failed = failed
        self._priority = priority
        self._batches: deque[Batch] = deque()
        self.closed = False
        """Nobody wants the rows any more: jobs under way end in nothing."""
        self.waiting = 0
        """How many rows have not been handed on."""

    def line_up(self, page: Page, keys: Sequence[Key]) -> None:
        """The rows of `page` with these keys come next, in batches of about `PART` bytes."""
        whole = self._enricher is not None and self._enricher.all_rows_at_once
        raw = page.response.raw.rows
        places: Sequence[int] = range(len(raw))
        if len(keys) < len(raw):
            by_key = {key: place for place, key in enumerate(page.ids)}
            places = [by_key[key] for key in keys]
        begin, size = 0, 0
        for end, place in enumerate(places, 1):
            size += len(raw[place])
            is_last = end == len(places)
            if is_last or (size >= PART and not whole):
                self._batches.append(Batch(page, keys[begin:end], places[begin:end], is_last))
                begin, size = end, 0
        self.waiting += len(keys)

    def ready(self) -> Iterator[Batch]:
        """What can be handed on: the batches in front, as far as they are whole."""
        while self._batches:
            self._begin_next()
            if self._batches[0].incomplete:
                return
            batch = self._batches.popleft()
            self.waiting -= len(batch.keys)
            yield batch

    def _begin_next(self) -> None:
        """Begin the next batches: the one in front; and while this waits for jobs, as many behind
        it as keep the workers busy."""
        pages: set[Page] = set()
        for number, batch in enumerate(self._batches):
            pages.add(batch.page)
            waits = self._batches[0].incomplete and self._workers.idle
            if number and not (waits and len(pages) <= MOST_PARSED):
                return
            if not batch.parsed:
                batch.rows = batch.page.response.rows(batch.places)
                batch.parsed = True
                if self._enricher is not None:
                    self._complete(batch, self._enricher)

    def _complete(self, batch: Batch, enricher: Enricher) -> None:
        """Complete the batch, and then each of its rows."""
        rows = batch.rows
        whole: list[Row | None] = [*rows]
        batch.incomplete = len(rows)

        def take(index: int, row: Row | None) -> None:
            whole[index] = row
            batch.incomplete -= 1
            if not batch.incomplete:
                batch.rows = [row for row in whole if row is not None]

        def came(index: int, enriched: Enriched) -> None:
            take(index, enricher.finish(enriched))

        def each(_: None = None) -> None:
            for index, row in enumerate(rows):
                enriched = enricher.enrich(row, without_includes=batch.page.without_includes)
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
            return None if self.closed else job()

        def came(result: Any) -> None:
            if not self.closed:
                then(result)

        self._workers.submit(work, came, self._failed, (self._priority, 0))
