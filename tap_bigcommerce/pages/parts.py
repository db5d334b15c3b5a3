"""A page's rows, read from its bytes a few at a time.

The objects of a whole page take several times its bytes. They fall out of the processor's cache,
and their memory comes from the system anew for each page, and goes back to it. A part of a page
costs less to read, and is still in the cache when it is written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce.pages.page import Page, Row
from tap_bigcommerce.row_keys import Key
from tap_bigcommerce.records import TypedReader

PART = 24 * 1024
"""Bytes of a body, about, that are read at once."""

HEAD = 512
"""Bytes of a body in which its first row begins."""


@dataclass(frozen=True)
class _Cut:
    """The row at `place` begins behind the comma at `comma` in the body."""

    place: int
    comma: int


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of one page that follow each other, by their keys. `last`: no part follows."""

    keys: Sequence[Key]
    last: bool
    reader: Reader
    begin: _Cut
    end: _Cut

    @property
    def page(self) -> Page:
        return self.reader.page

    def rows(self) -> list[Row]:
        """The rows with these keys, in this order."""
        rows = self.reader.read(self.begin, self.end)
        if len(rows) == len(self.keys):
            return rows
        by_key = {self.page.request.row_keys.of(row): row for row in rows}
        return [by_key[key] for key in self.keys]

    def read(self, typed: TypedReader | None) -> tuple[list[Any], bool]:
        """The rows, and whether they are records that `typed` has made."""
        answer, begin, end = self.page.answer, self.begin, self.end
        are_all = len(self.keys) == end.place - begin.place
        if typed is None or not (are_all and answer.clean):
            return list(self.rows()), False
        records = typed.read(answer.part_text(begin.comma + 1, end.comma))
        # A cut may be wrong here as well.
        if records is not None and len(records) == len(self.keys):
            return records, True
        rows = list(self.rows())
        typed.learn(rows)
        return rows, False


class Reader:
    """Reads rows of one page, from their own bytes where it can."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._rows: list[Row] | None = None
        """All of them, once they had to be read at once."""

    def read(self, begin: _Cut, end: _Cut) -> list[Row]:
        """The rows between two cuts.

        A cut may be wrong, for what looks like the beginning of a row may be nested in one. Then
        some brackets do not close, and the bytes cannot be read as rows.
        """
        answer, request = self.page.answer, self.page.request
        if self._rows is None:
            rows = answer.part(begin.comma + 1, end.comma)
            if rows is not None and len(rows) == end.place - begin.place:
                return request.rows(rows)
        if self._rows is None:
            self._rows = request.rows(answer.read())
        return self._rows[begin.place : end.place]


def parts(page: Page, keys: Sequence[Key], *, whole: bool = False) -> list[Part]:
    """The page's rows with these keys, which are in the order in which they came.

    `whole`: all in one part.
    """
    reader, found, taken = Reader(page), list[Part](), 0
    first, last = _Cut(0, -1), _Cut(len(page.ids), len(page.answer.body))
    cuts = [first, *([] if whole else _cuts(page)), last]
    for begin, end in itertools.pairwise(cuts):
        inside: Any = page.ids[begin.place : end.place]
        if len(keys) < len(page.ids):
            chosen = set(inside)
            inside = list(itertools.takewhile(chosen.__contains__, keys[taken:]))
        taken += len(inside)
        if inside:
            found.append(Part(inside, taken == len(keys), reader, begin, end))
    return found


def _cuts(page: Page) -> Iterator[_Cut]:
    """Where the page can be cut, about every `PART` bytes: where a row begins by its key.

    Only in a list whose rows begin with a number that is their key. The name that follows it in
    the first row tells rows from most of what is nested in them.
    """
    body, name = page.answer.body, page.request.keys[0].encode()
    head = re.search(rb'\{"%b":[0-9]+,("[^"\\]*":)' % re.escape(name), body[:HEAD])
    if head is None:
        return
    begins = re.compile(rb'\},\{"%b":([0-9]+),%b' % (re.escape(name), re.escape(head[1])))
    place, match = 0, begins.search(body, PART)
    while match is not None:
        try:
            place = page.ids.index(int(match[1]), place + 1)
        except ValueError:  # Not a row of the list.
            match = begins.search(body, match.end())
        else:
            yield _Cut(place, match.start() + 1)
            match = begins.search(body, match.start() + PART)
