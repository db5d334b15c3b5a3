"""Runs of the tap that go wrong: stores, what is done to them, and what to ask of the runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tap_runner
from fault_truth import STREAMS, differences
from tap_runner import Json, Result

from tap_bigcommerce_sandbox import Options, Sandbox, Store

Prepare = Callable[[Store], None]
"""What is done to a store before a run."""

QUICK: Mapping[str, Any] = {"max_attempts": 2, "max_retry_seconds": 0}
"""Settings with which a request that keeps failing is given up after one short wait."""

OLD = "2020-01-01T00:00:00.000000Z"
"""A bookmark before everything that a store holds."""

OLD_STATE: Json = {
    "bookmarks": {name: {"date_modified": OLD} for name in ("customers", "orders", "products")}
}

ADVICE = re.compile(
    r"\b(run|check|make|create|ask|send|report|update|lower|raise|free|name|set|correct|remove|wait"
    r"|try|leave|omit)\b",
    re.IGNORECASE,
)
"""The first word of a sentence that says what to do."""


@dataclass(frozen=True)
class Run:
    """A run against a store of its own, and what the store saw of it."""

    result: Result
    requests: list[Json]
    differences: dict[str, list[str]]

    def asked(self, list_: str) -> list[Json]:
        """The requests for a list."""
        return [entry for entry in self.requests if entry["list"] == list_]

    def whole(self, *streams: str) -> bool:
        """Whether these streams arrived as the store holds them."""
        return not any(self.differences[stream] for stream in streams)

    def whole_but(self, *streams: str) -> bool:
        """Whether all other streams arrived as the store holds them."""
        return self.whole(*(set(STREAMS) - set(streams)))

    def summary(self, stream: str) -> str:
        [line] = [line for line in self.result.logged() if f"Summary of {stream}:" in line]
        return line


def small(**more: Any) -> Options:
    """A store that is read in a moment, with an order of each kind but the huge ones."""
    sizes: dict[str, Any] = {"orders": 26, "customers": 20, "products": 12, "coupons": 8}
    return Options(**{**sizes, "huge_order_share": 0.0, **more})


def nothing(store: Store) -> None:
    pass


def fault(list_: str, kind: str, times: int = 0, **more: Any) -> Prepare:
    """So many requests of the list fail (0: all); see Store.fault."""
    return lambda store: store.fault(list_, kind=kind, times=times, **more)


def both(*prepared: Prepare) -> Prepare:
    def prepare(store: Store) -> None:
        for each in prepared:
            each(store)

    return prepare


def run_against(
    options: Options,
    prepare: Prepare = nothing,
    state: Any = None,
    catalog: Any = None,
    **settings: Any,
) -> Run:
    """One run against a store with `options`, after `prepare` has done something to it."""
    with Sandbox(options) as store:
        prepare(store)
        return run_on(store, state, catalog, **settings)


def run_on(store: Store, state: Any = None, catalog: Any = None, **settings: Any) -> Run:
    """One run against a store."""
    before = len(store.requests())
    result = tap_runner.run(tap_runner.settings(store, **settings), catalog, state)
    assert "Traceback" not in result.stderr, result.stderr[-2000:]
    by_stream = {name: differences(store, result.by_stream, [name]) for name in STREAMS}
    return Run(result, store.requests()[before:], by_stream)


def complete(options: Options, prepare: Prepare = nothing, **more: Any) -> Run:
    """A run that has to succeed, and to write everything as the store holds it."""
    run = run_against(options, prepare, **more)
    assert run.result.status == 0, critical(run.result)
    assert run.whole(*STREAMS), run.differences
    return run


def critical(result: Result) -> str:
    """The CRITICAL lines."""
    return "\n".join(result.logged("CRITICAL"))


def assert_failed_clearly(result: Result, stream: str) -> None:
    """Exit 1, and words instead of a traceback that name the stream."""
    assert result.status == 1, result.stderr[-2000:]
    assert stream in critical(result), result.stderr[-2000:]
    assert "Traceback" not in result.stderr


def gives_advice(words: str) -> bool:
    """Whether some sentence begins like one that says what to do."""
    said = [re.sub(r"^CRITICAL ", "", line) for line in words.splitlines()]
    sentences = [part for line in said for part in re.split(r"(?<=[.;:?!]) ", line)]
    return any(ADVICE.match(sentence.strip()) for sentence in sentences)
