"""Reads one list with parallel requests, and yields its rows in order."""

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tap_bigcommerce.api.response import Key
from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import IncompleteList, NotFound, NotOffered, RequestFailed
from tap_bigcommerce.pagination.enricher import Enricher
from tap_bigcommerce.pagination.id_ranges import IdRangePaginator, Pagination
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.pagination.ordered_rows import Batch, OrderedRows
from tap_bigcommerce.pagination.page import Page, PageReader, PageRequest, Position
from tap_bigcommerce.pagination.sequential import ByPage, SequentialPaginator

LOGGER = logging.getLogger(__name__)

Paginator = IdRangePaginator | SequentialPaginator


@dataclass(eq=False)
class ListReader:
    """One pass through one list. All but the requests runs in the thread that calls its methods.

    It reads the list that errors call `name`, from the position `after` on. Workers take the
    requests of the list with the lowest `priority` first. `enricher` completes the rows; None: they
    are complete as they come.

    `pages` and `rows_read` have come. `total` is how many rows the list has, if the first response
    says so. `started_at`: by the store's clock, no later than when the first request was sent; None
    before its response. `reread_reason`: why the list was read again by page number.
    """

    name: str
    pagination: Pagination
    page_reader: PageReader
    workers: Workers
    budget: MemoryBudget
    priority: int
    enricher: Enricher | None = None
    after: Position = None
    started_at: datetime | None = None
    total: int | None = None
    pages: int = 0
    rows_read: int = 0
    rows_yielded: int = 0
    reread_reason: str | None = None
    _error: BaseException | None = None
    _bytes_per_row: float = 0.0
    _first: Key = None
    _last: Key = None

    def __post_init__(self) -> None:
        make = self.pagination.make_paginator
        self.paginator: Paginator = make(self.name, self.after, self.workers.count)
        self._rows = OrderedRows(self.enricher, self.workers, self._fail, self.priority)

    @property
    def duplicates(self) -> int:
        """How many of the rows that were read had come before."""
        return self.rows_read - self.rows_yielded - self._rows.waiting - self.paginator.rows_held

    def lacks_rows(self, config: Config) -> bool:
        """Whether rows of the list are missing. Raises IncompleteList if that is not accepted."""
        contradiction = self.paginator.contradiction
        if contradiction is None:
            return False
        error = IncompleteList(self.name, contradiction, self.name)
        if not config.accepts(self.name):
            raise error
        LOGGER.warning("%s That is accepted (accept_incomplete).", error.difference)
        return True

    def share(self, *, by_id: bool) -> float | None:
        """About which share of the list has been yielded (0 to 1); None: unknown.

        It follows from the list's total. Without one it follows, if `by_id`, from where the last id
        lies between the first and the end of the list.
        """
        if self.total:
            return min(1.0, self.rows_yielded / self.total)
        if self.paginator.last_id is None or self._first is None or not by_id:
            return None
        return float((self._last - self._first + 1) / (self.paginator.last_id - self._first + 1))

    def send_requests(self, *, ahead: bool = False) -> bool:
        """Send all requests that can be made now. Returns whether idle workers are left over.

        Beyond the memory budget only one request is made: for the page that the main thread
        waits for, while no other rows are left to be completed. `ahead`: it does not wait for this
        list yet.
        """
        if self._error is not None or self._rows.closed:
            return False
        is_waited_for = self.paginator.needs_next_page and not self._rows.waiting and not ahead
        free = min(self.workers.idle, max(self.budget.free_pages, is_waited_for))
        requests = self.paginator.next_requests(free, self.budget.pages)
        for request in requests:
            self._send(request)
        return len(requests) < free

    def missing(self) -> NotFound | NotOffered | None:
        """Wait for the first response. Returns the error if the store does not have this list.

        Nothing else can be read then.
        """
        while self.started_at is None and self._error is None:
            self.send_requests()
            self.workers.step()
        if self.started_at is None and isinstance(self._error, (NotFound, NotOffered)):
            self.close()
            return self._error
        return None

    def batches(
        self, when_ending: Callable[[], None], when_gaps_possible: Callable[[], None]
    ) -> Iterator[Batch]:
        """Yield the rows, in order, to the end of the list.

        `when_ending` is called when workers are idle and this list needs no more of them;
        `when_gaps_possible`, maybe several times, when rows may be missing among those that were
        yielded. Raises the first error of a request or of the paginator, after all rows before it
        have been yielded.
        """
        try:
            while True:
                if self.send_requests() and self.paginator.all_requested:
                    when_ending()
                if self.paginator.may_have_gaps:
                    when_gaps_possible()
                for batch in self._rows.ready():
                    self._note(batch)
                    yield batch
                    # Writing takes time: give the workers their next requests meanwhile.
                    self.workers.catch_up()
                    self.send_requests()
                if self._error is not None:
                    raise self._error
                if self._rows.waiting or not self.paginator.finished:
                    self.workers.step()
                elif not self._reread_by_page():
                    break
        finally:
            self.close()

    def read_by_ids(self, ids: Sequence[int]) -> Iterator[tuple[int, Batch | RequestFailed | None]]:
        """Read only the records with these ids, each by a request of its own.

        Yields each id with a batch of its row, if that can be completed; with the error, if the
        record cannot be read; or with None, if it was deleted. Raises errors that are not about a
        single record.
        """
        jobs = {id_: functools.partial(self.page_reader.record, id_) for id_ in ids}
        responses = self.workers.run_all(jobs)
        for id_ in ids:
            response = responses[id_]
            if isinstance(response, Page):
                self._rows.add(response, response.ids)
            else:
                yield id_, None if isinstance(response, NotFound) else response
        try:
            while self._rows.waiting:
                for batch in self._rows.ready():
                    yield batch.keys[0], batch
                if self._error is not None:
                    raise self._error
                if self._rows.waiting:
                    self.workers.step()
        finally:
            self.close()

    def close(self) -> None:
        """Stop reading: the results of requests under way are dropped."""
        self._rows.closed = True
        self.budget.waiting.pop(self, None)

    def _send(self, request: PageRequest) -> None:
        paginator = self.paginator
        read = self.page_reader.page if request.is_page else self.page_reader.first_row

        def received(page: Page) -> None:
            if not self._rows.closed and paginator is self.paginator:
                self._take(request, page)
            self.budget.request_ended(page.response.size if request.is_page else None)

        def failed(error: BaseException) -> None:
            self.budget.request_ended(None)
            if (
                isinstance(error, RequestFailed)
                and isinstance(paginator, SequentialPaginator)
                and paginator.restart_if_resumed()
            ):
                LOGGER.warning("%s The list is read from its start instead.", error.message)
            else:
                self._fail(error)

        self.budget.request_sent()
        work = functools.partial(read, request.params)
        self.workers.submit(work, received, failed, (self.priority, 1))

    def _reread_by_page(self) -> bool:
        """Read the list again by page number if rows may be missing. Returns whether it is."""
        by_id = self.paginator
        if not isinstance(by_id, IdRangePaginator) or by_id.contradiction is None:
            return False
        self.reread_reason = by_id.contradiction
        self.paginator = SequentialPaginator(
            by_id.name,
            ByPage(by_id.pagination.ascending),
            yielded=by_id.yielded_ids,
            expected_last=by_id.missing_last,
            descending=by_id.pagination.descending,
        )
        self.paginator.may_have_gaps = True
        return True

    def _take(self, request: PageRequest, page: Page) -> None:
        if self.started_at is None:
            self.started_at = page.response.store_time
            self.total = page.response.total
        if request.is_page:
            self.pages += 1
            self.rows_read += len(page.ids)
            if page.ids:
                self._bytes_per_row = page.response.size / len(page.ids)
        self.paginator.received(request, page)
        for source, keys in self.paginator.ready():
            self._rows.add(source, keys)
        self._update_budget()

    def _fail(self, error: BaseException) -> None:
        """Keep the first error: it is raised once the rows before it have been yielded."""
        self._error = self._error or error

    def _note(self, batch: Batch) -> None:
        """Update counts and position before this batch is yielded."""
        self._update_budget()
        self.rows_yielded += len(batch.keys)
        self._first, self._last = self._first or batch.keys[0], batch.keys[-1]
        batch.position = self.paginator.position(batch.page, self._last, ends_page=batch.ends_page)

    def _update_budget(self) -> None:
        """Tell the memory budget how many bytes wait in this list."""
        rows = self.paginator.rows_held + self._rows.waiting
        self.budget.waiting[self] = rows * self._bytes_per_row
