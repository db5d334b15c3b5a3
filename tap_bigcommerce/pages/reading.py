"""A walk under way: its requests in the workers, its rows completed, and handed on in order."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.exceptions import TapError
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.pages.page import Page, PageReader, Row
from tap_bigcommerce.pages.parts import Part, parts
from tap_bigcommerce.pages.walk import Position, Walk, WalkKind, What
from tap_bigcommerce.workers import Workers

MOST_PARSED = 2
"""Pages whose rows are held as objects, at the most."""

Lookup = Callable[[], Any]
"""A request or several for one row's sake; runs in a worker."""

Completion = Generator[list[Lookup], list[Any], "Row | None"]
"""Makes one row whole: yields the lookups that it needs, is sent their results in the same order,
and returns the row, or None when the record is gone."""


PageCompletion = Generator[list[Lookup], list[Any], None]
"""Makes all rows of a page whole, in place."""


class Details:
    """What completes the rows of a list; as it is, nothing.

    `whole_pages`: the rows of a page are completed together.
    """

    @property
    def whole_pages(self) -> bool:
        return False

    def complete_page(self, rows: list[Row]) -> PageCompletion | None:
        """Make the rows of a page whole together, before each is completed; None: no need."""
        return None

    def complete(self, row: Row, *, bare: bool) -> Completion | None:
        """Make `row` whole; None: it is.

        `bare`: it came without what usually comes with the list.
        """
        return None


@dataclass(frozen=True)
class Batch:
    """Whole rows, in the order of the walk, that came with one answer.

    `position`: every row up to there has been handed on with this batch or before; None where a
    stopped walk could not go on from here. `ends_page`: nothing more of this answer follows.
    """

    rows: list[Row]
    answer: Answer
    position: Position
    ends_page: bool


@dataclass
class _Run:
    """A part of a page that comes next.

    `rows` is None until they are being completed; a row that is gone is None. `incomplete` are
    the places of the rows whose lookups are under way.
    """

    part: Part
    rows: list[Row | None] | None = None
    incomplete: set[int] = field(default_factory=set)
    handed_on: int = 0


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
    ) -> None:
        """`turn` is the stream's place in the run: requests of earlier ones go first."""
        self._walk = walk
        self._reader = reader
        self._kind = kind
        self._details = details
        self._workers = workers
        self._budget = budget
        self._turn = turn
        self._runs: deque[_Run] = deque()
        self._rows_in_runs = 0
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
        is_waited_for = self._walk.awaits and not self._runs and not ahead
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
                if self._walk.finished and not self._runs:
                    break
                self._workers.step()
            self._count_again()
        finally:
            self._closed = True
            self._account()

    def _send(self, ask: Any) -> None:
        place = self._kind.place(ask)

        def work() -> Page:
            if ask.what is not What.PAGE:
                return self._reader.few(place, 1 if ask.what is What.LAST else 2)
            return self._reader.page(place)

        def came(page: Page) -> None:
            self._budget.ended(len(page.answer.body) if ask.what is What.PAGE else None)
            if self._closed:
                return
            try:
                self._take(ask, page)
            except TapError as error:
                self._fail(error)

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
        whole = self._details is not None and self._details.whole_pages
        for source, keys in self._walk.ready():
            self._runs.extend(_Run(part) for part in parts(source, keys, whole=whole))
            self._rows_in_runs += len(keys)
        self._account()

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
                run.rows = list(run.part.rows())
                if self._details is not None:
                    self._begin(run, run.rows, self._details)

    def _begin(self, run: _Run, rows: list[Row | None], details: Details) -> None:
        """Complete the page, and then each of its rows."""
        whole_page = details.complete_page([row for row in rows if row is not None])

        def each(_: None = None) -> None:
            for place, row in enumerate(rows):
                if row is None:
                    continue
                completion = details.complete(row, bare=run.part.page.bare)
                if completion is not None:
                    then = functools.partial(rows.__setitem__, place)
                    self._go_on(run, place, completion, None, then)

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
            self._fail(error)
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
            self._workers.submit(lookup, came_as(number), self._fail, (self._turn, 0, False))

    def _fail(self, error: BaseException) -> None:
        """Keep the first error: it is raised once what came before has been handed on."""
        self._error = self._error or error

    def _whole(self) -> Iterator[Batch]:
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
                self._rows_in_runs -= len(run.part.keys)
            elif end == begin:
                return
            page, keys = run.part.page, run.part.keys
            rows = [row for row in run.rows[begin:end] if row is not None]
            self.handed_on += end - begin
            self._account()
            last = keys[end - 1]
            if isinstance(last, int):
                self._ids = (self._ids[0] if self._ids else keys[begin]), last
            ends_page = is_done and run.part.last
            position = self._walk.position(page, last, ends_page=ends_page)
            yield Batch(rows, page.answer, position, ends_page)

    def _account(self) -> None:
        """Tell the budget how many bytes wait here now."""
        waiting = 0.0
        if not self._closed:
            waiting = (self._walk.rows_held + self._rows_in_runs) * self._bytes_a_row
        self._budget.waiting_changed(waiting - self._accounted)
        self._accounted = waiting
