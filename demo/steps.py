"""The steps of the demo, and what they print."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from demo.page import command, heading, line, shown_path, table
from demo.pipeline import Pipeline, PipelineFailed
from demo.written_rows import Row, WrittenRows
from tap_bigcommerce_sandbox import Options, RemoteStore, Sandbox

STREAMS = ("coupons", "customers", "orders", "products")
SIZES = Options(coupons=60, customers=1000, orders=2000, products=800)

SHIPPED = {"status_id": 2, "status": "Shipped"}


def run_demo(tap: Path, target: Path, folder: Path) -> None:
    """Run the demo with the programs `tap` and `target`, in `folder`.

    Raises PipelineFailed if a program fails, or if a row of the store is missing in the files.
    """
    began = time.monotonic()
    pipeline = Pipeline(tap, target, folder.absolute())
    with Sandbox.spawn(SIZES) as store:
        _store(store)
        pipeline.prepare(
            {
                "store_hash": store.store_hash,
                "access_token": store.access_token,
                "api_url": store.api_url,
            }
        )
        _discovery(pipeline)
        first = _full_sync(pipeline, store)
        changed = _changes(store)
        second = _incremental_sync(pipeline, store, changed, first)
        _compare(pipeline, store, changed, first, second)
    _files(folder, time.monotonic() - began)


def _store(store: RemoteStore) -> None:
    heading("A store")
    sizes = ", ".join(f"{getattr(SIZES, name):,} {name}" for name in STREAMS)
    line(f"A sandbox store at {store.api_url}:")
    line(sizes)


def _discovery(pipeline: Pipeline) -> None:
    heading("Discovery")
    command("tap-bigcommerce --config config.json --discover > catalog.json")
    streams = pipeline.discover()
    fields = sum(len(stream["metadata"]) - 1 for stream in streams)
    line(f"{len(streams)} streams with {fields:,} fields")


def _full_sync(pipeline: Pipeline, store: RemoteStore) -> dict[str, WrittenRows]:
    heading("Full sync")
    command(
        "tap-bigcommerce --config config.json --catalog catalog.json",
        "target-jsonl --config target.json > state-1.json",
    )
    store.clear_requests()
    seconds = pipeline.sync(1)
    written = {name: WrittenRows(pipeline.rows, name) for name in STREAMS}
    line(_sum(written, seconds, store))
    orders, products = written["orders"].rows, written["products"].rows
    inside = {
        "orders": f"with {_nested(orders, 'products')} line items, "
        f"{_nested(orders, 'shipping_addresses')} addresses, {_nested(orders, 'coupons')} coupons",
        "products": f"with {_nested(products, 'variants')} variants, "
        f"{_nested(products, 'images')} images",
    }
    rows = [(name, f"{len(found):,}", inside.get(name, "")) for name, found in written.items()]
    table([("stream", "rows", ""), *rows], align="<><")
    return written


def _changes(store: RemoteStore) -> dict[str, list[int]]:
    """Change the store; returns the ids that were changed or added, by stream."""
    heading("Changes in the store")
    pending = [row["id"] for row in store.records("orders") if row["status_id"] in (9, 11)][:5]
    changed = {
        "orders": store.change("orders", ids=pending, fields=SHIPPED) + store.add("orders", 2),
        "customers": store.add("customers", 3),
        "products": store.change("products", count=4, fields={"price": 9.99}),
    }
    line("5 orders are shipped, 2 orders and 3 customers are new, 4 products cost 9.99")
    return changed


def _incremental_sync(
    pipeline: Pipeline,
    store: RemoteStore,
    changed: Mapping[str, list[int]],
    first: Mapping[str, WrittenRows],
) -> dict[str, WrittenRows]:
    heading("Incremental sync, from the state of the first sync")
    command(
        "tap-bigcommerce --config config.json --catalog catalog.json --state state-1.json",
        "target-jsonl --config target.json > state-2.json",
    )
    store.clear_requests()
    seconds = pipeline.sync(2)
    written = {name: WrittenRows(pipeline.rows, name, skip=len(first[name])) for name in STREAMS}
    line(_sum(written, seconds, store))
    rows = [("stream", "rows", "changed", "again")]
    for name, found in written.items():
        if name in changed:
            known = len(found.by_id.keys() & set(changed[name]))
            rows.append((name, f"{len(found):,}", str(known), str(len(found) - known)))
        else:
            rows.append((name, f"{len(found):,}", "", "full table every time"))
    table(rows, align="<>><")
    line("again: not changed, but with the bookmark's date; read again so that no row is missed")
    return written


def _compare(
    pipeline: Pipeline,
    store: RemoteStore,
    changed: Mapping[str, list[int]],
    first: Mapping[str, WrittenRows],
    second: Mapping[str, WrittenRows],
) -> None:
    heading("The rows in the files")
    shipped = changed["orders"][0]
    with_coupon = next(row for row in first["orders"].rows if row["coupons"])
    largest = max(first["orders"].rows, key=lambda row: len(row["products"]))
    rows: list[tuple[str, ...]] = [
        ("order", "date_modified", "status", "total", "items", "coupons", "")
    ]
    for order, remark in (
        (first["orders"].by_id[shipped], "in the first sync"),
        (second["orders"].by_id[shipped], "in the second sync"),
        (with_coupon, ""),
        (largest, "the largest order"),
    ):
        rows.append(_order(order, remark))
    table(rows, align="><<>><<")
    missing = {name: WrittenRows(pipeline.rows, name).differences(store) for name in STREAMS}
    wrong = {name: ids for name, ids in missing.items() if ids}
    if wrong:
        raise PipelineFailed(f"Rows of the store are missing or old in {pipeline.rows}: {wrong}")
    line("Compared with the store: all rows are here, in their latest version.")


def _files(folder: Path, seconds: float) -> None:
    heading(f"Files, all in {shown_path(folder)}")
    table(
        [
            ("rows/orders.jsonl ...", "the rows of a stream, one per line"),
            ("catalog.json", "the streams and fields"),
            ("state-1.json, state-2.json", "where the next sync starts"),
            ("tap-1.log, tap-2.log", "the tap's log"),
        ],
        align="<<",
    )
    line(f"It took {seconds:.0f} s. The store has been stopped.")


def _sum(written: Mapping[str, WrittenRows], seconds: float, store: RemoteStore) -> str:
    rows = sum(len(rows) for rows in written.values())
    requests = store.requests()
    coupons = sum(request["list"] == "order_coupons" for request in requests)
    of_orders = f", {coupons:,} of them for coupons of single orders" if coupons else ""
    return f"{rows:,} rows in {seconds:.1f} s, {len(requests):,} requests{of_orders}"


def _nested(rows: list[Row], name: str) -> str:
    return f"{sum(len(row[name] or ()) for row in rows):,}"


def _order(row: Row, remark: str) -> tuple[str, ...]:
    return (
        str(row["id"]),
        row["date_modified"][:19].replace("T", " "),
        row["status"],
        f"{row['total_inc_tax']:,.2f} {row['currency_code']}",
        str(len(row["products"])),
        ", ".join(coupon["code"] for coupon in row["coupons"]),
        remark,
    )
