"""Parses and completes rows, and returns them in their order.

The rows of a page are parsed a batch at a time. Batches are completed by jobs in the workers, which
may end in any order.
"""

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

BATCH_SIZE = 24 * 1024
"""About how many bytes of rows are parsed at once. The objects of a whole page take several times
its bytes: they do not fit into the processor's cache, and their memory is requested from the system
again for each page."""

MAX_PAGES_PARSED = 2
"""How many pages' rows are held as objects at most."""


@dataclass(eq=False)
class Batch:
    """Consecutive rows of one page.

    `keys` are those of the rows, also of rows that are not written. `indexes` say which rows of the
    page they are. `ends_page`: they are the page's last. `position` is where a stopped pass resumes
    after them; None: not here. `parsed`: `rows` are there; `incomplete`: how many of them still
    wait to be completed.
    """

    page: Page
    keys: Sequence[Key]
    indexes: Sequence[int]
    ends_page: bool
    rows: list[Row] = field(default_factory=list)
    position: Position = None
    parsed: bool = False
    incomplete: int = 0


@dataclass(eq=False)
class OrderedRows:
    """Takes the keys of rows in order, and returns complete rows in the same order.

    `failed` is called with the error of a job; `priority` is as for `ListReader`. `closed`: the
    rows are no longer needed, jobs do nothing, and their results are dropped. `waiting`: how many
    rows have not been returned yet.
    """

    enricher: Enricher | None
    workers: Workers
    failed: Callable[[BaseException], None]
    priority: int
    closed: bool = False
    waiting: int = 0
    _batches: deque[Batch] = field(default_factory=deque)

    def add(self, page: Page, keys: Sequence[Key]) -> None:
        """Add the rows of `page` with these keys, in batches of about `BATCH_SIZE` bytes."""
        undivided = self.enricher is not None and self.enricher.all_rows_at_once
        raw = page.response.raw.rows
        indexes: Sequence[int] = range(len(raw))
        if len(keys) < len(raw):
            index_of = {key: index for index, key in enumerate(page.ids)}
            indexes = [index_of[key] for key in keys]
        begin, size = 0, 0
        for end, index in enumerate(indexes, 1):
            size += len(raw[index])
            is_last = end == len(indexes)
            if is_last or (size >= BATCH_SIZE and not undivided):
                self._batches.append(Batch(page, keys[begin:end], indexes[begin:end], is_last))
                begin, size = end, 0
        self.waiting += len(keys)

    def ready(self) -> Iterator[Batch]:
        """The next batches in order, as far as they are complete."""
        while self._batches:
            self._begin_next()
            if self._batches[0].incomplete:
                return
            batch = self._batches.popleft()
            self.waiting -= len(batch.keys)
            yield batch

    def _begin_next(self) -> None:
        """Parse the first batch, and begin to complete it; while it waits for jobs, also the
        batches after it, as long as workers are idle."""
        pages: set[Page] = set()
        for number, batch in enumerate(self._batches):
            pages.add(batch.page)
            waits = self._batches[0].incomplete and self.workers.idle
            if number and not (waits and len(pages) <= MAX_PAGES_PARSED):
                return
            if not batch.parsed:
                batch.rows = batch.page.response.rows(batch.indexes)
                batch.parsed = True
                if self.enricher is not None:
                    self._complete(batch, self.enricher)

    def _complete(self, batch: Batch, enricher: Enricher) -> None:
        """Complete the rows of the batch: all together first, then each of them."""
        rows = batch.rows
        complete: list[Row | None] = [*rows]
        batch.incomplete = len(rows)

        def take(index: int, row: Row | None) -> None:
            complete[index] = row
            batch.incomplete -= 1
            if not batch.incomplete:
                batch.rows = [row for row in complete if row is not None]

        def take_result(index: int, enriched: Enriched) -> None:
            take(index, enricher.finish(enriched))

        def enrich_each(_: None = None) -> None:
            for index, row in enumerate(rows):
                enriched = enricher.enrich(row, without_includes=batch.page.without_includes)
                if callable(enriched):
                    self._submit(enriched, functools.partial(take_result, index))
                else:
                    take(index, enriched)

        try:
            job = enricher.enrich_page(rows)
            if job is None:
                enrich_each()
            else:
                self._submit(job, enrich_each)
        except TapError as error:
            self.failed(error)

    def _submit(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run a job in a worker, and call `then` with its result; not once this is closed."""

        def work() -> Any:
            return None if self.closed else job()

        def received(result: Any) -> None:
            if not self.closed:
                then(result)

        self.workers.submit(work, received, self.failed, (self.priority, 0))
