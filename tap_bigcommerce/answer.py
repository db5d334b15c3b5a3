"""A good answer: its body, its rows or their keys, and what the API says beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from tap_bigcommerce.bodies import clean, is_clean, mend, parse
from tap_bigcommerce.exceptions import UnexpectedAnswer
from tap_bigcommerce.records.scalars import loads
from tap_bigcommerce.row_keys import RawRows, RowKeys
from tap_bigcommerce.statuses import AttemptFailed

LONGEST_SHOWN = 100
"""Characters of a link that cannot be understood."""


Shape = type[list[Any]] | type[dict[str, Any]] | Callable[[Any], Any]
"""A list of rows; an object; or what finds the list of rows in a content that has several forms."""


@dataclass(frozen=True)
class NextPage:
    """A next page, as an answer names it: where its `cursor` begins, or simply by its number.

    `unclear` is a link that cannot be understood.
    """

    cursor: str | None = None
    unclear: str | None = None


@dataclass(eq=False)
class Answer:
    """A good answer.

    `content` is a list of rows or an object, as was expected; None where only `raw` rows were asked
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

    def without_rows(self) -> Answer:
        """An answer of the same list without any row, and without a word about the others."""
        return Answer(self.path, 0, [], None, self.sent_at, self.store_time)

    def rows(self, places: Iterable[int]) -> list[dict[str, Any]]:
        """The raw rows at these places, parsed, which takes several times the memory of their JSON.

        Raises UnexpectedAnswer for what cannot be parsed, which nobody has looked at before.
        """
        text = b"[%b]" % b",".join([self.raw.rows[place] for place in places])
        try:
            rows: list[dict[str, Any]] = loads(text)
        except ValueError:
            try:
                # A number that no double holds.
                rows = loads(clean(mend(text)))
            except ValueError as error:
                raise UnexpectedAnswer(
                    f"GET {self.path}: a page cannot be read ({error}). Going on without it could "
                    "lose records."
                ) from error
        return rows


def read_answer(
    path: str,
    body: bytes,
    expects: Shape,
    keys: RowKeys | None,
    *,
    mends: bool,
    sent_at: datetime,
    store_time: datetime,
) -> Answer:
    """The answer with this body, whose content is as `expects` says.

    With `keys`, it has its raw rows, and no content. `mends`: bad characters are replaced. Raises
    AttemptFailed.
    """
    answer = Answer(path, len(body), None, None, sent_at, store_time)
    v3 = path.startswith("/v3/")
    raw = keys.of_body(body, v3=v3) if keys is not None else None
    if raw is None:
        value, answer.mended = parse(body, mends=mends)
        # v2 sends nothing beside the rows.
        content, meta = (inside(value, "data"), inside(value, "meta")) if v3 else (value, None)
        if expects is not list and expects is not dict:
            content = expects(content)
        rows = [content] if expects is dict else content
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AttemptFailed("wrong shape", "the answer has an unexpected shape")
        if keys is not None:
            raw = keys.of_content(content, meta)
        elif answer.mended or not is_clean(body):
            answer.content = loads(clean(content))
        else:
            answer.content = content
    if raw is not None:
        answer.raw, meta = raw, raw.meta
    pagination = inside(meta, "pagination")
    # Sites call it by another name.
    counts = (_count(inside(pagination, name)) for name in ("total", "total_items"))
    answer.total = next((count for count in counts if count is not None), None)
    answer.total_pages = _count(inside(pagination, "total_pages"))
    answer.next = _next_page(meta)
    answer.has_cursors = bool(inside(meta, "cursor_pagination"))
    return answer


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
