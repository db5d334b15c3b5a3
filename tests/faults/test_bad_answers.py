"""Answers that never came, came in part or came wrong, and refusals for want of quota."""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    Run,
    asked_for,
    assert_failed_clearly,
    critical,
    gives_advice,
    run_against,
    run_on,
    side_by_side,
    small,
)
from fault_truth import STREAMS
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store
from tap_bigcommerce_sandbox.faults import BROKEN_BODIES, BROKEN_CONNECTIONS

LISTS = ("customers", "products", "order_coupons")
"""A list of v2, one of v3, and one that belongs to a record."""

STREAM_OF = {"customers": "customers", "products": "products", "order_coupons": "orders"}

BROKEN = ("reset", "cut", "hang", "html", "wrong-shape", "empty-200")
"""What happens to answers beside statuses."""

ODD_TEXT = ("invalid-byte", "lone-surrogate")

PASSING = ("304", "408", "499", "500", "502", "503", "504", "509", "520", "429", "429-bare")
"""Statuses that pass when the same is asked for again."""

HUGE_NUMBER = "huge-number"


@dataclass(frozen=True)
class Case:
    """A store, what is wrong with it, and the settings of the run."""

    options: Options
    prepare: Callable[[Store], None] = field(default=lambda _: None, compare=False)
    settings: tuple[tuple[str, Any], ...] = ()
    state: Any = field(default=None, compare=False)
    name: str = ""


Runs = dict[str, Future[Run]]


def run_case(case: Case) -> Run:
    return run_against(case.options, case.prepare, case.state, **dict(case.settings))


def start(cases: list[Case]) -> Runs:
    return {case.name: run for case, run in side_by_side(run_case, cases).items()}


def faulty(list_: str, kind: str, times: int) -> Callable[[Store], None]:
    """A fault of a list; of the lists of orders, one that has rows."""

    def prepare(store: Store) -> None:
        between = None
        if list_ == "order_coupons" and times == 1:
            full = store.records("orders", full=True)
            first = next(row["id"] for row in full if row["coupons"])
            between = (first, first)
        store.fault(list_, kind=kind, times=times, ids_between=between)

    return prepare


def impatient(kind: str) -> tuple[tuple[str, Any], ...]:
    """Settings that wait for one answer only briefly where none comes."""
    return tuple({**QUICK, **({"request_timeout": 1} if kind == "hang" else {})}.items())


ONCE = [
    Case(small(), faulty(list_, kind, 1), impatient(kind), name=f"{kind} {list_}")
    for kind in (*BROKEN, *ODD_TEXT)
    for list_ in LISTS
]
LASTING = [
    Case(
        small(),
        faulty(list_, kind, 0),
        (*impatient(kind), ("page_size", 1)),
        OLD_STATE,
        f"{kind} {list_}",
    )
    for kind in BROKEN
    for list_ in ("customers", "products")
]
ODD = [
    Case(small(), faulty(list_, kind, 0), name=f"{kind} {list_}")
    for kind in ODD_TEXT
    for list_ in LISTS
]


@pytest.fixture(scope="module")
def passing() -> Runs:
    return start(ONCE)


@pytest.fixture(scope="module")
def lasting() -> Runs:
    return start(LASTING)


@pytest.fixture(scope="module")
def odd() -> Runs:
    return start(ODD)


@pytest.mark.parametrize("list_", LISTS)
@pytest.mark.parametrize("kind", [*BROKEN, *ODD_TEXT])
def test_an_answer_that_came_to_grief_once_is_asked_for_again(
    passing: Runs, kind: str, list_: str
) -> None:
    run = passing[f"{kind} {list_}"].result()
    assert run.result.status == 0, run.result.stderr
    assert run.whole(*STREAMS)
    asked = run.asked(list_)
    [bad] = [entry for entry in asked if entry["fault"]]
    same = [e for e in asked if (e["path"], e["query"]) == (bad["path"], bad["query"])]
    assert len(same) == 2
    assert "\N{REPLACEMENT CHARACTER}" not in run.result.stdout
    assert re.search(rf"Summary of {STREAM_OF[list_]}: .*\b1 retries", run.result.stderr)


@pytest.mark.parametrize("list_", some_of(["customers", "products"], 1, pytest.mark.real_time))
@pytest.mark.parametrize("kind", BROKEN)
def test_answers_that_never_come_whole_fail_their_stream_alone(
    lasting: Runs, kind: str, list_: str
) -> None:
    run = lasting[f"{kind} {list_}"].result()
    assert_failed_clearly(run.result, list_)
    assert gives_advice(critical(run.result))
    assert run.result.records(list_) == []
    assert run.result.bookmark(list_) == OLD
    assert run.whole(*(set(STREAMS) - {list_}))


@pytest.mark.parametrize("list_", LISTS)
@pytest.mark.parametrize("kind", ODD_TEXT)
def test_odd_characters_never_stop_the_load_and_are_replaced_and_counted(
    odd: Runs, kind: str, list_: str
) -> None:
    run = odd[f"{kind} {list_}"].result()
    assert run.result.status == 0, run.result.stderr
    stream = STREAM_OF[list_]
    answers = [entry for entry in run.asked(list_) if entry["fault"] and entry["rows"]]
    pages = {(entry["path"], json.dumps(entry["query"])) for entry in answers}
    assert 0 < len(pages) < len(answers)
    written = run.result.stdout.count("\N{REPLACEMENT CHARACTER}")
    assert written >= 1
    assert f"{len(pages)} responses with invalid characters" in _summary(run, stream)
    odd_rows = [
        row
        for row in run.result.records(stream)
        if "\N{REPLACEMENT CHARACTER}" in json.dumps(row, default=str, ensure_ascii=False)
    ]
    # One character in one row of each answer is odd; all else is as the store holds it.
    assert 1 <= len(odd_rows) <= len(pages)
    assert all("\N{REPLACEMENT CHARACTER}" in line for line in run.differences[stream])
    assert run.whole(*(set(STREAMS) - {stream}))
    if list_ != "order_coupons":
        assert {entry["query"]["limit"] for entry in run.asked(list_)} == {"250"}


def test_a_number_beyond_every_double_costs_its_own_field_alone() -> None:
    """Its page was looked through for ids, by what does not look at other numbers."""
    case = Case(small(), faulty("products", HUGE_NUMBER, 0))
    run = run_case(case)
    assert run.result.status == 0, run.result.stderr
    texts = [row.get("_rescued_data") for row in run.result.records("products")]
    [rescued] = [json.loads(text) for text in texts if text]
    assert list(rescued.values()) == ["1e999"]
    assert run.whole(*STREAMS)
    assert "WARNING products: 1 values of " in run.result.stderr


def _summary(run: Run, stream: str) -> str:
    [line] = [line for line in run.result.logged() if f"Summary of {stream}:" in line]
    return line


# Quota


REFUSALS = [
    Case(
        small(window_seconds=0.3),
        faulty("customers", "429", 4),
        (("max_attempts", 4), ("max_retry_seconds", 0)),
        name="many",
    ),
    Case(
        small(window_seconds=0.2, retry_after_header=1),
        faulty("customers", "429", 1),
        name="X-Retry-After too",
    ),
    Case(
        small(rate_limit_headers=False, retry_after_header=2),
        faulty("customers", "429", 1),
        name="X-Retry-After alone",
    ),
    Case(
        small(window_seconds=0.2),
        faulty("customers", "429-bare", 2),
        tuple(QUICK.items()),
        name="bare",
    ),
    Case(small(orders=40, quota=15, window_seconds=1.0), name="real", settings=(("page_size", 5),)),
]


@pytest.fixture(scope="module")
def refusals() -> Runs:
    return start(REFUSALS)


def waits(run: Run, list_: str) -> list[float]:
    """Seconds between a refusal and the next request for the list."""
    asked = run.asked(list_)
    return [
        following["at"] - entry["at"]
        for entry, following in itertools.pairwise(asked)
        if entry["status"] == 429
    ]


def test_after_refusals_for_want_of_quota_the_same_is_asked_for_again(refusals: Runs) -> None:
    run = refusals["many"].result()
    assert run.result.status == 0, run.result.stderr
    assert run.whole(*STREAMS)
    assert len(waits(run, "customers")) == 4


def test_after_a_refusal_nobody_asks_before_the_window_ends() -> None:
    window = 1.5
    began = time.time()
    with Sandbox(small(window_seconds=window)) as store:
        store.fault("customers", kind="429")
        run = run_on(store)
    assert run.result.status == 0
    assert run.whole(*STREAMS)
    [refused] = [entry for entry in run.requests if entry["status"] == 429]
    following = [entry for entry in run.requests if entry["n"] > refused["n"]]
    end = began + window * math.ceil((refused["at"] - began) / window)
    assert min(entry["at"] for entry in following) >= end - 0.1


def test_of_reset_and_retry_after_the_longer_one_counts(refusals: Runs) -> None:
    run = refusals["X-Retry-After too"].result()
    assert run.result.status == 0
    assert 1.0 <= waits(run, "customers")[0] < 4


def test_retry_after_alone_is_heeded(refusals: Runs) -> None:
    run = refusals["X-Retry-After alone"].result()
    assert run.result.status == 0
    assert 2.0 <= waits(run, "customers")[0] < 5


def test_refusals_without_a_word_are_followed_by_growing_waits(refusals: Runs) -> None:
    run = refusals["bare"].result()
    assert run.result.status == 0, run.result.stderr
    assert run.whole(*STREAMS)
    first, second = waits(run, "customers")
    assert first >= 0.5
    assert second > first


def test_a_quota_that_is_used_up_again_and_again_loses_nothing(refusals: Runs) -> None:
    run = refusals["real"].result()
    assert run.result.status == 0, run.result.stderr
    assert run.whole(*STREAMS)


# Everything at once


EVERY_KIND = (*PASSING, *BROKEN, *ODD_TEXT, HUGE_NUMBER)

RANDOM = [
    Case(
        small(
            orders=150,
            customers=150,
            products=120,
            coupons=40,
            seed=seed,
            fault_rate=rate,
            fault_kinds=EVERY_KIND,
            window_seconds=0.3,
            gzip=seed % 2 == 0,
            latency_ms=float(seed % 3),
        ),
        settings=(
            ("request_timeout", 0.5),
            ("page_size", size),
            ("max_retry_seconds", 0),
            ("order_coupons", "always"),
        ),
        name=f"{rate} {seed}",
    )
    for rate, seed, size in (
        (0.02, 1, 2),
        (0.02, 2, 3),
        (0.10, 3, 2),
        (0.10, 4, 3),
        (0.10, 5, 5),
        (0.10, 6, 2),
    )
]


@pytest.fixture(scope="module")
def random_runs(request: pytest.FixtureRequest) -> Runs:
    names = asked_for(request, [case.name for case in RANDOM], "name")
    return start([case for case in RANDOM if case.name in names])


@pytest.mark.histories
@pytest.mark.parametrize("name", [case.name for case in RANDOM])
def test_under_random_faults_of_every_kind_all_arrives_as_the_store_holds_it(
    random_runs: Runs, name: str
) -> None:
    run = random_runs[name].result()
    assert run.result.status == 0, critical(run.result)
    assert any(entry["fault"] for entry in run.requests)
    odd = Counter(
        (entry["path"], json.dumps(entry["query"]))
        for entry in run.requests
        if entry["fault"] in ODD_TEXT
    )
    # What is odd twice is the store's own, for all that can be seen, and is replaced.
    lasting = sum(times > 1 for times in odd.values())
    differing = [line for stream in STREAMS for line in run.differences[stream]]
    assert len(differing) <= lasting, differing
    assert all("\N{REPLACEMENT CHARACTER}" in line for line in differing)
    for stream in STREAMS:
        ids = run.result.ids(stream)
        assert ids == sorted(set(ids))


@pytest.mark.histories
def test_the_random_faults_were_of_every_kind_that_the_sandbox_knows(random_runs: Runs) -> None:
    met = {entry["fault"] for run in random_runs.values() for entry in run.result().requests}
    assert set(PASSING) | BROKEN_CONNECTIONS | BROKEN_BODIES <= met
