"""Runs that are killed at any moment, and the runs that go on from where they were."""

from __future__ import annotations

import random
import signal
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
import tap_runner
from fault_process import records, started, states
from fault_runs import asked_for, critical, side_by_side
from fault_truth import STREAMS, differences
from tap_runner import Json, Result
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

INCREMENTAL = ("customers", "orders", "products")


@dataclass(frozen=True)
class Kill:
    """A run that is killed once this share of its lines has come out."""

    seed: int
    share: float
    faults: float = 0.0
    latency: float = 0.0
    kills: int = 1

    @property
    def name(self) -> str:
        trouble = f" faults {self.faults:.0%}" if self.faults else ""
        slow = f" latency {self.latency:.0f} ms" if self.latency else ""
        return f"at {self.share:.0%}{trouble}{slow}, {self.kills} times, seed {self.seed}"

    @property
    def options(self) -> Options:
        return Options(
            seed=self.seed,
            orders=40,
            customers=40,
            products=30,
            coupons=20,
            huge_order_share=0.0,
            variants_per_product=1,
            fault_rate=self.faults,
            fault_kinds=("500", "503", "429", "reset", "cut", "html"),
            window_seconds=0.3,
            latency_ms=self.latency,
        )


CHANCE = random.Random(2026)
KILLS = [
    *(Kill(seed, CHANCE.random()) for seed in range(4)),
    *(Kill(seed, CHANCE.random(), latency=8.0) for seed in range(4, 8)),
    *(Kill(seed, CHANCE.random(), faults=0.05, latency=3.0) for seed in range(8, 10)),
    *(Kill(seed, CHANCE.random() * 0.5, latency=8.0, kills=3) for seed in range(10, 12)),
    Kill(12, 0.0),
    Kill(13, 1.0),
]
LINES = 146
"""About how many messages a whole run writes: the rows, the schemas and a STATE a page."""


@dataclass
class Outcome:
    """What came of it."""

    at_the_end: list[str]
    before_the_kills: list[int]
    last: list[Result] = field(default_factory=list)


def change_something(store: Store, chance: random.Random) -> None:
    """Records change while the tap reads: at some of the coming requests of each list."""
    for stream in STREAMS:
        ids = [row["id"] for row in store.records(stream)]
        for request in range(1, 12):
            if chance.random() < 0.4:
                store.on(
                    stream,
                    request,
                    {"op": "change", "list": stream, "ids": chance.sample(ids, 2)},
                    moment=chance.choice(("before", "after_read")),
                )


def run_and_kill(kill: Kill) -> Outcome:
    chance = random.Random(kill.seed)
    with Sandbox(kill.options) as store:
        settings = tap_runner.settings(store, page_size=7, lookback_seconds=0, request_timeout=10)
        written: list[list[Json]] = []
        state: Any = None
        for _ in range(kill.kills):
            change_something(store, chance)
            with started(settings, state) as tap:
                tap.wait_for(lines=round(kill.share * LINES))
                tap.process.send_signal(signal.SIGKILL)
                tap.end()
                written.append(tap.messages)
            store.clear_triggers()
            known = states(written[-1])
            state = known[-1] if known else state
        store.set(fault_rate=0.0, latency_ms=0.0)
        change_something(store, chance)
        resumed = tap_runner.run(settings, state=state)
        store.clear_triggers()
        quiet = tap_runner.run(settings, state=resumed.state)
        rows = records(*written, resumed.messages, quiet.messages)
        return Outcome(differences(store, rows), [len(part) for part in written], [resumed, quiet])


@pytest.fixture(scope="module")
def killed(request: pytest.FixtureRequest) -> dict[Kill, Future[Outcome]]:
    return side_by_side(run_and_kill, asked_for(request, KILLS, "kill"), at_once=3)


@pytest.mark.parametrize("kill", some_of(KILLS, 4, pytest.mark.kills), ids=lambda kill: kill.name)
def test_after_a_kill_a_resumed_sync_and_a_quiet_one_make_all_as_the_store_holds_it(
    killed: dict[Kill, Future[Outcome]], kill: Kill
) -> None:
    outcome = killed[kill].result()
    for result in outcome.last:
        assert result.status == 0, critical(result)
    assert outcome.at_the_end == []
    assert "resume" not in str(outcome.last[-1].state)


# Every STATE, one by one


EVERY_LINE = Options(
    orders=16,
    customers=12,
    products=10,
    coupons=6,
    huge_order_share=0.0,
    variants_per_product=1,
    latency_ms=2.0,
)


@dataclass
class Truncated:
    """A whole run, and the runs that go on from each of its STATEs."""

    messages: list[Json]
    resumed: dict[int, Future[Result]]
    store: Store


@pytest.fixture(scope="module")
def truncated() -> Any:
    with Sandbox(EVERY_LINE) as store:
        settings = tap_runner.settings(store, page_size=4, lookback_seconds=0)
        messages = tap_runner.run(settings, env=tap_runner.EVERY_PAGE).messages
        places = [at for at, message in enumerate(messages) if message["type"] == "STATE"]

        def go_on(at: int) -> Result:
            return tap_runner.run(settings, state=messages[at]["value"])

        resumed = side_by_side(go_on, places, at_once=2)
        yield Truncated(messages, resumed, store)
        for future in resumed.values():
            future.exception()


@pytest.mark.kills
def test_no_state_covers_a_record_that_was_not_written_before_it(truncated: Truncated) -> None:
    assert len(truncated.resumed) > 12
    for at, future in truncated.resumed.items():
        result = future.result()
        assert result.status == 0, critical(result)
        rows = records(truncated.messages[: at + 1], result.messages)
        assert differences(truncated.store, rows) == [], f"cut after line {at + 1}"


def test_a_run_that_goes_on_does_not_start_from_the_beginning(truncated: Truncated) -> None:
    everything = sum(map(len, records(truncated.messages).values()))
    for at, future in truncated.resumed.items():
        before = records(truncated.messages[: at + 1])
        after = future.result().by_stream
        # Of the stream that was under way no page comes again, complete ones only bring changes.
        again = sum(
            len({row["id"] for row in rows} & {row["id"] for row in after.get(stream, [])})
            for stream, rows in before.items()
            if stream in INCREMENTAL
        )
        # A bookmark's own second is read again.
        assert again <= 3 * len(INCREMENTAL), f"cut after line {at + 1}"
        assert sum(map(len, after.values())) <= everything


def test_every_line_of_a_cut_output_leads_to_all_the_records(truncated: Truncated) -> None:
    """Whatever the line after which the target saw no more, its last STATE makes it whole."""
    for cut in range(len(truncated.messages)):
        usable = [at for at in truncated.resumed if at <= cut]
        if not usable:
            # No STATE yet: the next run starts from the beginning.
            continue
        result = truncated.resumed[usable[-1]].result()
        rows = records(truncated.messages[: cut + 1], result.messages)
        missing = {
            stream: {row["id"] for row in truncated.store.records(stream)}
            - {row["id"] for row in rows.get(stream, [])}
            for stream in STREAMS
        }
        assert not any(missing.values()), f"cut after line {cut + 1}: {missing}"


def test_a_page_is_covered_by_a_state_as_soon_as_it_is_written(truncated: Truncated) -> None:
    since = 0
    longest = 0
    for message in truncated.messages:
        since = 0 if message["type"] == "STATE" else since + (message["type"] == "RECORD")
        longest = max(longest, since)
    assert longest <= 4
