"""A walk under way: its requests in the workers, its rows completed, and handed on in order."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tap_bigcommerce.api.response import Key
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.exceptions import NotFound, RequestFailed
from tap_bigcommerce.pagination.enricher import Enricher
from tap_bigcommerce.pagination.id_ranges import ByIdRange, IdRangePaginator, Pagination
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.pagination.ordered_rows import Batch, OrderedRows
from tap_bigcommerce.pagination.page import Page, PageReader, Position, RequestKind
from tap_bigcommerce.pagination.sequential import ByPage, SequentialPaginator

LOGGER = logging.getLogger(__name__)


class ListReader:
    """One list, read by one walk. All but the requests runs in the thread that calls it."""

    def __init__(
        self,
        name: str,
        kind: Pagination,
        reader: PageReader,
        workers: Workers,
        budget: MemoryBudget,
        priority: int,
        *,
        enricher: Enricher | None = None,
        after: Position = None,
    ) -> None:
        """The list that errors call `name`, behind `after`.

        Requests of the list with the lowest `priority` number are made first.
        """
        self._kind = kind
        self.paginator: IdRangePaginator | SequentialPaginator = kind.begin(
            name, after, workers.count
        )
        self._reader = reader
        self._workers = workers
        self._budget = budget
        self._priority = priority
        self._rows = OrderedRows(enricher, workers, self._fail, priority=priority)
        self._bytes_a_row = 0.0
        self._error: BaseException | None = None
        self.started_at: datetime | None = None
        """By the store's clock, no later than when the first request was sent; None before its
        answer."""
        self.rows_yielded = 0
        self.pages = 0
        """How many answers with a page of the list have come."""
        self._first: Key = None
        self.share: float | None = None
        """About which share of the list has been handed on (0 to 1); None: nobody knows.

        By the total that the API names, or by where the ids are between the first and the last."""
        self.total: int | None = None
        """How many rows the list has, as the first answer says, if it does."""
        self.rows_read = 0
        self.reread_reason: str | None = None
        """Why the list was read once more in another way."""

    @property
    def duplicates(self) -> int:
        """How many of the rows that were read had come before."""
        return self.rows_read - self.rows_yielded - self._rows.waiting - self.paginator.rows_held

    def send_requests(self, *, ahead: bool = False) -> bool:
        """Send whatever may be asked for now; whether workers are left that it has no use for.

        Beyond the budget goes only what the writer waits for: the next page, where no rows are here
        that lookups may complete meanwhile. `ahead`: nobody writes this list yet.
        """
        if self._error is not None or self._rows.closed:
            return False
        is_waited_for = self.paginator.awaits and not self._rows.waiting and not ahead
        free = min(self._workers.idle, max(self._budget.room, is_waited_for))
        requests = self.paginator.next_requests(free, self._budget.pages)
        for request in requests:
            self._send(request)
        return len(requests) < free

    def batches(
        self, when_ending: Callable[[], None], when_doubted: Callable[[], None]
    ) -> Iterator[Batch]:
        """The rows, in order, to the end of the list.

        `when_ending` is called when workers are free and this list needs no more of them;
        `when_doubted`, maybe several times, when rows may be missing among those handed on. Raises
        whatever a request or the walk raised, once all that came before it has been handed on.
        """
        try:
            while True:
                if self.send_requests() and self.paginator.ending:
                    when_ending()
                if self.paginator.doubted:
                    when_doubted()
                for batch in self._rows.ready():
                    self._note(batch)
                    yield batch
                    # Writing takes its time: let the workers have their next requests meanwhile.
                    self._workers.catch_up()
                    self.send_requests()
                if self._error is not None:
                    raise self._error
                if self._rows.waiting or not self.paginator.finished:
                    self._workers.step()
                elif not self._begins_again():
                    break
        finally:
            self.close()

    def read_by_ids(self, ids: Sequence[int]) -> Iterator[tuple[int, Batch | RequestFailed | None]]:
        """Instead of the list its records with these ids, each asked for on its own.

        Beside its id, each is a batch with its row, if that is whole; why it cannot be read; or
        None: it is gone. Raises what is no trouble of a single one.
        """
        jobs = {id_: functools.partial(self._reader.record, id_) for id_ in ids}
        responses = self._workers.run_all(jobs)
        for id_ in ids:
            response = responses[id_]
            if isinstance(response, Page):
                self._rows.line_up(response, response.ids)
            else:
                yield id_, None if isinstance(response, NotFound) else response
        try:
            while self._rows.waiting:
                for batch in self._rows.ready():
                    yield batch.keys[0], batch
                if self._error is not None:
                    raise self._error
                if self._rows.waiting:
                    self._workers.step()
        finally:
            self.close()

    def close(self) -> None:
        """Nobody wants the rows any more; what is under way ends in nothing."""
        self._rows.closed = True
        self._budget.waiting.pop(self, None)

    def _send(self, request: Any) -> None:
        paginator = self.paginator
        read = self._reader.page if request.kind is RequestKind.PAGE else self._reader.single
        work = functools.partial(read, self._kind.place(request))

        def came(page: Page) -> None:
            if not self._rows.closed and paginator is self.paginator:
                self._take(request, page)
            self._budget.ended(page.response.size if request.kind is RequestKind.PAGE else None)

        def failed(error: BaseException) -> None:
            self._budget.ended(None)
            if (
                isinstance(error, RequestFailed)
                and isinstance(paginator, SequentialPaginator)
                and paginator.begins_anew()
            ):
                LOGGER.warning("%s The list is read from its start instead.", error.message)
            else:
                self._fail(error)

        self._budget.sent()
        self._workers.submit(work, came, failed, (self._priority, 1))

    def _begins_again(self) -> bool:
        """Read the list by page number if rows may be missing; whether that is so."""
        paginator, kind = self.paginator, self._kind
        if not (
            isinstance(paginator, IdRangePaginator)
            and isinstance(kind, ByIdRange)
            and paginator.contradiction
        ):
            return False
        self.reread_reason = paginator.contradiction
        self._kind = by_page = ByPage(kind.upwards)
        self.paginator = SequentialPaginator(
            paginator.noun,
            by_page,
            handed_on=paginator.handed_on,
            awaited=paginator.denied,
            downwards=kind.downwards,
        )
        self.paginator.doubted = True
        return True

    def _take(self, request: Any, page: Page) -> None:
        if self.started_at is None:
            self.started_at = page.response.store_time
            self.total = page.response.total
        if request.kind is RequestKind.PAGE:
            self.pages += 1
            self.rows_read += len(page.ids)
            if page.ids:
                self._bytes_a_row = page.response.size / len(page.ids)
        self.paginator.received(request, page)
        for source, keys in self.paginator.ready():
            self._rows.line_up(source, keys)
        self._account()

    def _fail(self, error: BaseException) -> None:
        """Keep the first error: it is raised once what came before has been handed on."""
        self._error = self._error or error

    def _note(self, batch: Batch) -> None:
        """This is handed on."""
        self._account()
        self.rows_yielded += len(batch.keys)
        first, last = self._first or batch.keys[0], batch.keys[-1]
        self._first = first
        if self.total:
            self.share = min(1.0, self.rows_yielded / self.total)
        elif self.paginator.end is not None:
            self.share = (last - first + 1) / max(1, self.paginator.end - first + 1)
        batch.position = self.paginator.position(batch.page, last, ends_page=batch.ends_page)

    def _account(self) -> None:
        """Tell the budget how many bytes wait here now."""
        rows = self.paginator.rows_held + self._rows.waiting
        self._budget.waiting[self] = rows * self._bytes_a_row
