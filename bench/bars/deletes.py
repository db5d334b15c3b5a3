"""Deleted records: what their detection costs.

The size of a set of 1,000,000 ids in the state (roaring bitmap, zlib, base64), without holes, and
with 1% and 10% of the ids missing at random. Then a store of 1,000,000 products with 10% holes:
its first sync of about 4,000 pages, whose STATE lines repeat the growing set, and a second sync
with few records, which reads all ids. The store counts the requests, the operating system the
memory.

The second sync makes more requests than full pages, for two reasons. Each request repeats the last
known id, because it is not documented whether a bound is inclusive. And ranges that are read at
the same time overlap a little where they meet, because one missing id would take another request.
"""

import base64
import json
import random

from bench.catalogs import selecting
from bench.program import Measured, NotMeasured, run, settings, show
from bench.results import Result, Table, at_most
from bench.stores import pages, store
from tap_bigcommerce.sync.deletes.id_sets import id_set, pack

HOLES = ((0.0, 1.0), (0.01, 60.0), (0.1, 110.0))
"""The share of missing ids, and the limit in KB."""

FIELDS = ("id", "date_modified")


def measure(quick: bool) -> Result:
    """Measure the size of packed sets, then sync a large store twice."""
    sizes = [
        at_most(f"1,000,000 ids, {holes:.0%} holes: in the state", _kilobytes(holes), bar, "KB")
        for holes, bar in HOLES
    ]
    products = 20_000 if quick else 1_000_000
    full = pages(products)
    options = {"ids": "holes", "id_gaps": 0.1, "variants_per_product": 1, "cache_mb": 64}
    with store(products=products, **options) as running:
        config = settings(running, detect_deletes=True, deletes_every=0)
        catalog = selecting("products", fields=FIELDS)
        first = run(config, catalog=catalog, timeout=3600, expected=products)
        show(f"first sync: {first.output.state_mb:.1f} MB of STATEs in {first.seconds:.0f} s")
        if first.output.last_state is None:
            raise NotMeasured("no STATE was written")
        running.clear_requests()
        state = json.loads(first.output.last_state)
        second = run(config, catalog=catalog, state=state, timeout=3600)
        requests = len(running.requests())
    share, states = requests / full, round(first.output.state_mb, 2)
    return Result(
        checks=[
            at_most(f"id scan of {products:,} products: requests / full pages", share, 1.1),
            *sizes,
            at_most(f"{products:,} products: STATE lines of the first sync", states, 20, "MB"),
            at_most("the sync with the id scan: peak memory", round(second.peak_mb, 1), 150, "MB"),
        ],
        tables=[
            Table(
                ["sync", "records", "STATE MB", "peak MB", "seconds"],
                [_row("first", first), _row("with the id scan", second)],
            ),
            Table(["requests of the second sync", "full pages"], [[f"{requests:,}", f"{full:,}"]]),
        ],
    )


def _row(name: str, taken: Measured) -> list[str]:
    states, figures = taken.output.state_mb, (taken.peak_mb, taken.seconds)
    return [name, f"{taken.records:,}", f"{states:.1f}", *(f"{one:.0f}" for one in figures)]


def _kilobytes(holes: float) -> float:
    chance = random.Random(1)
    ids = id_set(id_ for id_ in range(1, 1_000_001) if chance.random() >= holes)
    return round(len(base64.b64encode(pack(ids))) / 1000, 1)
