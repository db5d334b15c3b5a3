"""A page is parsed a few rows at a time, and the requested rows come complete and in order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from unittest import mock

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_workers import InlineWorkers

from tap_bigcommerce.api.response import Response, RowKeys
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pagination.ordered_rows import OrderedRows
from tap_bigcommerce.pagination.page import Page, Row
from tap_bigcommerce.shutdown import Shutdown

NOW = datetime(2026, 1, 5, tzinfo=timezone.utc)
LONG = 5_000
"""Characters of a long row: a few make a part."""

rows_of_a_page = st.lists(
    st.builds(
        lambda id_, text, nested: {"id": id_, "text": text, "nested": nested},
        st.integers(1, 40),
        st.sampled_from(["", '},{"id":5,', "],[", "\\", "\0", "🔔" * 9, "x" * LONG, "y" * LONG]),
        st.lists(st.fixed_dictionaries({"id": st.integers(1, 40)}), max_size=3),
    ),
    max_size=30,
    unique_by=lambda row: row["id"],
)


def page_of(rows: Sequence[Row], *, v3: bool) -> Page:
    """The page of a list's rows, as it waits to be written."""
    path, value = ("/v3/x", {"data": rows, "meta": {"total": 1}}) if v3 else ("/v2/x", rows)
    response = Response(path, 0, [], None, NOW, NOW)
    response.read(orjson.dumps(value), list, RowKeys(("id",)), repair=False)
    return Page(response.raw.keys, 250, response)


class Halves(Enricher):
    """Completes rows with even ids by a job, and leaves out those that 5 divides."""

    def enrich(self, row: Row, *, without_includes: bool) -> Row | Job | None:
        if row["id"] % 2:
            return row if row["id"] % 5 else None
        return lambda: Enriched({**row, "half": row["id"] // 2} if row["id"] % 5 else None)


@given(rows_of_a_page, st.booleans(), st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_the_rows_that_were_added_come_complete_and_in_order(
    rows: list[Row], v3: bool, enriched: bool, data: st.DataObject
) -> None:
    page = page_of(rows, v3=v3)
    keys = [key for key in page.ids if data.draw(st.integers(0, 9), "kept") > 0]
    chance = random.Random(data.draw(st.integers(), "order"))
    workers = InlineWorkers(3, Shutdown(), chance)
    errors: list[BaseException] = []
    ordered = OrderedRows(Halves() if enriched else None, workers, errors.append, priority=0)
    ordered.add(page, keys)
    found: list[Any] = []
    while ordered.waiting:
        found += ordered.ready()
        if ordered.waiting:
            workers.step()
    assert not errors
    expected = [{**row, "text": row["text"].replace("\0", "")} for row in rows if row["id"] in keys]
    if enriched:
        expected = [
            row if row["id"] % 2 else {**row, "half": row["id"] // 2}
            for row in expected
            if row["id"] % 5
        ]
    assert [row for ready in found for row in ready.rows] == expected
    assert [key for ready in found for key in ready.keys] == keys
    ends = [ready.ends_page for ready in found if ready.keys]
    assert ends == [False] * (len(ends) - 1) + [True] * bool(ends)


def test_a_large_page_is_never_parsed_at_once() -> None:
    rows = [{"id": id_, "text": "x" * 900} for id_ in range(1, 251)]
    for v3 in (False, True):
        page, parsed = page_of(rows, v3=v3), Response.rows
        ordered = OrderedRows(
            None, InlineWorkers(1, Shutdown(), random.Random(1)), print, priority=0
        )
        ordered.add(page, page.ids)
        with mock.patch.object(Response, "rows", autospec=True, side_effect=parsed) as spy:
            assert [row for ready in ordered.ready() for row in ready.rows] == rows
        assert max(len(call.args[1]) for call in spy.call_args_list) < 50


def test_a_page_with_the_same_keys_twice_brings_each_of_them_once() -> None:
    for length in range(700, 6000, 97):
        rows = [{"id": at // 2 + 1, "text": "x" * length, "at": at} for at in range(40)]
        page = page_of(rows, v3=False)
        keys = list(dict.fromkeys(page.ids))
        ordered = OrderedRows(
            None, InlineWorkers(1, Shutdown(), random.Random(1)), print, priority=0
        )
        ordered.add(page, keys)
        assert [row["id"] for ready in ordered.ready() for row in ready.rows] == keys
