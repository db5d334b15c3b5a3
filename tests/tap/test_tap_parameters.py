"""Requests name no parameter that the API does not document: it may refuse it one day."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from all_streams import NAMES, list_of
from expected import STREAMS
from tap_runner import Json, discover, run, select, settings, succeed
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox


@pytest.fixture
def strict() -> Iterator[Sandbox]:
    """A store that refuses every parameter that is not documented."""
    options = Options(
        orders=30, customers=12, products=20, coupons=8, refuse_unknown_parameters=True
    )
    with Sandbox(options) as running:
        yield running


def embeds_nothing(store: Sandbox) -> None:
    store.set(embedded_consignments="never")


def fails_with_details(store: Sandbox) -> None:
    for name, include in (("products", "images"), ("orders", "consignments")):
        id_ = store.records(name)[3]["id"]
        store.fault(name, kind="422", times=0, includes=include, ids_between=(id_, id_))


RUNS: list[tuple[Json, Callable[[Sandbox], None]]] = [
    ({}, embeds_nothing),
    ({}, fails_with_details),
    ({"channel_ids": [1]}, fails_with_details),
    ({"channel_ids": [1, 675412]}, embeds_nothing),
    ({"order_details": "per_order", "order_coupons": "always"}, lambda store: None),
]


@pytest.mark.parametrize("at", some_of(range(len(RUNS)), 1, pytest.mark.every_stream))
def test_a_sync_of_everything_sends_what_is_documented(strict: Sandbox, at: int) -> None:
    more, prepare = RUNS[at]
    prepare(strict)
    config = settings(strict, max_attempts=1, max_retry_seconds=0, **more)
    catalog = select(discover(config), *NAMES)
    first = succeed(config, catalog)
    succeed(config, catalog, first.state)
    succeed({**config, "start_date": "2025-06-01"}, catalog, args=["--check"])
    only_documented(strict)


def test_a_search_for_deletions_sends_what_is_documented(strict: Sandbox) -> None:
    config = settings(strict, detect_deletes=True, deletes_every=0, deletes_limit=1)
    catalog = select(discover(config), *NAMES)
    state = run(config, catalog).state
    # Not those that others are made of.
    lists = {
        list_of(name): name
        for name in NAMES
        if STREAMS[name].shows_ids and not STREAMS[name].is_derived and name != "locations"
    }
    for name in lists:
        strict.delete(name, count=1)
    result = succeed(config, catalog, state)
    for name in lists.values():
        assert any(row.get("_sdc_deleted_at") for row in result.records(name)), name
    run(config, catalog, result.state, args=["--audit"])
    only_documented(strict)


def only_documented(store: Sandbox) -> None:
    for entry in store.requests():
        assert entry["status"] != 400, f"{entry['path']} {entry['query']}"
        # Of a product's fields, the id is not among those that can be named.
        if entry["list"] == "products":
            assert "id" not in entry["query"].get("include_fields", "").split(",")
