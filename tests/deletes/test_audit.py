"""--audit tells what differs between the API's counts, its lists and the state."""

from __future__ import annotations

import pytest
from deletes_runs import Runs
from tap_runner import Json, run, select, settings

from sandbox import Sandbox

MANY = ("banners", "categories", "coupons", "customers", "orders", "products", "segments", "store")


def test_what_is_whole_differs_in_nothing(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, *MANY))
    runs.run()
    small.clear_requests()
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert result.status == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:4] == ["stream", "counted", "listed", "written"]
    assert {line[0] for line in lines[1:-2]} == set(MANY)
    assert ["products", "25", "25", "25", "0", "0"] in lines
    assert result.stdout.endswith("Nothing differs.\n")


def test_what_differs_is_named(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products", "customers"))
    runs.run()
    small.delete("products", ids=[7])
    [new] = small.add("products", count=1)
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert result.status == 1
    assert f"products: in the store, not written: {new}\n" in result.stdout
    assert "products: written, not in the list: 7\n" in result.stdout
    assert "customers:" not in result.stdout


def test_a_count_that_is_wrong_is_named(small: Sandbox, catalog: Json) -> None:
    small.set(brands_total_error=2)
    result = run(settings(small), select(catalog, "brands"), args=["--audit"])
    assert result.status == 1
    assert "brands: the API counts 42 records and lists 40\n" in result.stdout


@pytest.mark.parametrize("state", [None, {}])
def test_without_a_set_the_counts_are_compared(
    small: Sandbox, catalog: Json, state: Json | None
) -> None:
    result = run(settings(small), select(catalog, "products"), state, args=["--audit"])
    assert result.status == 0, result.stderr
    assert ["products", "25", "25", "-", "-", "-"] in [
        line.split() for line in result.stdout.splitlines()
    ]


def test_what_cannot_be_read_is_said(small: Sandbox, catalog: Json) -> None:
    small.set(withheld_scopes=["customers"])
    chosen = select(catalog, "customers", "products")
    result = run(settings(small), chosen, args=["--audit"])
    assert result.status == 1
    assert "'Customers: read-only'" in result.stdout
    assert ["products", "25", "25", "-", "-", "-"] in [
        line.split() for line in result.stdout.splitlines()
    ]
