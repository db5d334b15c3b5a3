"""A status of each kind, once and for ever, on a list that is being read."""

from __future__ import annotations

import re
from concurrent.futures import Future

import pytest
from fault_runs import (
    OLD,
    OLD_STATE,
    QUICK,
    Run,
    assert_failed_clearly,
    critical,
    gives_advice,
    run_against,
    side_by_side,
    small,
)

from tap_bigcommerce_sandbox import Store

# One status of each kind; what follows from every other one is in tests/client.
EXPECTED = {
    301: "fail",
    400: "one row",
    401: "token",
    403: "fail",
    404: "fail",
    405: "fail",
    413: "smaller",
    429: "wait",
    500: "again",
    503: "again",
    520: "again",
}
PASSING = [status for status, follows in EXPECTED.items() if follows != "fail"]
LASTING = [status for status, follows in EXPECTED.items() if follows != "wait"]
OTHERS = ("coupons", "orders", "products")

Runs = dict[int, Future[Run]]


def once(status: int) -> Run:
    def prepare(store: Store) -> None:
        store.fault("customers", kind=str(status))

    return run_against(small(window_seconds=0.5), prepare, **QUICK)


def for_ever(status: int) -> Run:
    def prepare(store: Store) -> None:
        store.fault("customers", kind=str(status), times=0)
        if status in (404, 405):  # Where one list is missing, the other is read.
            store.fault("customers_v3", kind=str(status), times=0)

    # Pages of one record, so that nothing is tried in smaller pages; those have their own tests.
    size = 1 if EXPECTED[status] in ("again", "token") else 250
    return run_against(small(), prepare, OLD_STATE, page_size=size, **QUICK)


@pytest.fixture(scope="module")
def runs_with_one_fault() -> Runs:
    return side_by_side(once, PASSING)


@pytest.fixture(scope="module")
def runs_with_a_lasting_fault() -> Runs:
    return side_by_side(for_ever, LASTING)


@pytest.mark.parametrize("status", PASSING)
def test_after_one_bad_answer_the_same_is_asked_for_again_or_less_of_it(
    runs_with_one_fault: Runs, status: int
) -> None:
    run = runs_with_one_fault[status].result()
    asked = run.asked("customers")
    assert asked[0]["fault"] == str(status)
    assert run.result.status == 0, run.result.stderr
    assert run.whole("customers", *OTHERS)
    fewer = {"smaller": 125, "one row": 1}
    if EXPECTED[status] in fewer:
        assert int(asked[1]["query"]["limit"]) == fewer[EXPECTED[status]]
    else:
        assert asked[1]["query"] == asked[0]["query"]
        assert re.search(rf"customers: .*\b{status}\b.*(retrying|waiting)", run.result.stderr)
        assert re.search(rf"Summary of customers: .*\bHTTP {status}\b", run.result.stderr)
    if EXPECTED[status] == "again":
        assert asked[1]["at"] - asked[0]["at"] > 0.2


@pytest.mark.parametrize("status", LASTING)
def test_a_lasting_fault_fails_its_stream_with_words_and_leaves_its_bookmark(
    runs_with_a_lasting_fault: Runs, status: int
) -> None:
    run = runs_with_a_lasting_fault[status].result()
    words = critical(run.result)
    assert str(status) in words
    assert run.result.records("customers") == []
    assert run.result.bookmark("customers") == OLD
    if EXPECTED[status] == "token":
        # Without a token nothing can be read: the others end with it.
        assert run.result.status == 1
        assert "Traceback" not in run.result.stderr
        return
    assert run.whole(*OTHERS)
    for name in ("orders", "products"):
        assert run.result.bookmark(name) > OLD
    assert_failed_clearly(run.result, "customers")
    if EXPECTED[status] == "again":
        assert len(run.asked("customers")) == QUICK["max_attempts"]
    if EXPECTED[status] == "fail":
        assert len(run.asked("customers")) == 1


@pytest.mark.parametrize("status", LASTING)
def test_the_words_about_a_lasting_fault_say_what_to_do(
    runs_with_a_lasting_fault: Runs, status: int
) -> None:
    words = critical(runs_with_a_lasting_fault[status].result().result)
    assert gives_advice(words), words


@pytest.mark.parametrize("status", [400, 413])
def test_a_page_that_was_asked_for_again_in_a_smaller_one_is_in_the_summary(
    runs_with_one_fault: Runs, status: int
) -> None:
    run = runs_with_one_fault[status].result()
    assert re.search(rf"Summary of customers: .*\bHTTP {status}\b", run.result.stderr)


def test_a_list_that_is_204_has_no_rows() -> None:
    run = run_against(small(orders=0, customers=0, coupons=0))
    assert run.result.status == 0
    assert {entry["status"] for entry in run.requests} == {200, 204}
    assert run.result.by_stream.keys() == {"products"}
    assert set(run.result.schemas) == {"coupons", "customers", "orders", "products"}


def test_a_permission_that_is_missing_is_named_as_the_control_panel_does() -> None:
    run = run_against(small(withheld_scopes=("orders", "marketing")), **QUICK)
    assert run.result.status == 1
    words = critical(run.result)
    assert "orders" in words
    assert "'Orders: read-only'" in words
    assert "'Marketing: read-only'" in words
    assert "new API account" in words
    assert run.whole("customers", "products")
    assert len(run.asked("coupons")) == len(run.asked("orders")) == 1


def test_a_token_that_is_refused_at_once_fails_before_anything_is_written() -> None:
    run = run_against(small(), access_token="of another store")
    assert run.result.status == 1
    assert run.result.stdout == ""
    assert len(run.requests) == 1
    words = critical(run.result)
    assert "401" in words
    assert "access_token" in words
    assert "of another store" not in run.result.stderr


def test_a_token_that_is_refused_later_is_tried_again_a_few_times() -> None:
    def prepare(store: Store) -> None:
        store.fault("customers", request=2, kind="401", times=2)

    run = run_against(small(customers=30), prepare, page_size=10)
    assert run.result.status == 0, run.result.stderr
    assert run.whole("coupons", "customers", "orders", "products")
    refused = [entry for entry in run.asked("customers") if entry["status"] == 401]
    assert len(refused) == 2


@pytest.mark.real_time
def test_a_token_that_is_refused_for_good_is_not_asked_about_in_smaller_pages() -> None:
    def prepare(store: Store) -> None:
        store.fault("customers", kind="401", times=0)

    run = run_against(small(), prepare)
    assert run.result.status == 1
    assert "access_token" in critical(run.result)
    asked = run.asked("customers")
    assert {entry["query"]["limit"] for entry in asked} == {"250"}
    assert 2 <= len(asked) <= 5
    assert run.whole("coupons")
    assert run.result.messages[-1]["type"] == "STATE"


def test_redirects_are_not_followed_for_the_token_would_travel_with_them() -> None:
    def prepare(store: Store) -> None:
        for number, status in enumerate((301, 302, 303, 307, 308), 1):
            store.fault("customers", request=number, kind=str(status))
        store.fault("orders", kind="302")

    run = run_against(small(), prepare, **QUICK)
    assert_failed_clearly(run.result, "customers")
    assert "redirect" in critical(run.result)
    assert "api_url" in critical(run.result)
    assert run.asked("time") == []
    assert run.whole("coupons", "products")


def test_an_address_that_is_no_stores_fails_with_a_word_on_store_hash() -> None:
    run = run_against(small(), store_hash="elsewhere", **QUICK)
    assert run.result.status == 1
    assert "store_hash" in critical(run.result)
    assert run.result.by_stream == {}
