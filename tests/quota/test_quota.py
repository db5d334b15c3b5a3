"""The rate limiter in simulated time: one tap, two taps, and another app of the store."""

from __future__ import annotations

import collections
import random

import pytest
from simulated_quota import WINDOW, OtherApp, Store, Tap, Timeline, try_acquire, unequal

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import Shutdown

WINDOWS = 12
SHARE = 0.9


class Scene:
    """A store, taps and optionally another app, after WINDOWS windows."""

    def __init__(
        self, quota: int, seed: int, *, taps: int, others: int = 0, share: float = SHARE
    ) -> None:
        chance = random.Random(seed)
        timeline = Timeline()
        self.quota = quota
        self.store = Store(quota, timeline, begins_at=chance.uniform(0, WINDOW))
        self.taps = [Tap(self.store, timeline, unequal(chance), share=share) for _ in range(taps)]
        self.other = OtherApp(self.store, timeline, others) if others else None
        timeline.run_until(WINDOWS * WINDOW)

    def used(self) -> list[int]:
        """The requests of all taps in each complete window, from the second one on."""
        return [
            sum(tap.served.good.get(window, 0) for tap in self.taps) for window in range(2, WINDOWS)
        ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("quota", [150, 450])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside another app"])
@pytest.mark.parametrize("taps", [1, 2])
def test_taps_use_the_quota_but_for_what_others_need(
    taps: int, others: bool, quota: int, seed: int
) -> None:
    needed = quota // 2 if others else 0
    scene = Scene(quota, seed, taps=taps, others=needed)
    assert min(scene.used()) >= 0.9 * (SHARE * quota - needed)
    assert all(tap.served.refused_share <= 0.01 for tap in scene.taps)
    if scene.other is not None:
        # If a tap only kept its share, the app would get 429 for most of each window.
        assert scene.other.served.refused_share <= (0.2 if taps == 1 else 0.25)
    elif taps == 1:
        assert max(scene.used()) <= SHARE * quota
        assert not scene.taps[0].served.refused
    else:
        shares = sorted(sum(tap.served.good.values()) for tap in scene.taps)
        assert shares[0] >= 0.3 * sum(shares), "one tap gets too little"


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_quota_share_is_kept(share: float) -> None:
    scene = Scene(150, 1, taps=1, share=share)
    assert max(scene.used()) <= max(1, share * 150)
    assert min(scene.used()) >= 0.9 * int(share * 150)
    assert not scene.taps[0].served.refused


def headers(quota: int, left: int, reset: float) -> dict[str, str]:
    return {
        "X-Rate-Limit-Time-Window-Ms": "30000",
        "X-Rate-Limit-Time-Reset-Ms": str(int(reset * 1000)),
        "X-Rate-Limit-Requests-Quota": str(quota),
        "X-Rate-Limit-Requests-Left": str(left),
    }


class Limiter(RateLimiter):
    """A rate limiter whose clock a test sets, in seconds."""

    def __init__(self, share: float = SHARE) -> None:
        self.now = 0.0
        config = Config("", "", quota_share=share, max_concurrency=4)
        super().__init__(config, Shutdown(), lambda: self.now)

    def wait(self) -> float:
        """Acquire if a request may be sent now. Returns 0 then, else the seconds to wait."""
        return max(0.0, try_acquire(self))

    def acquired(self) -> int:
        """The number of requests that may be sent now."""
        number = 0
        while not self.wait():
            number += 1
            assert number < 100_000, "there is no limit"
        return number

    def responds(self, quota: int, left: int, reset: float, took: float = 0.1) -> None:
        """A request that is in flight ends with these headers."""
        self.release(headers(quota, left, reset), took)

    def sends(self, quota: int, left: int, reset: float, took: float = 0.1) -> None:
        """A request is sent now, `took` seconds before its response."""
        assert not self.wait()
        self.responds(quota, left, reset, took)

    def sends_without_headers(self, times: int, took: float = 0.1) -> None:
        for _ in range(times):
            assert not self.wait()
            self.release(None, took)


def test_without_headers_only_the_concurrency_is_limited() -> None:
    limiter = Limiter()
    assert limiter.acquired() == 4
    limiter.release(None, took=0.1)
    limiter.release({}, took=0.1)
    assert limiter.acquired() == 2


def test_a_used_up_share_waits_for_the_reset() -> None:
    limiter = Limiter()
    limiter.sends(150, 15, reset=10)
    assert 0 < limiter.wait() <= 10.1
    limiter.now = 10.1
    assert limiter.acquired() == 4


def test_requests_in_flight_count() -> None:
    limiter = Limiter()
    # 17 are left, and 15 are kept for other apps.
    limiter.sends(150, 17, reset=0.5)
    assert limiter.acquired() == 2


def test_of_responses_that_arrive_out_of_order_the_smallest_number_left_counts() -> None:
    limiter = Limiter()
    assert limiter.acquired() == 4
    limiter.responds(150, 15, reset=0.5)
    limiter.responds(150, 140, reset=0.5)
    assert limiter.wait()


def test_after_a_slow_response_the_next_window_is_not_mistaken_for_its_window() -> None:
    limiter = Limiter()
    limiter.wait()
    limiter.now = 26
    limiter.responds(150, 149, reset=29, took=26)  # Its window ends at 29, or at 55.
    limiter.now = 31
    limiter.wait()
    limiter.now = 32
    limiter.responds(150, 15, reset=28, took=1)  # It was at 29.
    limiter.now = 58
    assert limiter.wait()
    limiter.now = 61
    assert limiter.acquired() == 4


def test_a_429_with_a_time_pauses_all_requests_for_that_time() -> None:
    limiter = Limiter()
    limiter.sends_without_headers(1)
    named = {"X-Rate-Limit-Time-Reset-Ms": "2000", "X-Retry-After": "5"}
    assert limiter.record_refusal(named) == pytest.approx(5, abs=0.1)
    limiter.now = 4.9
    assert limiter.wait()
    limiter.now = 5.1
    assert limiter.acquired() == 4


def test_429s_without_a_time_wait_longer_each_time_and_halve_the_concurrency() -> None:
    limiter = Limiter()
    assert [limiter.record_refusal({}) for _ in range(3)] == [1, 2, 4]
    limiter.now = 10
    assert limiter.acquired() == 1


def test_429s_of_requests_that_were_in_flight_together_count_once() -> None:
    limiter = Limiter()
    assert limiter.acquired() == 4
    limiter.now = 0.1
    for _ in range(4):
        limiter.release(None, took=0.1)
        assert limiter.record_refusal({}, took=0.1) == 1
    limiter.now = 1.2
    assert limiter.acquired() == 2


def test_after_a_second_429_one_request_at_a_time_tests_whether_they_continue() -> None:
    limiter = Limiter()
    for now, going in ((0, 4), (2, 1), (4, 1)):
        limiter.now = now
        limiter.record_refusal({"X-Retry-After": "1"}, took=0)
        limiter.now = now + 1.1
        assert limiter.acquired() == going
        for _ in range(going):
            limiter.release(None, took=0.1)
    assert limiter.refusals == (3, limiter.now)
    limiter.record_success()
    assert limiter.acquired() == 4


def test_a_limit_on_concurrent_requests_is_found_with_few_429s() -> None:
    at_once, seconds, latency = 3, 120, 0.1
    timeline = Timeline()
    config = Config("", "", quota_share=SHARE)
    limiter = RateLimiter(config, Shutdown(), lambda: timeline.now)
    flying = good = refused = 0

    def ask() -> None:
        nonlocal flying
        wait = try_acquire(limiter)
        if wait > 0:
            timeline.after(min(wait, 0.01), ask)
        elif flying >= at_once:
            timeline.after(0.001, refuse)
        else:
            flying += 1
            timeline.after(latency, land)

    def refuse() -> None:
        nonlocal refused
        refused += 1
        limiter.release(headers(90000, 80000, reset=20), took=0.001)
        limiter.record_refusal(headers(90000, 80000, reset=20), took=0.001)
        ask()

    def land() -> None:
        nonlocal flying, good
        flying -= 1
        good += 1
        limiter.release(None, took=latency)
        limiter.record_success()
        ask()

    for _ in range(8):
        ask()
    timeline.run_until(seconds)
    assert good > 0.85 * at_once * seconds / latency
    assert refused < 0.01 * good


def test_the_concurrency_grows_again_after_successes() -> None:
    limiter = Limiter()
    limiter.record_overload()
    limiter.record_overload()
    assert limiter.acquired() == 1
    limiter.record_success()
    assert limiter.acquired() == 1
    for _ in range(20):
        limiter.record_success()
    assert limiter.acquired() == 2


@pytest.mark.parametrize("value", ["", "many", "-1", "nan", "inf"])
@pytest.mark.parametrize("name", ["Time-Reset-Ms", "Requests-Quota", "Requests-Left"])
def test_headers_that_are_not_numbers_are_ignored(name: str, value: str) -> None:
    limiter = Limiter()
    limiter.wait()
    limiter.release({**headers(150, 0, 30), f"X-Rate-Limit-{name}": value}, took=0.1)
    assert limiter.acquired() == 4


def test_a_probe_now_and_then_shows_whether_other_apps_still_need_the_rest() -> None:
    limiter = Limiter()
    # In 10 of 30 seconds others have used 80: at this pace they need all of the 70 that are left.
    limiter.sends(150, 69, reset=20)
    assert 0 < limiter.wait() <= 3
    limiter.now = 3
    assert limiter.acquired() == 1
    # They have stopped: at the average pace, they need 29 of 66 in the last 8 seconds.
    limiter.now = 12
    limiter.responds(150, 66, reset=8)
    assert limiter.acquired() == 4


def test_a_slow_response_counts_for_the_window_in_which_it_may_have_been_sent() -> None:
    limiter = Limiter(share=1)
    limiter.wait()
    limiter.now = 21.6
    # Sent at some time in these seconds, so the window ends at 20 to 41.6.
    limiter.responds(5, 4, reset=20, took=21.6)
    assert not limiter.wait()
    # This one was sent in the next window, which ends at 50.
    limiter.now = 25.6
    limiter.responds(5, 4, reset=26.4, took=4)
    assert limiter.acquired() == 4
    for left in (3, 2, 1, 0):
        limiter.responds(5, left, reset=24.4)
    limiter.now = 41.7
    assert limiter.wait()
    limiter.now = 50.1
    assert not limiter.wait()


def test_a_response_from_an_earlier_window_is_ignored() -> None:
    limiter = Limiter(share=1)
    assert limiter.acquired() == 4
    limiter.now = 40
    limiter.responds(5, 4, reset=20)
    limiter.responds(5, 0, reset=0.5, took=30)
    assert limiter.acquired() == 2


def test_an_inexact_clock_does_not_start_new_windows() -> None:
    limiter = Limiter(share=1)
    for left, reset in ((29, 20), (28, 18), (27, 22), (26, 20)):
        limiter.sends(30, left, reset)
    # All four were sent by the tap: nothing has to be left to others.
    assert limiter.quota_status is not None
    assert limiter.quota_status.left == 26
    for left in range(25, -1, -1):
        limiter.sends(30, left, reset=20)
    assert limiter.wait()


@pytest.mark.parametrize("pause", [0, 300])
def test_responses_without_headers_use_up_the_quota_of_the_window(pause: float) -> None:
    limiter = Limiter(share=1)
    limiter.sends(5, 4, reset=10)
    limiter.now = 10.1 + pause  # A new window, of which no response has said the end.
    limiter.sends_without_headers(5)
    assert limiter.wait() == pytest.approx(30, abs=0.1)
    limiter.now = 40.2 + pause
    # They may all have been counted in this window.
    limiter.sends(5, 4, reset=25)
    assert limiter.acquired() == 4


@pytest.mark.parametrize(("sent_at", "left"), [(0.5, 4), (0.95, 2)])
def test_requests_that_the_next_window_may_have_counted_count_there(
    sent_at: float, left: int
) -> None:
    limiter = Limiter(share=1)
    limiter.sends(5, 4, reset=1)  # The window ends at 0.9 to 1.05.
    limiter.now = 1
    limiter.sends_without_headers(3, took=1 - sent_at)
    limiter.now = 1.1
    assert limiter.acquired() == left


def test_without_headers_for_a_long_time_each_window_has_its_quota() -> None:
    limiter = Limiter(share=1)
    limiter.sends(20, 19, reset=30)
    sent: collections.Counter[int] = collections.Counter()
    for tick in range(1, 3000):
        limiter.now = tick / 10
        if not limiter.wait():
            sent[int(limiter.now / 30)] += 1
            limiter.release(None, took=0.05)
    assert max(sent.values()) <= 20
    assert min(sent.values()) >= 18


def test_a_window_that_ends_in_an_hour_is_soon_corrected() -> None:
    limiter = Limiter(share=1)
    limiter.sends(150, 0, reset=3600)
    assert limiter.wait() <= 30.1
    limiter.now = 31
    limiter.sends(150, 149, reset=20)
    assert limiter.quota_status is not None
    assert limiter.quota_status.left == 149
    assert limiter.quota_status.resets_in == pytest.approx(20, abs=0.1)


def test_a_window_may_begin_with_the_first_request_after_a_pause() -> None:
    limiter = Limiter(share=1)
    limiter.sends(5, 4, reset=30)
    # As derived from the window before, this one ends at 60.
    limiter.now = 33
    for left in (4, 3, 2, 1, 0):
        limiter.sends(5, left, reset=30)
    limiter.now = 62.9
    assert limiter.wait()
    limiter.now = 63.1
    assert not limiter.wait()


def test_a_later_response_may_correct_the_end_of_the_window() -> None:
    limiter = Limiter(share=1)
    limiter.sends(150, 140, reset=30)
    limiter.now = 1
    limiter.sends(150, 139, reset=4)
    assert limiter.quota_status is not None
    assert limiter.quota_status.resets_in == pytest.approx(4, abs=0.1)


def test_a_slow_response_of_the_last_window_is_not_taken_for_one_of_this() -> None:
    limiter = Limiter(share=1)
    assert limiter.acquired() == 4
    limiter.responds(150, 30, reset=5)
    limiter.responds(150, 29, reset=5)
    limiter.now = 5.1
    assert not limiter.wait()
    limiter.now = 10
    limiter.responds(150, 1, reset=0.1, took=9.9)
    assert limiter.acquired() == 2


def test_requests_without_headers_are_not_attributed_to_other_apps() -> None:
    limiter = Limiter(share=1)
    limiter.sends(20, 19, reset=1)
    limiter.now = 1.1
    limiter.sends_without_headers(8, took=0.01)
    for left in range(11, -1, -1):
        limiter.sends(20, left, reset=30)
