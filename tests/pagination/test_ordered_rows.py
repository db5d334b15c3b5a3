"""A page is parsed a few rows at a time, and the requested rows come complete and in order."""

import random
from collections.abc import Sequence
from datetime import datetime, timezone
from unittest import mock

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_store import InlineWorkers

from tap_bigcommerce.api.response import Key, Response, RowKeys
from tap_bigcommerce.pagination.enricher import Enriched, Enricher, Job
from tap_bigcommerce.pagination.ordered_rows import Batch, OrderedRows
from tap_bigcommerce.pagination.page import Page, Row
from tap_bigcommerce.shutdown import Shutdown

NOW = datetime(2026, 1, 5, tzinfo=timezone.utc)
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
