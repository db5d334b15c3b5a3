"""A successful response: JSON, rows, keys, total, link to the next page.

A page is kept as bytes until its rows are written. Until then only the keys of its rows are needed,
which msgspec reads without parsing the rest.
"""

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
from tap_bigcommerce.exceptions import BadRecord, UnexpectedResponse
from tap_bigcommerce.records.scalars import json_text, loads, to_float, to_int
from tap_bigcommerce.text import quoted

LONGEST_SHOWN = 100
"""Characters of an invalid link that are shown."""

TOO_DEEP = "arrays or objects are nested too deep"

Key = Any
"""What identifies a row in its list: its id, or a tuple of several fields."""

SLICE = 2 * 1024
"""Bytes that are decoded at once. Larger texts, which the workers allocate and free between the
allocations of the main thread, fragment the heap: with 64 KB, a store of products with 40 variants
took 600 MB instead of 100."""

# The types that msgspec and orjson read alike. For any other key, the whole body is parsed.
_KeyPart = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | str | None

Shape = type[list[Any]] | type[dict[str, Any]] | Callable[[Any], Any]
"""The expected content: a list of rows, an object, or a function that finds the rows in it."""


class _Page(msgspec.Struct):
    """The body of a page of v3. In v2 it is the list of rows alone."""

    data: list[msgspec.Raw]
    meta: Any = None


_V2, _V3 = msgspec.json.Decoder(list[msgspec.Raw]), msgspec.json.Decoder(_Page)


class RawRows(NamedTuple):
    """The rows of a page as JSON, their keys, and the `meta` object of v3."""

    rows: Sequence[bytes | msgspec.Raw]
    keys: list[Key]
    meta: Any


class RowKeys:
    """Reads the keys of rows, without parsing their other fields."""

    def __init__(self, names: Sequence[str], rows: Callable[[Any], Any] | None = None) -> None:
        """The key is the fields `names`. `rows`, if given, makes the rows from the content."""
        self._names = tuple(names)
        self._rows = rows
        fields = {f"key_{number}": name for number, name in enumerate(names)}
        row = msgspec.defstruct(
            "Row", [(field, _KeyPart, None) for field in fields], rename=fields, gc=False
        )
        self._decode = msgspec.json.Decoder(row).decode
        self._key_of = operator.attrgetter(*fields)

    def of_content(self, content: Any, meta: Any) -> RawRows:
        """The raw rows of a parsed content. `meta` is passed on."""
        rows = content if self._rows is None else self._rows(content)
        return RawRows([json_text(row) for row in rows], list(map(self.of, rows)), meta)

    def of_body(self, body: bytes, *, v3: bool) -> RawRows | None:
        """The raw rows of a body; None if it has to be parsed, because something in it is unusual.

        orjson accepts all that this accepts, and reads the same keys, except for numbers that no
        double can hold: msgspec does not check them.
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
        """The key of a parsed row."""
        key = tuple(row.get(name) for name in self._names)
        return key if len(key) > 1 else key[0]


def unusable_key(name: str, fields: str, key: Key) -> BadRecord:
    """The error for a record in the list `name` whose key (the `fields`) cannot identify it."""
    return BadRecord(
        f"{name}: a record has no usable {fields} ({quoted(key)}), so the tap cannot tell which "
        "records it has read. Ask BigCommerce's support about it."
    )


def _check_utf8(body: bytes) -> None:
    """Raises UnicodeDecodeError. msgspec does not check the texts that it skips."""
    view, begin = memoryview(body), len(body) if body.isascii() else 0
    while begin < len(body):
        end = begin + SLICE
        # A character that the end of a slice cuts belongs to the next slice.
        begin += codecs.utf_8_decode(view[begin:end], "strict", end >= len(body))[1]


class NextPage(NamedTuple):
    """The link of a response to the next page: its `cursor`, or None for the next page number.

    `invalid` is a link that has neither, as text.
    """

    cursor: str | None = None
    invalid: str | None = None


@dataclass(eq=False)
class Response:
    """A successful response.

    Attributes:
        path: The path of the request.
        size: The size of the body in bytes.
        content: A list of rows or an object, as the request expects; [] where `raw` is set.
        total: The number of rows of the whole list; None if the API does not say it.
        sent_at: When the request was sent, by the tap's clock.
        store_time: A time by the store's clock that is not after the first attempt was sent.
        repaired: Whether invalid characters were replaced.
        total_pages: The number of pages of the whole list; None if the API does not say it.
        next: The link to the next page; None if there is none.
        has_cursors: Whether the list has cursors.
        raw: The raw rows, if the request has keys.
    """

    path: str
    size: int
    content: Any
    total: int | None
    sent_at: datetime
    store_time: datetime
    repaired: bool = False
    total_pages: int | None = None
    next: NextPage | None = None
    has_cursors: bool = False
    raw: RawRows = field(default_factory=lambda: RawRows([], [], None))

    def read(self, body: bytes, expects: Shape, keys: RowKeys | None, *, repair: bool) -> None:
        """Read the body: the content that `expects` describes, or with `keys` the raw rows.

        `repair` replaces invalid characters. Raises AttemptFailed.
        """
        self.size = len(body)
        v3 = self.path.startswith("/v3/")
        raw = keys.of_body(body, v3=v3) if keys is not None else None
        if raw is None:
            value, self.repaired = parse(body, repair=repair)
            # v2 sends the rows alone.
            content, meta = (inside(value, "data"), inside(value, "meta")) if v3 else (value, None)
            if expects is not list and expects is not dict:
                content = expects(content)
            rows = [content] if expects is dict else content
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise AttemptFailed("wrong shape", "the response has an unexpected structure")
            if keys is not None:
                raw = keys.of_content(content, meta)
            elif self.repaired or not is_clean(body):
                self.content = loads(json_text(content))
            else:
                self.content = content
        if raw is not None:
            self.raw, meta = raw, raw.meta
        pagination = inside(meta, "pagination")
        # /v3/sites calls it total_items.
        counts = (_count(inside(pagination, name)) for name in ("total", "total_items"))
        self.total = next((count for count in counts if count is not None), None)
        self.total_pages = _count(inside(pagination, "total_pages"))
        self.next = _next_page(meta)
        self.has_cursors = bool(inside(meta, "cursor_pagination"))

    def without_rows(self) -> "Response":
        """A response like this one for a page after the end: no rows, no total and no next page."""
        return Response(self.path, 0, [], None, self.sent_at, self.store_time)

    def rows(self, indexes: Iterable[int]) -> list[dict[str, Any]]:
        """Parse the raw rows at `indexes`. They take several times the memory of their JSON.

        Raises UnexpectedResponse if one cannot be parsed: so far only its key has been read.
        """
        text = b"[%b]" % b",".join([self.raw.rows[index] for index in indexes])
        try:
            # A number that no double can hold is repaired.
            found, repaired = parse(text, repair=True)
            rows: list[dict[str, Any]] = loads(json_text(found)) if repaired else found
        except (AttemptFailed, ValueError) as error:
            raise UnexpectedResponse(
                f"GET {self.path}: a page cannot be parsed ({error}). Continuing without it could "
                "lose records."
            ) from error
        return rows


def inside(value: Any, name: str) -> Any:
    """The field `name` of an object; None if it is missing, or `value` is not an object."""
    return value.get(name) if isinstance(value, dict) else None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def _next_page(meta: Any) -> NextPage | None:
    """The link to the next page. The last page has an end cursor, too, but no link."""
    for kind in ("cursor_pagination", "pagination"):
        block = inside(meta, kind)
        links = inside(block, "links")
        link = links.get("next") if isinstance(links, dict) else links
        if link in (None, "", False, []):
            continue
        named = parse_qs(link.rpartition("?")[2]) if isinstance(link, str) else {}
        # The documentation of metafields confuses the cursors of the two directions. The one in the
        # link is right.
        cursor = named["after"][0] if "after" in named else inside(block, "end_cursor")
        if isinstance(link, str) and isinstance(cursor, str) and cursor:
            return NextPage(cursor)
        if named.get("page", [""])[0].isdigit():
            return NextPage()
        return NextPage(invalid=repr(link)[:LONGEST_SHOWN])
    return None


def parse(body: bytes, *, repair: bool = False) -> tuple[Any, bool]:
    """Parse JSON. Returns the value, and whether invalid characters in it were replaced.

    They are replaced with `repair` only. Raises AttemptFailed if the body is not JSON;
    `repairable` says whether `repair` would help.
    """
    try:
        return loads(body), False
    except ValueError as error:
        # A proxy, a firewall or the login page of a network may have sent it.
        is_page = body.lstrip()[:1] == b"<"
        what = "HTML or XML, not JSON" if is_page else f"not JSON ({error})"
        failed = AttemptFailed("not JSON", f"the response is {what}")
        try:
            repaired = parse_leniently(body)
        except ValueError:
            raise failed from error
        if repair:
            return repaired, True
        failed.repairable = True
        raise failed from error


def parse_leniently(body: bytes) -> Any:
    """Parse JSON that orjson rejects, and replace invalid bytes by U+FFFD.

    It accepts invalid bytes, lone surrogates and control characters in texts, and numbers that no
    double can hold. Raises ValueError for anything else. Pass the value to `json_text`.
    """
    text = body.decode("utf-8", errors="replace")
    try:
        return json.loads(
            text, parse_int=to_int, parse_float=to_float, parse_constant=_refuse, strict=False
        )
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def is_clean(body: bytes) -> bool:
    """Whether the parsed body needs no `json_text`. It may return False for some that need none.

    Parsed values have no lone surrogates and no NaN, but may have NUL characters, which targets
    reject. JSON can write them only with this escape.
    """
    return b"\\" not in body or b"\\u0000" not in body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
