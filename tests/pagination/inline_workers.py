"""Workers without threads: jobs run one after another, but start and end in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.shutdown import Shutdown

Job = tuple[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]]
Outcome = tuple[Callable[[Any], None], Any]


class InlineWorkers(Workers):
    """Runs a job at any time after it was submitted, at most `count` at once, and its callback at
    any time after that."""

    def __init__(self, count: int, stop: Shutdown, chance: random.Random) -> None:
        super().__init__(0, stop)
        self.count = count
        self._chance = chance
        self._waiting: list[Job] = []
        self._has_run: list[Outcome] = []

    def submit(
        self,
        work: Callable[[], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[BaseException], None],
        priority: tuple[int, ...] = (0,),
    ) -> None:
        self.unfinished += 1
        self._waiting.append((work, on_result, on_error))

    def step(self, until: float = math.inf) -> bool:
        while True:
            self._shutdown.check()
            assert self.unfinished, "nothing is under way: the walk would wait for ever"
            may_begin = bool(self._waiting) and len(self._has_run) < self.count
            if may_begin and (not self._has_run or self._chance.random() < 0.6):
                self._begin(self._waiting.pop(self._chance.randrange(len(self._waiting))))
                continue
            self._follow_one()
            return True

    def catch_up(self) -> None:
        while self._chance.random() < 0.5:
            if self._waiting and len(self._has_run) < self.count:
                self._begin(self._waiting.pop(self._chance.randrange(len(self._waiting))))
            elif self._has_run:
                self._follow_one()

    def _follow_one(self) -> None:
        follow, outcome = self._has_run.pop(self._chance.randrange(len(self._has_run)))
        self.unfinished -= 1
        follow(outcome)

    def _begin(self, job: Job) -> None:
        work, on_result, on_error = job
        try:
            self._has_run.append((on_result, work()))
        except BaseException as error:  # noqa: BLE001  # handed on, as the threads do
            self._has_run.append((on_error, error))
