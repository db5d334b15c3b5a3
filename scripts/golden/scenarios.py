"""The scenarios of golden runs: changes of the store, and options of the tap."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scripts.golden.store import GoldenStore, Json

HOUR = 3600.0
ONE_AT_ONCE: Json = {"max_concurrency": 1}


@dataclass(frozen=True)
class Step:
    """A run of the tap: its settings and options."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[str] = ()
    some_fields: bool = False
    """Whether the catalog selects only two thirds of the fields."""
    with_catalog: bool = True

    def config(self, store: GoldenStore) -> Json:
        """All settings of the run."""
        return {
            "store_hash": store.store_hash,
            "access_token": store.access_token,
            "api_url": store.api_url,
            "page_size": 20,
            "max_attempts": 2,
            "max_retry_seconds": 0,
            **self.settings,
        }

    def choose(self, catalog: Json, streams: Sequence[str] | None) -> Json | None:
        """The catalog with all streams selected, or only `streams`."""
        if not self.with_catalog:
            return None
        chosen = copy.deepcopy(catalog)
        for entry in chosen["streams"]:
            for item in entry["metadata"]:
                name, field_path = entry["tap_stream_id"], item["breadcrumb"]
                draw = zlib.crc32("/".join([name, *field_path]).encode())
                left_out = draw % 3 == 0 if self.some_fields else False
                of_stream = streams is None or name in streams
                item["metadata"]["selected"] = not left_out if field_path else of_stream
        return chosen


def catalog(store: GoldenStore) -> Iterator[Step]:
    """The catalog of an account without all permissions."""
    store.set(withheld_scopes=["content", "sites"])
    yield Step(args=("--discover",), with_catalog=False)


def usual(store: GoldenStore) -> Iterator[Step]:
    """One sync of everything."""
    yield Step()


def incremental(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted between two runs."""
    yield Step()
    _change(store)
    yield Step()


def resumed(store: GoldenStore) -> Iterator[Step]:
    """Some lists fail from their middle on; the second run continues from there.

    The number of rows that are written before a list fails varies.
    """
    lists = ("orders", "products", "customers", "coupons", "redirects", "brands", "promotions")
    for list_ in (*lists, "product_metafields", "customer_metafields", "wishlists"):
        fail = partial(store.operate, "fault", list=list_, kind="500", times=0)
        store.when(list_, len(store.ids(list_)) // 2, fail)
    yield Step(ONE_AT_ONCE)
    store.clear_faults()
    store.now += HOUR
    yield Step(ONE_AT_ONCE)


def odd(store: GoldenStore) -> Iterator[Step]:
    """Undocumented values."""
    store.odd_every = 12
    yield Step(ONE_AT_ONCE)


def changing(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted far from the page that is being read."""
    for list_ in ("orders", "products", "customers", "coupons"):
        store.when(list_, 5, partial(_stir, store, list_, store.ids(list_)))
    yield Step(ONE_AT_ONCE)
    store.now += HOUR
    yield Step(ONE_AT_ONCE)


def failing(store: GoldenStore) -> Iterator[Step]:
    """Faults that go away, and faults that stay; then a run without them."""
    orders, products = store.ids("orders"), store.ids("products")
    store.set(withheld_scopes=["sites"])
    for list_, kind in (("orders", "503"), ("customers", "cut"), ("brands", "html")):
        store.fault(list_, kind=kind, times=1)
    for list_, kind in (
        ("categories", "lone-surrogate"),
        ("coupons", "invalid-byte"),
        ("price_list_records", "huge-number"),
        ("category_trees", "wrong-shape"),
        ("redirects", "500"),
        ("order_messages", "500"),
        ("wishlists", "empty-200"),
    ):
        store.fault(list_, kind=kind, times=0)
    store.fault("products", kind="504", times=0, limit_above=10)
    store.fault("order_shipments", kind="500", times=0, ids_between=[orders[9], orders[10]])
    store.fault("product_reviews", kind="422", times=0, ids_between=[products[3], products[3]])
    yield Step()
    store.clear_faults()
    store.now += HOUR
    yield Step()


def selection(store: GoldenStore) -> Iterator[Step]:
    """A catalog without some fields, pseudonyms, the column store_hash; then rules."""
    hidden = {"hash_fields": ["**.*email*", "customers.last_name"], "hash_salt": "golden salt"}
    yield Step({"store_hash_column": True, **hidden}, some_fields=True)
    rules = {
        "select": ["*.*", "!personal", "!orders.products.sku", "!products.images"],
        "order_details": "per_order",
        "order_coupons": "always",
        "start_date": "2023-06-01",
        "streams": {"orders": {"end_date": "2024-10-01", "start_date": "2023-01-01"}},
    }
    refreshed = ("--full-refresh", "orders", "--full-refresh", "products")
    yield Step({**rules, "channel_ids": store.ids("channels")[:2]}, refreshed, with_catalog=False)


def deletes(store: GoldenStore) -> Iterator[Step]:
    """Deletions: sets of ids for streams that have them, versions for all others."""
    tracked = {"detect_deletes": True, "deletes_every": 0, "deletes_limit": 0.5}
    yield Step({**tracked, "activate_version": True})
    _change(store)
    yield Step({**tracked, "activate_version": True})


def _change(store: GoldenStore) -> None:
    """Typical changes of a store in a day; always the same."""
    begin = store.now
    for list_ in ("orders", "customers", "products"):
        # A late change: a little older than the newest row of the last sync.
        store.now = store.newest(list_) - 30
        store.change(list_, ids=store.ids(list_)[1:2])
    store.now = begin + 20 * HOUR
    for list_ in ("orders", "customers", "products", "coupons", "subscribers", "channels"):
        store.change(list_, ids=store.ids(list_)[3::11])
        store.add(list_, count=2)
    for list_ in ("customers", "products", "coupons", "brands", "banners", "wishlists", "pages"):
        store.delete(list_, ids=store.ids(list_)[2:3])
    store.delete("orders", ids=store.ids("orders")[30:32])
    store.change_variants(store.ids("products")[-3])
    store.now += 4 * HOUR


def _stir(store: GoldenStore, list_: str, ids: Sequence[int]) -> None:
    store.operate("change", list=list_, ids=[ids[2], ids[-3]])
    store.operate("delete", list=list_, ids=[ids[-8]])
    store.operate("add", list=list_, count=2)


Scenario = Callable[[GoldenStore], Iterator[Step]]

QUICK: tuple[Scenario, ...] = (catalog, usual, incremental, odd, selection)
SCENARIOS: tuple[Scenario, ...] = (*QUICK, resumed, changing, failing, deletes)
