"""A good answer: the JSON of its body, its rows or their keys, and what the API says beside them.

A page waits as bytes until it is its turn to be written. Until then only its rows' keys are needed,
and to make all its rows for their sake would cost as much as to make them for good.
"""

from __future__ import annotations

import codecs
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple, NoReturn
from urllib.parse import parse_qs

import msgspec

from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.records.scalars import json_text, loads, to_float, to_int

LONGEST_SHOWN = 100
"""Characters of a link that cannot be understood."""

TOO_DEEP = "arrays or objects are nested too deep"

Key = Any
"""What tells a row from the others of its list: its id, or a tuple of several fields."""

SLICE = 2 * 1024
"""Bytes that are decoded at once. Larger texts, made and given up by the workers in between what
the main thread makes, leave holes in the heap that nothing fits into: by 64 KB, a store of products
with 40 variants took 600 MB instead of 100."""

# What msgspec and orjson read alike. Whatever else a key is, whoever reads the row whole will say.
_Plain = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | str | None

Shape = type[list[Any]] | type[dict[str, Any]] | Callable[[Any], Any]
"""A list of rows; an object; or what finds the list of rows in a content that has several forms."""


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
        if self._rows is not None or not is_clean(body):
            return None
        try:
            _check_utf8(body)
            page = _V3.decode(body) if v3 else _Page(_V2.decode(body))
            keys = list(map(self._key_of, map(self._decode, page.data)))
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
            return None
        return RawRows(page.data, keys, page.meta)

    def of(self, row: Mapping[str, Any]) -> Key:
        """A row's own key."""
        key = tuple(row.get(name) for name in self._names)
        return key if len(key) > 1 else key[0]


def _check_utf8(body: bytes) -> None:
    """msgspec does not look at the text that it skips. Raises UnicodeDecodeError."""
    view, begin = memoryview(body), len(body) if body.isascii() else 0
    while begin < len(body):
        end = begin + SLICE
        # The last character of a slice may be cut, and begins the next one.
        begin += codecs.utf_8_decode(view[begin:end], "strict", end >= len(body))[1]


@dataclass(frozen=True)
class NextPage:
    """A next page, as an answer names it: where its `cursor` begins, or simply by its number.

    `unclear` is a link that cannot be understood.
    """

    cursor: str | None = None
    unclear: str | None = None


@dataclass(eq=False)
class Response:
    """A good answer.

    `content` is a list of rows or an object, as was expected; empty where `raw` rows were asked
    for. `size` is that of its body in bytes. `total` is how many rows the whole list has, and
    `total_pages` how many pages, where the API says so. `next` is what it says of a page behind
    this one, `has_cursors` whether it would name a cursor. `sent_at` is when the request was sent,
    by the tap's clock; `store_time` a moment by the store's clock, at or before the time when the
    request was first sent. `mended`: bad characters in it have been replaced.
    """

    path: str
    size: int
    content: Any
    total: int | None
    sent_at: datetime
    store_time: datetime
    mended: bool = False
    total_pages: int | None = None
    next: NextPage | None = None
    has_cursors: bool = False
    raw: RawRows = field(default_factory=lambda: RawRows([], [], None))

    def read(self, body: bytes, expects: Shape, keys: RowKeys | None, *, mends: bool) -> None:
        """Take what is in the body: its content as `expects` says, or with `keys` its raw rows.

        `mends`: bad characters are replaced. Raises AttemptFailed.
        """
        self.size = len(body)
        v3 = self.path.startswith("/v3/")
        raw = keys.of_body(body, v3=v3) if keys is not None else None
        if raw is None:
            value, self.mended = parse(body, mends=mends)
            # v2 sends nothing beside the rows.
            content, meta = (inside(value, "data"), inside(value, "meta")) if v3 else (value, None)
            if expects is not list and expects is not dict:
                content = expects(content)
            rows = [content] if expects is dict else content
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise AttemptFailed("wrong shape", "the answer has an unexpected shape")
            if keys is not None:
                raw = keys.of_content(content, meta)
            elif self.mended or not is_clean(body):
                self.content = loads(clean(content))
            else:
                self.content = content
        if raw is not None:
            self.raw, meta = raw, raw.meta
        pagination = inside(meta, "pagination")
        # Sites call it by another name.
        counts = (_count(inside(pagination, name)) for name in ("total", "total_items"))
        self.total = next((count for count in counts if count is not None), None)
        self.total_pages = _count(inside(pagination, "total_pages"))
        self.next = _next_page(meta)
        self.has_cursors = bool(inside(meta, "cursor_pagination"))

    def without_rows(self) -> Response:
        """An answer of the same list without any row, and without a word about the others."""
        return Response(self.path, 0, [], None, self.sent_at, self.store_time)

    def rows(self, places: Iterable[int]) -> list[dict[str, Any]]:
        """The raw rows at these places, parsed, which takes several times the memory of their JSON.

        Raises UnexpectedResponse for what cannot be parsed, which nobody has looked at before.
        """
        text = b"[%b]" % b",".join([self.raw.rows[place] for place in places])
        try:
            # It may have to be mended for a number that no double holds.
            found, mended = parse(text, mends=True)
            rows: list[dict[str, Any]] = loads(clean(found)) if mended else found
        except (AttemptFailed, ValueError) as error:
            raise UnexpectedResponse(
                f"GET {self.path}: a page cannot be read ({error}). Going on without it could lose "
                "records."
            ) from error
        return rows


def inside(value: Any, name: str) -> Any:
    """The field of an object; None where it has none, or is none."""
    return value.get(name) if isinstance(value, dict) else None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def _next_page(meta: Any) -> NextPage | None:
    """What the API says of a next page. The last page has an end cursor, too, but no such link."""
    for kind in ("cursor_pagination", "pagination"):
        block = inside(meta, kind)
        links = inside(block, "links")
        link = links.get("next") if isinstance(links, dict) else links
        if link in (None, "", False, []):
            continue
        named = parse_qs(link.rpartition("?")[2]) if isinstance(link, str) else {}
        # The documentation of metafields confuses which cursor is for which direction: the link is
        # right in any case.
        cursor = named["after"][0] if "after" in named else inside(block, "end_cursor")
        if isinstance(link, str) and isinstance(cursor, str) and cursor:
            return NextPage(cursor)
        if named.get("page", [""])[0].isdigit():
            return NextPage()
        return NextPage(unclear=repr(link)[:LONGEST_SHOWN])
    return None


def parse(body: bytes, *, mends: bool = False) -> tuple[Any, bool]:
    """The JSON value in `body`, and whether it was mended, which `mends` allows.

    Raises AttemptFailed.
    """
    try:
        return loads(body), False
    except ValueError as error:
        failed = AttemptFailed("not JSON", f"the answer is not JSON ({error})")
        try:
            mended = mend(body)
        except ValueError:
            raise failed from error
        if mends:
            return mended, True
        failed.only_text = True
        raise failed from error


def mend(body: bytes) -> Any:
    """The JSON value in `body` with every bad byte replaced by U+FFFD.

    For bodies that orjson refuses only because of an invalid byte, half a surrogate pair or a
    raw control character in a text, or a number that no double holds. Raises ValueError when more
    than that is wrong. The value is for `clean`.
    """
    text = body.decode("utf-8", errors="replace")
    try:
        return json.loads(
            text, parse_int=to_int, parse_float=to_float, parse_constant=_refuse, strict=False
        )
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def is_clean(body: bytes) -> bool:
    """Whether `parse` makes only clean values of this body; may say no without need.

    What it reads has no lone surrogates and no NaN; what may still be in it is the character NUL,
    which targets refuse and which can only be written as this escape.
    """
    return b"\\" not in body or b"\\u0000" not in body


def clean(value: Any) -> bytes:
    """A value as JSON that `parse` reads: without NUL and lone surrogates, and what no double holds
    as text."""
    return json_text(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
