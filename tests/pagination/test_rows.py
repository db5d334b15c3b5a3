"""The keys of a page are read without parsing its rows; the rows come complete and in order."""

import json
import random
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from unittest import mock

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_store import InlineWorkers

from tap_bigcommerce.api.response import Key, Response, RowKeys
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pagination.ordered_rows import Batch, OrderedRows
from tap_bigcommerce.pagination.page import Page, Row
from tap_bigcommerce.shutdown import Shutdown

NOW = datetime(2026, 1, 5, tzinfo=timezone.utc)

IDS = [3, 17, 2**62]
META = {"pagination": {"total": 3}}

texts = st.text(max_size=5) | st.sampled_from(["é", "🔔", "\x7f", '"id":7', "\\"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=4
)
fields = st.sampled_from(["id", "name", "x", "é"])
rows = st.lists(
    st.dictionaries(fields, st.integers(-(2**70), 2**70) | scalars | values, max_size=4), max_size=6
)
metas: st.SearchStrategy[Any] = st.sampled_from([None, {}, [], META])
BAD_BYTES = [
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\n", b'"', b"\\", b"\\ud800", b"\\u0000"),
    *(b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b".", b"e9", b"1e999", b"NaN", b"tru"),
    b"\xef\xbb\xbf",
]


def key_of(row: dict[str, Any], *names: str) -> Any:
    return row.get(names[0]) if len(names) == 1 else tuple(row.get(name) for name in names)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A page's body, mostly damaged once or twice; and whether it is one of v3."""
    v3 = draw(st.booleans())
    page = draw(rows)
    text = json.dumps({"data": page, "meta": draw(metas)} if v3 else page, ensure_ascii=False)
    body = text.encode()
    for _ in range(draw(st.integers(0, 2))):
        begin = draw(st.integers(0, len(body)))
        end = min(len(body), begin + draw(st.integers(0, 2)))
        body = body[:begin] + draw(st.sampled_from(BAD_BYTES)) + body[end:]
    return body, v3


@given(bodies(), st.sampled_from([("id",), ("id", "name")]))
@settings(max_examples=20 * settings().max_examples, deadline=None)
def test_keys_are_those_of_the_rows(page: tuple[bytes, bool], names: tuple[str, ...]) -> None:
    body, v3 = page
    found = RowKeys(names).of_body(body, v3=v3)
    if found is None:
        return
    try:
        read = orjson.loads(body)
    except ValueError:
        # The only error that is possible is a number too large for a double.
        read = json.loads(body.decode())
        assert re.search(r"\binf\b", repr(read))
    rows = read["data"] if v3 else read
    # By their texts: 1, 1.0 and true are different keys.
    assert repr(found.keys) == repr([key_of(row, *names) for row in rows])
    whole = json.loads(body)
    assert repr([json.loads(bytes(row)) for row in found.rows]) == repr(
        whole["data"] if v3 else whole
    )
    assert repr(found.meta) == repr(read.get("meta") if v3 else None)


@pytest.mark.parametrize("v3", [False, True], ids=["v2", "v3"])
def test_valid_pages_are_never_parsed_as_a_whole(v3: bool) -> None:
    page = [{"id": id_, "name": f'é🔔 "{id_}', "price": 1e300, "more": [{"id": 0}]} for id_ in IDS]
    body = orjson.dumps({"data": page, "meta": META} if v3 else page)
    for names in (("id",), ("id", "name")):
        found = RowKeys(names).of_body(body, v3=v3)
        assert found is not None
        assert found.keys == [key_of(row, *names) for row in page]
        assert found.meta == (META if v3 else None)


@pytest.mark.parametrize("levels", [5_000, 300_000])
def test_a_page_that_no_parser_can_read_is_an_error_with_a_message(levels: int) -> None:
    """It may be raised when the page comes, or when its rows are parsed."""
    body = b'[{"id":1,"x":' + b"[" * levels + b"]" * levels + b"}]"
    response = Response("/v2/x", 0, [], None, NOW, NOW)

    def read() -> None:
        response.read(body, list, RowKeys(("id",)), repair=True)
        response.rows([0])

    with pytest.raises((UnexpectedResponse, AttemptFailed)):
        read()


# A few of the long texts make a batch.
TEXTS = ["", '},{"id":5,', "],[", "\\", "\0", "🔔" * 9, "x" * 5_000, "y" * 5_000]

ids = st.integers(1, 40)
nested = st.lists(st.fixed_dictionaries({"id": ids}), max_size=3)
rows_of_a_page = st.lists(
    st.fixed_dictionaries({"id": ids, "text": st.sampled_from(TEXTS), "nested": nested}),
    max_size=30,
    unique_by=lambda row: row["id"],
)


def page_of(rows: Sequence[Row], *, v3: bool) -> Page:
    """The page of a list's rows, as it waits to be written."""
    path, value = ("/v3/x", {"data": rows, "meta": {"total": 1}}) if v3 else ("/v2/x", rows)
    response = Response(path, 0, [], None, NOW, NOW)
    response.read(orjson.dumps(value), list, RowKeys(("id",)), repair=False)
    return Page(response.raw.keys, 250, response)


def complete(row: Row) -> Row | None:
    """Even ids are halved, and rows that 5 divides are left out."""
    half = {} if row["id"] % 2 else {"half": row["id"] // 2}
    return {**row, **half} if row["id"] % 5 else None


class Halves(Enricher):
    """Completes rows with even ids by a job."""

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        done = complete(row)
        return done if row["id"] % 2 else lambda: Enriched(done)


def batches(
    page: Page, keys: Sequence[Key], enricher: Enricher | None = None, seed: int = 1
) -> list[Batch]:
    """The batches in which these rows of a page come."""
    workers = InlineWorkers(3, Shutdown(), random.Random(seed))
    errors: list[BaseException] = []
    ordered = OrderedRows(enricher, workers, errors.append, priority=0)
    ordered.add(page, keys)
    found = [*ordered.ready()]
    while ordered.waiting:
        workers.step()
        found += ordered.ready()
    assert not errors
    return found


@given(rows_of_a_page, st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_rows_come_complete_and_in_order(rows: list[Row], v3: bool, data: st.DataObject) -> None:
    page = page_of(rows, v3=v3)
    keys = [key for key in page.ids if data.draw(st.integers(0, 9), "kept") > 0]
    found = batches(page, keys, Halves(), data.draw(st.integers(), "order"))
    added = [{**row, "text": row["text"].replace("\0", "")} for row in rows if row["id"] in keys]
    assert [row for batch in found for row in batch.rows] == [*filter(None, map(complete, added))]
    assert [key for batch in found for key in batch.keys] == keys
    ends = [batch.ends_page for batch in found if batch.keys]
    assert ends == [False] * (len(ends) - 1) + [True] * bool(ends)


@pytest.mark.parametrize("v3", [False, True])
def test_a_large_page_is_never_parsed_at_once(v3: bool) -> None:
    rows = [{"id": id_, "text": "x" * 900} for id_ in range(1, 251)]
    page, parsed = page_of(rows, v3=v3), Response.rows
    with mock.patch.object(Response, "rows", autospec=True, side_effect=parsed) as spy:
        assert [row for batch in batches(page, page.ids) for row in batch.rows] == rows
    assert max(len(call.args[1]) for call in spy.call_args_list) < 50


@pytest.mark.parametrize("length", range(700, 6000, 970))
def test_a_page_with_the_same_keys_twice_brings_each_of_them_once(length: int) -> None:
    rows = [{"id": at // 2 + 1, "text": "x" * length} for at in range(40)]
    page = page_of(rows, v3=False)
    keys = list(dict.fromkeys(page.ids))
    assert [row["id"] for batch in batches(page, keys) for row in batch.rows] == keys
