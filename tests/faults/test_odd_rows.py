"""No data ends a run: arbitrary JSON at every place of every stream's rows, and instead of lists.

`ODD_EXAMPLES=200 pytest tests/faults/test_odd_rows.py` tries more, other ones each time.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from all_streams import KEYS, NAMES, PARENTS, key_of
from fault_runs import QUICK
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from made_store import Place, put
from tap_runner import Json, Result, discover, run, select, settings, succeed

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.messages import Request, Response

RowOf = tuple[str, str]
"""A row of the store: the list that it comes from ("v2/orders/*/coupons"), and its identity."""

Changes = dict[RowOf, dict[Place, str]]
"""What stands in rows instead of what the store holds, as JSON text."""

# An example is a run or two of a second's work: none is spent on a smaller one.
TRIES = hypothesis_settings(
    derandomize="ODD_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
EXAMPLES = int(os.environ.get("ODD_EXAMPLES", max(3, hypothesis_settings().max_examples // 25)))

# A few rows of each list, for every one is read anew in each run.
FEW_OF = ("redirects", "promotions", "codes_per_promotion", "customer_groups", "small_lists")
SIZES: Json = {"orders": 24, "customers": 10, "products": 8, "coupons": 4, "brands": 4}
SIZES |= {"categories": 4, "price_lists": 2, "customer_attributes": 3, "variants_per_product": 2}
SHARES: Json = {"huge_order_share": 0.0, "couponed_share": 0.6, "metafield_share": 1.0}
SIZES |= dict.fromkeys(FEW_OF, 3)
OPTIONS = Options(seed=7, **SIZES, **SHARES)

# Streams before and behind the others, which nothing that is odd elsewhere may touch.
OTHERS = ("coupons", "shipping_zones")

FAMILIES: dict[str, list[str]] = {}
"""The streams that are written from one list, by the one whose list it is."""
for each in NAMES:
    FAMILIES.setdefault(PARENTS[each].stream if each in PARENTS else each, []).append(each)
FEW = ("coupons", "customers", "orders", "price_lists", "products")
each_family = pytest.mark.parametrize(
    "name",
    [
        name if name in FEW else pytest.param(name, marks=pytest.mark.every_stream)
        for name in FAMILIES
    ],
)

ODD = (
    *("null", "true", "false", "0", "-1", "-0", "7.5", "1E5", "1e300", "1e400"),
    *("18446744073709551616", "12345678901234567890123", "-12345678901234567890.10", "9" * 2000),
    *('""', '" "', '"x"', '"-"', '"../x"', r'"\ud800"', r'"\u0000"', r'"\u0000\ud800\n"'),
    *('"0000-00-00 00:00:00"', '"1970-01-01"', '"99999-01-01T00:00:00Z"', '"12345678901"'),
    *("[]", "{}", "[null]", "[[]]", "[{}]", "[7]", '["x"]', '[{"id":null}]', '[{"id":[1]}]'),
    *('{"a":1}', '{"id":[]}', '{"":{}}', r'{"\u0000":[]}', '{"link":"https://x.example/y"}'),
    *('{"url":"https://x.example/y","resource":"/y"}', '{"__warning__":7}', "[" * 60 + "]" * 60),
)
"""JSON that may stand where something else was expected."""

# No small whole number: two rows of one id cannot be told apart.
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=10**9)
    | st.floats(-9, -1)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("id", "url", "a", "x.y")), inner, max_size=3)
    ),
    max_leaves=6,
).map(json.dumps)

EMPTY = (b"[]", b'{"data":[]}', b'{"data":[],"meta":[]}', b'{"data":[],"meta":{"pagination":7}}')
WHOLES = (
    *EMPTY,
    *(b"null", b"7", b'"x"', b"{}", b"[7]", b"[null]", b"[[]]", b"[{}]", b'{"data":null}'),
    *(b'{"data":{}}', b'{"data":7}', b'{"data":[7]}', b'{"data":[{}]}', b'{"meta":{}}'),
)
"""What may come instead of a whole list or object."""


class OddStore(Sandbox):
    """`changes` are made to rows, and `wholes` are the bodies of whole lists; both may change.

    `rows` are those that have been answered with since they were last cleared, unchanged.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.changes: Changes = {}
        self.wholes: dict[str, bytes] = {}
        self.rows: dict[RowOf, Json] = {}
        odd = self

        class OddApp(App):
            def receive(self, request: Request) -> Response:
                response = super().receive(request)
                if response.status == 200:
                    response.body = odd._changed(request.path, response.body)
                return response

        self._server = HttpServer(OddApp(options))

    def _changed(self, path: str, body: bytes) -> bytes:
        list_ = re.sub(r"(?<=/)\d+(?=/|$)", "*", path.partition("/stores/")[2].partition("/")[2])
        if list_ in self.wholes:
            return self.wholes[list_]
        value = orjson.loads(body)
        rows = value["data"] if list_.startswith("v3") else value
        several = isinstance(rows, list)
        data = [self._row(list_, row) for row in rows] if several else self._row(list_, rows)
        return orjson.dumps({**value, "data": data} if list_.startswith("v3") else data)

    def _row(self, list_: str, row: Json) -> Any:
        row_of = list_, str(row["id"]) if "id" in row else orjson.dumps(row).decode()
        self.rows[row_of] = orjson.loads(orjson.dumps(row))
        for place, text in self.changes.get(row_of, {}).items():
            row = put(row, place, orjson.Fragment(text))
        return row


def places_in(value: Any, before: Place = ()) -> Iterator[Place]:
    """Every place in a JSON value, itself first."""
    yield before
    if isinstance(value, (dict, list)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_in(inner, (*before, step))


@dataclass
class Family:
    """Streams of one list as they are read from the store as it is.

    `root` is the list that is walked; `rows` are all that come, of whatever list.
    """

    names: list[str]
    catalog: Json
    whole: Result
    rows: dict[RowOf, Json]

    @property
    def root(self) -> str:
        return next(iter(self.rows))[0]


@pytest.fixture(scope="module")
def store() -> Iterator[OddStore]:
    running = OddStore(OPTIONS)
    with running:
        yield running


@pytest.fixture(scope="module")
def everything() -> Json:
    return discover()


def read(store: OddStore, catalog: Json) -> Result:
    config = settings(store, **{**QUICK, "max_attempts": 1}, max_concurrency=3)
    return run(config, catalog, args=["--quiet"])


def family(store: OddStore, everything: Json, name: str) -> Family:
    """The family of a stream, read once from the store as it is."""
    others = [one for one in OTHERS if one != name]
    store.changes, store.wholes = {}, {}
    seen: list[dict[RowOf, Json]] = []
    for names in (others, [*FAMILIES[name], *others]):
        store.rows.clear()
        catalog = select(everything, *names, every_field=True)
        whole = read(store, catalog)
        assert whole.status == 0, whole.stderr
        seen.append(dict(store.rows))
    rows = {row_of: row for row_of, row in seen[1].items() if row_of not in seen[0]}
    return Family(FAMILIES[name], catalog, whole, rows)


@st.composite
def changes(draw: st.DrawFn, rows: Mapping[RowOf, Json]) -> Changes:
    """Something odd at some places of some rows."""
    found: Changes = {}
    lists = sorted({list_ for list_, _ in rows})
    for _ in range(draw(st.sampled_from((1, 1, 4, 8)))):
        list_ = draw(st.sampled_from(lists))
        row_of = draw(st.sampled_from(sorted(one for one in rows if one[0] == list_)))
        places = [*places_in(rows[row_of]), ("new",), ("_sdc_deleted_at",)]
        place = draw(st.sampled_from(places))
        found.setdefault(row_of, {})[place] = draw(st.sampled_from(ODD) | ANY)
    return found


def failed(result: Result) -> set[str]:
    """The streams that failed, as the log names them."""
    names = re.findall(r"^ERROR Failed: ([\w, ]+) \(see above\);", result.stderr, re.MULTILINE)
    return {name for listed in names for name in listed.split(", ")}


def assert_nobody_else_is_touched(result: Result, whole: Result, family: Family) -> None:
    assert "Traceback" not in result.stderr, result.stderr
    assert result.status == (1 if failed(result) else 0), result.stderr
    assert failed(result) <= set(family.names), result.stderr
    for name in OTHERS:
        if name not in family.names:
            assert result.records(name) == whole.records(name)


def ids_in(value: Any, names: Sequence[str]) -> Iterator[str]:
    """Every id in a row, at any depth, and what else is of these streams' keys."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "id" or any(name in KEYS[stream] for stream in names):
                yield str(inner)
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from ids_in(inner, names)


def parts_of(name: str, record: Json) -> set[str]:
    """What tells which rows a record comes from: its key, and its parent's."""
    more = [record[PARENTS[name].id]] if name in PARENTS else []
    return {str(part) for part in (*key_of(name, record), *more)}


@each_family
def test_odd_rows_harm_no_other_row_and_no_other_stream(
    store: OddStore, everything: Json, name: str
) -> None:
    one = family(store, everything, name)

    @given(changes(one.rows))
    @hypothesis_settings(TRIES, max_examples=EXAMPLES)
    def tries(odd: Changes) -> None:
        store.changes = odd
        result = read(store, one.catalog)
        note(result.stderr)
        assert_nobody_else_is_touched(result, one.whole, one)
        touched = {id_ for row_of in odd for id_ in ids_in(one.rows[row_of], one.names)}
        for stream in set(one.names) - failed(result):
            if KEYS[stream] == ("store_hash",):
                continue  # Its only row is the odd one.
            there = {key_of(stream, record): record for record in result.records(stream)}
            for record in one.whole.records(stream):
                if not parts_of(stream, record) & touched:
                    assert there.get(key_of(stream, record)) == record

    tries()


@each_family
def test_odd_shapes_of_whole_lists_fail_their_own_streams_alone(
    store: OddStore, everything: Json, name: str
) -> None:
    one = family(store, everything, name)
    lists = sorted({list_ for list_, _ in one.rows})

    @given(st.sampled_from(lists), st.sampled_from(WHOLES))
    @hypothesis_settings(TRIES, max_examples=max(2, EXAMPLES // 2))
    def tries(list_: str, body: bytes) -> None:
        store.wholes = {list_: body}
        result = read(store, one.catalog)
        note(result.stderr)
        assert_nobody_else_is_touched(result, one.whole, one)
        # Settings of a store are an object, which may be empty: their key is not in it.
        is_empty = body in EMPTY or (KEYS[name] == ("store_hash",) and body == b'{"data":{}}')
        if list_ == one.root and not is_empty:
            assert name in failed(result)

    tries()


def test_what_the_api_calls_like_a_column_of_the_tap_is_rescued(small: Sandbox) -> None:
    config = settings(small, detect_deletes=True, store_hash_column=True)
    odd = {"_sdc_deleted_at": "2020-01-01T00:00:00Z", "store_hash": "x", "_rescued_data": "{}"}
    living = small.records("coupons")[1]["id"]
    small.change("coupons", ids=[living], fields=odd)
    record = succeed(config, args=["--select", "coupons"]).record("coupons", living)
    assert json.loads(record["_rescued_data"]) == odd
    assert record["_sdc_deleted_at"] is None
    assert record["store_hash"] == small.store_hash
