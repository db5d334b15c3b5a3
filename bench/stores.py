"""Stores for measurements: the sandbox in a separate process."""

from contextlib import AbstractContextManager
from typing import Any

from tap_bigcommerce_sandbox import Options, Sandbox, Store

LARGEST_PAGE = 250


def store(**options: Any) -> AbstractContextManager[Store]:
    """A store to start with `with`; lists without an option are empty."""
    sizes = {"orders": 0, "customers": 0, "products": 0, "coupons": 0, "cache_mb": 2048}
    return Sandbox.spawn(Options(**{**sizes, **options}))


def pages(rows: int) -> int:
    """The smallest number of pages for this number of rows."""
    return -(-rows // LARGEST_PAGE)
