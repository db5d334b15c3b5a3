"""The rows of a page as their bytes, and their keys.

A page waits as bytes until it is its turn to be written. Until then only its rows' keys are needed,
and to make all its rows for their sake would cost as much as to make them for good.
"""

from __future__ import annotations

import codecs
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from tap_bigcommerce.bodies import clean, is_clean

Key = Any
"""What tells a row from the others of its list: its id, or a tuple of several fields."""

SLICE = 2 * 1024
"""Bytes that are decoded at once. Larger texts, made and given up by the workers in between what
the main thread makes, leave holes in the heap that nothing fits into: by 64 KB, a store of products
with 40 variants took 600 MB instead of 100."""

# What msgspec and orjson read alike. Whatever else a key is, whoever reads the row whole will say.
_Plain = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | str | None


class _Page(msgspec.Struct):
    """A page of v3; v2 sends its rows alone."""

    data: list[msgspec.Raw]
    meta: Any = None


_V2, _V3 = msgspec.json.Decoder(list[msgspec.Raw]), msgspec.json.Decoder(_Page)


class RawRows(NamedTuple):
    """The rows of a page, each as its JSON; their keys; and what v3 says beside the rows."""

    rows: Sequence[bytes | msgspec.Raw]
    keys: list[Key]
    meta: Any


class RowKeys:
    """Reads the keys of rows that are told apart by the fields `names`."""

    def __init__(
        self, names: Sequence[str], rows: Callable[[Any], list[dict[str, Any]]] | None = None
    ) -> None:
        """`rows` makes the rows of an answer's content where they do not stand in it as such."""
        self._names = tuple(names)
        self._rows = rows
        fields = {f"key_{place}": name for place, name in enumerate(names)}
        row = msgspec.defstruct(
            "Row", [(field, _Plain, None) for field in fields], rename=fields, gc=False
        )
        self._decode = msgspec.json.Decoder(row).decode
        self._key_of = operator.attrgetter(*fields)

    def of_content(self, content: Any, meta: Any) -> RawRows:
        """The rows in an answer's content, which was parsed."""
        rows = content if self._rows is None else self._rows(content)
        return RawRows([clean(row) for row in rows], list(map(self.of, rows)), meta)

    def of_body(self, body: bytes, *, v3: bool) -> RawRows | None:
        """The rows of a page that is as it should be; None: whoever parses it will say.

        What this takes, orjson reads as well, and to the same keys; but for numbers beyond what a
        double holds, at which msgspec does not look.
        """
        if self._rows is not None or not is_clean(body) or not _is_utf8(body):
            return None
        try:
            page = _V3.decode(body) if v3 else _Page(_V2.decode(body))
            keys = [self._key_of(self._decode(row)) for row in page.data]
        except (msgspec.DecodeError, RecursionError):
            return None
        return RawRows(page.data, keys, page.meta)

    def of(self, row: Mapping[str, Any]) -> Key:
        """A row's own key."""
        if len(self._names) == 1:
            return row.get(self._names[0])
        return tuple(row.get(name) for name in self._names)


def _is_utf8(body: bytes) -> bool:
    """msgspec does not look at the text that it skips."""
    if body.isascii():
        return True
    view, begin = memoryview(body), 0
    try:
        while begin < len(body):
            # Its last character may be cut, and begins the next slice.
            _, length = codecs.utf_8_decode(view[begin : begin + SLICE], "strict", False)
            if not length:
                return False
            begin += length
    except UnicodeDecodeError:
        return False
    return True
