"""What comes of bad answers in a whole run: that pass, that last, and refusals.

What follows from each status, header and body is in tests/client.
"""

import json
import re
from typing import Any

import pytest
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    assert_failed_clearly,
    both,
    complete,
    critical,
    fault,
    run_against,
    small,
)
from tap_runner import some_of

from tap_bigcommerce_sandbox import Store

STREAM_OF = {"customers": "customers", "products": "products", "order_coupons": "orders"}
"""A list of v2, one of v3, and one that belongs to a record; and the stream of each."""

REPLACED = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "kinds",
    [
        ("reset", "503", "html"),
        ("wrong-shape", "cut", "520"),
        ("invalid-byte", "hang", "empty-200"),
        ("500", "lone-surrogate", "reset"),
    ],
    ids=", ".join,
)
def test_an_answer_that_came_to_grief_once_is_asked_for_again(kinds: tuple[str, ...]) -> None:
    def prepare(store: Store) -> None:
        full = store.records("orders", full=True)
        couponed = next(row["id"] for row in full if row["coupons"])
        for list_, kind in zip(STREAM_OF, kinds, strict=True):
            between = [couponed] * 2 if list_ == "order_coupons" else None
            store.fault(list_, kind=kind, ids_between=between)

    run = complete(small(), prepare, **QUICK, request_timeout=1)
    assert REPLACED not in run.result.stdout
    for (list_, stream), kind in zip(STREAM_OF.items(), kinds, strict=True):
        asked = run.asked(list_)
        [bad] = [entry for entry in asked if entry["fault"]]
        same = [e for e in asked if (e["path"], e["query"]) == (bad["path"], bad["query"])]
        assert len(same) == 2
        assert re.search(r"\b1 retries", run.summary(stream))
        if kind.isdigit():
            assert same[1]["at"] - same[0]["at"] > 0.2
            assert re.search(rf"{stream}: .*\b{kind}\b.*retrying", run.result.stderr)
            assert re.search(rf"\bHTTP {kind}\b", run.summary(stream))


LASTING = {"reset": 2, "cut": 2, "hang": 2, "html": 2, "503": 2, "302": 1, "403": 1, "404": 1}
"""Requests for the list that fails so; each is for a single row, so that none can be smaller."""


@pytest.mark.parametrize("kind", some_of([*LASTING], 6, pytest.mark.real_time))
def test_a_fault_that_lasts_fails_its_stream_alone_and_leaves_its_bookmark(kind: str) -> None:
    # Where one list of customers is missing, the other is read.
    faults = both(fault("customers", kind), fault("customers_v3", kind))
    run = run_against(small(), faults, OLD_STATE, **QUICK, page_size=1, request_timeout=1)
    assert_failed_clearly(run.result, "customers")
    assert kind in critical(run.result) or not kind.isdigit()
    assert run.result.records("customers") == []
    assert run.result.bookmark("customers") == OLD
    assert run.whole_but("customers")
    assert all(run.result.bookmark(name) > OLD for name in ("orders", "products"))
    assert len(run.asked("customers")) == LASTING[kind]
    if kind == "302":
        assert not run.asked("time"), "it was followed"


@pytest.mark.parametrize("list_", STREAM_OF)
def test_odd_characters_never_stop_the_load_and_are_replaced_and_counted(list_: str) -> None:
    kind = "lone-surrogate" if list_ == "products" else "invalid-byte"
    run = run_against(small(), fault(list_, kind))
    assert run.result.status == 0, run.result.stderr
    stream = STREAM_OF[list_]
    answers = [entry for entry in run.asked(list_) if entry["fault"] and entry["rows"]]
    pages = {(entry["path"], json.dumps(entry["query"])) for entry in answers}
    assert 0 < len(pages) < len(answers)
    assert f"{len(pages)} responses with invalid characters" in run.summary(stream)
    # One character in one row of each answer is odd; all else is as the store holds it.
    assert 1 <= run.result.stdout.count(REPLACED) <= len(pages)
    assert all(REPLACED in line for line in run.differences[stream])
    assert run.whole_but(stream)
    if list_ != "order_coupons":
        assert {entry["query"]["limit"] for entry in run.asked(list_)} == {"250"}


@pytest.mark.parametrize(("setting", "words"), [("access_token", "401"), ("store_hash", "404")])
def test_a_token_or_store_that_is_unknown_fails_before_a_record_is_written(
    setting: str, words: str
) -> None:
    settings: Any = {**QUICK, setting: "elsewhere"}
    run = run_against(small(), **settings)
    assert run.result.status == 1
    assert setting in critical(run.result)
    assert words in critical(run.result)
    assert run.result.by_stream == {}
    assert setting != "access_token" or len(run.requests) == 1
