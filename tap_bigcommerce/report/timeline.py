"""Requests, waits and the quota over time, in bins: a long run takes no more room than others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from tap_bigcommerce.observer import Reason, RequestEnd, Standing, Wait

MOST_BINS = 180
"""Of which at least half are in use, but in very short runs."""

FIRST_WIDTH = 0.1
"""Seconds: how long a bin is at first. It doubles whenever the bins become too many."""

ALL = ""
"""In place of a stream: all of them together."""


class Outcome(Enum):
    """What became of a request."""

    GOOD = "good"
    ABSENT = "nothing there (404)"
    REFUSED = "refused (429)"
    FAILED = "failed"

    @staticmethod
    def of(outcome: str) -> Outcome:
        """From a status, or from what befell the request."""
        if outcome in ("200", "204"):
            return Outcome.GOOD
        return {"404": Outcome.ABSENT, "429": Outcome.REFUSED}.get(outcome, Outcome.FAILED)


class Pause(Enum):
    """What a wait was for."""

    QUOTA = "the quota"
    RETRY = "another attempt"

    @staticmethod
    def of(reason: Reason) -> Pause:
        """A 429 is the quota's word, too."""
        return Pause.RETRY if reason is Reason.RETRY else Pause.QUOTA


@dataclass
class Bin:
    """What happened in one stretch of time.

    `requests` by stream and outcome, when they ended. `waited`: seconds in which at least one
    request of the stream (ALL: of any) waited. `quota`: the last that was known of it.
    """

    requests: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    waited: dict[tuple[str, Pause], float] = field(default_factory=dict)
    quota: Standing | None = None

    def add(self, later: Bin) -> None:
        """Take the next bin in."""
        self.requests.update(later.requests)
        for key, seconds in later.waited.items():
            self.cover(key, seconds)
        self.quota = later.quota or self.quota

    def cover(self, key: tuple[str, Pause], seconds: float) -> None:
        """So many more seconds of waiting."""
        self.waited[key] = self.waited.get(key, 0.0) + seconds


class Timeline:
    """A run from the moment `began` (by `time.monotonic`). `width` is that of a bin, in seconds."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = FIRST_WIDTH
        self.bins: list[Bin] = [Bin()]
        self._waiting: Counter[tuple[str, Pause]] = Counter()
        self._since: dict[tuple[str, Pause], float] = {}

    def request_ended(self, request: RequestEnd) -> None:
        """A request has ended."""
        place = self._at(request.ended)
        place.requests[request.stream, Outcome.of(request.outcome)] += 1
        place.quota = request.quota or place.quota

    def wait_began(self, wait: Wait) -> None:
        """A request waits; others may do so already."""
        for key in _keys(wait):
            if not self._waiting[key]:
                self._since[key] = wait.began
            self._waiting[key] += 1

    def wait_ended(self, wait: Wait, ended: float) -> None:
        """It waits no more."""
        for key in _keys(wait):
            self._waiting[key] -= 1
            if not self._waiting[key]:
                self._cover(key, self._since.pop(key), ended)

    def close(self, ended: float) -> None:
        """The run is over: so is every wait, and the last bin is that of this moment."""
        for key, since in list(self._since.items()):
            self._cover(key, since, ended)
        self._since.clear()
        self._waiting.clear()
        self._at(ended)

    def streams(self) -> list[str]:
        """Those that asked or waited, in the order in which they began to."""
        found: dict[str, None] = {}
        for bin_ in self.bins:
            for stream, _ in (*bin_.requests, *bin_.waited):
                if stream != ALL:
                    found[stream] = None
        return list(found)

    def _cover(self, key: tuple[str, Pause], begin: float, end: float) -> None:
        self._at(end)  # so that the width is what it stays
        first = max(0.0, begin - self.began)
        last = max(first, end - self.began)
        for number in range(int(first / self.width), int(last / self.width) + 1):
            left, right = number * self.width, (number + 1) * self.width
            seconds = min(last, right) - max(first, left)
            if seconds > 0:
                self.bins[number].cover(key, seconds)

    def _at(self, moment: float) -> Bin:
        passed = max(0.0, moment - self.began)
        while passed >= MOST_BINS * self.width:
            self._halve()
        number = int(passed / self.width)
        while len(self.bins) <= number:
            self.bins.append(Bin())
        return self.bins[number]

    def _halve(self) -> None:
        for at in range(0, len(self.bins) - 1, 2):
            self.bins[at].add(self.bins[at + 1])
        self.bins = self.bins[::2]
        self.width *= 2


def _keys(wait: Wait) -> tuple[tuple[str, Pause], tuple[str, Pause]]:
    pause = Pause.of(wait.reason)
    return (wait.stream, pause), (ALL, pause)
