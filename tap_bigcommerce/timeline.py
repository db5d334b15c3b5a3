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


def outcome_of(status: str) -> str:
    """Which of OUTCOMES a status is, or what befell the request."""
    if status in ("200", "204"):
        return "good"
    return {"404": "absent", "429": "refused"}.get(status, "failed")


@dataclass(frozen=True)
class Allowance:
    """What the API said last: `left` of `quota` requests in a window of `window` seconds, which
    ends in `resets_in` seconds."""

    quota: int
    left: int
    window: float
    resets_in: float


class Timeline:
    """A run from the moment `began` (by `time.monotonic`), in `bins` of `width` seconds.

    A bin has, by stream (ALL: of any) and kind, how many requests ended so (OUTCOMES), and for how
    many microseconds at least one waited so (WAITS). `quota`: by bin, the last that was known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = FIRST_WIDTH
        self.bins: list[Counter[tuple[str, str]]] = [Counter()]
        self.quota: dict[int, Allowance] = {}

    def add_request(
        self, moment: float, stream: str, status: str, quota: Allowance | None = None
    ) -> None:
        """A request has ended."""
        at = self.reach(moment)
        self.bins[at].update((name, outcome_of(status)) for name in (stream, ALL))
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
                self.bins[at][stream, kind] += round((right - left) * 1_000_000)

    def reach(self, moment: float) -> int:
        """The bin of this moment, to which the timeline goes on from now on."""
        passed = max(0.0, moment - self.began)
        while passed >= MOST_BINS * self.width:
            self.width *= 2
            pairs = (self.bins[at : at + 2] for at in range(0, len(self.bins), 2))
            self.bins = [sum(pair, Counter()) for pair in pairs]
            self.quota = {at // 2: quota for at, quota in self.quota.items()}
        at = int(passed / self.width)
        self.bins += [Counter() for _ in range(len(self.bins), at + 1)]
        return at

    def requests(self, stream: str) -> list[int]:
        """How many of the stream's ended in each bin."""
        return [sum(bin_[stream, kind] for kind in OUTCOMES) for bin_ in self.bins]
