"""Odd customers of v3, where the store no longer has /v2/customers."""

from __future__ import annotations

from typing import Any

import pytest
from fault_runs import critical
from made_store import MadeStore
from tap_runner import Json

DATE = "2026-01-05T10:00:00Z"
DOWN = {"status": 500, "title": "Down"}
FIELDS = ["attributes", "store_credit", "form_fields", "accepts_marketing", "notes"]


def customer(id: int, **more: Any) -> Json:
    return {"id": id, "email": f"{id}@made.example", "date_modified": DATE, **more}


def credited(id: int, **more: Any) -> Json:
    """A customer with all that is requested with the list."""
    parts = {"store_credit_amounts": [{"amount": 9.5}], "form_fields": [], "attributes": []}
    return customer(id, **{**parts, **more})


def test_what_v3_does_not_send_is_absent_and_not_null() -> None:
    with MadeStore({"/v3/customers": [customer(1), customer(2)]}) as store:
        result = store.run("customers", fields={"customers": FIELDS})
    assert result.status == 0, result.stderr
    for record in result.records("customers"):
        assert set(record) == {"id", "date_modified", "notes"}
        assert record["notes"] is None  # as for any field that a list has for every row
    assert "none of 2 customers came with attributes, form_fields, store_credit" in result.stderr
    assert {request.query["include"] for request in store.asked("/v3/customers")} == {
        "attributes,formfields,storecredit"
    }


def test_parts_in_another_form_than_documented_are_rescued() -> None:
    odd = credited(
        1,
        store_credit_amounts={"amount": 5},
        form_fields=["Birthday"],
        authentication="password",
        addresses=[{"id": 5}],
        loyalty=7,
    )
    with MadeStore({"/v3/customers": [odd, credited(2, store_credit_amounts=[])]}) as store:
        result = store.run("customers")
    assert result.status == 0, result.stderr
    first, second = result.records("customers")
    assert first["store_credit_amounts"] is first["authentication"] is None
    for name in ("store_credit_amounts", "form_fields", "authentication", "loyalty"):
        assert name in first["_rescued_data"]
    assert "addresses" not in first["_rescued_data"]
    assert "_authentication" not in first
    assert not {"store_credit", "reset_pass_on_login", "_authentication"} & set(second)
    assert second["_rescued_data"] is None


@pytest.mark.real_time
def test_a_skipped_customer_is_read_first_from_whichever_list_there_is() -> None:
    many = [{"id": number} for number in range(10)]
    rest = "/v3/customers/attribute-values"
    with MadeStore({"/v2/customers": [customer(1), customer(2)]}) as store:
        rows = [credited(1, attributes=many), credited(2)]
        store.rows["/v3/customers"] = rows
        store.answer(rest, 500, DOWN)
        first = store.run("customers", fields={"customers": FIELDS})
        assert first.ids("customers") == [2]
        assert first.state["bookmarks"]["customers"]["retry"] == [1]

        del store.rows["/v2/customers"]
        later = "2026-02-05T10:00:00Z"
        rows[1]["date_modified"] = later
        by_id = {"1": rows[:1], "2": rows[1:]}
        answer = {"data": rows[1:], "meta": {}}
        store.answer("/v3/customers", 200, answer)
        store.answer(
            "/v3/customers",
            200,
            lambda query: {"data": by_id[query["id:in"]], "meta": {}},
            query="id:in",
        )
        second = store.run("customers", state=first.state, fields={"customers": FIELDS})
        assert second.status == 1
        assert "customer" in critical(second)
        assert second.ids("customers") == [2]
        assert second.state["bookmarks"]["customers"]["retry"] == [1]

        store.heal()
        store.rows[rest] = [{"id": number, "customer_id": 1} for number in range(12)]
        store.answer("/v3/customers", 200, answer)
        store.answer(
            "/v3/customers",
            200,
            lambda query: {"data": by_id[query["id:in"]], "meta": {}},
            query="id:in",
        )
        third = store.run("customers", state=second.state, fields={"customers": FIELDS})
    assert third.status == 0, third.stderr
    assert third.ids("customers")[0] == 1
    assert len(third.record("customers", 1)["attributes"]) == 12
    assert "retry" not in str(third.state)


def test_a_skipped_customer_that_v3_does_not_have_was_deleted() -> None:
    state = {"bookmarks": {"customers": {"date_modified": DATE, "retry": [7]}}}
    with MadeStore({"/v3/customers": [credited(1)]}) as store:
        store.answer("/v3/customers", 200, {"data": [], "meta": {}}, query="id:in")
        result = store.run("customers", state=state)
    assert result.status == 0, result.stderr
    assert "record 7, skipped by an earlier run, is no longer in the store" in result.stderr
    assert "retry" not in str(result.state)
