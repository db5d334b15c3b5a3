"""--audit names differences between the API's counts, its lists and the state."""

from pathlib import Path

import pytest
from deletes_runs import Runs, hiding, lines, tombstones
from tap_runner import Json, run, select, settings

from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce_sandbox import Sandbox

NAMES = ("banners", "categories", "coupons", "customers", "orders", "products", "segments", "store")


def test_complete_streams_have_no_differences_and_others_are_named(
    small: Sandbox, catalog: Json
) -> None:
    runs = Runs(small, select(catalog, *NAMES, "order_products"))
    runs.run()
    result = runs.audit()
    assert result.status == 0, result.stderr
    table = lines(result)
    assert table[0][:4] == ["stream", "counted", "listed", "written"]
    assert [line[0] for line in table[1:-2]] == [name for name in STREAMS if name in NAMES]
    assert ["products", "25", "25", "25", "0", "0"] in table
    assert result.stdout.endswith("No differences.\n")
    assert "order_products: left out, because it has no list of its own" in result.stderr

    small.delete("products", ids=[7])
    [new] = small.add("products", count=1)
    small.fault("customers", request=1, kind="503")
    result = runs.audit()
    assert result.status == 1
    # It writes only the report.
    assert result.stdout.split("\n")[len(NAMES) + 1 :] == [
        "",
        f"products: in the store, not written: {new}",
        "products: written, not in the list: 7",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "path"),
    [("banners", "banners"), ("blog_posts", "blog/posts"), ("customer_groups", "customer_groups")],
)
def test_small_lists_of_v2_are_counted_where_the_api_counts_them(
    small: Sandbox, catalog: Json, name: str, path: str
) -> None:
    chosen, rows = select(catalog, name), len(small.records(name))
    with hiding(small, counted={f"/v2/{path}/count": (200, {"count": rows + 1})}):
        result = run(settings(small), chosen, args=["--audit"])
    assert f"{name}: the API counts {rows + 1} records and lists {rows}\n" in result.stdout
    # Not every API version counts them.
    result = run(settings(small), chosen, args=["--audit"])
    assert [name, "-", str(rows), "-", "-", "-"] in lines(result)


@pytest.mark.parametrize(
    ("answer", "warnings"),
    [((404, {}), 0), ((405, {}), 0), ((400, {}), 1), ((200, {"count": "many"}), 0)],
)
def test_a_count_that_is_not_available_is_not_a_difference(
    small: Sandbox, catalog: Json, answer: tuple[int, Json], warnings: int
) -> None:
    chosen, rows = select(catalog, "orders"), len(small.records("orders"))
    with hiding(small, counted={"/v2/orders/count": answer}):
        result = run(settings(small), chosen, args=["--audit"])
    assert result.status == 0, result.stderr
    assert ["orders", "-", str(rows), "-", "-", "-"] in lines(result)
    assert "\n".join(result.logged("WARNING")).count("count is not available") == warnings


def test_without_a_set_the_counts_are_compared_and_what_cannot_be_read_is_named(
    small: Sandbox, catalog: Json
) -> None:
    result = run(settings(small), select(catalog, "products"), args=["--audit"])
    assert result.status == 0, result.stderr
    small.set(withheld_scopes=["customers"], brands_total_error=2)
    chosen = select(catalog, "brands", "customers", "products")
    refused = run(settings(small), chosen, {}, args=["--audit"])
    assert refused.status == 1
    assert "'Customers: read-only'" in refused.stdout
    assert "brands: the API counts 42 records and lists 40\n" in refused.stdout
    for audit in (result, refused):
        assert ["products", "25", "25", "-", "-", "-"] in lines(audit)


def test_an_audit_changes_nothing(small: Sandbox, catalog: Json, tmp_path: Path) -> None:
    runs = Runs(
        small, select(catalog, "products"), deletes_state_limit=0, deletes_path=str(tmp_path)
    )
    runs.run()
    small.delete("products", ids=[7])
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    once, again = runs.audit(), runs.audit()
    assert "products: written, not in the list: 7" in once.stdout
    assert again.stdout == once.stdout
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    assert tombstones(runs.run(), "products") == [7], "it is not reported yet"


@pytest.mark.parametrize("listed", ["listed", "hidden"])
def test_archived_and_incomplete_orders_are_no_difference(
    small: Sandbox, catalog: Json, listed: str
) -> None:
    small.set(archived_orders=listed, counts_incomplete_orders=False)
    runs = Runs(small, select(catalog, "orders"))
    runs.run()
    small.delete("orders", ids=[103])
    runs.run()
    result = runs.audit()
    incomplete = sum(row["status_id"] == 0 for row in small.records("orders"))
    assert incomplete
    note = f"orders: the API's count leaves out {incomplete} incomplete orders (status 0)"
    assert note in result.stdout
    assert result.stdout.endswith("No differences.\n")
