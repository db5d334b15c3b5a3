"""What all tests of targets share: one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running
