"""What the tests of several folders share: where modules are found, stores, a first sync."""

import faulthandler
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

# Not installed: the sandbox serves tests only, and tap_runner and sandbox_client lie here. What the
# store holds of each stream is in tests/tap, and the documents' examples in tests/docs.
sys.path.insert(0, str(Path(__file__).resolve().parent / "docs"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "tap"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox_client import Get, client
from tap_runner import FORKS, Json, Result, discover, run, settings

from tap_bigcommerce_sandbox import Options, Sandbox

# Dagster has a home of its own, where `make fleet-test` runs these tests.
collect_ignore = [] if find_spec("dagster") else ["fleet"]

if find_spec("hypothesis"):  # It is not where Dagster is.
    from hypothesis import settings as tries

    # Of random examples `make test` tries some, `make test-all` twenty times as many.
    tries.register_profile("quick", max_examples=10)
    tries.register_profile("all", max_examples=200)
    tries.load_profile("quick")

STDERR = pytest.StashKey[int]()
TIME_TO_TIDY_UP = 120.0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For -n auto. Taps and stores wait more than they reckon, on two cores, too."""
    return 4


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)  # Nothing is captured yet.


def pytest_unconfigure() -> None:
    FORKS.stop()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """After a failure nobody looks at the time any more, and what tidies up may hang."""
    if isinstance(node, pytest.Item):
        faulthandler.dump_traceback_later(
            TIME_TO_TIDY_UP, exit=True, file=node.config.stash[STDERR]
        )


@pytest.fixture
def store() -> Iterator[Sandbox]:
    """A small store that no other test touches."""
    with Sandbox(Options(orders=300, customers=60, products=80, coupons=12)) as running:
        yield running


@pytest.fixture
def get(store: Sandbox) -> Get:
    return client(store)


@pytest.fixture(scope="session")
def _quiet_store() -> Iterator[Sandbox]:
    # Costs as texts and every field embedded: what comes with an order is then, digit for digit,
    # what its child lists would give.
    with Sandbox(
        Options(
            orders=60,
            customers=50,
            products=45,
            coupons=14,
            consignment_costs="string",
            fulfillment_source_embedded=True,
        )
    ) as running:
        yield running


@pytest.fixture
def quiet(_quiet_store: Sandbox) -> Sandbox:
    """A store that many tests read and none changes; its log begins with each test."""
    _quiet_store.clear_requests()
    return _quiet_store


@pytest.fixture(scope="session")
def first_sync(_quiet_store: Sandbox) -> Result:
    """A sync of the quiet store with nothing but the settings that have to be."""
    return run(settings(_quiet_store))


@pytest.fixture(scope="session")
def catalog(_quiet_store: Sandbox) -> Json:
    return discover(settings(_quiet_store))


@pytest.fixture
def small() -> Iterator[Sandbox]:
    """A very small store for one test to change."""
    with Sandbox(Options(orders=30, customers=25, products=25, coupons=8)) as running:
        yield running


@pytest.fixture(scope="session")
def still() -> Iterator[Sandbox]:
    """A store large enough for every kind of row, which tests read and none changes."""
    with Sandbox(Options(orders=120, customers=200, products=80, coupons=12, seed=9)) as running:
        yield running


@pytest.fixture(scope="session")
def ask(still: Sandbox) -> Get:
    return client(still)
