"""One parent, or one record, that cannot be read for good does not hold up the others."""

import time
from typing import Any

import pytest
from fault_runs import OLD, critical
from made_store import ISO_DATE, MadeStore, item, order, orders, product
from tap_runner import Json, Result

DATE = "2024-03-05T21:40:11.000000Z"
DOWN = {"status": 503, "title": "Service Unavailable"}
CHILD = "order_transactions"
OLD_CHILD: Json = {"order_date_modified": OLD}


def shop(*ids: int) -> MadeStore:
    """A store whose orders have a transaction each."""
    store = MadeStore(orders(*(order(id_, item(id_, 1)) for id_ in ids)))
    for id_ in ids:
        store.rows[f"/v3/orders/{id_}/transactions"] = [{"id": id_ * 10, "event": "purchase"}]
    return store


def transactions_of(ids: str) -> str:
    return f"/v3/orders/({ids})/transactions"


def entry(result: Result, stream: str = CHILD) -> Json:
    found: Json = result.state["bookmarks"].get(stream, {})
    return found


@pytest.mark.parametrize("bad", [[101], [103], [102, 103]], ids=str)
def test_orders_whose_transactions_cannot_be_read_come_with_the_next_sync(bad: list[int]) -> None:
    with shop(100, 101, 102, 103) as store:
        store.answer(transactions_of("|".join(map(str, bad))), 503, DOWN)
        first = store.fail("orders", CHILD)
        failing = store.fail("orders", CHILD, state=first.state)
        store.heal()
        healed = store.sync("orders", CHILD, state=failing.state)
        asked_first = next(r.path for r in store.requests if not r.query)
    for result in (first, failing):
        assert result.ids(CHILD) == [id_ * 10 for id_ in range(100, 104) if id_ not in bad]
        assert result.ids("orders") == [100, 101, 102, 103]
        assert f"order {bad[0]}" in critical(result)
        assert entry(result) == {"order_date_modified": DATE, "retry": bad}
    assert asked_first in [f"/v2/orders/{id_}" for id_ in bad]
    assert sorted(healed.ids(CHILD)) == [1000, 1010, 1020, 1030]
    row = healed.record(CHILD, bad[0] * 10)
    assert (row["order_id"], row["order_date_modified"]) == (bad[0], DATE)
    assert entry(healed) == {"order_date_modified": DATE}


@pytest.mark.real_time
def test_an_order_that_cannot_be_completed_is_passed_over_by_all_that_is_made_of_it() -> None:
    streams = ("orders", "order_products", "order_fees", CHILD)
    with shop(100, 101, 102) as store:
        store.rows["/v2/orders"][1] = {**store.rows["/v2/orders"][1], "items_total": 5}
        store.answer("/v2/orders/101/products", 500, DOWN)
        first = store.fail(*streams)
        failing = store.fail(*streams, state=first.state)
        store.heal()
        second = store.sync(*streams, state=failing.state)
    assert "is gone" not in failing.stderr
    assert first.ids("orders") == failing.ids("orders") == [100, 102]
    assert {row["order_id"] for row in first.records("order_products")} == {100, 102}
    assert first.ids(CHILD) == [1000, 1010, 1020]
    for result, stream in ((first, "orders"), (first, "order_fees"), (failing, "orders")):
        assert entry(result, stream)["retry"] == [101]
    assert "retry" not in entry(first)
    assert first.bookmark("orders") == DATE
    assert sorted(second.ids("orders")) == [100, 101, 102]
    assert [row["order_id"] for row in second.records("order_products")].count(101) == 1
    assert "retry" not in str(second.state)


@pytest.mark.real_time
def test_a_product_that_cannot_be_completed_is_passed_over() -> None:
    bad = product(2)
    del bad["images"]
    with MadeStore({"/v3/catalog/products": [product(1), bad, product(3)]}) as store:
        store.answer("/v3/catalog/products/2/images", 500, DOWN)
        result = store.fail("products")
    assert result.ids("products") == [1, 3]
    assert entry(result, "products")["retry"] == [2]


def test_a_list_that_no_order_has_fails_as_a_whole_and_is_read_again_from_the_bookmark() -> None:
    with shop(100, 101, 102) as store:
        store.answer(transactions_of(r"\d+"), 503, DOWN)
        result = store.fail("orders", CHILD, state={"bookmarks": {CHILD: OLD_CHILD}})
        store.heal()
        healed = store.sync("orders", CHILD, state=result.state)
    assert result.ids("orders") == [100, 101, 102]
    assert entry(result) == OLD_CHILD
    assert healed.ids(CHILD) == [1000, 1010, 1020]


@pytest.mark.real_time
def test_more_than_a_hundred_orders_that_cannot_be_read_fail_the_stream() -> None:
    ids = range(100, 220)
    with shop(*ids) as store:
        store.answer(transactions_of("1[1-9].|2.."), 404)
        store.answer("/v2/orders/(1[1-9].|2..)", 500, DOWN)
        result = store.fail("orders", CHILD, max_attempts=1)
    assert len(result.ids("orders")) == len(ids)
    assert "more than 100 orders" in critical(result)
    assert "order_date_modified" not in entry(result)


@pytest.mark.real_time
def test_after_the_first_one_little_time_is_spent_on_orders_that_cannot_be_read() -> None:
    bad = range(105, 120)
    with shop(*range(100, 120)) as store:
        store.answer(transactions_of("10[5-9]|11."), 503, DOWN)
        patient: dict[str, Any] = {"max_attempts": 1, "max_retry_seconds": 3, "max_concurrency": 1}
        first = store.run(CHILD, **patient)
        asked = [len(store.asked(transactions_of(str(id_)))) for id_ in bad]
        store.run(CHILD, state=first.state, **patient)
        again = [len(store.asked(transactions_of(str(id_)))) for id_ in bad]
    assert entry(first)["retry"] == list(bad)
    assert asked[0] > 2, "the first one is tried for as long as the settings say"
    assert set(asked[1:]) == {1}
    assert max(again) <= 2, "once before the others, and once with them"


def test_an_order_that_is_gone_by_now_is_not_asked_for_again() -> None:
    with shop(100, 102) as store:
        retry = {**OLD_CHILD, "retry": [101]}
        result = store.sync(CHILD, state={"bookmarks": {CHILD: retry}})
    assert "retry" not in entry(result)


def test_a_refusal_of_one_order_alone_is_that_orders_trouble() -> None:
    with shop(100, 101, 102, 103) as store:
        store.answer(transactions_of("100"), 403, {"title": "forbidden"})
        result = store.fail(CHILD)
    assert len(result.ids(CHILD)) == 3
    assert entry(result)["retry"] == [100]


def test_a_permission_that_is_missing_is_not_looked_for_with_every_order() -> None:
    with shop(*range(100, 140)) as store:
        store.answer(transactions_of(r"\d+"), 403, {"title": "forbidden"})
        result = store.fail(CHILD, "orders", max_concurrency=1)
        assert len(store.asked(transactions_of(r"\d+"))) <= 5
    assert "'Order transactions: read-only'" in critical(result)
    assert len(result.ids("orders")) == 40
    assert entry(result) == {}


@pytest.mark.real_time
def test_a_parent_in_a_list_without_dates_is_remembered_and_read_whole_later() -> None:
    rows: list[Json] = [{"id": id_, "date_modified": ISO_DATE} for id_ in (1, 2)]
    with MadeStore({"/v3/channels": rows}) as store:
        for row in rows:
            own = f"/v3/channels/{row['id']}"
            store.rows[own] = row
            store.rows[f"{own}/listings"] = [{**row, "listing_id": row["id"] * 10}]
        store.answer("/v3/channels/2/listings", 500, DOWN)
        first = store.fail("channel_listings")
        store.heal()
        second = store.sync("channel_listings", state=first.state)
        [read_first, *_] = store.asked("/v3/channels/2/listings")
    assert [row["listing_id"] for row in first.records("channel_listings")] == [10]
    assert entry(first, "channel_listings") == {"date_modified": DATE, "retry": [2]}
    assert 20 in [row["listing_id"] for row in second.records("channel_listings")]
    assert "date_modified:min" not in read_first.query, "the bookmark has moved past its rows"
    assert "retry" not in entry(second, "channel_listings")


@pytest.mark.parametrize("retry", ["101", [["101"]], {"a": 1}, [True], list(range(101))])
def test_a_damaged_list_of_what_is_to_be_read_again_is_named(retry: Any) -> None:
    with shop(100) as store:
        state = {"bookmarks": {CHILD: {**OLD_CHILD, "retry": retry}}}
        result = store.fail(CHILD, "orders", state=state)
    assert '"retry" of order_transactions' in critical(result)
    assert result.ids("orders") == [100]


VERSIONS = {"activate_version": True, "detect_deletes": True}
ACCEPTED = {**VERSIONS, "accept_incomplete": f"{CHILD}:100"}
CUT_OFF = {"data": [{"id": 1000}], "meta": {"pagination": {"total": 5}}}


@pytest.mark.real_time
@pytest.mark.parametrize("bad", ["100", r"\d+", "accepted"])
def test_a_stop_behind_orders_that_were_passed_over_loses_nothing_of_them(bad: str) -> None:
    def when_all_is_quiet(_: Any) -> int:
        seen = 0
        while seen < len(store.requests):
            seen = len(store.requests)
            time.sleep(1.0)
        return 500

    settings: Any = ACCEPTED if bad == "accepted" else {}
    with shop(100, 101) as store:
        store.answer(transactions_of(bad), 503, DOWN)
        if settings:
            store.answer(transactions_of("100"), 200, CUT_OFF)
        # The second page fails, once what came with the first has been read.
        store.answer("/v2/orders", when_all_is_quiet, query="min_id")
        stopped = store.fail(CHILD, **settings)
        assert store.asked(transactions_of("101"))
        store.heal()
        result = store.sync(CHILD, state=stopped.state, **settings)
    if bad == "100":
        assert (entry(stopped)["resume"]["after_id"], entry(stopped)["retry"]) == (101, [100])
        assert result.ids(CHILD) == [1000]
    elif settings:
        assert entry(stopped)["resume"]["after_id"] == 101
        assert "ACTIVATE_VERSION" not in result.stdout, "it ends what was cut off"
    else:  # Where none could be read, it goes on before them.
        assert entry(stopped) == {}
        assert result.ids(CHILD) == [1000, 1010]
