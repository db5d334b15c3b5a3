"""A small store for each test, and a client for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # not installed: it serves tests only

from sandbox_client import Get, client

from sandbox import Options, Sandbox


@pytest.fixture
def store() -> Iterator[Sandbox]:
    """A small store that no other test touches."""
    with Sandbox(Options(orders=300, customers=60, products=80, coupons=12)) as running:
        yield running


@pytest.fixture
def get(store: Sandbox) -> Get:
    return client(store)
