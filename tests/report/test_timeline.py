"""The timeline keeps all that happens, in no more bins than a picture has room for."""

from __future__ import annotations

import pytest

from tap_bigcommerce.observer import Reason, RequestEnd, Standing, Wait
from tap_bigcommerce.report.timeline import ALL, MOST_BINS, Outcome, Pause, Timeline

BEGAN = 1000.0


def request(at: float, outcome: str = "200") -> RequestEnd:
    return RequestEnd("orders", BEGAN + at, 0.1, outcome, Standing(150, 100, BEGAN + at + 10))


def waited(timeline: Timeline, stream: str, pause: Pause) -> float:
    return sum(bin_.waited.get((stream, pause), 0.0) for bin_ in timeline.bins)


@pytest.mark.parametrize("seconds", [1, 17.9, 18, 100, 3600, 100_000])
def test_all_requests_stay_however_long_the_run(seconds: float) -> None:
    timeline = Timeline(BEGAN)
    for number in range(1000):
        outcome = {0: "503", 1: "429", 2: "404", 3: "timeout"}.get(number % 10, "200")
        timeline.request_ended(request(seconds * number / 1000, outcome))
    timeline.close(BEGAN + seconds)
    assert len(timeline.bins) <= MOST_BINS
    assert (len(timeline.bins) - 1) * timeline.width <= seconds
    found = {
        outcome: sum(bin_.requests["orders", outcome] for bin_ in timeline.bins)
        for outcome in Outcome
    }
    assert found == {
        Outcome.GOOD: 600,
        Outcome.FAILED: 200,
        Outcome.REFUSED: 100,
        Outcome.ABSENT: 100,
    }
    assert timeline.streams() == ["orders"]


def test_waits_at_the_same_time_are_one_and_later_ones_add_up() -> None:
    timeline = Timeline(BEGAN)
    waits = [
        Wait("orders", Reason.QUOTA, BEGAN + 1, BEGAN + 5),
        Wait("orders", Reason.REFUSED, BEGAN + 2, BEGAN + 5),
        Wait("products", Reason.OTHERS, BEGAN + 3, BEGAN + 5),
    ]
    for wait in waits:
        timeline.wait_began(wait)
    timeline.wait_ended(waits[1], BEGAN + 4)
    timeline.wait_ended(waits[0], BEGAN + 5)
    timeline.request_ended(request(50.0))  # the bins become wider meanwhile
    timeline.wait_ended(waits[2], BEGAN + 60)
    retry = Wait("orders", Reason.RETRY, BEGAN + 70, BEGAN + 80)
    timeline.wait_began(retry)
    timeline.close(BEGAN + 75)
    assert waited(timeline, "orders", Pause.QUOTA) == pytest.approx(4)
    assert waited(timeline, "products", Pause.QUOTA) == pytest.approx(57)
    assert waited(timeline, ALL, Pause.QUOTA) == pytest.approx(59)
    assert waited(timeline, "orders", Pause.RETRY) == pytest.approx(5)
    widest = max(bin_.waited.get((ALL, Pause.QUOTA), 0.0) for bin_ in timeline.bins)
    assert widest <= timeline.width + 1e-9
