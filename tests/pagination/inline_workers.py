"""Workers without threads: jobs run one after another, but start and end in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from tap_bigcommerce.api.workers import Workers
from tap_bigcommerce.shutdown import Shutdown

Job = tuple[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]]


class InlineWorkers(Workers):
    """Runs a job at any time after it was submitted, at most `count` at once, and its callback at
    any time after that."""

    def __init__(self, count: int, stop: Shutdown, chance: random.Random) -> None:
        super().__init__(0, stop)
        self.count = count
        self._chance = chance
        self._waiting: list[Job] = []
        self._has_run: list[tuple[Callable[[Any], None], Any]] = []

    def submit(self, *job: Any, priority: tuple[int, ...] = (0,)) -> None:
        self.unfinished += 1
        self._waiting.append(job[:3])

    def step(self, until: float = math.inf) -> bool:
        self._shutdown.check()
        assert self.unfinished, "nothing is under way: the walk would wait for ever"
        while not self._has_run or self._chance.random() < 0.6:
            if not self._begin_one():
                break
        self._follow_one()
        return True

    def catch_up(self) -> None:
        while self._chance.random() < 0.5:
            if not self._begin_one() and self._has_run:
                self._follow_one()

    def _begin_one(self) -> bool:
        """Run a job, if one waits and may begin."""
        if not self._waiting or len(self._has_run) >= self.count:
            return False
        self._shutdown.check()
        work, on_result, on_error = self._waiting.pop(self._chance.randrange(len(self._waiting)))
        try:
            self._has_run.append((on_result, work()))
        except BaseException as error:  # noqa: BLE001  # handed on, as the threads do
            self._has_run.append((on_error, error))
        return True

    def _follow_one(self) -> None:
        follow, outcome = self._has_run.pop(self._chance.randrange(len(self._has_run)))
        self.unfinished -= 1
        follow(outcome)
