"""Fields of customers that only v3 has cost one more request for each page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from store_truth import ONLY_V3, rows_of
from tap_runner import Json, Result, run, select, settings

from tap_bigcommerce_sandbox import Options, Sandbox

MANY = 300


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(Options(orders=1, customers=MANY, products=1, coupons=1)) as started:
        yield started


def read(store: Sandbox, catalog: Json, *fields: str, **more: object) -> tuple[Result, list[Json]]:
    """Read customers with these fields, which are not selected by default."""
    chosen = select(catalog, "customers")
    for entry in chosen["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] and item["breadcrumb"][-1] in fields:
                item["metadata"]["selected"] = True
    store.clear_requests()
    result = run(settings(store, **more), chosen)
    assert result.status == 0, result.stderr
    return result, store.requests()


def test_without_fields_of_v3_no_request_goes_to_v3(store: Sandbox, catalog: Json) -> None:
    result, requests = read(store, catalog)
    assert {entry["path"].rsplit("/stores/sandbox1/")[1] for entry in requests} == {"v2/customers"}
    assert not set(ONLY_V3) & set(result.records("customers")[0])


@pytest.mark.parametrize("field", [name for name in ONLY_V3 if name != "attributes"])
def test_each_v3_field_costs_one_request_for_a_page(
    store: Sandbox, catalog: Json, field: str
) -> None:
    truth = rows_of(store, "customers")
    result, requests = read(store, catalog, field)
    assert [record["id"] for record in result.records("customers")] == list(truth)
    for record in result.records("customers"):
        assert json.loads(json.dumps(record[field], default=float)) == truth[record["id"]][field]
        assert not (set(ONLY_V3) - {field}) & set(record)
    of_v3 = [entry for entry in requests if "/v3/" in entry["path"]]
    pages = [entry for entry in requests if "/v2/" in entry["path"] and entry["rows"] > 2]
    assert len(of_v3) <= len(pages)
    assert all("id:in" in entry["query"] for entry in of_v3)


def test_attributes_beyond_the_ten_that_are_included_come_from_their_child_list(
    store: Sandbox, catalog: Json
) -> None:
    truth = rows_of(store, "customers")
    result, _ = read(store, catalog, "attributes")
    found = {record["id"]: record["attributes"] for record in result.records("customers")}
    assert {id: len(rows) for id, rows in found.items()} == {
        id: len(row["attributes"]) for id, row in truth.items()
    }
    assert max(map(len, found.values())) > 10


def test_a_customer_that_v3_no_longer_has_is_written_as_v2_has_it(
    catalog: Json,
) -> None:
    with Sandbox(Options(orders=1, customers=20, products=1, coupons=1)) as store:
        ids = list(rows_of(store, "customers"))
        deletion = {"op": "delete", "list": "customers", "ids": ids[3:4]}
        store.on("customers", request=1, do=deletion, moment="after_read")
        result, _ = read(store, catalog, "channel_ids")
    assert [record["id"] for record in result.records("customers")] == ids
    (deleted,) = (record for record in result.records("customers") if record["id"] == ids[3])
    assert "channel_ids" not in deleted
