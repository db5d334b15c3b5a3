"""All streams at once: what each brings, in a first sync, in later ones, and after a stop."""

from __future__ import annotations

import collections
import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from all_streams import (
    BELOW_ORDERS,
    BY_OWN_DATE,
    BY_PARENTS_DATE,
    DATED,
    FOUR,
    FULL,
    IN_ORDERS,
    IN_PRODUCTS,
    IN_SMALL_PAGES,
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
from tap_runner import Json, Result, discover, run, select, settings
from tiers import some_of

from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce_sandbox import Options, Sandbox

LOOKBACK = timedelta(seconds=60)

# Values as texts and every field embedded: they can be compared digit for digit.
OPTIONS = Options(
    orders=60,
    customers=60,
    products=120,
    coupons=14,
    consignment_costs="string",
    fulfillment_source_embedded=True,
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
    """A run over these streams, or over all."""
    chosen = select(catalog_of_all(), *(names or NAMES))
    result = run(settings(store, **more), chosen, state, timeout=150)
    assert result.status == status, result.stderr
    return result


@contextlib.contextmanager
def prepared(options: Options = OPTIONS) -> Iterator[Sandbox]:
    """A store that has what not every small store has: several refunds of one order."""
    with Sandbox(options) as store:
        order = store.records("order_refunds")[0]["order_id"]
        store.add("order_refunds", count=2, parent=order)
        yield store


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """A store of one test."""
    with prepared() as store:
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
def full_and_requests(stock: Sandbox) -> tuple[Result, list[Json]]:
    stock.clear_requests()
    return sync(stock), stock.requests()


@pytest.fixture(scope="module")
def full(full_and_requests: tuple[Result, list[Json]]) -> Result:
    return full_and_requests[0]


@pytest.fixture(scope="module")
def requests(full_and_requests: tuple[Result, list[Json]]) -> list[Json]:
    return full_and_requests[1]


# The catalog


def test_the_catalog_names_keys_method_and_parent_of_every_stream() -> None:
    assert set(NAMES) == WITH_SCHEMA
    entries = {entry["tap_stream_id"]: entry for entry in catalog_of_all()["streams"]}
    assert sorted(entries) == sorted(NAMES)
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


def test_every_record_fits_its_schema_and_no_key_is_null(full: Result) -> None:
    for name in NAMES:
        message, date = full.schemas[name], REPLICATION_KEYS.get(name)
        assert message["key_properties"] == list(KEYS[name]), name
        assert message.get("bookmark_properties", []) == ([date] if date else []), name
        for record in full.records(name):
            assert fits(floats(record), message["schema"]), (name, record)
            assert None not in key_of(name, record), (name, record)


def floats(value: Any) -> Any:
    """The value with numbers as a plain reader of JSON has them."""
    if isinstance(value, dict):
        return {name: floats(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [floats(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, str)) else float(value)


def test_no_smaller_key_would_do(held: Truth) -> None:
    smaller = [
        *(
            (name, tuple(field for field in key if field != left_out))
            for name, key in KEYS.items()
            for left_out in key
            # The rows of the sandbox never do what might happen below two parents.
            if len(key) > 1 and not STREAMS[name].kind.key_within_parent
        ),
        ("channel_listings", ("channel_id",)),
        ("order_refunds", ("order_id",)),
        ("order_transactions", ("order_id",)),
        ("promotion_codes", ("promotion_id",)),
    ]
    for name, fields in smaller:
        assert several(held[name].values(), *fields), (name, fields)


def several(rows: Iterable[Json], *fields: str) -> bool:
    """Whether some rows agree in all these fields."""
    counts = collections.Counter(tuple(row[field] for field in fields) for row in rows)
    return max(counts.values()) > 1


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


def test_requests_are_few(requests: list[Json], held: Truth) -> None:
    needed = 0
    for name in NAMES:
        if name in WITH_CHILD_LIST:
            needed += len(held[PARENTS[name].stream])
        elif name not in PARENTS:
            # Neither numbers of pages nor ids show where a list ends: that takes one more.
            more = STREAMS[name].ends_after_its_rows and not shown_by_total(name, held)
            needed += 1 + len(held[name]) // 250 + more
    needed += len(held["products"]) // 10  # options and modifiers
    needed += len({row["order_id"] for row in held["order_coupons"].values()})
    # An order's taxes without a total that take two pages are read twice, and compared.
    taxes = collections.Counter(row["order_id"] for row in held["order_taxes"].values())
    needed += sum(3 for count in taxes.values() if count > 250)
    assert len(requests) <= 1.05 * needed, collections.Counter(e["list"] for e in requests)


def shown_by_total(name: str, held: Truth) -> bool:
    """Whether a list has as many rows as its total says when a page comes that cannot be full."""
    return STREAMS[name].by_number and STREAMS[name].has_total and len(held[name]) < 50


def test_no_request_finds_the_end_that_the_total_shows(requests: list[Json], held: Truth) -> None:
    made = collections.Counter(request["list"] for request in requests)
    short = [name for name in NAMES if shown_by_total(name, held)]
    # Channels are read twice: their listings have dates of their own.
    assert {name: made[list_of(name)] for name in short} == {
        name: 1 + (name == "channels") for name in short
    }
    assert len(short) >= 8


def test_what_cuts_pages_to_ten_is_read_apart(requests: list[Json]) -> None:
    of_products = [entry for entry in requests if entry["list"] == "products"]
    included = [set(entry["query"].get("include", "").split(",")) for entry in of_products]
    cutting = {"options", "modifiers"}
    small = [e for e, names in zip(of_products, included, strict=True) if names & cutting]
    assert all(names <= cutting for names in included if names & cutting)
    rows = sum(entry["rows"] for entry in small)
    assert OPTIONS.products <= rows <= OPTIONS.products + 20
    assert all(entry["rows"] <= 10 for entry in small)
    assert len(small) <= 1.1 * OPTIONS.products / 10 + 3
    assert max(entry["rows"] for entry in of_products if entry not in small) > 100


@pytest.mark.parametrize(("parent", "free"), [("orders", IN_ORDERS), ("products", IN_PRODUCTS)])
def test_what_the_parents_list_carries_costs_no_request(
    stock: Sandbox, held: Truth, parent: str, free: tuple[str, ...]
) -> None:
    counts = []
    for names in ((parent,), (parent, *free)):
        stock.clear_requests()
        result = sync(stock, *names)
        counts.append(len(stock.requests()))
        for name in names:
            assert keys_in(result, name) == sorted(held[name]), name
    assert counts[1] == counts[0]


# Children without their parents


def test_children_can_be_selected_without_their_parents(stock: Sandbox, full: Result) -> None:
    result = sync(stock, *PARENTS)
    assert set(result.schemas) == set(PARENTS)
    for name in PARENTS:
        assert sorted(result.records(name), key=repr) == sorted(full.records(name), key=repr), name


ALONE = (
    "order_consignments",
    "order_fees",
    "order_transactions",
    "product_images",
    "product_options",
    "product_reviews",
    "promotion_codes",
    "price_list_records",
)


@pytest.mark.parametrize("name", some_of(ALONE, 3, pytest.mark.every_stream))
def test_one_child_alone_is_whole(stock: Sandbox, held: Truth, name: str) -> None:
    stock.clear_requests()
    result = sync(stock, name)
    assert set(result.schemas) == {name}
    assert keys_in(result, name) == sorted(held[name])
    for query in (entry["query"] for entry in stock.requests()):
        if PARENTS[name].stream == "products":
            assert "include_fields" in query
            if query["limit"] != "1":  # That one only shows where the list ends.
                assert query.get("include") == name.removeprefix("product_")


# Further syncs


def test_a_second_sync_brings_full_tables_and_what_is_as_new_as_the_bookmark(
    stock: Sandbox, full: Result
) -> None:
    again = sync(stock, state=full.state)
    for name in FULL:
        assert keys_in(again, name) == keys_in(full, name), name
    for name, date in REPLICATION_KEYS.items():
        bookmark = instant(full.state["bookmarks"][name][date])
        records = again.records(name)
        assert len(records) <= len(full.records(name)) - (name in FOUR), name
        assert all(instant(record[date]) >= bookmark - LOOKBACK for record in records), name
        # What was just added is no older than the first sync, whose start is its bookmark.
        later = instant(again.state["bookmarks"][name][date])
        assert bookmark <= later <= bookmark + LOOKBACK, name
        assert records or name not in (*BY_OWN_DATE, "order_refunds"), f"{name}: not the newest row"


@dataclass
class Changed:
    """A sync after a change in every incremental stream."""

    result: Result
    rows: dict[str, list[Key]]
    """The keys of the rows that were changed or added."""
    parents: dict[str, set[int]]
    """The ids of the parents that were changed."""
    truth: Truth


@pytest.fixture(scope="module")
def changed(full: Result) -> Iterator[Changed]:
    with prepared() as store:
        rows: dict[str, list[Key]] = {}
        before = everything_in(store)
        for name in BY_OWN_DATE:
            if name not in ("orders", "products"):
                key = sorted(before[name])[len(before[name]) // 2]
                own = list(key[1:] if STREAMS[name].kind.key_within_parent else key)
                # Prices have no text that could be changed.
                fields = {"price": 4.25} if name == "price_list_records" else None
                store.change(name, ids=[own[0] if len(own) == 1 else own], fields=fields)
                rows[name] = [key]
        # The parents whose children there are most of, so that each stream has some.
        parents: dict[str, set[int]] = {"orders": set(), "products": set()}
        for name in BY_PARENTS_DATE:
            parent = PARENTS[name]
            counts = collections.Counter(row[parent.id] for row in before[name].values())
            parents[parent.stream].add(counts.most_common(1)[0][0])
        for name, ids in parents.items():
            store.change(name, ids=sorted(ids))
            rows[name] = [(id_,) for id_ in ids]
        order = sorted(before["orders"])[7][0]
        rows["order_refunds"] = [(id_,) for id_ in store.add("order_refunds", parent=order)]
        for name in ("customers", "orders", "products"):
            rows[name] += [(id_,) for id_ in store.add(name, count=2)]
        yield Changed(sync(store, state=full.state), rows, parents, everything_in(store))


def test_what_changed_comes_with_the_next_sync_and_its_bookmark(
    changed: Changed, full: Result
) -> None:
    result = changed.result
    for name in FULL:
        assert keys_in(result, name) == sorted(changed.truth[name]), name
    for name in REPLICATION_KEYS:
        (old,) = full.state["bookmarks"][name].values()
        (new,) = result.state["bookmarks"][name].values()
        assert instant(new) > instant(old), name
        assert len(result.records(name)) < len(changed.truth[name]), name
    for name in (*BY_OWN_DATE, "order_refunds"):
        found = {key_of(name, record): record for record in result.records(name)}
        schema = result.schemas[name]["schema"]
        for key in changed.rows[name]:
            assert not list(differences(found[key], changed.truth[name][key], schema)), name
    for name in DATED:
        since = instant(full.bookmark(name)) - LOOKBACK
        rows = changed.truth[name].items()
        wanted = [key for key, row in rows if instant(row["date_modified"]) >= since]
        assert keys_in(result, name) == sorted(wanted), name


def test_a_changed_parent_brings_its_children_with_it(changed: Changed) -> None:
    for name in BY_PARENTS_DATE:
        parent, records = PARENTS[name], changed.result.records(name)
        ids = changed.parents[parent.stream]
        wanted = {key for key, row in changed.truth[name].items() if row[parent.id] in ids}
        assert wanted, name
        assert wanted <= {key_of(name, record) for record in records}, name
        dates = {r["id"]: r["date_modified"] for r in changed.result.records(parent.stream)}
        for record in records:
            assert record[parent.date or ""] == dates[record[parent.id]], name


def test_start_date_is_for_what_has_a_date(stock: Sandbox, held: Truth) -> None:
    start = "2025-06-01T00:00:00Z"
    result = sync(stock, start_date=start)
    for name in NAMES:
        date = REPLICATION_KEYS.get(name)
        # Products are read whole the first time, and with them what they carry.
        whole = date is None or name in ("products", *IN_PRODUCTS, *IN_SMALL_PAGES)
        rows = held[name].items()
        wanted = [key for key, row in rows if whole or instant(row[date or ""]) >= instant(start)]
        assert keys_in(result, name) == sorted(wanted), name
        if not whole and name in BY_OWN_DATE and len(held[name]) > 12:
            assert len(wanted) < len(held[name]), name


# Small pages, and stops


@pytest.fixture(scope="module")
def small_pages(stock: Sandbox) -> Result:
    stock.set(page_cap=5)
    result = sync(stock, page_size=7)
    stock.set(page_cap=0)
    return result


def test_every_list_is_read_to_its_last_page_and_columns_keep_their_order(
    small_pages: Result, held: Truth
) -> None:
    for name in NAMES:
        assert keys_in(small_pages, name) == sorted(held[name]), name
        # With so many pages, rows are read in every way.
        on_request = load_notes(name).on_request
        columns = [*small_pages.schemas[name]["schema"]["properties"]]
        for record in small_pages.records(name):
            shown = [field for field in record if field not in on_request]
            assert shown == [field for field in columns if field not in on_request], name


def test_a_page_behind_the_end_may_be_not_found(stock: Sandbox, held: Truth) -> None:
    lists = [n for n in NAMES if STREAMS[n].ends_after_its_rows and n not in BELOW_ORDERS]
    names = [*lists, "order_transactions"]
    stock.set(page_cap=5, past_end="404")
    result = sync(stock, *names, page_size=7)
    stock.set(page_cap=0, past_end="empty")
    for name in names:
        assert len(result.records(name)) == len(held[name]), name


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


# Permissions and failures


def test_a_childs_missing_permission_is_named_and_stops_no_other_stream(
    own: Sandbox, held: Truth, full: Result
) -> None:
    lost = "order_transactions"
    own.set(withheld_scopes=("transactions",))
    result = sync(own, status=1)
    (line,) = result.logged("CRITICAL")
    assert lost in line
    assert "'Order transactions: read-only'" in line
    for name in NAMES:
        assert keys_in(result, name) == ([] if name == lost else sorted(held[name])), name
    assert result.state["bookmarks"].keys() == full.state["bookmarks"].keys() - {lost}
    own.set(withheld_scopes=())
    later = sync(own, "orders", *BELOW_ORDERS, state=result.state)
    assert keys_in(later, lost) == sorted(held[lost])
    assert len(later.records("order_taxes")) < len(held["order_taxes"])


def test_a_child_that_fails_on_the_way_goes_on_there(own: Sandbox, held: Truth) -> None:
    name, names = "order_transactions", ("orders", *BELOW_ORDERS)
    own.fault(name, request=30, kind="500", times=0)
    first = sync(own, *names, status=1, page_size=10, max_attempts=1, max_retry_seconds=0)
    own.clear_faults()
    second = sync(own, *names, state=first.state)
    for other in {*names} - {name}:
        assert keys_in(first, other) == sorted(held[other]), other
    assert {*keys_in(first, name), *keys_in(second, name)} == set(held[name])
    assert first.state["bookmarks"][name]["retry"]


# Changes while a list is read


def test_a_parent_that_goes_while_it_is_read_takes_only_its_rows_along(held: Truth) -> None:
    """Between its list and its child lists. An order is archived, and keeps its rows."""
    below = {name: PARENTS[name] for name in WITH_CHILD_LIST if name not in BELOW_ORDERS}
    gone = {}
    with prepared() as store:
        for parent in ("orders", *(parent.stream for parent in below.values())):
            with_rows = next(c for c in PARENTS if PARENTS[c].stream == parent)
            counts = collections.Counter(
                row[PARENTS[with_rows].id] for row in truth(store, with_rows).values()
            )
            gone[parent] = counts.most_common(2)[1][0]
            deletion = {"op": "delete", "list": parent, "ids": [gone[parent]]}
            store.on(parent, request=1, moment="after_read", do=deletion)
        result = sync(store, *below, "orders", *IN_ORDERS, *BELOW_ORDERS)
        left = everything_in(store)
    for name, of in below.items():
        assert (gone[of.stream],) not in left[of.stream], name
        assert left[name], name
        records = {key_of(name, record): record for record in result.records(name)}
        assert left[name].keys() <= records.keys(), name
        assert {records[key][of.id] for key in records.keys() - left[name]} <= {gone[of.stream]}
    for name in BELOW_ORDERS:
        assert keys_in(result, name) == sorted(held[name]), name


def test_a_list_that_loses_its_first_row_while_it_is_read_loses_no_other() -> None:
    """Lists that are read by page numbers, which shift once their first page has been read."""
    by_page = [n for n in NAMES if STREAMS[n].by_number and not STREAMS[n].is_derived]
    with prepared(replace(OPTIONS, channels=9)) as store:
        for name in by_page:
            first = next(iter(truth(store, name)))
            key: Any = first[0] if len(first) == 1 else list(first)
            of = list_of(name)
            store.on(of, request=2, do={"op": "delete", "list": of, "ids": [key]})
        result = sync(store, *by_page, page_size=3)
        for name in by_page:
            stayed, found = truth(store, name), keys_in(result, name)
            assert len(stayed) > 1, name
            assert stayed.keys() <= set(found), name
            assert len(set(found)) == len(found), name
