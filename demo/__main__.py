"""python -m demo: reads a sandbox store into files, changes the store, and reads the changes."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.page import command, heading, line, table
from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce_sandbox import Options, Sandbox, Store

ROOT = Path(__file__).resolve().parent.parent
TAP = Path(sys.executable).absolute().with_name("tap-bigcommerce")
TARGET = ROOT / ".venv-target-jsonl" / TAP.parent.name / "target-jsonl"
SYNC = "--config config.json --catalog catalog.json"

SIZES: dict[str, Any] = {"coupons": 60, "customers": 1000, "orders": 2000, "products": 800}
NESTED = {
    "orders": {"products": "line items", "shipping_addresses": "addresses", "coupons": "coupons"},
    "products": {"variants": "variants", "images": "images"},
}
SHIPPED = {"status_id": 2, "status": "Shipped"}

TIME_TO_END = 300.0  # seconds; the store is read in a few

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def run_demo(target: Path, folder: Path) -> None:
    """Run the demo in `folder`. Ends with an error if a row is missing."""
    began = time.monotonic()
    for program in (TAP, target):
        if not program.exists() and not program.with_suffix(".exe").exists():
            raise SystemExit(f"{program} is missing; `make demo` installs it.")
    with Sandbox.spawn(Options(**SIZES)) as store:
        heading("A store")
        line(f"A sandbox store at {store.api_url}:")
        line(", ".join(f"{number:,} {name}" for name, number in SIZES.items()))
        _prepare(folder, store)
        heading("Discovery")
        command("tap-bigcommerce --config config.json --discover > catalog.json")
        discover = [str(TAP), "--config", "config.json", "--discover"]
        _pipe(folder, {"discovery.log": discover}, "catalog.json")
        streams = json.loads((folder / "catalog.json").read_text("utf-8"))["streams"]
        fields = sum(len(stream["metadata"]) - 1 for stream in streams)
        line(f"{len(streams)} streams with {fields:,} fields")
        heading("Full sync")
        first = _sync(1, SYNC, target, folder, store, {})
        _show_first(first)
        heading("Changes in the store")
        changed = _change(store)
        line("5 orders are shipped, 2 orders and 3 customers are new, 4 products cost 9.99")
        heading("Incremental sync, from the state of the first sync")
        second = _sync(2, f"{SYNC} --state state-1.json", target, folder, store, first)
        _show_second(second, changed)
        heading("The rows in the files")
        _show_orders(first["orders"], second["orders"], changed["orders"][0])
        for name in SIZES:
            if missing := _versions(store.records(name)) - _versions(_rows(folder, name)):
                raise SystemExit(f"Rows of {name} are missing or old in {folder}: {missing}")
        line("Compared with the store: all rows are here, in their latest version.")
    heading(f"Files, all in {os.path.relpath(folder)}/")
    line(
        "rows/*.jsonl: the rows of each stream, one per line; catalog.json: the streams and fields"
    )
    line("state-*.json: where the next sync starts; tap-*.log: the tap's log")
    line(f"It took {time.monotonic() - began:.0f} s. The store has been stopped.")


def _prepare(folder: Path, store: Store) -> None:
    """Write the config files, and remove the files of an earlier demo."""
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("rows/*.jsonl"), *folder.glob("*.json")]:
        old.unlink()
    tap = {name: getattr(store, name) for name in ("store_hash", "access_token", "api_url")}
    target = {"destination_path": "rows", "do_timestamp_file": False}
    (folder / "config.json").write_text(json.dumps(tap, indent=2), "utf-8")
    (folder / "target.json").write_text(json.dumps(target, indent=2), "utf-8")


def _sync(
    number: int, options: str, target: Path, folder: Path, store: Store, before: Rows
) -> Rows:
    """Run the tap and the target; returns the rows that the files did not have before."""
    state = f"state-{number}.json"
    command(f"tap-bigcommerce {options}", f"target-jsonl --config target.json > {state}")
    store.clear_requests()
    began = time.monotonic()
    tap, jsonl = [str(TAP), *options.split()], [str(target), "--config", "target.json"]
    _pipe(folder, {f"tap-{number}.log": tap, f"target-{number}.log": jsonl}, state)
    seconds = time.monotonic() - began
    rows = {name: _rows(folder, name)[len(before.get(name, ())) :] for name in SIZES}
    lists = [request["list"] for request in store.requests()]
    line(
        f"{sum(map(len, rows.values())):,} rows in {seconds:.1f} s, {len(lists):,} requests, "
        f"{lists.count('order_coupons'):,} of them for coupons of single orders"
    )
    return rows


def _pipe(folder: Path, commands: Mapping[str, list[str]], output: str) -> None:
    """Run programs, by the name of their log: `a | b > output`. Ends the demo if one fails."""
    # Without settings for another store.
    others = {n: value for n, value in os.environ.items() if not n.startswith("TAP_BIGCOMMERCE_")}
    with contextlib.ExitStack() as stack:
        running: dict[Path, subprocess.Popen[bytes]] = {}
        source: Any = subprocess.DEVNULL
        for log, program in commands.items():
            is_last = len(running) == len(commands) - 1
            pipe = stack.enter_context((folder / output).open("wb")) if is_last else subprocess.PIPE
            with (folder / log).open("wb") as stderr:
                process = subprocess.Popen(
                    program, cwd=folder, env=others, stdin=source, stdout=pipe, stderr=stderr
                )
            stack.callback(stack.enter_context(process).kill)
            # Only the next program keeps the pipe open, so that the one before sees it die.
            if running:
                source.close()
            source = process.stdout
            running[folder / log] = process
        for path, process in reversed(running.items()):
            if status := process.wait(TIME_TO_END):
                end = "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-8:])
                raise SystemExit(f"A program ended with status {status}. The end of {path}:\n{end}")


def _rows(folder: Path, stream: str) -> list[Row]:
    """All rows that target-jsonl has written of a stream."""
    path = folder / "rows" / f"{stream}.jsonl"
    return [json.loads(row) for row in path.read_bytes().splitlines()] if path.exists() else []


def _change(store: Store) -> dict[str, list[int]]:
    """Change the store; returns the ids that were changed or added, by stream."""
    pending = [row["id"] for row in store.records("orders") if row["status_id"] in (9, 11)][:5]
    return {
        "orders": store.change("orders", ids=pending, fields=SHIPPED) + store.add("orders", 2),
        "customers": store.add("customers", 3),
        "products": store.change("products", count=4, fields={"price": 9.99}),
    }


def _show_first(first: Rows) -> None:
    rows = [("stream", "rows", "")]
    for name, found in first.items():
        nested = [
            f"{sum(len(row[field] or ()) for row in found):,} {words}"
            for field, words in NESTED.get(name, {}).items()
        ]
        rows.append((name, f"{len(found):,}", f"with {', '.join(nested)}" if nested else ""))
    table(rows, align="<><")


def _show_second(second: Rows, changed: Mapping[str, list[int]]) -> None:
    rows = [("stream", "rows", "changed", "again")]
    for name, found in second.items():
        known = len({row["id"] for row in found} & set(changed.get(name, ())))
        cells = (str(known), str(len(found) - known))
        cells = cells if name in changed else ("", "full table every time")
        rows.append((name, f"{len(found):,}", *cells))
    table(rows, align="<>><")
    line("again: not changed, but with the bookmark's date; read again so that no row is missed")


def _show_orders(first: list[Row], second: list[Row], shipped: int) -> None:
    before, after = ({row["id"]: row for row in rows}[shipped] for rows in (first, second))
    with_coupon = next(row for row in first if row["coupons"])
    rows = [("order", "date_modified", "status", "total", "items", "coupons")]
    for order in (before, after, with_coupon, max(first, key=lambda row: len(row["products"]))):
        date = order["date_modified"][:19].replace("T", " ")
        total = f"{order['total_inc_tax']:,.2f} {order['currency_code']}"
        coupons = ", ".join(coupon["code"] for coupon in order["coupons"])
        items = len(order["products"])
        rows.append((str(order["id"]), date, order["status"], total, str(items), coupons))
    table(rows, align="><<>><")


def _versions(rows: list[Row]) -> set[tuple[int, Any]]:
    """The ids of rows with their modification dates."""
    return {(row["id"], (d := row.get("date_modified")) and parse_instant(d)) for row in rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET, help="the program target-jsonl")
    # The programs that it started are stopped, too.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda number, frame: sys.exit(128 + number))
    run_demo(parser.parse_args().target.absolute(), ROOT / "demo-output")
