"""How many requests a full sync of four streams makes.

A store with 5,000 orders of all kinds (10% with coupons), 5,000 customers, 5,000 products and 200
coupons. The store counts the requests. It also knows which orders have coupons, and which have more
line items in one consignment than the API embeds, so that their child lists have to be read.
"""

from __future__ import annotations

from typing import Any

from bench import stores
from bench.program import NotMeasured, run, settings
from bench.results import Check, Result, Table
from bench.stores import LARGEST_PAGE, pages

EMBEDDED_AT_MOST = 50
"""The documented maximum of embedded line items of a consignment."""


def measure(quick: bool) -> Result:
    """Sync once, and compare the number of requests with that which the store's data need."""
    size = 1000 if quick else 5000
    sizes = {"orders": size, "customers": size, "products": size, "coupons": 200}
    with stores.store(**sizes, couponed_share=0.1) as running:
        orders = running.store.records("orders", full=True)
        running.store.clear_requests()
        taken = run(settings(running.store))
        requests = running.store.requests()
    if taken.records != sum(sizes.values()):
        raise NotMeasured(f"{taken.records} records of {sum(sizes.values())} were written")
    couponed = {order["id"] for order in orders if order["coupons"]}
    needed_lists = sum(pages(len(order["products"])) for order in orders if _is_cut(order))
    fullest = sum(pages(number) for number in sizes.values())
    asked_for_coupons = [_order(entry) for entry in requests if entry["list"] == "order_coupons"]
    in_vain = [id_ for id_ in asked_for_coupons if id_ not in couponed]
    lists = [entry for entry in requests if entry["list"] == "order_products"]
    allowed_in_vain = 0.03 * (size - len(couponed))
    allowed = 1.05 * fullest + len(couponed) + allowed_in_vain + needed_lists + 20
    rest = len(requests) - len(asked_for_coupons) - len(lists)
    return Result(
        checks=[
            Check("all requests", len(requests), "at most", int(allowed)),
            Check(
                "orders without a coupon that were asked for coupons (%)",
                round(100 * len(in_vain) / (size - len(couponed)), 2),
                "at most",
                3,
            ),
        ],
        tables=[
            Table(
                ["requests", "made", "needed"],
                [
                    ["pages of the four lists, and all else", str(rest), f"{fullest} pages"],
                    ["coupons of single orders", str(len(asked_for_coupons)), str(len(couponed))],
                    ["line items of single orders", str(len(lists)), str(needed_lists)],
                    ["all", str(len(requests)), str(fullest + len(couponed) + needed_lists)],
                ],
            )
        ],
        notes=[
            f"Allowed: 1.05 × {fullest} pages of {LARGEST_PAGE}, {len(couponed)} orders with "
            f"coupons, 3% of the {size - len(couponed)} others, {needed_lists} lists of cut "
            "orders, and 20."
        ],
    )


def _is_cut(order: dict[str, Any]) -> bool:
    consignments = order["consignments"]
    parts = [*consignments["shipping"], *consignments["pickups"], *consignments["downloads"]]
    return any(len(part.get("line_items") or ()) > EMBEDDED_AT_MOST for part in parts)


def _order(entry: dict[str, Any]) -> int:
    return int(entry["path"].split("/orders/")[1].split("/")[0])
