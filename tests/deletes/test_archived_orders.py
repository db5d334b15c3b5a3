"""Archived orders are reported as deleted, whether the API lists them or not."""

from email.utils import parsedate_to_datetime

import pytest
from deletes_runs import Runs
from tap_runner import Json, select
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox


@pytest.mark.parametrize("touches", some_of([True, False], 1, pytest.mark.histories))
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
def test_archived_orders_end_the_same_however_the_api_shows_them(
    catalog: Json, touches: bool, method: str
) -> None:
    ends = {}
    for listed in ("listed", "hidden"):
        # The same seed makes the same store.
        with Sandbox(Options(orders=30, archived_orders=listed, archive_touches=touches)) as store:
            runs = Runs(store, select(catalog, "orders", replication_method=method))
            runs.run()
            # An order that is archived before the first sync is not read if the API hides it.
            archived_before = [row["id"] for row in store.records("orders") if row["is_deleted"]]
            store.delete("orders", ids=[103, 104])
            dates = {
                row["id"]: parsedate_to_datetime(row["date_modified"])
                for row in store.records("orders", ids=[103, 104])
            }
            for _ in range(2):
                runs.run()
            for id_, date in dates.items():
                row = runs.warehouse.row("orders", id_)
                assert row["is_deleted"] is True
                assert row["_sdc_deleted_at"] == date.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                assert row["products"]
                # These depend on the time of archiving. A tombstone only has the first.
                del row["_sdc_deleted_at"], row["date_modified"], row["date_shipped"]
            assert runs.warehouse.row("orders", 105)["_sdc_deleted_at"] is None
            ends[listed] = {
                id_: row
                for (id_,), row in runs.warehouse.tables["orders"].items()
                if id_ not in archived_before
            }
    assert len(ends["listed"]) > 25
    assert ends["listed"] == ends["hidden"]


def test_an_order_that_is_not_archived_any_more_exists_again(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "orders"))
    runs.run()
    small.change("orders", ids=[103], fields={"is_deleted": True})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"]
    small.change("orders", ids=[103], fields={"is_deleted": False})
    runs.run()
    assert runs.warehouse.row("orders", 103)["_sdc_deleted_at"] is None


def test_more_archived_orders_than_the_limit_are_not_reported(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, "orders"), deletes_limit=0.2, deletes_every=24)
    runs.run()
    present = {key for key, row in runs.warehouse.tables["orders"].items() if not row["is_deleted"]}
    ids = [row["id"] for row in small.records("orders")]
    small.change("orders", ids=ids, fields={"is_deleted": True})
    for _ in range(2):
        result = runs.run(fails=True)
        assert any("deletes_limit" in line for line in result.logged("CRITICAL"))
        assert not any(runs.warehouse.tables["orders"][key]["_sdc_deleted_at"] for key in present)
    runs.run(deletes_limit=1)
    assert all(row["_sdc_deleted_at"] for row in runs.warehouse.tables["orders"].values())
