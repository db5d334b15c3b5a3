"""One parent, or one record, that cannot be read for good does not hold up the others."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from fault_runs import OLD, critical
from made_store import ISO_DATE, MadeStore, item, order, product
from tap_runner import Result

DATE = "2024-03-05T21:40:11.000000Z"
DOWN = {"status": 503, "title": "Service Unavailable"}


def shop(*ids: int) -> MadeStore:
    """A store whose orders have a transaction each."""
    store = MadeStore({"/v2/orders": [order(id_, item(id_, 1)) for id_ in ids]})
    for id_ in ids:
        store.rows[f"/v2/orders/{id_}"] = store.rows["/v2/orders"][id_ - ids[0]]
        store.rows[f"/v2/orders/{id_}/products"] = [item(id_, 1)]
        for name in ("shipping_addresses", "coupons", "fees"):
            store.rows[f"/v2/orders/{id_}/{name}"] = []
        store.rows[f"/v2/orders/{id_}/consignments"] = order(id_, item(id_, 1))["consignments"]
        store.rows[f"/v3/orders/{id_}/transactions"] = [{"id": id_ * 10, "event": "purchase"}]
    return store


def transactions_of(store_ids: str) -> str:
    return f"/v3/orders/({store_ids})/transactions"


def test_transactions_of_one_order_that_cannot_be_read_come_with_the_next_sync() -> None:
    with shop(100, 101, 102, 103) as store:
        store.answer(transactions_of("101"), 503, DOWN)
        first = store.run("orders", "order_transactions")
        failing = store.run("orders", "order_transactions", state=first.state)
        store.heal()
        healed = store.run("orders", "order_transactions", state=failing.state)
        asked_first = next(r.path for r in store.requests if not r.query)
        after = store.run("orders", "order_transactions", state=healed.state)
    for result in (first, failing):
        assert result.status == 1
        assert "Traceback" not in result.stderr
        assert result.ids("order_transactions") == [1000, 1020, 1030]
        assert result.ids("orders") == [100, 101, 102, 103]
        assert "order 101" in critical(result)
        bookmark = result.state["bookmarks"]["order_transactions"]
        assert bookmark == {"order_date_modified": DATE, "retry": [101]}
    assert healed.status == 0, critical(healed)
    assert asked_first == "/v2/orders/101"
    assert sorted(healed.ids("order_transactions")) == [1000, 1010, 1020, 1030]
    [row] = [row for row in healed.records("order_transactions") if row["id"] == 1010]
    assert (row["order_id"], row["order_date_modified"]) == (101, DATE)
    assert healed.state["bookmarks"]["order_transactions"] == {"order_date_modified": DATE}
    assert after.status == 0


@pytest.mark.real_time
def test_an_order_that_cannot_be_completed_is_passed_over_by_all_that_is_made_of_it() -> None:
    with shop(100, 101, 102) as store:
        store.rows["/v2/orders"][1] = {**store.rows["/v2/orders"][1], "items_total": 5}
        store.answer("/v2/orders/101/products", 500, DOWN)
        streams = ("orders", "order_products", "order_fees", "order_transactions")
        first = store.run(*streams)
        failing = store.run(*streams, state=first.state)
        store.heal()
        second = store.run(*streams, state=failing.state)
    assert first.status == failing.status == 1
    assert "is gone" not in failing.stderr
    assert failing.state["bookmarks"]["orders"]["retry"] == [101]
    assert first.ids("orders") == failing.ids("orders") == [100, 102]
    assert {row["order_id"] for row in first.records("order_products")} == {100, 102}
    assert first.ids("order_transactions") == [1000, 1010, 1020]
    bookmarks = first.state["bookmarks"]
    assert bookmarks["orders"]["retry"] == bookmarks["order_fees"]["retry"] == [101]
    assert "retry" not in bookmarks["order_transactions"]
    assert bookmarks["orders"]["date_modified"] == DATE
    assert second.status == 0, critical(second)
    assert sorted(second.ids("orders")) == [100, 101, 102]
    assert [row["order_id"] for row in second.records("order_products")].count(101) == 1
    assert "retry" not in str(second.state)


@pytest.mark.real_time
def test_a_product_and_a_customer_that_cannot_be_completed_are_passed_over() -> None:
    bad = product(2)
    del bad["images"]
    with MadeStore({"/v3/catalog/products": [product(1), bad, product(3)]}) as store:
        store.answer("/v3/catalog/products/2/images", 500, DOWN)
        customers = [
            {"id": id_, "email": f"{id_}@made.example", "date_modified": order(1)["date_modified"]}
            for id_ in (1, 2)
        ]
        store.rows["/v2/customers"] = customers
        many = [{"id": number} for number in range(10)]
        answer = {"data": [{"id": 1, "attributes": many}, {"id": 2, "attributes": []}], "meta": {}}
        store.answer("/v3/customers", 200, answer)
        store.answer("/v3/customers/attribute-values", 500, DOWN)
        result = store.run("products", "customers", fields={"customers": ["attributes"]})
    assert result.status == 1
    assert result.ids("products") == [1, 3]
    assert result.ids("customers") == [2]
    assert result.state["bookmarks"]["products"]["retry"] == [2]
    assert result.state["bookmarks"]["customers"]["retry"] == [1]


def test_a_list_that_no_order_has_fails_as_a_whole_and_is_read_again_from_the_bookmark() -> None:
    state: Any = {"bookmarks": {"order_transactions": {"order_date_modified": OLD}}}
    with shop(100, 101, 102) as store:
        store.answer(transactions_of(r"\d+"), 503, DOWN)
        result = store.run("orders", "order_transactions", state=state)
        store.heal()
        healed = store.run("orders", "order_transactions", state=result.state)
    assert result.status == 1
    assert result.ids("orders") == [100, 101, 102]
    assert result.state["bookmarks"]["order_transactions"] == {"order_date_modified": OLD}
    assert healed.status == 0
    assert healed.ids("order_transactions") == [1000, 1010, 1020]


@pytest.mark.real_time
def test_more_than_a_hundred_orders_that_cannot_be_read_fail_the_stream() -> None:
    ids = range(100, 220)
    with shop(*ids) as store:
        store.answer(transactions_of("1[1-9].|2.."), 404)
        store.answer("/v2/orders/(1[1-9].|2..)", 500, DOWN)
        result = store.run("orders", "order_transactions", max_attempts=1)
    assert result.status == 1
    assert len(result.ids("orders")) == len(ids)
    assert "more than 100 orders" in critical(result)
    assert "order_date_modified" not in result.state["bookmarks"].get("order_transactions", {})


@pytest.mark.real_time
def test_after_the_first_one_little_time_is_spent_on_orders_that_cannot_be_read() -> None:
    with shop(*range(100, 120)) as store:
        store.answer(transactions_of("10[5-9]|11."), 503, DOWN)
        patient: dict[str, Any] = {"max_attempts": 1, "max_retry_seconds": 3, "max_concurrency": 1}
        first = store.run("order_transactions", **patient)
        asked = [len(store.asked(transactions_of(str(id_)))) for id_ in range(105, 120)]
        store.run("order_transactions", state=first.state, **patient)
        again = [len(store.asked(transactions_of(str(id_)))) for id_ in range(105, 120)]
    assert first.state["bookmarks"]["order_transactions"]["retry"] == list(range(105, 120))
    assert asked[0] > 2, "the first one is tried for as long as the settings say"
    assert set(asked[1:]) == {1}
    assert max(again) <= 2, "once before the others, and once with them"


def test_an_order_that_is_gone_by_now_is_not_asked_for_again() -> None:
    with shop(100, 101, 102) as store:
        store.answer(transactions_of("101"), 503, DOWN)
        first = store.run("order_transactions")
        store.heal()
        for path in [path for path in store.rows if "/101" in path]:
            del store.rows[path]
        del store.rows["/v2/orders"][1]
        second = store.run("order_transactions", state=first.state)
    assert second.status == 0, critical(second)
    assert "retry" not in second.state["bookmarks"]["order_transactions"]


@pytest.mark.parametrize("bad", [100, 102])
def test_a_refusal_of_one_order_alone_is_that_orders_trouble(bad: int) -> None:
    with shop(100, 101, 102, 103) as store:
        store.answer(transactions_of(str(bad)), 403, {"title": "forbidden"})
        result = store.run("order_transactions")
    assert result.status == 1
    assert len(result.ids("order_transactions")) == 3
    assert result.state["bookmarks"]["order_transactions"]["retry"] == [bad]


def test_a_permission_that_is_missing_is_not_looked_for_with_every_order() -> None:
    with shop(*range(100, 140)) as store:
        store.answer(transactions_of(r"\d+"), 403, {"title": "forbidden"})
        result = store.run("order_transactions", "orders", max_concurrency=1)
        asked = len(store.asked(transactions_of(r"\d+")))
    assert result.status == 1
    assert "'Order transactions: read-only'" in critical(result)
    assert asked <= 5
    assert len(result.ids("orders")) == 40
    assert "order_transactions" not in result.state["bookmarks"]


@pytest.mark.real_time
def test_a_parent_in_a_list_without_dates_is_remembered_and_read_whole_later() -> None:
    rows: list[dict[str, Any]] = [{"id": id_, "date_modified": ISO_DATE} for id_ in (1, 2)]
    with MadeStore({"/v3/channels": rows}) as store:
        for row in rows:
            store.rows[f"/v3/channels/{row['id']}"] = row
            listing = {"listing_id": row["id"] * 10, "date_modified": ISO_DATE}
            store.rows[f"/v3/channels/{row['id']}/listings"] = [listing]
        store.answer("/v3/channels/2/listings", 500, DOWN)
        first = store.run("channel_listings")
        store.heal()
        second = store.run("channel_listings", state=first.state)
        [read_first, *_] = store.asked("/v3/channels/2/listings")
    assert first.status == 1
    assert [row["listing_id"] for row in first.records("channel_listings")] == [10]
    assert first.state["bookmarks"]["channel_listings"] == {"date_modified": DATE, "retry": [2]}
    assert second.status == 0, critical(second)
    assert 20 in [row["listing_id"] for row in second.records("channel_listings")]
    assert "date_modified:min" not in read_first.query, "the bookmark has moved past its rows"
    assert "retry" not in second.state["bookmarks"]["channel_listings"]


@pytest.mark.parametrize(
    "retry", ["101", [["101"]], {"a": 1}, [1.5], [True], 3, list(range(101)), [None]]
)
def test_a_damaged_list_of_what_is_to_be_read_again_is_named(retry: Any) -> None:
    state: Any = {"bookmarks": {"order_transactions": {"order_date_modified": OLD, "retry": retry}}}
    with shop(100) as store:
        result = store.run("order_transactions", "orders", state=state)
    assert result.status == 1
    assert "Traceback" not in result.stderr
    assert '"retry" of order_transactions' in critical(result)
    assert result.ids("orders") == [100]


def test_what_is_to_be_read_again_stays_in_the_state_of_a_stream_that_is_not_selected() -> None:
    state: Any = {"bookmarks": {"order_transactions": {"order_date_modified": OLD, "retry": [101]}}}
    with shop(100) as store:
        result = store.run("orders", state=copy.deepcopy(state))
    bookmarks = result.state["bookmarks"]
    assert bookmarks["order_transactions"] == state["bookmarks"]["order_transactions"]


@pytest.mark.parametrize("bad", ["10[4-9]", "109"])
def test_orders_at_the_end_of_the_list_are_passed_over_and_come_with_the_next_sync(
    bad: str,
) -> None:
    with shop(*range(100, 110)) as store:
        store.answer(transactions_of(bad), 503, DOWN)
        first = store.run("order_transactions")
        store.heal()
        second = store.run("order_transactions", state=first.state)
    retry = first.state["bookmarks"]["order_transactions"]["retry"]
    assert retry == [id_ for id_ in range(100, 110) if id_ >= (104 if "[" in bad else 109)]
    assert "order_date_modified" in first.state["bookmarks"]["order_transactions"]
    assert {1000 + 10 * n for n in range(10)} == {
        *first.ids("order_transactions"),
        *second.ids("order_transactions"),
    }
    assert second.status == 0, critical(second)
    assert "retry" not in second.state["bookmarks"]["order_transactions"]


def stopped_behind(store: MadeStore, *orders: int, **settings: Any) -> Result:
    """A run whose list fails on its second page, once what came with the first has been read."""

    def when_all_is_quiet(_: Any) -> int:
        seen = 0
        while seen < len(store.requests):
            seen = len(store.requests)
            time.sleep(1.0)
        return 500

    store.answer("/v2/orders", when_all_is_quiet, query="min_id")
    result = store.run("order_transactions", **settings)
    assert result.status == 1
    assert all(store.asked(transactions_of(str(id_))) for id_ in orders)
    store.heal()
    return result


@pytest.mark.real_time
def test_a_stop_behind_an_order_that_was_passed_over_loses_nothing_of_it() -> None:
    with shop(100, 101) as store:
        store.answer(transactions_of("100"), 503, DOWN)
        stopped = stopped_behind(store, 100, 101)
        result = store.run("order_transactions", state=stopped.state)
    bookmark = stopped.state["bookmarks"]["order_transactions"]
    assert (bookmark["resume"]["after_id"], bookmark["retry"]) == (101, [100])
    assert result.ids("order_transactions") == [1000]
    assert result.status == 0, critical(result)


@pytest.mark.real_time
def test_a_stop_behind_orders_of_which_none_could_be_read_goes_on_before_them() -> None:
    with shop(100, 101) as store:
        store.answer(transactions_of(r"\d+"), 503, DOWN)
        stopped = stopped_behind(store, 100, 101)
        result = store.run("order_transactions", state=stopped.state)
    assert "order_transactions" not in stopped.state["bookmarks"]
    assert result.ids("order_transactions") == [1000, 1010]


@pytest.mark.real_time
def test_a_run_that_goes_on_ends_no_version_where_the_one_before_met_what_is_accepted() -> None:
    settings: dict[str, Any] = {
        "activate_version": True,
        "detect_deletes": True,
        "accept_incomplete": "order_transactions:100",
    }
    cut = {"data": [{"id": 1000}], "meta": {"pagination": {"total": 5}}}
    with shop(100, 101) as store:
        store.answer(transactions_of("100"), 200, cut)
        stopped = stopped_behind(store, 100, 101, **settings)
        result = store.run("order_transactions", state=stopped.state, **settings)
        assert not store.asked(transactions_of("100"))
    assert stopped.state["bookmarks"]["order_transactions"]["resume"]["after_id"] == 101
    assert result.status == 0, critical(result)
    assert "ACTIVATE_VERSION" not in {message["type"] for message in result.messages}
