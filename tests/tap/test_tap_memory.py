"""What a sync takes of memory, whatever is in the store."""

from __future__ import annotations

import pytest

from bench.catalogs import selecting
from bench.program import run, settings
from tap_bigcommerce_sandbox import Options, Sandbox

MOST_MB = 200


@pytest.mark.loads
def test_large_records_take_no_more_than_is_promised() -> None:
    """Pages of 7 MB, eight at once: what is parsed of them, and what the heap makes of it."""
    options = Options(
        orders=0,
        customers=0,
        coupons=0,
        products=5000,
        variants_per_product=40,
        fewest_variants=40,
        images_per_product=5,
        fewest_images=5,
        cache_mb=64,
    )
    # A store in a process of its own, or the two would share this one's interpreter.
    with Sandbox.spawn(options) as store:
        taken = run(settings(store, max_concurrency=8), catalog=selecting("products"))
    assert taken.records == 5000
    assert taken.peak_mb < MOST_MB
