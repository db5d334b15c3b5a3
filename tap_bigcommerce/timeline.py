"""Requests, waits and the quota over time, in bins: a long run takes no more room than others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

MOST_BINS = 180
"""Of which at least half are in use, but in very short runs."""

FIRST_WIDTH = 0.1
"""Seconds: how long a bin is at first. It doubles whenever the bins become too many."""

ALL = ""
"""In place of a stream: all of them together."""

OUTCOMES = {
    "good": "good",
    "absent": "nothing there (404)",
    "refused": "refused (429)",
    "failed": "failed",
}
"""What can become of a request, and how a person reads it."""

WAITS = {"for-quota": "waiting for the quota", "for-retry": "waiting for another attempt"}
"""What a request can wait for, and how a person reads it."""

Key = tuple[int, str, str]
"""The number of a bin, a stream (or ALL), and one of OUTCOMES or WAITS."""


def outcome_of(status: str) -> str:
    """Which of OUTCOMES a status is, or what befell the request."""
    if status in ("200", "204"):
        return "good"
    return {"404": "absent", "429": "refused"}.get(status, "failed")


@dataclass(frozen=True)
class Standing:
    """The store's quota: `left` of `size` requests, up to `resets_at` (by `time.monotonic`)."""

    size: int
    left: int
    resets_at: float


class Timeline:
    """A run from the moment `began` (by `time.monotonic`), in `bins` bins of `width` seconds.

    `requests` are counted when they end. `waited`: milliseconds in which at least one request of
    the stream (ALL: of any) waited. `quota`: by bin, the last that was known of it.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = FIRST_WIDTH
        self.bins = 1
        self.requests: Counter[Key] = Counter()
        self.waited: Counter[Key] = Counter()
        self.quota: dict[int, Standing] = {}

    def add_request(
        self, moment: float, stream: str, status: str, quota: Standing | None = None
    ) -> None:
        """A request has ended."""
        at = self.reach(moment)
        for name in (stream, ALL):
            self.requests[at, name, outcome_of(status)] += 1
        if quota is not None:
            self.quota[at] = quota

    def add_wait(self, stream: str, kind: str, begin: float, end: float) -> None:
        """At least one request of the stream has waited from `begin` to `end`."""
        last = self.reach(end)  # first, for it may change the width
        first = int(max(0.0, begin - self.began) / self.width)
        for at in range(first, last + 1):
            left = max(begin, self.began + at * self.width)
            right = min(end, self.began + (at + 1) * self.width)
            if right > left:
                self.waited[at, stream, kind] += round((right - left) * 1000)

    def reach(self, moment: float) -> int:
        """The bin of this moment, to which the timeline goes on from now on."""
        passed = max(0.0, moment - self.began)
        while passed >= MOST_BINS * self.width:
            self.width *= 2
            self.bins = (self.bins + 1) // 2
            self.requests, self.waited = _halved(self.requests), _halved(self.waited)
            self.quota = {at // 2: standing for at, standing in self.quota.items()}
        at = int(passed / self.width)
        self.bins = max(self.bins, at + 1)
        return at


def _halved(figures: Counter[Key]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for (at, stream, kind), figure in figures.items():
        found[at // 2, stream, kind] += figure
    return found
