"""The keys of a list's rows, from an answer's bytes, without making the rows.

A page waits as bytes until it is its turn to be written. Until then only its rows' keys are needed,
and to make all its rows for their sake would cost as much as to make them for good.
"""

from __future__ import annotations

import codecs
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

Key = Any
"""What tells a row from the others of its list: its id, or a tuple of several fields."""

SLICE = 2 * 1024
"""Bytes that are decoded at once. Larger texts, made and given up by the workers in between what
the main thread makes, leave holes in the heap that nothing fits into: by 64 KB, a store of products
with 40 variants took 600 MB instead of 100."""

# What msgspec and orjson read alike. Whatever else a key is, whoever reads the row whole will say.
_Plain = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | str | None


class Skimmed(NamedTuple):
    """The rows' keys, in their order, and what v3 says beside the rows."""

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
        rows = list[row]  # type: ignore[valid-type]
        page = msgspec.defstruct("Page", [("data", rows), ("meta", Any, None)])
        self._key_of = operator.attrgetter(*fields)
        self._v2 = msgspec.json.Decoder(rows)
        self._v3: msgspec.json.Decoder[Any] = msgspec.json.Decoder(page)

    def of(self, row: Mapping[str, Any]) -> Key:
        """A row's own key."""
        if len(self._names) == 1:
            return row.get(self._names[0])
        return tuple(row.get(name) for name in self._names)

    def of_content(self, content: Any) -> list[Key]:
        """The keys of all rows of an answer's content."""
        return list(map(self.of, content if self._rows is None else self._rows(content)))

    def skim(self, body: bytes, *, v3: bool) -> Skimmed | None:
        """All keys of a page that is as it should be; None: whoever reads it whole will say.

        What this takes, orjson reads as well, and to the same keys; but for numbers beyond what a
        double holds, at which msgspec does not look.
        """
        if self._rows is not None or not _is_utf8(body):
            return None
        try:
            if not v3:
                return Skimmed(list(map(self._key_of, self._v2.decode(body))), None)
            page = self._v3.decode(body)
            return Skimmed(list(map(self._key_of, page.data)), page.meta)
        except (msgspec.DecodeError, RecursionError):
            return None


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
