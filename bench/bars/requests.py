"""Requests: those of a full sync of four streams, and those of lists by the pattern of their ids.

A store with 5,000 orders of all kinds (10% with coupons), 5,000 customers, 5,000 products and 200
coupons. The store counts the requests. It also knows which orders have coupons, and which have more
line items in one consignment than the API embeds, so that their child lists have to be read.

Then lists of 50,000 rows with typical patterns of ids: dense; with 2%, 10% and 50% of the ids
missing; one id in 10,000; clusters of 500 every 100,000 ids; five runs with gaps of 50 million ids;
and an incremental sync in which 3% of the old rows and all of the newest tenth have changed. At
last lists of fewer than five pages. Products can be sorted in descending order, so that the tap
sees the end of their list; customers cannot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from bench.catalogs import selecting
from bench.program import run, settings, show
from bench.results import Check, Result, Table, at_most
from bench.stores import LARGEST_PAGE, pages, store
from tap_bigcommerce_sandbox import Store

EMBEDDED_AT_MOST = 50
"""The documented maximum of embedded line items of a consignment."""

FIELDS = {"products": ["name", "date_modified"], "customers": ["email", "date_modified"]}
SHORT_LISTS = (100, 250, 600, 1000)
"""Numbers of rows, all fewer than five pages."""


@dataclass(frozen=True)
class Pattern:
    """A pattern of ids, and how many requests above full pages it may take."""

    name: str
    options: Mapping[str, Any]
    share: float = 0.10
    gaps: int = 0
    incremental: bool = False

    def allowed(self, full: int) -> float:
        """More requests than full pages, of which there are `full`."""
        return self.share * full + 8 * self.gaps


HOLES = [
    Pattern(f"{share:.0%} holes", {"ids": "holes", "id_gaps": share}) for share in (0.02, 0.1, 0.5)
]
PATTERNS = (
    Pattern("dense", {"ids": "dense"}),
    *HOLES,
    Pattern("one in 10,000", {"ids": "sparse"}, share=0.25),
    Pattern("clusters", {"ids": "clusters"}, share=0.25),
    Pattern("3% of the old", {"ids": "dense"}, share=0.25, incremental=True),
    Pattern("4 huge gaps", {"ids": "huge_gaps"}, gaps=4),
)


def measure(quick: bool) -> Result:
    """Sync four streams, then each list with each pattern of ids."""
    checks, made, note = _four_streams(1000 if quick else 5000)
    rows = 10_000 if quick else 50_000
    table = []
    for list_ in FIELDS:
        shares = []
        for pattern in PATTERNS:
            read, requests = _read(list_, pattern, rows)
            full = pages(read)
            more, allowed = requests - full, pattern.allowed(full)
            shares.append(more / allowed)
            shown = [f"{list_}, {pattern.name}", f"{read:,}", str(full), str(requests)]
            table.append([*shown, f"{more / full:.1%}", f"{allowed / full:.0%}"])
        checks.append(
            at_most(f"{list_}: more requests than full pages, of those allowed", max(shares), 1)
        )
        short = [_read(list_, HOLES[0], size) for size in SHORT_LISTS]
        most = max(requests - pages(read) for read, requests in short)
        checks.append(at_most(f"{list_}, fewer than five pages: more requests than pages", most, 3))
    columns = ["list and ids", "rows", "full pages", "requests", "more", "allowed"]
    return Result(checks, tables=[made, Table(columns, table)], notes=[note])


def _four_streams(size: int) -> tuple[list[Check], Table, str]:
    """Compare the number of requests with that which the store's data need."""
    sizes = {"orders": size, "customers": size, "products": size, "coupons": 200}
    with store(**sizes, couponed_share=0.1) as running:
        orders = running.records("orders", full=True)
        running.clear_requests()
        run(settings(running), expected=sum(sizes.values()))
        requests = running.requests()
    couponed = {order["id"] for order in orders if order["coupons"]}
    plain = size - len(couponed)
    cut = sum(pages(len(order["products"])) for order in orders if _is_cut(order))
    full = sum(map(pages, sizes.values()))
    asked = [_order(entry) for entry in requests if entry["list"] == "order_coupons"]
    in_vain = sum(id_ not in couponed for id_ in asked)
    lists = sum(entry["list"] == "order_products" for entry in requests)
    allowed = int(1.05 * full + len(couponed) + 0.03 * plain + cut + 20)
    rows = [
        ["pages of the four lists, and all else", len(requests) - len(asked) - lists, full],
        ["coupons of single orders", len(asked), len(couponed)],
        ["line items of single orders", lists, cut],
        ["all", len(requests), full + len(couponed) + cut],
    ]
    vain = "orders without a coupon that were asked for coupons (%)"
    checks = [
        at_most("all requests", len(requests), allowed),
        at_most(vain, round(100 * in_vain / plain, 2), 3),
    ]
    note = (
        f"Allowed: 1.05 × {full} pages of {LARGEST_PAGE}, {len(couponed)} orders with coupons, 3% "
        f"of the {plain} others, {cut} lists of cut orders, and 20."
    )
    cells = [[str(cell) for cell in row] for row in rows]
    return checks, Table(["requests", "made", "needed"], cells), note


def _is_cut(order: dict[str, Any]) -> bool:
    consignments = order["consignments"]
    parts = [*consignments["shipping"], *consignments["pickups"], *consignments["downloads"]]
    return any(len(part.get("line_items") or ()) > EMBEDDED_AT_MOST for part in parts)


def _order(entry: dict[str, Any]) -> int:
    return int(entry["path"].split("/orders/")[1].split("/")[0])


def _read(list_: str, pattern: Pattern, rows: int) -> tuple[int, int]:
    """Read one list once; returns the number of rows, and of requests that the store counts."""
    with store(**{list_: rows}, variants_per_product=0, **pattern.options) as running:
        state, expected = None, rows
        if pattern.incremental:
            state, expected = _change_some(running, list_, rows)
        catalog = selecting(list_, fields=FIELDS[list_])
        run(settings(running), catalog=catalog, state=state, expected=expected)
        requests = len(running.requests())
    show(f"{list_}, {pattern.name}, {rows:,} rows: {requests} requests")
    return expected, requests


def _change_some(store: Store, list_: str, rows: int) -> tuple[dict[str, Any], int]:
    """Change 3% of the old rows and the newest tenth.

    Returns the state before, and the number of changed rows.
    """
    bookmark = datetime.now(timezone.utc) - timedelta(seconds=5)
    ids = [row["id"] for row in store.records(list_)]
    changed = [*ids[: -rows // 10 : 33], *ids[-rows // 10 :]]
    store.change(list_, ids=changed)
    value = bookmark.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"bookmarks": {list_: {"date_modified": value}}}, len(changed)
