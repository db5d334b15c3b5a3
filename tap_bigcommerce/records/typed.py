"""Rows straight from their bytes, where all of them are as rows of the stream have been before.

The usual way makes dictionaries of a row's text, looks at every value, and writes dictionaries.
Here msgspec makes objects of a type that fits the stream's rows (see `structs`), which takes less
than to read and write them alone. Both ways agree in all that goes out. Of several rows one that
does not fit is enough to send all of them the usual way, where nothing is lost.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import orjson

from tap_bigcommerce.records.schema_tree import Node
from tap_bigcommerce.records.seen import Seen
from tap_bigcommerce.records.structs import Structs, build
from tap_bigcommerce.records.scalars import Misfit, Rules

UNSEEN, NOTED = 2, 6
"""Portions of rows that come before any type is made, for that takes as long as to convert some:
first some that are not looked at, since most streams of most syncs are shorter, then those that are
noted."""

MOST_BUILT = 64
"""So often the types are made anew, when rows come that have something new."""

PATIENCE, PRICE = 16, 3
"""A portion that is tried in vain costs so much of the patience, one that is read gives one back:
where more than a fourth is tried in vain, to try costs more than it brings."""

REST = 200
"""Portions for which nothing is tried once the patience is at its end."""


class TypedReader:
    """Reads the rows of one stream into records as they go out, for `encode`."""

    def __init__(
        self,
        root: Node,
        rules: Rules,
        convert: Callable[[Node], Callable[[Any], Any]],
        keys: Sequence[str],
        column: tuple[str, str] | None = None,
        nulls: Sequence[str] = (),
    ) -> None:
        """As for `structs.build`; records have the fields of `nulls` first, in that order."""
        self._seen = Seen(root)
        fields = root.fields or {}
        for name in nulls:
            self._seen.fields[name] = Seen(fields.get(name))
        self._build = functools.partial(build, self._seen, rules, convert, keys, column, nulls)
        self._keys = keys
        # The name of a column of the tap in a row would pass for that column.
        own = [name for name in nulls if name not in fields]
        self._own = [orjson.dumps(name) for name in (own if column is None else [column[0], *own])]
        self._structs: Structs | None = None
        self._has_news = False
        self._built = 0
        self._pause, self._to_note, self._patience = UNSEEN, NOTED, PATIENCE
        self.encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode

    def read(self, text: bytes) -> list[Any] | None:
        """The rows in a text, a list of them or an object with it as `data`.

        None: they have to be read the usual way, and are to be shown to `learn`. `text` is clean as
        by `converter.is_clean`.
        """
        if self._pause > 0 or self._to_note > 0:
            return None
        if self._has_news:
            self._renew()
        if self._structs is None or any(name in text for name in self._own):
            return None
        try:
            rows = self._structs.read(text)
            self._structs.finish(rows)
        except (msgspec.DecodeError, ValueError, RecursionError, TypeError, Misfit):
            # TypeError: too deep for orjson. ValueError: no UTF-8, or a number beyond any.
            return None
        self._patience = min(PATIENCE, self._patience + 1)
        return rows

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows as `loads` makes them, of a portion that `read` did not read."""
        if self._pause > 0:
            self._pause -= 1
            return
        has_news = self._note(rows)
        if self._to_note > 0:
            self._to_note -= 1
        elif not has_news:
            self._patience -= PRICE
            if self._patience < 0:
                self._pause, self._patience = REST, PATIENCE

    def field(self, key: str) -> Callable[[Any], Any]:
        """What finds the value of one of the `keys` in any record that was read."""
        assert self._structs is not None
        return operator.attrgetter(self._structs.names[key])

    def forget(self) -> None:
        """Give back the memory of what values have been seen; nothing more is read."""
        if self._structs is not None:
            self._structs.forget()
        self._structs, self._pause = None, sys.maxsize

    def _note(self, rows: Iterable[Mapping[str, Any]]) -> bool:
        """Whether there is something new in these rows, for which types may be made anew."""
        if self._built >= MOST_BUILT:
            return False
        has_news = False
        for row in rows:
            has_news |= self._seen.note(row)
        self._has_news |= has_news
        return has_news

    def _renew(self) -> None:
        self._has_news = False
        fields = self._seen.fields
        if not all(key in fields and fields[key].can_be_key for key in self._keys):
            self._structs = None
            return
        if self._structs is not None:
            self._structs.forget()
        self._built += 1
        try:
            self._structs = self._build()
        except ValueError:  # A name that msgspec does not take.
            self._structs = None
