"""Scalars: what loses nothing on the way to a field's type is converted, the rest does not fit.

Every rule takes a value that is not null and returns what goes out, or raises `Misfit`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import orjson

from tap_bigcommerce.dates import Days, NotADate, normal_date
from tap_bigcommerce.records.exact import MAX_DIGITS, ExactFloat, ExactInt

Rule = Callable[[Any], Any]

# A memo holds at most this many texts, none longer than MEMO_TEXT, and starts again when full.
MEMO_SIZE = 8192
MEMO_TEXT = 40

# What orjson writes; a float beyond EXACT may already have lost digits when it was read.
MIN_INT, MAX_INT = -(2**63), 2**64 - 1
EXACT = 2**53
# More than a double can hold fits nowhere: most readers make it infinite, or fail.
MAX_BITS = 1023
# orjson neither writes more levels of arrays and objects than this.
MAX_DEPTH = 254

# [0-9], for `\d` also matches other scripts' digits; fullmatch, for `$` lets a newline by.
_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?").fullmatch
_NO_ZERO = re.compile(r"-?\.").match
_DIGITS = frozenset("0123456789")
_FIRST = _DIGITS | {"-", "."}
_SURROGATES = re.compile("[\ud800-\udfff]")


class Misfit(Exception):  # not an error
    """The value cannot become what the schema promises without losing something."""


class _Memo(dict[Any, Any]):
    """Text to converted value: the same few prices and dates come again and again.

    Any value that can be a key may be looked up; only text and null are kept.
    """

    def keep(self, text: str, value: Any) -> Any:
        if len(text) <= MEMO_TEXT:
            if len(self) >= MEMO_SIZE:
                self.clear()
            self[text] = value
        return value


class Numbers(_Memo):
    """``"12.5000"`` to the number 12.5000, digit for digit; ``""`` to null."""

    def __missing__(self, text: Any) -> Any:
        if type(text) is not str:
            return self._not_text(text)
        if text == "":
            return self.keep(text, None)
        # Between a digit, sign or point and a digit orjson takes nothing but a number of JSON's
        # grammar, without blanks; it refuses what a double holds only as infinite, as most readers
        # would.
        if text[-1] in _DIGITS and text[0] in _FIRST and len(text) <= MAX_DIGITS:
            number = with_zero(text)
            try:
                orjson.loads(number)
            except ValueError:
                raise Misfit from None
            return self.keep(text, orjson.Fragment(number))
        raise Misfit

    def _not_text(self, value: Any) -> Any:
        kind = type(value)
        if value is None:
            self[None] = None
            return None
        if kind is float and isfinite(value):
            return value
        if kind is ExactFloat and isfinite(value):
            return float(value)
        if kind in (int, ExactInt):
            return writable(value)
        raise Misfit


class Integers(_Memo):
    """``"5"`` and ``"5.0000"`` to 5; ``""`` to null."""

    def __missing__(self, text: Any) -> Any:
        if type(text) is not str:
            return self._not_text(text)
        if text == "":
            return self.keep(text, None)
        match = _INTEGER(with_zero(text)) if len(text) <= MAX_DIGITS else None
        if match is None:
            raise Misfit
        return self.keep(text, writable(int(match[1])))

    def _not_text(self, value: Any) -> Any:
        kind = type(value)
        if value is None:
            self[None] = None
            return None
        if kind in (int, ExactInt):
            return writable(value)
        if kind is ExactFloat:
            return self[value.text]
        if kind is float and -EXACT < value < EXACT and value.is_integer():
            return int(value)
        raise Misfit


class Dates(_Memo):
    """A date's text to RFC 3339 in UTC; ``""`` and zero dates to null."""

    def __init__(self) -> None:
        super().__init__()
        self.days = Days()

    def __missing__(self, text: Any) -> Any:
        if type(text) is not str:
            raise Misfit
        try:
            normal = normal_date(text)
        except NotADate:
            raise Misfit from None
        if normal is not None:
            self.days.learn(text, normal)
        return self.keep(text, normal)


def with_zero(number: str) -> str:
    """A number's text with the zero that the API leaves out before a point: ".10" is "0.10"."""
    return number.replace(".", "0.", 1) if _NO_ZERO(number) else number


def writable(number: int) -> Any:
    """An integer as orjson can write it: beyond 64 bits as its digits."""
    if MIN_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > MAX_BITS:
        raise Misfit
    return orjson.Fragment(str(number))


def clean_text(text: str) -> str:
    """Without NUL, which no warehouse takes, and lone surrogates, which are no characters."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
    return text


def clean_key(key: str) -> str:
    """A key stays distinct from the others: its NULs are replaced, not removed."""
    return clean_text(key.replace("\0", "\ufffd"))


class Rules:
    """The rules by kind of field, with the memos of one converter."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.integers = Integers()
        self.dates = Dates()
        self.by_kind: Mapping[str, Rule] = {
            "number": self._number,
            "integer": self._integer,
            "date": self._date,
            "string": to_string,
            "json": to_json,
            "boolean": to_boolean,
            "null": to_nothing,
            "any": to_whole,
        }

    def forget(self) -> None:
        """Empty the memos."""
        for memo in (self.numbers, self.integers, self.dates, self.dates.days):
            memo.clear()

    def _number(self, value: Any) -> Any:
        return _look_up(self.numbers, value)

    def _integer(self, value: Any) -> Any:
        return _look_up(self.integers, value)

    def _date(self, value: Any) -> Any:
        return _look_up(self.dates, value)


def _look_up(memo: _Memo, value: Any) -> Any:
    try:
        return memo[value]
    except TypeError:  # Arrays and objects are no keys.
        raise Misfit from None


def to_string(value: Any) -> str:
    """Text without NUL; a number becomes its JSON text; a boolean, array or object does not fit."""
    kind = type(value)
    if kind is str:
        return clean_text(value)
    if kind is int and value.bit_length() <= MAX_BITS:
        return str(value)
    if kind is ExactInt:
        return str(int(value))
    if kind is ExactFloat:
        return str(value.text)
    if kind is float and isfinite(value):
        return repr(value)
    raise Misfit


def to_json(value: Any) -> str:
    """As `to_string`, and any other value becomes its compact JSON text."""
    if type(value) in (bool, list, dict):
        return json_text(value)[0].decode()
    return to_string(value)


def to_boolean(value: Any) -> bool:
    """Besides booleans 0, 1 and their texts, which lose nothing; "" could be null or false."""
    kind = type(value)
    if kind is bool:
        return bool(value)
    if kind is int or kind is str:
        if value in (1, "1", "true"):
            return True
        if value in (0, "0", "false"):
            return False
    raise Misfit


def to_nothing(value: Any) -> Any:
    """A field that only takes null."""
    raise Misfit


def to_whole(value: Any) -> Any:
    """Anything, as it is: for fields without a type."""
    if type(value) is str:
        return clean_text(value)
    text, depth = json_text(value)
    if depth > MAX_DEPTH:
        raise Misfit
    return orjson.Fragment(text)


def json_text(value: Any) -> tuple[bytes, int]:
    """Any value that a JSON parser returns as compact JSON, and how many levels deep it is.

    Cannot fail, unlike `orjson.dumps`: no limit of depth, integers of any size, NUL removed, lone
    surrogates replaced, and what no double holds as a string.
    """
    parts: list[bytes] = []
    todo: list[Any] = [value]  # What is still to write, last first; bytes are already JSON.
    depth = deepest = 0
    while todo:
        item = todo.pop()
        if isinstance(item, bytes):
            parts.append(item)
            depth -= item in (b"]", b"}")
        elif isinstance(item, dict):
            parts.append(b"{")
            depth += 1
            todo.append(b"}")
            taken: set[str] = set()
            start = len(todo)
            for key, inner in item.items():
                name = clean_key(str(key))
                while name in taken or (name != key and name in item):
                    name += "\ufffd"
                taken.add(name)
                comma = b"," if len(taken) > 1 else b""
                todo += [comma + orjson.dumps(name) + b":", inner]
            todo[start:] = todo[: start - 1 : -1]
        elif isinstance(item, list):
            parts.append(b"[")
            depth += 1
            todo.append(b"]")
            for inner in reversed(item):
                todo += [inner, b","]
            if item:
                todo.pop()
        else:
            parts.append(_scalar_text(item))
        deepest = max(deepest, depth)
    return b"".join(parts), deepest


def _scalar_text(value: Any) -> bytes:
    if isinstance(value, str):
        return orjson.dumps(clean_text(value))
    if isinstance(value, ExactFloat):
        return (value.text if isfinite(value) else f'"{value.text}"').encode()
    if isinstance(value, float) and not isfinite(value):
        return b'"NaN"' if value != value else b'"Infinity"' if value > 0 else b'"-Infinity"'
    if isinstance(value, int) and not MIN_INT <= value <= MAX_INT:
        try:
            return str(int(value)).encode()
        except ValueError:  # Above Python's limit for decimal digits.
            return b'"%s"' % hex(value).encode()
    return orjson.dumps(value)
