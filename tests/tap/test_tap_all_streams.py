"""All streams at once: what each brings, in a first sync, in later ones, and after a stop."""

import collections
import contextlib
import functools
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from all_streams import (
    BY_OWN_DATE,
    BY_PARENTS_DATE,
    DATED,
    FOUR,
    KEYS,
    NAMES,
    PARENTS,
    REPLICATION_KEYS,
    WITH_CHILD_LIST,
    Key,
    compare,
    key_of,
    list_of,
    truth,
)
from expected import STREAMS, WITH_SCHEMA
from store_truth import differences, instant
from strict_schema import fits
from tap_runner import Json, Result, discover, run, select, settings, some_of, succeed

from tap_bigcommerce_sandbox import Options, Sandbox

LOOKBACK = timedelta(seconds=60)

# Values as texts and every field embedded: they can be compared digit for digit. Of 50 customers or
# more, the tap would ask tax_customers for a second page, although that list has no pages.
OPTIONS = Options(
    orders=60,
    customers=45,
    products=120,
    coupons=14,
    consignment_costs="string",
    fulfillment_source_embedded=True,
    refuse_unknown_parameters=True,
)

Truth = Mapping[str, Mapping[Key, Json]]


def everything_in(store: Sandbox) -> dict[str, dict[Key, Json]]:
    return {name: truth(store, name) for name in NAMES}


def keys_in(result: Result, name: str) -> list[Key]:
    return sorted(key_of(name, record) for record in result.records(name))


@functools.cache
def catalog_of_all() -> Json:
    return discover()


def sync(store: Sandbox, *names: str, state: Any = None, status: int = 0, **more: Any) -> Result:
    chosen = select(catalog_of_all(), *(names or NAMES))
    result = run(settings(store, **more), chosen, state, timeout=150)
    assert result.status == status, result.stderr
    return result


@contextlib.contextmanager
def prepared() -> Iterator[Sandbox]:
    """A store that has what not every small store has: several refunds of one order."""
    with Sandbox(OPTIONS) as store:
        order = store.records("order_refunds")[0]["order_id"]
        store.add("order_refunds", count=2, parent=order)
        yield store


@pytest.fixture(scope="module")
def stock() -> Iterator[Sandbox]:
    """A store that these tests read and none changes."""
    with prepared() as store:
        yield store


@pytest.fixture(scope="module")
def held(stock: Sandbox) -> Truth:
    return everything_in(stock)


@pytest.fixture(scope="module")
def full(stock: Sandbox) -> Result:
    return sync(stock)


# The catalog


def test_the_catalog_names_keys_method_and_parent_of_every_stream() -> None:
    entries = {entry["tap_stream_id"]: entry for entry in catalog_of_all()["streams"]}
    assert entries.keys() == {*NAMES} == WITH_SCHEMA
    for name, entry in entries.items():
        (table,) = (item["metadata"] for item in entry["metadata"] if not item["breadcrumb"])
        assert entry["key_properties"] == table["table-key-properties"] == list(KEYS[name]), name
        date, parent = REPLICATION_KEYS.get(name), PARENTS.get(name)
        method = "INCREMENTAL" if date else "FULL_TABLE"
        assert table["forced-replication-method"] == method, name
        assert table.get("valid-replication-keys") == ([date] if date else None), name
        assert table.get("parent-tap-stream-id") == (parent.stream if parent else None), name
        assert table["selected-by-default"] is (name in FOUR), name


# A first sync


def test_a_sync_brings_every_row_once_with_every_value_and_says_nothing_else(
    full: Result, held: Truth, stock: Sandbox
) -> None:
    assert not full.logged("WARNING", "ERROR", "CRITICAL")
    assert set(full.schemas) == set(NAMES)
    for name in NAMES:
        compare(full, name, held[name])
        assert len(full.records(name)) == len(stock.records(list_of(name))) > 0, name
        message, date = full.schemas[name], REPLICATION_KEYS.get(name)
        assert message["key_properties"] == list(KEYS[name]), name
        assert message.get("bookmark_properties", []) == ([date] if date else []), name
        for record in full.records(name):
            plain = json.loads(json.dumps(record, default=float))
            assert fits(plain, message["schema"]), (name, record)
            assert None not in key_of(name, record), (name, record)


def test_bookmarks_are_the_newest_dates_and_full_tables_have_none(
    full: Result, held: Truth
) -> None:
    assert {name: list(entry) for name, entry in full.state["bookmarks"].items()} == {
        name: [date] for name, date in REPLICATION_KEYS.items()
    }
    for name, date in REPLICATION_KEYS.items():
        of = PARENTS[name].stream if name in BY_PARENTS_DATE else name
        own = "date_modified" if name in BY_PARENTS_DATE else date
        newest = max(instant(row[own]) for row in held[of].values())
        messages = (m for m in full.messages if m.get("stream") == name and m["type"] == "RECORD")
        began = min(instant(message["time_extracted"]) for message in messages)
        # What is newer than the start of the sync is read again. By the store's clock, it starts
        # a bit earlier: that clock has full seconds, and a response, which has it, may take long.
        least = min(newest, began - timedelta(seconds=10))
        assert least <= instant(full.state["bookmarks"][name][date]) <= newest, name


# Requests


def test_requests_are_few_and_documented(stock: Sandbox, held: Truth) -> None:
    stock.clear_requests()
    sync(stock)
    requests = stock.requests()
    assert not [entry["query"] for entry in requests if entry["status"] == 400]
    # A short list ends where its total says.
    short = {
        name
        for name, listed in STREAMS.items()
        if listed.by_number and listed.endpoint.api == "v3" and listed.counted
        if len(held[name]) < 50
    }
    needed = len(held["products"]) // 10  # options and modifiers
    needed += len({row["order_id"] for row in held["order_coupons"].values()})
    for name in NAMES:
        if name in WITH_CHILD_LIST:
            needed += len(held[PARENTS[name].stream])
        elif name not in PARENTS:
            # Neither numbers of pages nor ids show where a list ends: that takes one more.
            needed += 1 + len(held[name]) // 250
            needed += STREAMS[name].ends_after_its_rows and name not in short
    # An order's taxes without a total that take two pages are read twice, and compared.
    taxes = collections.Counter(row["order_id"] for row in held["order_taxes"].values())
    needed += sum(3 for count in taxes.values() if count > 250)
    made = collections.Counter(request["list"] for request in requests)
    assert len(requests) <= 1.05 * needed, made
    # Channels are read twice: their listings have dates of their own.
    assert {made[list_of(name)] - (name == "channels") for name in short} == {1}
    assert len(short) >= 8
    # Options and modifiers cut pages to ten products: they are read apart.
    assert max(entry["rows"] for entry in requests if entry["list"] == "products") > 100


# Children without their parents


@pytest.mark.parametrize(
    "names", [[*PARENTS], *(["product_images"], ["order_fees"], ["promotion_codes"])]
)
def test_children_can_be_selected_without_their_parents(
    stock: Sandbox, full: Result, names: list[str]
) -> None:
    stock.clear_requests()
    result = sync(stock, *names)
    assert set(result.schemas) == {*names}
    for name in names:
        assert sorted(result.records(name), key=repr) == sorted(full.records(name), key=repr), name
    if names == ["product_images"]:
        for query in (entry["query"] for entry in stock.requests()):
            assert "include_fields" in query
            # A request of one row only shows where the list ends.
            assert query.get("include") == ("images" if query["limit"] != "1" else None)


# Further syncs


def test_what_changed_and_the_children_of_a_changed_parent_come_with_the_next_sync(
    full: Result, held: Truth
) -> None:
    with prepared() as store:
        rows: dict[str, list[Key]] = {}
        for name in BY_OWN_DATE:
            if name not in ("orders", "products"):
                key = sorted(held[name])[len(held[name]) // 2]
                own = list(key[1:] if STREAMS[name].kind.key_within_parent else key)
                # Prices have no text that could be changed.
                fields = {"price": 4.25} if name == "price_list_records" else None
                store.change(name, ids=[own[0] if len(own) == 1 else own], fields=fields)
                rows[name] = [key]
        # The parents whose children there are most of, so that each stream has some.
        parents: dict[str, set[int]] = {"orders": set(), "products": set()}
        for name in BY_PARENTS_DATE:
            parents[PARENTS[name].stream].add(most_common_parent(held, name))
        for name, ids in parents.items():
            store.change(name, ids=sorted(ids))
            rows[name] = [(id_,) for id_ in ids]
        order = sorted(held["orders"])[7][0]
        rows["order_refunds"] = [(id_,) for id_ in store.add("order_refunds", parent=order)]
        for name in DATED:
            rows[name] += [(id_,) for id_ in store.add(name, count=2)]
        result, after = sync(store, state=full.state), everything_in(store)
    for name in {*NAMES} - REPLICATION_KEYS.keys():
        assert keys_in(result, name) == sorted(after[name]), name
    for name, date in REPLICATION_KEYS.items():
        (old,) = full.state["bookmarks"][name].values()
        (new,) = result.state["bookmarks"][name].values()
        assert instant(new) > instant(old), name
        assert len(result.records(name)) < len(after[name]), name
        oldest = min(instant(record[date]) for record in result.records(name))
        assert oldest >= instant(old) - LOOKBACK, name
    for name, keys in rows.items():
        found = {key_of(name, record): record for record in result.records(name)}
        schema = result.schemas[name]["schema"]
        for key in keys:
            assert not list(differences(found[key], after[name][key], schema)), name
    for name in DATED:
        since = instant(full.bookmark(name)) - LOOKBACK
        dates = {key: instant(row["date_modified"]) for key, row in after[name].items()}
        assert keys_in(result, name) == sorted(key for key in dates if dates[key] >= since), name
    for name in BY_PARENTS_DATE:
        of, records = PARENTS[name], result.records(name)
        changed = parents[of.stream]
        wanted = {key for key, row in after[name].items() if row[of.id] in changed}
        assert wanted, name
        assert wanted <= {key_of(name, record) for record in records}, name
        shown = {r["id"]: r["date_modified"] for r in result.records(of.stream)}
        for record in records:
            assert record[of.date or ""] == shown[record[of.id]], name


def most_common_parent(held: Truth, name: str) -> Any:
    counts = collections.Counter(row[PARENTS[name].id] for row in held[name].values())
    return counts.most_common(1)[0][0]


def test_start_date_is_for_what_has_a_date(stock: Sandbox, held: Truth) -> None:
    start = "2025-06-01T00:00:00Z"
    result = sync(stock, start_date=start)
    for name in NAMES:
        date, parent = REPLICATION_KEYS.get(name), PARENTS.get(name)
        # Products are read whole the first time, and with them what they carry.
        whole = date is None or "products" in (name, parent and parent.stream)
        rows = held[name].items()
        wanted = [key for key, row in rows if whole or instant(row[date or ""]) >= instant(start)]
        assert keys_in(result, name) == sorted(wanted), name
    for name in ("orders", "customers", "subscribers", "order_products"):
        assert 0 < len(result.records(name)) < len(held[name]), name


# Small pages, and stops


@pytest.fixture(scope="module")
def small_pages(stock: Sandbox) -> Result:
    stock.set(page_cap=5)
    result = sync(stock, page_size=7)
    stock.set(page_cap=0)
    return result


def test_every_list_is_read_to_its_last_page_and_what_is_behind_may_be_not_found(
    small_pages: Result, stock: Sandbox, held: Truth
) -> None:
    for name in NAMES:
        assert keys_in(small_pages, name) == sorted(held[name]), name
    names = [name for name in NAMES if STREAMS[name].ends_after_its_rows]
    stock.set(page_cap=5, past_end="404")
    result = sync(stock, *names, page_size=7)
    stock.set(page_cap=0, past_end="empty")
    for name in names:
        assert keys_in(result, name) == sorted(held[name]), name


@pytest.mark.parametrize("share", some_of([0.02, 0.2, 0.35, 0.5, 0.7, 0.85], 2, pytest.mark.kills))
def test_a_sync_goes_on_from_any_of_its_states(
    stock: Sandbox, small_pages: Result, held: Truth, share: float
) -> None:
    messages = small_pages.messages
    places = [at for at, message in enumerate(messages) if message["type"] == "STATE"]
    at = places[int(len(places) * share)]
    before: dict[str, set[Key]] = {name: set() for name in NAMES}
    for message in messages[:at]:
        if message["type"] == "RECORD":
            before[message["stream"]].add(key_of(message["stream"], message["record"]))
    resumed = sync(stock, state=messages[at]["value"])
    for name in NAMES:
        assert held[name].keys() == before[name] | set(keys_in(resumed, name)), name
    assert resumed.state["bookmarks"] == small_pages.state["bookmarks"]
    assert "currently_syncing" not in resumed.state


def test_a_child_that_is_selected_later_is_read_whole_and_its_siblings_are_not(
    stock: Sandbox, held: Truth
) -> None:
    first = sync(stock, "orders", "order_taxes")
    later = sync(stock, "orders", "order_taxes", "order_transactions", state=first.state)
    assert keys_in(later, "order_transactions") == sorted(held["order_transactions"])
    for name in ("orders", "order_taxes"):
        assert len(later.records(name)) < len(held[name])


def test_a_parent_that_goes_while_it_is_read_takes_only_its_rows_along(held: Truth) -> None:
    """Between its list and its child lists. An order is archived, and keeps its rows."""
    below = {name: PARENTS[name] for name in WITH_CHILD_LIST}
    gone = {}
    with prepared() as store:
        for parent in {parent.stream for parent in below.values()}:
            with_rows = next(name for name in PARENTS if PARENTS[name].stream == parent)
            gone[parent] = most_common_parent(held, with_rows)
            deletion = {"op": "delete", "list": parent, "ids": [gone[parent]]}
            store.on(parent, request=1, moment="after_read", do=deletion)
        result = sync(store, "orders", *below)
        left = {name: truth(store, name) for name in below}
    for name, of in below.items():
        records = {key_of(name, record): record for record in result.records(name)}
        kept = held if of.stream == "orders" else left
        assert held[name].keys() >= kept[name].keys() <= records.keys(), name
        assert kept is held or len(left[name]) < len(held[name]), name
        assert {records[key][of.id] for key in records.keys() - left[name]} <= {gone[of.stream]}


def test_a_list_that_loses_its_first_row_while_it_is_read_loses_no_other() -> None:
    """Lists that are read by page numbers, which shift once their first page has been read."""
    by_page = [n for n in NAMES if STREAMS[n].by_number and not STREAMS[n].kind.derived_from]
    with prepared() as store:
        for name in by_page:
            key: Any = list(next(iter(truth(store, name))))
            deletion = {
                "op": "delete",
                "list": list_of(name),
                "ids": key if len(key) < 2 else [key],
            }
            store.on(list_of(name), request=2, do=deletion)
        result = sync(store, *by_page, page_size=3)
        for name in by_page:
            found = keys_in(result, name)
            assert truth(store, name).keys() <= set(found), name
            assert len(set(found)) == len(found), name


def test_what_is_documented_is_sent_whatever_fails_and_whatever_is_looked_for() -> None:
    """Usual syncs are in test_tap_all_streams, test_tap_channels and test_tap_records."""
    options = Options(
        orders=30, customers=12, products=20, coupons=8, refuse_unknown_parameters=True
    )
    # Not those that others are made of.
    lists = {
        list_of(name): name
        for name in NAMES
        if STREAMS[name].shows_ids and not STREAMS[name].kind.derived_from and name != "locations"
    }
    with Sandbox(options) as store:
        once = {"max_attempts": 1, "max_retry_seconds": 0}
        config = settings(store, detect_deletes=True, deletes_every=0, deletes_limit=1, **once)
        catalog = select(discover(config), *NAMES)
        for name, include in (("products", "images"), ("orders", "consignments")):
            id_ = store.records(name)[3]["id"]
            store.fault(name, kind="422", times=0, includes=include, ids_between=(id_, id_))
        first = succeed(config, catalog)
        store.clear_faults()
        for name in lists:
            store.delete(name, count=1)
        second = succeed(config, catalog, first.state)
        run(config, catalog, second.state, args=["--audit"])
        succeed({**config, "start_date": "2025-06-01"}, catalog, args=["--check"])
        requests = store.requests()
    for name in lists.values():
        assert any(row.get("_sdc_deleted_at") for row in second.records(name)), name
    for entry in requests:
        assert entry["status"] != 400, f"{entry['path']} {entry['query']}"
        # Of a product's fields, the id is not among those that can be named.
        if entry["list"] == "products":
            assert "id" not in entry["query"].get("include_fields", "").split(",")
