"""What happens in a golden run: to the store, and how the tap is started."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scripts.golden.store import GoldenStore, Json

HOUR = 3600.0


@dataclass(frozen=True)
class Step:
    """A run of the tap: its settings, and what it is started with."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[str] = ()
    some_fields: bool = False
    """Whether the catalog selects two fields of three, instead of all."""
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
        """The catalog with all streams selected, or those named."""
        if not self.with_catalog:
            return None
        chosen = copy.deepcopy(catalog)
        for entry in chosen["streams"]:
            name = entry["tap_stream_id"]
            for item in entry["metadata"]:
                place = "/".join([name, *item["breadcrumb"]])
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = streams is None or name in streams
                else:
                    left_out = self.some_fields and zlib.crc32(place.encode()) % 3 == 0
                    item["metadata"]["selected"] = not left_out
        return chosen


@dataclass(frozen=True)
class Scenario:
    """`play` yields the runs of the tap, and does to the store what happens around them.

    Each run goes on from the state of the one before.
    """

    play: Callable[[GoldenStore], Iterator[Step]]
    whole: bool = False
    """Whether only what all runs have written together is compared."""


def catalog(store: GoldenStore) -> Iterator[Step]:
    """The catalog of an account that may not read everything."""
    store.set(withheld_scopes=["content", "sites"])
    yield Step(args=("--discover",), with_catalog=False)


def usual(store: GoldenStore) -> Iterator[Step]:
    """Everything, once."""
    yield Step()


def incremental(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted between two runs."""
    yield Step()
    change(store)
    yield Step()


def change(store: GoldenStore) -> None:
    """Some of what can happen to a store in a day; the same each time."""
    store.now += 20 * HOUR
    for list_ in ("orders", "customers", "products", "coupons", "subscribers", "channels"):
        ids = store.ids(list_)
        store.change(list_, ids=ids[3::11])
        store.add(list_, count=2)
    for list_ in ("customers", "products", "coupons", "brands", "redirects"):
        store.delete(list_, ids=store.ids(list_)[5:7])
    store.delete("orders", ids=store.ids("orders")[30:32])
    store.change_variants(store.ids("products")[-3])
    store.now += 4 * HOUR


def resumed(store: GoldenStore) -> Iterator[Step]:
    """Some lists can be read no further from their midst on; the second run goes on from there."""
    lists = ("v3/catalog/products", "v2/customers", "v2/coupons", "v3/storefront/redirects")
    return _resumed(store, *lists)


def resumed_orders(store: GoldenStore) -> Iterator[Step]:
    """The same of orders: how many are complete when their list ends is not the same each time."""
    return _resumed(store, "v2/orders")


def _resumed(store: GoldenStore, *paths: str) -> Iterator[Step]:
    for path in paths:
        store.when(path, 25, partial(_end, store, path))
    yield Step({"max_concurrency": 1})
    store.clear_faults()
    store.now += HOUR
    yield Step({"max_concurrency": 1})


def _end(store: GoldenStore, path: str) -> None:
    store.operate("fault", list=path.rpartition("/")[2], kind="500", times=0)


def stopped(store: GoldenStore) -> Iterator[Step]:
    """The tap is told to end in the midst of a list, three times; then it goes on to the end."""
    for path in ("v2/customers", "v2/orders", "v3/catalog/products"):
        store.when(path, 25, store.stop_tap)
        yield Step()
    yield Step()


def odd(store: GoldenStore) -> Iterator[Step]:
    """Values that are not as documented."""
    store.odd = "values"
    yield Step()


def odd_keys(store: GoldenStore) -> Iterator[Step]:
    """Keys and dates that are not as documented, either: their streams stop there."""
    store.odd = "keys"
    # How far the others have got when a stream stops is chance where several read at once.
    yield Step({"max_concurrency": 1})


def changing(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted far from the page that is being read."""
    for path in ("v2/orders", "v3/catalog/products", "v2/customers", "v2/coupons"):
        list_ = path.rpartition("/")[2]
        ids = store.ids(list_)
        store.when(path, 5, partial(_stir, store, list_, ids))
    subscribers = store.ids("subscribers")
    gone: Json = {"list": "subscribers", "ids": subscribers[1:2]}
    store.when("v3/customers/subscribers", 3, partial(store.operate, "delete", **gone))
    yield Step({"max_concurrency": 1})
    store.now += HOUR
    yield Step({"max_concurrency": 1})


def _stir(store: GoldenStore, list_: str, ids: Sequence[int]) -> None:
    store.operate("change", list=list_, ids=[ids[2], ids[-3]])
    store.operate("delete", list=list_, ids=[ids[-8]])
    store.operate("add", list=list_, count=2)


def failing(store: GoldenStore) -> Iterator[Step]:
    """Faults that go away, and faults that stay; then a run without them."""
    orders, products = store.ids("orders"), store.ids("products")
    store.set(withheld_scopes=["sites"])
    store.fault("orders", kind="503", times=1)
    store.fault("customers", kind="cut", times=1)
    store.fault("brands", kind="html", times=1)
    store.fault("products", kind="504", times=0, limit_above=10)
    store.fault("categories", kind="lone-surrogate", times=0)
    store.fault("coupons", kind="invalid-byte", times=0)
    store.fault("price_list_records", kind="huge-number", times=0)
    store.fault("category_trees", kind="wrong-shape", times=0)
    store.fault("redirects", kind="500", times=0)
    store.fault("order_messages", kind="500", times=0)
    store.fault("promotion_codes", kind="404", times=0)
    store.fault("order_shipments", kind="500", times=0, ids_between=[orders[9], orders[10]])
    store.fault("product_reviews", kind="422", times=0, ids_between=[products[3], products[3]])
    store.fault("wishlists", kind="empty-200", times=0)
    yield Step()
    store.clear_faults()
    store.now += HOUR
    yield Step()


def selection_fields(store: GoldenStore) -> Iterator[Step]:
    """A catalog without some fields, pseudonyms, and the column store_hash."""
    hidden = {"hash_fields": ["**.*email*", "customers.last_name"], "hash_salt": "golden salt"}
    yield Step({"store_hash_column": True, **hidden}, some_fields=True)


def selection_rules(store: GoldenStore) -> Iterator[Step]:
    """Rules instead of a catalog, and the settings that say what is read, and from where."""
    single = {
        "orders": {"end_date": "2024-10-01", "start_date": "2023-01-01"},
        "customers": {"replication_method": "FULL_TABLE"},
    }
    yield Step(
        {
            "select": ["*.*", "!personal", "!orders.products.sku", "!products.images"],
            "order_details": "per_order",
            "order_coupons": "always",
            "start_date": "2023-06-01",
            "streams": single,
        },
        with_catalog=False,
    )


def selection_channels(store: GoldenStore) -> Iterator[Step]:
    """Two of three channels."""
    yield Step({"channel_ids": store.ids("channels")[:2], "order_coupons": "never"})


def deletes_sets(store: GoldenStore) -> Iterator[Step]:
    """Deletions, found by sets of ids."""
    return _deletes(store, {"detect_deletes": True, "deletes_every": 0, "deletes_limit": 0.5})


def deletes_versions(store: GoldenStore) -> Iterator[Step]:
    """Deletions, told by versions alone."""
    return _deletes(store, {"activate_version": True})


def _deletes(store: GoldenStore, settings: Json) -> Iterator[Step]:
    yield Step(settings)
    change(store)
    yield Step(settings)


SCENARIOS = {
    "catalog": Scenario(catalog),
    "usual": Scenario(usual),
    "incremental": Scenario(incremental),
    "resumed": Scenario(resumed),
    "resumed-orders": Scenario(resumed_orders, whole=True),
    "stopped": Scenario(stopped, whole=True),
    "odd": Scenario(odd),
    "odd-keys": Scenario(odd_keys),
    "changing": Scenario(changing),
    "failing": Scenario(failing),
    "selection-fields": Scenario(selection_fields),
    "selection-rules": Scenario(selection_rules),
    "selection-channels": Scenario(selection_channels),
    "deletes-sets": Scenario(deletes_sets),
    "deletes-versions": Scenario(deletes_versions),
}
QUICK = ("catalog", "usual", "incremental", "odd", "selection-fields")
