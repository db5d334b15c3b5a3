"""A walk under way: its requests in the workers, its rows completed, and handed on in order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.pages.completing import Completing
from tap_bigcommerce.pages.details import Details
from tap_bigcommerce.pages.page import Page, PageReader
from tap_bigcommerce.pages.walk import Position, Walk, WalkKind, What
from tap_bigcommerce.transform import TypedReader
from tap_bigcommerce.workers import Workers


@dataclass(frozen=True)
class Batch:
    """Whole rows, in the order of the walk, that came with one answer.

    `are_records`: a `TypedReader` has made records of them. `position`: every row up to there has
    been handed on with this batch or before; None where a stopped walk could not go on from here.
    `ends_page`: nothing more of this answer follows.
    """

    rows: list[Any]
    are_records: bool
    answer: Answer
    position: Position
    ends_page: bool


class Reading:
    """One list, read by one walk. All but the requests runs in the thread that calls it."""

    def __init__(
        self,
        walk: Walk,
        reader: PageReader,
        kind: WalkKind,
        details: Details | None,
        workers: Workers,
        budget: Budget,
        *,
        turn: int,
        typed: TypedReader | None = None,
    ) -> None:
        """`turn` is the stream's place in the run: requests of earlier ones go first.

        `typed` may read rows that need no more than to be written, straight into records.
        """
        self._walk = walk
        self._reader = reader
        self._kind = kind
        self._workers = workers
        self._budget = budget
        self._turn = turn
        self._rows = Completing(details, workers, self._fail, typed, turn=turn)
        self._bytes_a_row = 0.0
        self._accounted = 0.0
        self._error: BaseException | None = None
        self._closed = False
        self.began: datetime | None = None
        """By the store's clock, no later than when the first request was sent; None before its
        answer."""
        self.handed_on = 0
        self.pages = 0
        """How many answers with a page of the list have come."""
        self._ids: tuple[int, int] | None = None
        self.totals: list[int] = []
        """How many rows the list has: as the first answer says, if it does; and, where that is not
        what has been handed on, as the API says at the end."""

    @property
    def rows_read(self) -> int:
        return self._walk.rows_read

    @property
    def duplicates(self) -> int:
        return self._walk.duplicates

    @property
    def share(self) -> float | None:
        """About which share of the list has been handed on (0 to 1); None: nobody knows.

        By the total that the API names, or by where the ids are between the first and the last.
        """
        if self.totals and self.totals[0]:
            return min(1.0, self.handed_on / self.totals[0])
        if self._walk.end is None or self._ids is None:
            return None
        first, last = self._ids
        return min(1.0, (last - first + 1) / max(1, self._walk.end - first + 1))

    @property
    def proven(self) -> bool:
        """No row of the list can have slipped by, as far as the walk can tell."""
        return self._walk.proven

    def ask(self, *, ahead: bool = False) -> bool:
        """Send whatever may be asked for now; whether workers are left that it has no use for.

        Beyond the budget goes only what the writer waits for: the next page, where no rows are here
        that lookups may complete meanwhile. `ahead`: nobody writes this list yet.
        """
        if self._error is not None or self._closed:
            return False
        is_waited_for = self._walk.awaits and not self._rows.waiting and not ahead
        room = max(self._budget.room, is_waited_for)
        free = min(self._workers.idle, room)
        asks = self._walk.asks(free, self._budget.pages)
        for ask in asks:
            self._send(ask)
        return len(asks) < free

    def batches(self, when_ending: Callable[[], None]) -> Iterator[Batch]:
        """The rows, in order, to the end of the list.

        `when_ending` is called when workers are free and this list needs no more of them. Raises
        whatever a request or the walk raised, once all that came before it has been handed on.
        """
        try:
            while True:
                if self.ask() and self._walk.ending:
                    when_ending()
                for batch in self._whole():
                    yield batch
                    # Writing takes its time: let the workers have their next requests meanwhile.
                    self._workers.catch_up()
                    self.ask()
                if self._error is not None:
                    raise self._error
                if self._walk.finished and not self._rows.waiting:
                    break
                self._workers.step()
            self._count_again()
        finally:
            self.close()

    def close(self) -> None:
        """Nobody wants the rows any more; what is under way ends in nothing."""
        self._closed = True
        self._rows.close()
        self._account()

    def _send(self, ask: Any) -> None:
        place = self._kind.place(ask)

        def work() -> Page:
            if ask.what is not What.PAGE:
                return self._reader.few(place, 1 if ask.what is What.LAST else 2)
            return self._reader.page(place)

        def came(page: Page) -> None:
            if not self._closed:
                self._take(ask, page)
            self._budget.ended(len(page.answer.body) if ask.what is What.PAGE else None)

        def failed(error: BaseException) -> None:
            self._budget.ended(None)
            self._fail(error)

        self._budget.sent()
        self._workers.submit(work, came, failed, (self._turn, 1, not ask.awaited))

    def _count_again(self) -> None:
        """Ask for the list's total once more if the first one is not what was handed on."""
        if not self.totals or self.totals[0] == self.handed_on:
            return
        counted: list[Page] = []
        work = functools.partial(self._reader.few, {}, 1)
        self._workers.submit(work, counted.append, self._fail, (self._turn, 0, False))
        while not counted:
            self._workers.step()
            if self._error is not None:
                raise self._error
        total = counted[0].answer.total
        self.totals += [] if total is None else [total]

    def _take(self, ask: Any, page: Page) -> None:
        if self.began is None:
            self.began = page.answer.store_time
            if page.answer.total is not None:
                self.totals.append(page.answer.total)
        self.pages += ask.what is What.PAGE
        if page.ids and ask.what is What.PAGE:
            self._bytes_a_row = len(page.answer.body) / len(page.ids)
        self._walk.answered(ask, page)
        for source, keys in self._walk.ready():
            self._rows.line_up(source, keys)
        self._account()

    def _fail(self, error: BaseException) -> None:
        """Keep the first error: it is raised once what came before has been handed on."""
        self._error = self._error or error

    def _whole(self) -> Iterator[Batch]:
        """What can be handed on."""
        for rows in self._rows.whole():
            self.handed_on += len(rows.keys)
            self._account()
            last = rows.keys[-1]
            if isinstance(last, int):
                self._ids = (self._ids[0] if self._ids else rows.keys[0]), last
            position = self._walk.position(rows.page, last, ends_page=rows.ends_page)
            yield Batch(rows.here, rows.are_records, rows.page.answer, position, rows.ends_page)

    def _account(self) -> None:
        """Tell the budget how many bytes wait here now."""
        waiting = 0.0
        if not self._closed:
            waiting = (self._walk.rows_held + self._rows.waiting) * self._bytes_a_row
        self._budget.waiting_changed(waiting - self._accounted)
        self._accounted = waiting
