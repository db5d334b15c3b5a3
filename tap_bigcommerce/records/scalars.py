"""Scalars: what loses nothing on the way to a field's type is converted, the rest does not fit.

Every rule takes a value that is not null and returns what goes out, or raises `Misfit`.
"""

from __future__ import annotations

import functools
import re
from math import isfinite
from typing import Any

import orjson

from tap_bigcommerce.dates import NotADate, normal_date
from tap_bigcommerce.records.exact import MAX_DIGITS, ExactFloat, ExactInt

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


def to_number(value: Any) -> Any:
    """``"12.5000"`` to the number 12.5000, digit for digit; ``""`` to null."""
    kind = type(value)
    if kind is str:
        return _number_of(value)
    if kind is float and isfinite(value):
        return value
    if kind is ExactFloat and isfinite(value):
        return float(value)
    if kind in (int, ExactInt):
        return writable(value)
    raise Misfit


@functools.lru_cache(maxsize=8192)  # The same few prices come again and again.
def _number_of(text: str) -> orjson.Fragment | None:
    if text == "":
        return None
    # Between a digit, sign or point and a digit orjson takes nothing but a number of JSON's
    # grammar, without blanks; it refuses what a double holds only as infinite, as most readers
    # would.
    if text[-1] not in _DIGITS or text[0] not in _FIRST or len(text) > MAX_DIGITS:
        raise Misfit
    number = with_zero(text)
    try:
        orjson.loads(number)
    except ValueError:
        raise Misfit from None
    return orjson.Fragment(number)


def to_integer(value: Any) -> Any:
    """``"5"`` and ``"5.0000"`` to 5; ``""`` to null."""
    kind = type(value)
    if kind is str or kind is ExactFloat:
        text = value if kind is str else value.text
        if text == "":
            return None
        match = _INTEGER(with_zero(text)) if len(text) <= MAX_DIGITS else None
        if match is None:
            raise Misfit
        return writable(int(match[1]))
    if kind in (int, ExactInt):
        return writable(value)
    if kind is float and -EXACT < value < EXACT and value.is_integer():
        return int(value)
    raise Misfit


def to_date(value: Any) -> str | None:
    """A date's text to RFC 3339 in UTC; ``""`` and zero dates to null."""
    if type(value) is not str:
        raise Misfit
    try:
        return normal_date(value)
    except NotADate:
        raise Misfit from None


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


def to_string(value: Any) -> str:
    """A number becomes its JSON text; a boolean, array or object does not fit."""
    kind = type(value)
    if kind is str:
        return str(value)
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


def to_any(value: Any) -> Any:
    """Anything, as it is: for fields without a type."""
    try:
        return orjson.Fragment(orjson.dumps(value))
    except TypeError:  # Too deep, or a number that orjson does not write.
        pass
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
        return (b"%d" if value.bit_length() <= MAX_BITS else b'"%d"') % value
    return orjson.dumps(value)
