"""All streams at once: what each brings, in a first sync, in later ones, and after a stop."""

from __future__ import annotations

import ast
import collections
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from all_streams import (
    BELOW_ORDERS,
    BY_OWN_DATE,
    BY_PARENTS_DATE,
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
    key_of,
    list_of,
    truth,
)
from expected import STREAMS, WITH_SCHEMA
from store_truth import differences, instant
from strict_schema import fits
from tap_runner import Json, Result, discover, run, select, settings
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox

STREAMS_FOLDER = Path(__file__).resolve().parents[2] / "tap_bigcommerce" / "streams"
LOOKBACK = timedelta(seconds=60)

# Values as texts and every field embedded: they can be compared digit for digit.
OPTIONS = Options(
    orders=120,
    customers=120,
    products=120,
    coupons=14,
    consignment_costs="string",
    fulfillment_source_embedded=True,
)

EVERY = pytest.mark.every_stream
every_stream = pytest.mark.parametrize("name", some_of([*NAMES], 16, EVERY))
every_incremental = pytest.mark.parametrize("name", some_of([*REPLICATION_KEYS], 12, EVERY))
every_full_table = pytest.mark.parametrize("name", some_of([*FULL], 12, EVERY))

Truth = Mapping[str, Mapping[Key, Json]]


def everything_in(store: Sandbox) -> dict[str, dict[Key, Json]]:
    return {name: truth(store, name) for name in NAMES}


def keys_in(result: Result, name: str) -> list[Key]:
    return [key_of(name, record) for record in result.records(name)]


@functools.cache
def catalog_of_all() -> Json:
    return discover()


def sync(store: Sandbox, *names: str, state: Any = None, **more: Any) -> Result:
    """A run over these streams, or over all."""
    return run(
        settings(store, **more), select(catalog_of_all(), *(names or NAMES)), state, timeout=150
    )


def add_odd_rows(store: Sandbox) -> None:
    """What not every small store has: several refunds of one order."""
    of = store.records("order_refunds")[0]["order_id"]
    store.add("order_refunds", count=2, parent=of)


def several(rows: Iterable[Json], *fields: str) -> bool:
    """Whether some rows agree in all these fields."""
    counts = collections.Counter(tuple(row[field] for field in fields) for row in rows)
    return max(counts.values()) > 1


@pytest.fixture(scope="module")
def stock() -> Iterator[Sandbox]:
    """A store that these tests read and none changes."""
    with Sandbox(OPTIONS) as running:
        add_odd_rows(running)
        yield running


@pytest.fixture(scope="module")
def held(stock: Sandbox) -> Truth:
    return everything_in(stock)


@pytest.fixture(scope="module")
def full_and_requests(stock: Sandbox) -> tuple[Result, list[Json]]:
    stock.clear_requests()
    return sync(stock), stock.requests()


@pytest.fixture(scope="module")
def full(full_and_requests: tuple[Result, list[Json]]) -> Result:
    result, _ = full_and_requests
    assert result.status == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def requests(full_and_requests: tuple[Result, list[Json]]) -> list[Json]:
    return full_and_requests[1]


# Declarations


def declarations() -> dict[str, int]:
    """The lines of each declaration, by stream."""
    found = {}
    for file in sorted(STREAMS_FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            is_declaration = node.func.id in ("Stream", "metafields", "store_settings")
            if is_declaration and isinstance(node.args[0], ast.Constant):
                found[str(node.args[0].value)] = (node.end_lineno or 0) - node.lineno + 1
    return found


def test_every_schema_is_of_a_list_of_the_store_and_of_a_stream() -> None:
    assert set(NAMES) == WITH_SCHEMA
    assert set(declarations()) == set(NAMES)


# The catalog


@every_stream
def test_the_catalog_names_keys_method_and_parent(name: str) -> None:
    (entry,) = (e for e in catalog_of_all()["streams"] if e["tap_stream_id"] == name)
    (table,) = (item["metadata"] for item in entry["metadata"] if not item["breadcrumb"])
    assert entry["key_properties"] == table["table-key-properties"] == list(KEYS[name])
    date = REPLICATION_KEYS.get(name)
    assert table["forced-replication-method"] == ("INCREMENTAL" if date else "FULL_TABLE")
    assert table.get("valid-replication-keys") == ([date] if date else None)
    parent = PARENTS.get(name)
    assert table.get("parent-tap-stream-id") == (parent.stream if parent else None)


# A first sync


def test_a_sync_of_all_streams_says_nothing_but_what_it_does(full: Result) -> None:
    assert not full.logged("WARNING", "ERROR", "CRITICAL")
    assert set(full.schemas) == set(NAMES)


@every_stream
def test_every_row_of_the_store_arrives_once(full: Result, held: Truth, name: str) -> None:
    found = keys_in(full, name)
    assert found
    assert sorted(found) == sorted(held[name])


def test_as_many_rows_arrive_as_the_store_counts(full: Result, stock: Sandbox) -> None:
    counted = {name: len(stock.records(list_of(name))) for name in NAMES}
    assert {name: len(full.records(name)) for name in NAMES} == counted


@every_stream
def test_rows_are_unique_by_their_keys_and_no_key_is_null(full: Result, name: str) -> None:
    assert full.schemas[name]["key_properties"] == list(KEYS[name])
    found = keys_in(full, name)
    assert len(set(found)) == len(found)
    assert not any(part is None for key in found for part in key)


SMALLER_KEYS = [
    *(
        (name, tuple(field for field in key if field != left_out))
        for name, key in KEYS.items()
        for left_out in key
        # The rows of the sandbox never do what might happen below two parents.
        if len(key) > 1 and not STREAMS[name].key_within_parent
    ),
    ("channel_listings", ("channel_id",)),
    ("order_refunds", ("order_id",)),
    ("order_transactions", ("order_id",)),
    ("promotion_codes", ("promotion_id",)),
]


@pytest.mark.parametrize(("name", "fields"), SMALLER_KEYS)
def test_no_smaller_key_would_do(held: Truth, name: str, fields: tuple[str, ...]) -> None:
    assert several(held[name].values(), *fields)


@every_stream
def test_every_record_fits_its_schema(full: Result, name: str) -> None:
    message = full.schemas[name]
    date = REPLICATION_KEYS.get(name)
    assert message.get("bookmark_properties", []) == ([date] if date else [])
    for record in full.records(name):
        assert fits(floats(record), message["schema"]), record


@every_stream
def test_nothing_is_rescued_from_documented_rows(full: Result, name: str) -> None:
    assert all(record.get("_rescued_data") is None for record in full.records(name))


@every_stream
def test_every_value_of_every_stream_is_the_stores(full: Result, held: Truth, name: str) -> None:
    schema = full.schemas[name]["schema"]
    found = itertools.chain.from_iterable(
        differences(
            {field: value for field, value in record.items() if field != "_rescued_data"},
            held[name][key_of(name, record)],
            schema,
            path=str(key_of(name, record)),
        )
        for record in full.records(name)
    )
    assert list(itertools.islice(found, 5)) == []


def floats(value: Any) -> Any:
    """The value with numbers as a plain reader of JSON has them."""
    if isinstance(value, dict):
        return {name: floats(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [floats(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, str)) else float(value)


@every_stream
def test_bookmarks_are_the_newest_dates_and_full_tables_have_none(
    full: Result, held: Truth, name: str
) -> None:
    date = REPLICATION_KEYS.get(name)
    if date is None:
        assert name not in full.state["bookmarks"]
        return
    of = PARENTS[name].stream if name in BY_PARENTS_DATE else name
    own = "date_modified" if name in BY_PARENTS_DATE else date
    newest = max(instant(row[own]) for row in held[of].values())
    (bookmark,) = full.state["bookmarks"][name].values()
    began = min(
        instant(m["time_extracted"])
        for m in full.messages
        if m.get("stream") == name and m["type"] == "RECORD"
    )
    # What is newer than the start of the sync is read again. By the store's clock, it starts a bit
    # earlier: that clock has full seconds, and is read from a response, which may take long.
    assert min(newest, began - timedelta(seconds=10)) <= instant(bookmark) <= newest


def test_no_bookmark_is_one_for_each_parent(full: Result) -> None:
    for name, bookmark in full.state["bookmarks"].items():
        assert list(bookmark) == [REPLICATION_KEYS[name]]


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
    small = [
        entry
        for entry in of_products
        if set(entry["query"].get("include", "").split(",")) & {"options", "modifiers"}
    ]
    rows = sum(entry["rows"] for entry in small)
    assert OPTIONS.products <= rows <= OPTIONS.products + 20
    assert all(entry["rows"] <= 10 for entry in small)
    assert len(small) <= 1.1 * OPTIONS.products / 10 + 3
    others = [entry for entry in of_products if entry not in small]
    assert max(entry["rows"] for entry in others) > 100
    for entry in small:
        assert set(entry["query"]["include"].split(",")) <= {"options", "modifiers"}


@pytest.mark.parametrize(("parent", "free"), [("orders", IN_ORDERS), ("products", IN_PRODUCTS)])
def test_what_the_parents_list_carries_costs_no_request(
    stock: Sandbox, held: Truth, parent: str, free: tuple[str, ...]
) -> None:
    counts = []
    for names in ((parent,), (parent, *free)):
        stock.clear_requests()
        result = sync(stock, *names)
        assert result.status == 0, result.stderr
        counts.append(len(stock.requests()))
        for name in names:
            assert sorted(keys_in(result, name)) == sorted(held[name])
    assert counts[1] == counts[0]


# Children without their parents


@pytest.fixture(scope="module")
def orphans(stock: Sandbox) -> tuple[Result, list[Json]]:
    """A sync of all streams that belong to others, without these others."""
    stock.clear_requests()
    return sync(stock, *PARENTS), stock.requests()


@pytest.mark.parametrize("name", PARENTS)
def test_a_child_can_be_selected_without_its_parent(
    orphans: tuple[Result, list[Json]], full: Result, name: str
) -> None:
    result, _ = orphans
    assert result.status == 0, result.stderr
    assert set(result.schemas) == set(PARENTS)
    assert sorted(result.records(name), key=repr) == sorted(full.records(name), key=repr)


@pytest.mark.parametrize(
    "name",
    ["order_products", "order_consignments", "order_fees", "order_transactions", "product_images",
     "product_options", "product_reviews", "promotion_codes", "price_list_records"],
)  # fmt: skip
def test_one_child_alone_is_whole(stock: Sandbox, held: Truth, name: str) -> None:
    stock.clear_requests()
    result = sync(stock, name)
    assert result.status == 0, result.stderr
    assert set(result.schemas) == {name}
    assert sorted(keys_in(result, name)) == sorted(held[name])
    if PARENTS[name].stream == "products":
        for entry in stock.requests():
            assert "include_fields" in entry["query"]
            if entry["query"]["limit"] != "1":  # That one only shows where the list ends.
                assert entry["query"].get("include") == name.removeprefix("product_")


# Further syncs


@pytest.fixture(scope="module")
def again(stock: Sandbox, full: Result) -> Result:
    """A second sync of a store where nothing has changed."""
    result = sync(stock, state=full.state)
    assert result.status == 0, result.stderr
    return result


@every_full_table
def test_a_full_table_comes_whole_again(again: Result, full: Result, name: str) -> None:
    assert sorted(keys_in(again, name)) == sorted(keys_in(full, name))


@every_incremental
def test_a_second_sync_brings_what_is_as_new_as_the_bookmark(
    again: Result, full: Result, name: str
) -> None:
    date = REPLICATION_KEYS[name]
    bookmark = instant(full.state["bookmarks"][name][date])
    assert len(again.records(name)) <= len(full.records(name))
    assert all(instant(r[date]) >= bookmark - LOOKBACK for r in again.records(name))
    # What was just added is no older than the first sync, whose start is its bookmark.
    later = instant(again.state["bookmarks"][name][date])
    assert bookmark <= later <= bookmark + LOOKBACK
    if full.records(name) and name in (*BY_OWN_DATE, "order_refunds"):
        assert again.records(name), "the newest row comes again"


class Changed:
    """A second sync after a change in every incremental stream."""

    def __init__(self, store: Sandbox, state: Json) -> None:
        self.rows: dict[str, list[Any]] = {}
        before = everything_in(store)
        for name in BY_OWN_DATE:
            if name in ("orders", "products"):
                continue
            key = sorted(before[name])[len(before[name]) // 2]
            own = list(key[1:] if STREAMS[name].key_within_parent else key)
            # Prices have no text that could be changed.
            fields = {"price": 4.25} if name == "price_list_records" else None
            store.change(name, ids=[own[0] if len(own) == 1 else own], fields=fields)
            self.rows[name] = [key]
        # The parents whose children there are most of, so that each stream has some.
        self.parents: dict[str, set[int]] = {"orders": set(), "products": set()}
        for name in BY_PARENTS_DATE:
            parent = PARENTS[name]
            counts = collections.Counter(row[parent.id] for row in before[name].values())
            self.parents[parent.stream].add(counts.most_common(1)[0][0])
        for parent_name, ids in self.parents.items():
            store.change(parent_name, ids=sorted(ids))
            self.rows[parent_name] = [(id_,) for id_ in ids]
        order = sorted(before["orders"])[7][0]
        self.rows["order_refunds"] = [(i,) for i in store.add("order_refunds", parent=order)]
        self.truth = everything_in(store)
        self.result = sync(store, state=state)


@pytest.fixture(scope="module")
def changed(full: Result) -> Iterator[Changed]:
    with Sandbox(OPTIONS) as store:
        add_odd_rows(store)
        yield Changed(store, full.state)


@pytest.mark.parametrize("name", [*BY_OWN_DATE, "order_refunds"])
def test_what_changed_comes_with_the_next_sync(changed: Changed, name: str) -> None:
    assert changed.result.status == 0, changed.result.stderr
    found = {key_of(name, record): record for record in changed.result.records(name)}
    assert len(found) < len(changed.truth[name])
    schema = changed.result.schemas[name]["schema"]
    for key in changed.rows[name]:
        row = dict(found[key])
        row.pop("_rescued_data", None)
        assert not list(differences(row, changed.truth[name][key], schema))


@pytest.mark.parametrize("name", BY_PARENTS_DATE)
def test_a_changed_parent_brings_its_children_with_it(changed: Changed, name: str) -> None:
    parent = PARENTS[name]
    ids = changed.parents[parent.stream]
    wanted = {key for key, row in changed.truth[name].items() if row[parent.id] in ids}
    assert wanted
    records = changed.result.records(name)
    assert wanted <= {key_of(name, record) for record in records}
    assert len(records) < len(changed.truth[name])
    dates = {r["id"]: r["date_modified"] for r in changed.result.records(parent.stream)}
    for record in records:
        assert record[parent.date or ""] == dates[record[parent.id]]


@every_full_table
def test_full_tables_are_as_the_store_is_then(changed: Changed, name: str) -> None:
    assert sorted(keys_in(changed.result, name)) == sorted(changed.truth[name])


@every_incremental
def test_bookmarks_go_on(changed: Changed, full: Result, name: str) -> None:
    (old,) = full.state["bookmarks"][name].values()
    (new,) = changed.result.state["bookmarks"][name].values()
    assert instant(new) > instant(old)


# start_date


@pytest.fixture(scope="module")
def since_date() -> datetime:
    return instant("2025-06-01T00:00:00Z")


@pytest.fixture(scope="module")
def since(stock: Sandbox, since_date: datetime) -> Result:
    result = sync(stock, start_date=since_date.isoformat())
    assert result.status == 0, result.stderr
    return result


@every_stream
def test_start_date_is_for_what_has_a_date(
    since: Result, held: Truth, since_date: datetime, name: str
) -> None:
    date = REPLICATION_KEYS.get(name)
    # Products are read whole the first time, and with them what they carry.
    whole = date is None or name in ("products", *IN_PRODUCTS, *IN_SMALL_PAGES)
    wanted = [
        key for key, row in held[name].items() if whole or instant(row[date or ""]) >= since_date
    ]
    assert sorted(keys_in(since, name)) == sorted(wanted)
    if not whole and name in BY_OWN_DATE and len(held[name]) > 12:
        assert len(wanted) < len(held[name])


# Small pages, and stops


@pytest.fixture(scope="module")
def small_pages(stock: Sandbox) -> Iterator[Result]:
    stock.set(page_cap=5)
    yield sync(stock, page_size=7)
    stock.set(page_cap=0)


@every_stream
def test_every_list_is_read_to_its_last_page(small_pages: Result, held: Truth, name: str) -> None:
    assert small_pages.status == 0, small_pages.stderr
    assert sorted(keys_in(small_pages, name)) == sorted(held[name])


def test_a_page_behind_the_end_may_be_not_found(stock: Sandbox, held: Truth) -> None:
    stock.set(page_cap=5, past_end="404")
    result = sync(stock, page_size=7)
    stock.set(page_cap=0, past_end="empty")
    assert result.status == 0, result.stderr
    assert {name: len(keys_in(result, name)) for name in held} == {
        name: len(rows) for name, rows in held.items()
    }


def stops(result: Result) -> list[int]:
    """The places of the STATEs."""
    return [at for at, message in enumerate(result.messages) if message["type"] == "STATE"]


@pytest.mark.parametrize("share", some_of([0.02, 0.2, 0.35, 0.5, 0.7, 0.85], 2, pytest.mark.kills))
def test_a_sync_goes_on_from_any_of_its_states(
    stock: Sandbox, small_pages: Result, held: Truth, share: float
) -> None:
    places = stops(small_pages)
    at = places[int(len(places) * share)]
    before: dict[str, set[Key]] = {name: set() for name in NAMES}
    for message in small_pages.messages[:at]:
        if message["type"] == "RECORD":
            before[message["stream"]].add(key_of(message["stream"], message["record"]))
    resumed = sync(stock, state=small_pages.messages[at]["value"])
    assert resumed.status == 0, resumed.stderr
    lost = {
        name: len(rest)
        for name in NAMES
        if (rest := held[name].keys() - before[name] - set(keys_in(resumed, name)))
    }
    assert not lost
    assert resumed.state["bookmarks"] == small_pages.state["bookmarks"]
    assert "currently_syncing" not in resumed.state


# Permissions and failures


@pytest.fixture(scope="module")
def without_transactions() -> Iterator[tuple[Sandbox, Result]]:
    with Sandbox(OPTIONS) as store:
        add_odd_rows(store)
        store.set(withheld_scopes=("transactions",))
        result = sync(store)
        store.set(withheld_scopes=())
        yield store, result


def test_a_childs_missing_permission_is_named(
    without_transactions: tuple[Sandbox, Result],
) -> None:
    _, result = without_transactions
    assert result.status == 1
    (line,) = result.logged("CRITICAL")
    assert "order_transactions" in line
    assert "'Order transactions: read-only'" in line
    assert "Traceback" not in result.stderr


@every_stream
def test_a_childs_missing_permission_stops_no_other_stream(
    without_transactions: tuple[Sandbox, Result], held: Truth, full: Result, name: str
) -> None:
    _, result = without_transactions
    if name == "order_transactions":
        assert not result.records(name)
        assert name not in result.state["bookmarks"]
    else:
        assert sorted(keys_in(result, name)) == sorted(held[name])
        assert result.state["bookmarks"].get(name, {}).keys() == (
            full.state["bookmarks"].get(name, {}).keys()
        )


def test_with_the_permission_the_child_comes_whole(
    without_transactions: tuple[Sandbox, Result], held: Truth
) -> None:
    store, result = without_transactions
    later = sync(store, "orders", *BELOW_ORDERS, state=result.state)
    assert later.status == 0, later.stderr
    name = "order_transactions"
    assert sorted(keys_in(later, name)) == sorted(held[name])
    assert len(later.records("order_taxes")) < len(held["order_taxes"])


def test_a_child_that_fails_on_the_way_goes_on_there(held: Truth) -> None:
    name = "order_transactions"
    with Sandbox(OPTIONS) as store:
        add_odd_rows(store)
        store.fault(name, request=60, kind="500", times=0)
        first = sync(
            store, "orders", *BELOW_ORDERS, page_size=10, max_attempts=1, max_retry_seconds=0
        )
        store.clear_faults()
        second = sync(store, "orders", *BELOW_ORDERS, state=first.state)
    assert first.status == 1
    assert second.status == 0, second.stderr
    for other in ("orders", *BELOW_ORDERS):
        if other != name:
            assert sorted(keys_in(first, other)) == sorted(held[other])
    assert {*keys_in(first, name), *keys_in(second, name)} == set(held[name])
    assert first.state["bookmarks"][name]["retry"]


# Changes while a list is read


# Whose parents go with their rows. An order is archived, and keeps its rows.
GONE = {
    name: (PARENTS[name].stream, PARENTS[name].id)
    for name in WITH_CHILD_LIST
    if name not in BELOW_ORDERS
}


@pytest.fixture(scope="module")
def vanishing() -> Iterator[tuple[Sandbox, Result, dict[str, int]]]:
    """A sync while which a row of each parent goes, between its list and its child lists."""
    names = [*GONE, "orders", *IN_ORDERS, *BELOW_ORDERS]
    with Sandbox(OPTIONS) as store:
        gone = {}
        for parent in ("orders", *(parent for parent, _ in GONE.values())):
            with_rows = next(c for c in PARENTS if PARENTS[c].stream == parent)
            counts = collections.Counter(
                row[PARENTS[with_rows].id] for row in truth(store, with_rows).values()
            )
            gone[parent] = counts.most_common(2)[1][0]
            store.on(
                parent,
                request=1,
                moment="after_read",
                do={"op": "delete", "list": parent, "ids": [gone[parent]]},
            )
        result = sync(store, *names)
        yield store, result, gone


@pytest.mark.parametrize("name", GONE)
def test_a_parent_that_goes_while_it_is_read_takes_only_its_rows_along(
    vanishing: tuple[Sandbox, Result, dict[str, int]], name: str
) -> None:
    store, result, gone = vanishing
    assert result.status == 0, result.stderr
    parent, field = GONE[name]
    assert gone[parent] not in {row["id"] for row in store.records(parent)}
    left = truth(store, name)
    assert left
    found = set(keys_in(result, name))
    assert set(left) <= found
    assert all(
        r[field] == gone[parent] for r in result.records(name) if key_of(name, r) not in left
    )


@pytest.mark.parametrize("name", BELOW_ORDERS)
def test_an_order_that_is_archived_while_it_is_read_loses_nothing(
    vanishing: tuple[Sandbox, Result, dict[str, int]], held: Truth, name: str
) -> None:
    _, result, _ = vanishing
    assert sorted(keys_in(result, name)) == sorted(held[name])


# Lists that are read by page numbers, and whose first rows can go without a trace.
BY_PAGE = tuple(name for name in NAMES if STREAMS[name].by_number and not STREAMS[name].is_derived)


@pytest.fixture(scope="module")
def shrinking() -> Iterator[tuple[Sandbox, Result]]:
    """A sync while which each list loses its first row, once its first page has been read."""
    with Sandbox(replace(OPTIONS, channels=9)) as store:
        add_odd_rows(store)
        for name in BY_PAGE:
            first = next(iter(truth(store, name)))
            own: Any = first[0] if len(first) == 1 else list(first)
            child_list = list_of(name)
            store.on(child_list, request=2, do={"op": "delete", "list": child_list, "ids": [own]})
        yield store, sync(store, *BY_PAGE, page_size=3)


@pytest.mark.parametrize("name", BY_PAGE)
def test_a_list_that_loses_a_row_while_it_is_read_loses_no_other(
    shrinking: tuple[Sandbox, Result], name: str
) -> None:
    store, result = shrinking
    assert result.status == 0, result.stderr
    stayed = truth(store, name)
    assert len(stayed) > 1
    found = keys_in(result, name)
    assert not stayed.keys() - set(found)
    assert len(set(found)) == len(found)
