"""The timeline keeps all requests and waits, in a limited number of intervals."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.tracker import (
    ALL,
    MAX_INTERVALS,
    ProgressTracker,
    QuotaStatus,
    Timeline,
    WaitReason,
)

BEGAN = 1000.0


def waited(timeline: Timeline, stream: str, kind: str) -> float:
    """Seconds."""
    return sum(interval[stream, kind] for interval in timeline.intervals) / 1_000_000


@pytest.mark.parametrize("seconds", [1, 17.9, 18, 100, 3600, 100_000])
def test_no_request_is_lost_however_long_the_run_is(seconds: float) -> None:
    timeline = Timeline(BEGAN)
    for number in range(1000):
        status = {0: "503", 1: "429", 2: "404", 3: "timeout"}.get(number % 10, "200")
        moment = BEGAN + seconds * number / 1000
        timeline.add_request(
            moment, "orders", status, QuotaStatus(1000, number, 30.0, 10.0, 1000.0)
        )
    timeline.extend_to(BEGAN + seconds)
    assert len(timeline.intervals) <= MAX_INTERVALS
    assert (len(timeline.intervals) - 1) * timeline.width <= seconds
    for stream in ("orders", ALL):
        found = {
            outcome: sum(interval[stream, outcome] for interval in timeline.intervals)
            for outcome in ("good", "failed", "refused", "absent")
        }
        assert found == {"good": 600, "failed": 200, "refused": 100, "absent": 100}
    left = [timeline.quota[at].left for at in sorted(timeline.quota)]
    assert left == sorted(left)
    assert left[-1] == 999


def test_simultaneous_waits_count_once_and_later_ones_add_up() -> None:
    now = BEGAN
    tracker = ProgressTracker(lambda: now)
    with ExitStack() as stack:
        first, second, third, retry = (
            stack.enter_context(tracker.waiting(StreamCounts(stream)))
            for stream in ("orders", "orders", "products", "orders")
        )
        now = BEGAN + 1
        first(WaitReason.QUOTA, BEGAN + 5)
        now = BEGAN + 2
        second(WaitReason.RATE_LIMITED, BEGAN + 5)
        now = BEGAN + 3
        third(WaitReason.RESERVED, BEGAN + 5)
        now = BEGAN + 4
        second(None)
        now = BEGAN + 5
        first(None)
        now = BEGAN + 60  # the intervals become wider meanwhile
        third(None)
        now = BEGAN + 70
        retry(WaitReason.RETRY, BEGAN + 80)
        now = BEGAN + 75
        timeline = tracker.timeline()
    assert waited(timeline, "orders", "for-quota") == pytest.approx(4)
    assert waited(timeline, "products", "for-quota") == pytest.approx(57)
    assert waited(timeline, ALL, "for-quota") == pytest.approx(59)
    assert waited(timeline, "orders", "for-retry") == pytest.approx(5)
    # No request was under way in this time.
    assert tracker.idle == {"orders": 9_000_000, "products": 57_000_000, ALL: 64_000_000}
    widest = max(interval[ALL, "for-quota"] for interval in timeline.intervals)
    assert widest <= timeline.width * 1_000_000


def test_a_wait_counts_as_idle_only_while_no_request_is_under_way() -> None:
    now = BEGAN
    tracker = ProgressTracker(lambda: now)
    orders, products = StreamCounts("orders"), StreamCounts("products")
    with tracker.waiting(orders) as first, tracker.waiting(orders) as second:
        first(WaitReason.QUOTA, BEGAN + 20)
        second(WaitReason.QUOTA, BEGAN + 20)
        now = BEGAN + 1
        tracker.request_began(products)
        now = BEGAN + 3
        tracker.request_began(orders)
        now = BEGAN + 7
        tracker.request_ended(products, 6.0, "200", retry=False, quota=None)
        now = BEGAN + 10
        tracker.request_ended(orders, 7.0, "503", retry=False, quota=None)
        now = BEGAN + 12
    assert tracker.idle == {"orders": 5_000_000, ALL: 3_000_000}
    assert orders.waited == 24, "the sum over both requests"
