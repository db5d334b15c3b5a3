"""Lists of many pages, and large records: every value arrives, in little memory."""

from typing import Any

import pytest
from all_streams import compare, truth
from tap_runner import Json, select, settings, succeed

from bench import program
from bench.catalogs import selecting
from tap_bigcommerce_sandbox import Options, Sandbox

pytestmark = pytest.mark.loads

SIZES: Any = {
    "customers": 3000,
    "products": 240,
    "coupons": 1500,
    "brands": 1200,
    "categories": 900,
}
NAMES = (
    *SIZES,
    *("redirects", "subscribers", "wishlists", "product_images", "product_variants"),
    *("customer_addresses", "customer_attribute_values", "customer_form_field_values"),
    "inventory_items",
)


def test_every_value_is_the_stores_digit_for_digit(catalog: Json) -> None:
    with Sandbox(Options(orders=40, redirects=2500, **SIZES)) as store:
        result = succeed(settings(store), select(catalog, *NAMES))
        for name in NAMES:
            compare(result, name, truth(store, name))
    lines = result.stdout.splitlines()
    for name in NAMES:
        written = [line for line in lines if f'"RECORD","stream":"{name}"' in line]
        assert sum(map(len, written)) > 250_000, name


def test_large_records_take_no_more_than_is_promised() -> None:
    """Pages of 7 MB, eight at once: what is parsed of them, and what the heap makes of it."""
    options: Any = {"products": 5000, "variants_per_product": 40, "fewest_variants": 40}
    options |= {"images_per_product": 5, "fewest_images": 5, "cache_mb": 64, "orders": 0}
    # A store in a process of its own, or the two would share this one's interpreter.
    with Sandbox.spawn(Options(**options)) as store:
        config = program.settings(store, max_concurrency=8)
        taken = program.run(config, catalog=selecting("products"))
    assert taken.records == 5000
    assert taken.peak_mb < 200
