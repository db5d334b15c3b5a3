"""The scenarios of golden runs: changes of the store, and options of the tap."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scripts.golden.store import MANY, OPTIONS, GoldenStore, Json
from tap_bigcommerce_sandbox import Options

HOUR = 3600.0

TRACKED: Json = {"detect_deletes": True, "deletes_every": 0, "deletes_limit": 0.5}

FEW_REQUESTS = (
    *("orders", "order_products", "order_consignments", "order_metafields", "coupons", "brands"),
    *("customers", "customer_addresses", "customer_metafields"),
    *("products", "product_images", "product_custom_fields", "product_variants"),
)
"""Streams whose rows need no separate requests."""


@dataclass(frozen=True)
class Step:
    """A run of the tap: its settings and options."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[str] = ()
    some_fields: bool = False
    """Whether the catalog selects only two thirds of the fields."""
    with_catalog: bool = True

    @property
    def is_command(self) -> bool:
        """Whether it is a command other than a sync."""
        return bool({"--discover", "--about", "--list", "--check", "--audit"} & {*self.args})

    def config(self, store: GoldenStore) -> Json | None:
        """All settings of the run."""
        if "--about" in self.args:
            return None
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
        if not self.with_catalog or self.is_command:
            return None
        chosen = copy.deepcopy(catalog)
        for entry in chosen["streams"]:
            name = entry["tap_stream_id"]
            for item in entry["metadata"]:
                path = "/".join([name, *item["breadcrumb"]])
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = streams is None or name in streams
                else:
                    left_out = self.some_fields and zlib.crc32(path.encode()) % 3 == 0
                    item["metadata"]["selected"] = not left_out
        return chosen


@dataclass(frozen=True)
class Scenario:
    """`play` changes the store and yields the runs of the tap.

    Each run continues from the state of the previous one.
    """

    play: Callable[[GoldenStore], Iterator[Step]]
    options: Options = OPTIONS
    streams: Sequence[str] | None = None
    """The selected streams; None: all."""
    combined: bool = False
    """Whether the messages of all runs are compared together, not run by run."""
    from_first: bool = False
    """Whether the new tap also continues from the state and catalog of the first edition."""


def catalog(store: GoldenStore) -> Iterator[Step]:
    """The catalog of an account without all permissions."""
    store.set(withheld_scopes=["content", "sites"])
    yield Step(args=("--discover",))


def usual(store: GoldenStore) -> Iterator[Step]:
    """One sync of everything."""
    yield Step()


def incremental(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted between two runs."""
    yield Step()
    change(store)
    yield Step()


def change(store: GoldenStore) -> None:
    """Typical changes of a store in a day; always the same."""
    begin = store.now
    for list_ in ("orders", "customers", "products"):
        # A late change: a little older than the newest row of the last sync.
        store.now = store.newest(list_) - 30
        store.change(list_, ids=store.ids(list_)[1:2])
    store.now = begin + 20 * HOUR
    for list_ in ("orders", "customers", "products", "coupons", "subscribers", "channels"):
        ids = store.ids(list_)
        store.change(list_, ids=ids[3::11])
        store.add(list_, count=2)
    for list_ in ("customers", "products", "coupons", "brands", "redirects"):
        store.delete(list_, ids=store.ids(list_)[5:7])
    for list_ in ("banners", "blog_posts", "wishlists", "pages", "promotions", "shipping_zones"):
        store.delete(list_, ids=store.ids(list_)[2:3])
    store.delete("orders", ids=store.ids("orders")[30:32])
    store.change_variants(store.ids("products")[-3])
    store.now += 4 * HOUR


def resumed(store: GoldenStore) -> Iterator[Step]:
    """Some lists fail from their middle on; the second run continues from there.

    The number of rows that are written before a list fails varies.
    """
    lists = ("orders", "products", "customers", "coupons", "redirects", "brands", "promotions")
    for list_ in (*lists, "product_metafields", "customer_metafields", "wishlists"):
        store.when(list_, len(store.ids(list_)) // 2, partial(_end, store, list_))
    yield Step({"max_concurrency": 1})
    store.clear_faults()
    store.now += HOUR
    yield Step({"max_concurrency": 1})


def _end(store: GoldenStore, list_: str) -> None:
    store.operate("fault", list=list_, kind="500", times=0)


def stopped(store: GoldenStore) -> Iterator[Step]:
    """The tap is stopped in the middle of a list, three times; then it reads to the end."""
    for list_ in ("customers", "orders", "products"):
        store.when(list_, 25, store.stop_tap)
        yield Step()
    yield Step()


def odd(store: GoldenStore) -> Iterator[Step]:
    """Undocumented values."""
    store.odd_every = 40
    yield Step({"max_concurrency": 1})


def odd_many(store: GoldenStore) -> Iterator[Step]:
    """The same with more rows and more undocumented values, of lists that need few requests."""
    store.odd_every = 12
    yield Step({"max_concurrency": 1, "page_size": 100, "order_coupons": "never"})


def odd_keys(store: GoldenStore) -> Iterator[Step]:
    """Undocumented values also in keys and dates: their streams stop there."""
    store.odd_every, store.odd_keys = 40, True
    # A single page: with several, the number written before one fails would vary.
    yield Step({"page_size": 250, "max_concurrency": 1})


def other_api(store: GoldenStore) -> Iterator[Step]:
    """Undocumented behaviour of the API is the opposite of the default."""
    store.set(
        inclusive_bounds=False,
        archived_orders="hidden",
        warning_position="line_items",
        consignment_costs="string",
        shipping_base_cost="inc_tax",
        embedded_consignments="array",
        fulfillment_source_embedded=True,
        empty_line_items_every=7,
        items_total_counts_children=False,
        free_shipping_coupon_shows_discount=True,
        undocumented_totals=True,
        counts_incomplete_orders=False,
        limit_max=50,
        v3_over_limit="422",
        page_cap=15,
        past_end="404",
        gzip=True,
        rate_limit_headers=False,
        brands_total_error=1,
    )
    yield Step({"page_size": 250})
    store.set(embedded_consignments="never", archived_orders="listed", brands_total_error=0)
    change(store)
    yield Step({"page_size": 250})


def changing(store: GoldenStore) -> Iterator[Step]:
    """Rows are changed, added and deleted far from the page that is being read."""
    for list_ in ("orders", "products", "customers", "coupons"):
        ids = store.ids(list_)
        store.when(list_, 5, partial(_stir, store, list_, ids))
    subscribers = store.ids("subscribers")
    gone: Json = {"list": "subscribers", "ids": subscribers[1:2]}
    store.when("subscribers", 3, partial(store.operate, "delete", **gone))
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
    """Two of three channels; then orders and products once more from their start."""
    settings = {"channel_ids": store.ids("channels")[:2], "order_coupons": "never"}
    yield Step(settings)
    yield Step(settings, args=("--full-refresh", "orders", "--full-refresh", "products"))


def deletes_sets(store: GoldenStore) -> Iterator[Step]:
    """Deletions, detected by sets of ids."""
    return _deletes(store, TRACKED)


def deletes_files(store: GoldenStore) -> Iterator[Step]:
    """Sets of ids in files."""
    where = {"deletes_state_limit": 0, "deletes_path": str(store.folder)}
    return _deletes(store, {**TRACKED, **where})


def deletes_versions(store: GoldenStore) -> Iterator[Step]:
    """Deletions by versions only; some incremental streams are read completely for it."""
    full_table = {name: {"replication_method": "FULL_TABLE"} for name in ("orders", "products")}
    return _deletes(store, {"activate_version": True, "streams": full_table})


def deletes_both(store: GoldenStore) -> Iterator[Step]:
    """Sets of ids for streams that have them, versions for all others."""
    return _deletes(store, {**TRACKED, "activate_version": True})


def _deletes(store: GoldenStore, settings: Json) -> Iterator[Step]:
    yield Step(settings)
    change(store)
    yield Step(settings)


def commands(store: GoldenStore) -> Iterator[Step]:
    """The output of other commands; the audit follows a sync."""
    store.set(rate_limit_headers=False)
    yield Step(args=("--about", "--format", "json"))
    yield Step(args=("--list",))
    yield Step(args=("--check", "--format", "json"))
    yield Step()
    change(store)
    yield Step(args=("--audit",))


SCENARIOS = {
    "catalog": Scenario(catalog),
    "usual": Scenario(usual),
    "incremental": Scenario(incremental, from_first=True),
    "resumed": Scenario(resumed, combined=True, from_first=True),
    "stopped": Scenario(stopped, combined=True),
    "odd": Scenario(odd),
    "odd-many": Scenario(odd_many, MANY, FEW_REQUESTS),
    "odd-keys": Scenario(odd_keys),
    "other-api": Scenario(other_api),
    "changing": Scenario(changing),
    "failing": Scenario(failing),
    "selection-fields": Scenario(selection_fields),
    "selection-rules": Scenario(selection_rules),
    "selection-channels": Scenario(selection_channels),
    "deletes-sets": Scenario(deletes_sets),
    "deletes-files": Scenario(deletes_files, from_first=True),
    "deletes-versions": Scenario(deletes_versions),
    "deletes-both": Scenario(deletes_both, from_first=True),
    "commands": Scenario(commands),
}
QUICK = ("catalog", "usual", "incremental", "odd", "selection-fields")
