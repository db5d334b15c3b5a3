"""The timeline keeps all requests and waits, in a limited number of intervals."""

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
    return sum(interval[stream, kind] for interval in timeline.intervals) / 1_000_000


@pytest.mark.parametrize("seconds", [1, 17.9, 18, 100, 3600, 100_000])
def test_no_request_is_lost_however_long_the_run_is(seconds: float) -> None:
    timeline = Timeline(BEGAN)
    for number in range(1000):
        status = {0: "503", 1: "429", 2: "404", 3: "timeout"}.get(number % 10, "200")
        quota = QuotaStatus(1000, number, 30.0, 10.0, 1000.0)
        timeline.add_request(BEGAN + seconds * number / 1000, "orders", status, quota)
    timeline.extend_to(BEGAN + seconds)
    assert len(timeline.intervals) <= MAX_INTERVALS
    assert (len(timeline.intervals) - 1) * timeline.width <= seconds
    for stream in ("orders", ALL):
        for outcome, number in {"good": 600, "failed": 200, "refused": 100, "absent": 100}.items():
            assert sum(interval[stream, outcome] for interval in timeline.intervals) == number
    left = [timeline.quota[at].left for at in sorted(timeline.quota)]
    assert left == sorted(left)
    assert left[-1] == 999


def test_simultaneous_waits_count_once_and_later_ones_add_up() -> None:
    now = BEGAN
    tracker = ProgressTracker(lambda: now)
    with ExitStack() as stack:
        waits = [
            stack.enter_context(tracker.waiting(StreamCounts(stream)))
            for stream in ("orders", "orders", "products", "orders")
        ]
        for seconds, wait, reason in (
            (1, 0, WaitReason.QUOTA),
            (2, 1, WaitReason.RATE_LIMITED),
            (3, 2, WaitReason.RESERVED),
            (4, 1, None),
            (5, 0, None),
            (60, 2, None),  # the intervals become wider meanwhile
            (70, 3, WaitReason.RETRY),
        ):
            now = BEGAN + seconds
            waits[wait](reason, BEGAN + 80)
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
