"""--audit names differences between the API's counts, its lists and the state."""

from __future__ import annotations

from pathlib import Path

import pytest
from deletes_runs import Runs, tombstones
from hiding_proxy import hiding_proxy
from tap_runner import Json, run, select, settings

from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import Sandbox

STREAM_NAMES = (
    "banners",
    "categories",
    "coupons",
    "customers",
    "orders",
    "products",
    "segments",
    "store",
)


def test_complete_streams_have_no_differences(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, *STREAM_NAMES))
    runs.run()
    small.clear_requests()
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert result.status == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:4] == ["stream", "counted", "listed", "written"]
    assert {line[0] for line in lines[1:-2]} == set(STREAM_NAMES)
    assert ["products", "25", "25", "25", "0", "0"] in lines
    assert result.stdout.endswith("No differences.\n")


def test_differences_are_named(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, "products", "customers"))
    runs.run()
    small.delete("products", ids=[7])
    [new] = small.add("products", count=1)
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert result.status == 1
    assert f"products: in the store, not written: {new}\n" in result.stdout
    assert "products: written, not in the list: 7\n" in result.stdout
    assert "customers:" not in result.stdout


def test_a_wrong_count_is_named(small: Sandbox, catalog: Json) -> None:
    small.set(brands_total_error=2)
    result = run(settings(small), select(catalog, "brands"), args=["--audit"])
    assert result.status == 1
    assert "brands: the API counts 42 records and lists 40\n" in result.stdout


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("banners", "/v2/banners"),
        ("blog_posts", "/v2/blog/posts"),
        ("customer_groups", "/v2/customer_groups"),
    ],
)
def test_small_lists_of_v2_are_counted_where_the_api_counts_them(
    small: Sandbox, catalog: Json, name: str, path: str
) -> None:
    chosen, rows = select(catalog, name), len(small.records(name))
    with hiding_proxy(
        small, lambda _: False, counted={f"{path}/count": (200, {"count": rows + 1})}
    ) as api_url:
        result = run(settings(small, api_url=api_url), chosen, args=["--audit"])
    assert f"{name}: the API counts {rows + 1} records and lists {rows}\n" in result.stdout
    # Not every API version counts them.
    result = run(settings(small), chosen, args=["--audit"])
    assert [name, "-", str(rows), "-", "-", "-"] in map(str.split, result.stdout.splitlines())


@pytest.mark.parametrize(
    ("answer", "warnings"),
    [((404, {}), 0), ((405, {}), 0), ((400, {}), 1), ((200, {"count": "many"}), 0)],
)
def test_a_count_that_is_not_available_is_not_a_difference(
    small: Sandbox, catalog: Json, answer: tuple[int, Json], warnings: int
) -> None:
    chosen, rows = select(catalog, "orders"), len(small.records("orders"))
    with hiding_proxy(small, lambda _: False, counted={"/v2/orders/count": answer}) as api_url:
        result = run(settings(small, api_url=api_url), chosen, args=["--audit"])
    assert result.status == 0, result.stderr
    assert ["orders", "-", str(rows), "-", "-", "-"] in map(str.split, result.stdout.splitlines())
    warned = [
        line for line in result.logged("WARNING") if "the API's count is not available" in line
    ]
    assert len(warned) == warnings


@pytest.mark.parametrize("state", [None, {}])
def test_without_a_set_the_counts_are_compared(
    small: Sandbox, catalog: Json, state: Json | None
) -> None:
    result = run(settings(small), select(catalog, "products"), state, args=["--audit"])
    assert result.status == 0, result.stderr
    assert ["products", "25", "25", "-", "-", "-"] in [
        line.split() for line in result.stdout.splitlines()
    ]


def test_a_stream_that_cannot_be_read_is_named(small: Sandbox, catalog: Json) -> None:
    small.set(withheld_scopes=["customers"])
    chosen = select(catalog, "customers", "products")
    result = run(settings(small), chosen, args=["--audit"])
    assert result.status == 1
    assert "'Customers: read-only'" in result.stdout
    assert ["products", "25", "25", "-", "-", "-"] in [
        line.split() for line in result.stdout.splitlines()
    ]


def test_it_writes_only_the_report(small: Sandbox, catalog: Json) -> None:
    runs = Runs(small, select(catalog, *STREAM_NAMES, "order_products"))
    runs.run()
    small.delete("products", ids=[7])
    small.fault("customers", request=1, kind="503")
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    head, *lines = result.stdout.split("\n")
    assert head.split()[0] == "stream"
    table, details = lines[: len(STREAM_NAMES)], lines[len(STREAM_NAMES) :]
    assert [line.split()[0] for line in table] == [name for name in STREAMS if name in STREAM_NAMES]
    assert details == ["", "products: written, not in the list: 7", ""]
    assert "order_products: left out, because it has no list of its own" in result.stderr


def test_an_audit_changes_nothing(small: Sandbox, catalog: Json, tmp_path: Path) -> None:
    folder = tmp_path / "ids"
    runs = Runs(small, select(catalog, "products"), deletes_state_limit=0, deletes_path=str(folder))
    runs.run()
    small.delete("products", ids=[7])
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    once = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    again = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert "products: written, not in the list: 7" in once.stdout
    assert again.stdout == once.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert tombstones(runs.run(), "products") == [7], "it is not reported yet"


@pytest.mark.parametrize("listed", ["listed", "hidden"])
def test_archived_orders_are_not_a_difference(small: Sandbox, catalog: Json, listed: str) -> None:
    small.set(archived_orders=listed)
    runs = Runs(small, select(catalog, "orders"))
    runs.run()
    small.delete("orders", ids=[103])
    runs.run()
    result = run(runs.config, runs.catalog, runs.state, args=["--audit"])
    assert result.stdout.endswith("No differences.\n"), result.stdout


def test_a_count_without_incomplete_orders_is_not_a_difference(
    small: Sandbox, catalog: Json
) -> None:
    incomplete = sum(row["status_id"] == 0 for row in small.records("orders"))
    assert incomplete
    small.set(counts_incomplete_orders=False)
    result = run(settings(small), select(catalog, "orders"), args=["--audit"])
    assert result.status == 0, result.stderr
    note = f"orders: the API's count leaves out {incomplete} incomplete orders (status 0)"
    assert note in result.stdout
    assert result.stdout.endswith("No differences.\n")
