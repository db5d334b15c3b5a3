"""The store's quota: used by the tap alone, by two of them, and beside another app."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from simulated_quota import WINDOW, OtherApp, Store, Tap, Timeline, unequal

from tap_bigcommerce.quota import Quota
from tap_bigcommerce.stop import Stop

WINDOWS = 12
SHARE = 0.9

quotas = pytest.mark.parametrize("quota", [150, 450])
seeds = pytest.mark.parametrize("seed", range(4))


class Scene:
    """A store with some taps and perhaps another app, after WINDOWS windows."""

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
        """By all taps, in each whole window from the second one on."""
        return [
            sum(tap.served.good.get(window, 0) for tap in self.taps) for window in range(2, WINDOWS)
        ]


@seeds
@quotas
def test_alone_the_tap_uses_its_share_and_is_never_refused(quota: int, seed: int) -> None:
    scene = Scene(quota, seed, taps=1)
    assert min(scene.used()) >= 0.9 * SHARE * quota
    assert max(scene.used()) <= SHARE * quota
    assert not scene.taps[0].served.refused


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_another_share_is_kept_as_well(share: float) -> None:
    scene = Scene(150, 1, taps=1, share=share)
    assert max(scene.used()) <= max(1, share * 150)
    assert min(scene.used()) >= 0.9 * int(share * 150)
    assert not scene.taps[0].served.refused


@seeds
@quotas
def test_two_taps_share_the_quota(quota: int, seed: int) -> None:
    scene = Scene(quota, seed, taps=2)
    assert all(tap.served.refused_share <= 0.01 for tap in scene.taps)
    assert min(scene.used()) >= 0.9 * SHARE * quota
    shares = sorted(sum(tap.served.good.values()) for tap in scene.taps)
    assert shares[0] >= 0.3 * sum(shares), "one of them starves"


@seeds
@quotas
def test_another_app_that_takes_half_gets_most_of_it(quota: int, seed: int) -> None:
    scene = Scene(quota, seed, taps=1, others=quota // 2)
    assert scene.other is not None
    # A tap that heeded its share alone would leave the app without an answer for most of a window.
    assert scene.other.served.refused_share <= 0.2
    assert scene.taps[0].served.refused_share <= 0.01
    assert min(scene.used()) >= 0.9 * (SHARE * quota - quota // 2)


@seeds
@quotas
def test_two_taps_leave_room_for_another_app(quota: int, seed: int) -> None:
    scene = Scene(quota, seed, taps=2, others=quota // 2)
    assert scene.other is not None
    assert scene.other.served.refused_share <= 0.25
    assert all(tap.served.refused_share <= 0.01 for tap in scene.taps)
    assert min(scene.used()) >= 0.9 * (SHARE * quota - quota // 2)


class At:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def headers(quota: int, left: int, reset: float) -> Mapping[str, str]:
    return {
        "X-Rate-Limit-Time-Window-Ms": "30000",
        "X-Rate-Limit-Time-Reset-Ms": str(int(reset * 1000)),
        "X-Rate-Limit-Requests-Quota": str(quota),
        "X-Rate-Limit-Requests-Left": str(left),
    }


@pytest.fixture
def clock() -> At:
    return At()


def quota_at(clock: At, share: float = SHARE) -> Quota:
    return Quota(share=share, concurrency=4, stop=Stop(), clock=clock)


def entered(quota: Quota) -> int:
    """How many requests may go now."""
    number = 0
    while quota.try_enter() <= 0:
        number += 1
    return number


def test_without_headers_only_the_parallelism_counts(clock: At) -> None:
    quota = quota_at(clock)
    assert entered(quota) == 4
    quota.leave(None)
    quota.leave({})
    assert entered(quota) == 2


def test_a_used_up_share_waits_for_the_reset(clock: At) -> None:
    quota = quota_at(clock)
    quota.try_enter()
    quota.leave(headers(150, 15, reset=10))
    assert 0 < quota.try_enter() <= 10.1
    clock.now = 10.1
    assert entered(quota) == 4


def test_what_is_on_its_way_counts(clock: At) -> None:
    quota = quota_at(clock)
    quota.try_enter()
    # Two more are allowed: 17 are left, and 15 kept free.
    quota.leave(headers(150, 17, reset=0.5))
    assert entered(quota) == 2


def test_of_answers_that_overtook_one_another_the_least_left_is_true(clock: At) -> None:
    quota = quota_at(clock)
    assert entered(quota) == 4
    quota.leave(headers(150, 15, reset=0.5))
    quota.leave(headers(150, 140, reset=0.5))
    assert quota.try_enter() > 0


def test_a_refusal_with_a_time_stops_everybody_for_that_long(clock: At) -> None:
    quota = quota_at(clock)
    quota.try_enter()
    quota.leave({})
    named = {"X-Rate-Limit-Time-Reset-Ms": "2000", "X-Retry-After": "5"}
    assert quota.refused(named) == pytest.approx(5, abs=0.1)
    clock.now = 4.9
    assert quota.try_enter() > 0
    clock.now = 5.1
    assert entered(quota) == 4


def test_refusals_without_a_time_wait_longer_each_time_and_halve_the_parallelism(
    clock: At,
) -> None:
    quota = quota_at(clock)
    assert [quota.refused({}) for _ in range(3)] == [1, 2, 4]
    clock.now = 10
    assert entered(quota) == 1


def test_parallelism_grows_back_after_good_answers(clock: At) -> None:
    quota = quota_at(clock)
    quota.strained()
    quota.strained()
    assert entered(quota) == 1
    quota.worked()
    assert entered(quota) == 1
    for _ in range(20):
        quota.worked()
    assert entered(quota) == 2


@pytest.mark.parametrize("value", ["", "many", "-1", "nan", "inf"])
@pytest.mark.parametrize(
    "name",
    ["X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Requests-Quota", "X-Rate-Limit-Requests-Left"],
)
def test_headers_that_are_no_numbers_count_as_none(clock: At, name: str, value: str) -> None:
    quota = quota_at(clock)
    quota.try_enter()
    quota.leave({**headers(150, 0, 30), name: value})
    assert entered(quota) == 4


def test_while_the_rest_is_left_to_others_a_look_now_and_then_sees_whether_they_need_it(
    clock: At,
) -> None:
    quota = quota_at(clock)
    quota.try_enter()
    # In 10 of 30 seconds others have used 80: they are taken to need all of the 70 that are left.
    quota.leave(headers(150, 69, reset=20))
    assert 0 < quota.try_enter() <= 3
    clock.now = 3
    assert entered(quota) == 1
    # They have stopped: of 66, they are taken to need 29 in the last 8 seconds.
    clock.now = 12
    quota.leave(headers(150, 66, reset=8))
    assert entered(quota) == 4
