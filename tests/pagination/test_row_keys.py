"""The keys that are read from a page without parsing its rows are those of its rows."""

import json
import re
from datetime import datetime, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_bigcommerce.api.response import Response, RowKeys
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.exceptions import UnexpectedResponse

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
