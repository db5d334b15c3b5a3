"""What the detection of deleted records costs.

The size of a set of 1,000,000 ids in the state (roaring bitmap, zlib, base64), without holes, and
with 1% and 10% of the ids missing at random. Then a store of 1,000,000 products with 10% holes:
its first sync of about 4,000 pages, whose STATE lines repeat the growing set, and a second sync
with few records, which reads all ids. The store counts the requests, the operating system the
memory.

The second sync makes more requests than full pages, for two reasons. Each request repeats the last
known id, because it is not documented whether a bound is inclusive. And ranges that are read at
the same time overlap a little where they meet, because one missing id would take another request.
"""

from __future__ import annotations

import base64
import json
import random

from bench import stores
from bench.catalogs import selecting
from bench.program import Measured, NotMeasured, run, settings
from bench.progress import show
from bench.results import Check, Result, Table
from tap_bigcommerce.sync.deletes.id_sets import id_set, pack

HOLES = ((0.0, 1.0), (0.01, 60.0), (0.1, 110.0))
"""The share of missing ids, and the limit in KB."""

FIELDS = ("id", "date_modified")


def measure(quick: bool) -> Result:
    """Measure the size of packed sets, then sync a large store twice."""
    sizes = [(holes, _kilobytes(holes), bar) for holes, bar in HOLES]
    products = 20_000 if quick else 1_000_000
    with stores.store(
        products=products, ids="holes", id_gaps=0.1, variants_per_product=1, cache_mb=64
    ) as running:
        config = settings(running.store, detect_deletes=True, deletes_every=0)
        catalog = selecting("products", fields=FIELDS)
        first = run(config, catalog=catalog, timeout=3600)
        show(f"first sync: {first.state_mb:.1f} MB of STATEs in {first.seconds:.0f} s")
        if first.records != products or first.last_state is None:
            raise NotMeasured("not every product was written")
        running.store.clear_requests()
        second = run(config, catalog=catalog, state=json.loads(first.last_state), timeout=3600)
        requests = running.requests_by_list().total()
    pages = stores.pages(products)
    return Result(
        checks=[
            *(
                Check(f"1,000,000 ids, {holes:.0%} holes: in the state", size, "at most", bar, "KB")
                for holes, size, bar in sizes
            ),
            Check(
                f"{products:,} products: STATE lines of the first sync",
                round(first.state_mb, 2),
                "at most",
                20,
                "MB",
            ),
            Check(
                f"id scan of {products:,} products: requests / full pages",
                round(requests / pages, 3),
                "at most",
                1.10,
            ),
            Check(
                "the sync with the id scan: peak memory",
                round(second.peak_mb, 1),
                "at most",
                150,
                "MB",
            ),
        ],
        tables=[
            Table(
                ["sync", "records", "STATE MB", "peak MB", "seconds"],
                [_row("first", first), _row("with the id scan", second)],
            ),
            Table(["requests of the second sync", "full pages"], [[f"{requests:,}", f"{pages:,}"]]),
        ],
    )


def _row(what: str, taken: Measured) -> list[str]:
    return [
        what,
        f"{taken.records:,}",
        f"{taken.state_mb:.1f}",
        f"{taken.peak_mb:.0f}",
        f"{taken.seconds:.0f}",
    ]


def _kilobytes(holes: float) -> float:
    chance = random.Random(1)
    ids = id_set(id_ for id_ in range(1, 1_000_001) if chance.random() >= holes)
    return round(len(base64.b64encode(pack(ids))) / 1000, 1)
