"""A page that is read a part at a time brings the rows that it brings when it is read whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from unittest import mock

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.pages.page import ListRequest, Page
from tap_bigcommerce.pages.parts import parts
from tap_bigcommerce.records import Converter
from tap_bigcommerce.records.typed import NOTED, UNSEEN

NOW = datetime(2026, 1, 5, tzinfo=timezone.utc)
LONG = 5_000
"""Characters of a long row: a few make a part."""

# What stands in rows, and what looks like the beginning of one.
texts = st.sampled_from(["", '},{"id":5,"name":', '"},{"', "],[", "\\", "🔔" * 9, "x" * LONG])
nested = st.lists(
    st.fixed_dictionaries({"id": st.integers(1, 40), "name": texts, "more": st.just([])})
    | st.fixed_dictionaries({"id": st.integers(1, 40), "parent": st.integers(1, 9)}),
    max_size=4,
)
rows_of_a_page = st.lists(
    st.builds(
        lambda id_, name, lines, pad: {"id": id_, "name": name, "lines": lines, "pad": "y" * pad},
        st.integers(1, 40),
        texts,
        nested,
        st.sampled_from([0, LONG, LONG]),
    ),
    max_size=30,
    unique_by=lambda row: row["id"],
)


def page_of(rows: Sequence[dict[str, Any]], *, v3: bool, indent: bool = False) -> Page:
    """The page of a list's rows, as it waits to be written."""
    path, value = ("/v3/x", {"data": rows, "meta": {"total": 1}}) if v3 else ("/v2/x", rows)
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None)
    answer = Answer(path, body, None, None, NOW, NOW)
    return Page([row.get("id") for row in rows], 250, answer, ListRequest(path))


@given(rows_of_a_page, st.booleans(), st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_parts_bring_the_rows_that_were_asked_for(
    rows: list[dict[str, Any]], v3: bool, indent: bool, data: st.DataObject
) -> None:
    page = page_of(rows, v3=v3, indent=indent)
    keys = [key for key in page.ids if data.draw(st.integers(0, 9), "kept") > 0]
    found = parts(page, keys)
    assert [row for part in found for row in part.rows()] == [
        row for row in rows if row["id"] in keys
    ]
    assert [key for part in found for key in part.keys] == keys
    assert [part.last for part in found] == [False] * (len(found) - 1) + [True] * bool(found)


INTEGER, TEXT = {"type": ["null", "integer"]}, {"type": ["null", "string"]}
LINE = {"id": INTEGER, "name": TEXT, "parent": INTEGER, "more": {"type": "array", "items": TEXT}}
FIELDS = {
    "id": INTEGER,
    "name": TEXT,
    "lines": {"type": "array", "items": {"type": "object", "properties": LINE}},
    "pad": TEXT,
}


@given(rows_of_a_page, st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_parts_that_are_read_straight_into_records_bring_the_same_rows(
    rows: list[dict[str, Any]], v3: bool, data: st.DataObject
) -> None:
    schema = {"type": "object", "properties": FIELDS}
    typed = Converter(schema, schema, keys=["id"]).typed()
    assert typed is not None
    for _ in range(UNSEEN + NOTED):
        typed.learn([{"id": 1, "name": "", "lines": [dict.fromkeys(LINE)], "pad": ""}])
    page = page_of(rows, v3=v3)
    keys = [key for key in page.ids if data.draw(st.integers(0, 9), "kept") > 0]
    came = []
    for part in parts(page, keys):
        records, are_typed = part.read(typed)
        # Only where all rows between two cuts are wanted.
        assert are_typed or len(part.keys) < len(page.ids)
        came += [orjson.loads(typed.encode(one)) if are_typed else one for one in records]
    assert came == [row for row in rows if row["id"] in keys]


def test_a_large_page_is_never_parsed_whole() -> None:
    for v3 in (False, True):
        rows = [
            {"id": id_, "name": "x" * 900, "lines": [{"id": id_ + 1, "order": id_}]}
            for id_ in range(1, 251)
        ]
        page = page_of(rows, v3=v3)
        found = parts(page, page.ids)
        assert len(found) > 8
        with mock.patch.object(Answer, "read", side_effect=AssertionError("parsed whole")):
            assert all(len(part.rows()) < 50 for part in found)


def test_rows_that_hold_rows_like_themselves_come_through() -> None:
    rows = [
        {
            "id": id_,
            "name": "x" * 900,
            "below": [{"id": 0, "name": ""}, {"id": id_ + 9, "name": ""}],
        }
        for id_ in range(1, 251)
    ]
    page = page_of(rows, v3=False)
    assert [row for part in parts(page, page.ids) for row in part.rows()] == rows


def test_rows_without_a_number_as_key_come_in_one_part() -> None:
    rows: list[dict[str, Any]] = [{"id": f"code-{at}", "name": "x" * LONG} for at in range(20)]
    page = page_of(rows, v3=True)
    (part,) = parts(page, page.ids)
    assert part.rows() == rows


def test_a_page_with_the_same_keys_twice_brings_each_of_them_once() -> None:
    for length in range(700, 6000, 97):
        rows = [{"id": at // 2 + 1, "name": "x" * length, "at": at} for at in range(40)]
        page = page_of(rows, v3=False)
        keys = list(dict.fromkeys(page.ids))
        found = [row for part in parts(page, keys) for row in part.rows()]
        assert [row["id"] for row in found] == keys
