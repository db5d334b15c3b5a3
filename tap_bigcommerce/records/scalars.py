"""Scalars: what loses nothing on the way to a field's type is converted, the rest does not fit.

Every rule takes a value that is not null and returns what goes out, or raises `Misfit`. JSON is
read so that no number loses digits: those that 64 bits do not hold keep their text.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from tap_bigcommerce.dates import NotADate, normalize_date

# What orjson writes; a float beyond EXACT may already have lost digits when it was read.
MIN_INT, MAX_INT = -(2**63), 2**64 - 1
EXACT = 2**53
# More than a double can hold fits nowhere: most readers make it infinite, or fail.
MAX_BITS = 1023

# [0-9], for `\d` also matches other scripts' digits; fullmatch, for `$` lets a newline by.
_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?").fullmatch
_NO_ZERO = re.compile(r"-?\.").match
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*|(?=\.))(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_SURROGATES = re.compile("[\ud800-\udfff]")

# No integer and no double of fewer digits loses any (a point may be among them).
LONG = 17
MAX_DIGITS = 1000

_TO_ZEROS = bytes.maketrans(b"123456789.", b"0000000000")
_RUN = b"0" * LONG
_BEFORE_NUMBERS = b":,[- \t\r\n"


class ExactInt(int):
    """An integer beyond 64 bits. Not an `int` by its type: whatever takes those as they are would
    hand it to writers that cannot write it."""


class ExactFloat(float):
    """A number of which a double does not hold every digit; `text` does."""

    def __new__(cls, text: str) -> ExactFloat:
        """From its text in JSON."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


def loads(body: bytes) -> Any:
    """What `orjson.loads` makes of a body, but for numbers that would lose digits.

    Raises ValueError as that does.
    """
    value = orjson.loads(body)
    if _has_long_number(body):
        # Nested deeper than json reads: then the digits are lost, and not the record.
        with suppress(RecursionError):
            return json.loads(body, parse_int=to_int, parse_float=to_float)
    return value


def _has_long_number(body: bytes) -> bool:
    """Whether a number may lose digits. Names of files have as many, but do not begin with them."""
    digits = body.translate(_TO_ZEROS)
    at = digits.find(_RUN)
    while at >= 0:
        if body[at - 1 : at] in _BEFORE_NUMBERS:  # As is nothing, at the beginning.
            return True
        at = digits.find(_RUN, at + LONG)
    return False


def to_int(text: str) -> int | float:
    """An integer's text in JSON as a number."""
    if len(text) < LONG:
        return int(text)
    if len(text) > MAX_DIGITS:  # Python refuses some thousands.
        return ExactFloat(text)
    number = int(text)
    return number if MIN_INT <= number <= MAX_INT else ExactInt(number)


def to_float(text: str) -> float:
    """The text of any other number in JSON."""
    number = float(text)
    if len(text) < LONG and isfinite(number):
        return number
    is_exact = isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if is_exact else ExactFloat(text)


class DoesNotFit(Exception):  # not an error
    """The value cannot become what the schema promises without losing something."""


def to_number(value: Any) -> Any:
    """``"12.5000"`` to the number 12.5000, digit for digit; ``""`` to null."""
    if type(value) is str:
        return _number_of(value)
    if isinstance(value, float) and isfinite(value):
        return float(value)
    if type(value) in (int, ExactInt):
        return writable(value)
    raise DoesNotFit


@functools.lru_cache(maxsize=8192)  # The same few prices come again and again.
def _number_of(text: str) -> orjson.Fragment | None:
    if text == "":
        return None
    if len(text) > MAX_DIGITS or _NUMBER(text) is None or not isfinite(float(text)):
        raise DoesNotFit
    return orjson.Fragment(with_zero(text))


def to_integer(value: Any) -> Any:
    """``"5"`` and ``"5.0000"`` to 5; ``""`` to null."""
    kind = type(value)
    if kind is str or kind is ExactFloat:
        text = value if kind is str else value.text
        if text == "":
            return None
        match = _INTEGER(with_zero(text)) if len(text) <= MAX_DIGITS else None
        if match is None:
            raise DoesNotFit
        return writable(int(match[1]))
    if kind in (int, ExactInt):
        return writable(value)
    if kind is float and -EXACT < value < EXACT and value.is_integer():
        return int(value)
    raise DoesNotFit


def to_date(value: Any) -> str | None:
    """A date's text to RFC 3339 in UTC; ``""`` and zero dates to null."""
    if type(value) is not str:
        raise DoesNotFit
    try:
        return normalize_date(value)
    except NotADate:
        raise DoesNotFit from None


def with_zero(number: str) -> str:
    """A number's text with the zero that the API leaves out before a point: ".10" is "0.10"."""
    return number.replace(".", "0.", 1) if _NO_ZERO(number) else number


def writable(number: int) -> Any:
    """An integer as orjson can write it: beyond 64 bits as its digits."""
    if MIN_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > MAX_BITS:
        raise DoesNotFit
    return orjson.Fragment(str(number))


def clean_text(text: str) -> str:
    """Without NUL, which no warehouse takes, and lone surrogates, which are no characters."""
    return _SURROGATES.sub("\ufffd", text.replace("\0", ""))


def to_string(value: Any) -> str:
    """A number becomes its JSON text; a boolean, array or object does not fit."""
    if type(value) in (str, int, float, ExactInt, ExactFloat):
        return str(value)
    raise DoesNotFit


def to_json(value: Any) -> str:
    """As `to_string`, and any other value becomes its compact JSON text."""
    if type(value) in (bool, list, dict):
        return json_text(value).decode()
    return to_string(value)


def to_boolean(value: Any) -> bool:
    """Besides booleans 0, 1 and their texts, which lose nothing; "" could be null or false."""
    if type(value) in (bool, int, str):
        if value in (1, "1", "true"):
            return True
        if value in (0, "0", "false"):
            return False
    raise DoesNotFit


def to_any(value: Any) -> Any:
    """Anything, as it is: for fields without a type."""
    try:
        return orjson.Fragment(
            orjson.dumps(
                value,
                default=lambda number: orjson.Fragment(_scalar_text(number)),
                option=orjson.OPT_PASSTHROUGH_SUBCLASS,
            )
        )
    except TypeError:  # Deeper than orjson writes.
        raise DoesNotFit from None


def to_whole(kind: type, value: Any) -> Any:
    """Any value of this kind, as it is: for objects and arrays without more said of them."""
    if type(value) is kind:
        return to_any(value)
    if value == "" or value == []:  # An empty array is how PHP writes an empty object.
        return None
    raise DoesNotFit


def json_text(value: Any) -> bytes:
    """Any value that a JSON parser returns as compact JSON.

    Cannot fail, unlike `orjson.dumps`: no limit of depth, integers of any size, NUL removed, lone
    surrogates replaced, and what no double holds as a string.
    """
    parts: list[bytes] = []
    todo: list[Any] = [value]  # What is still to write, last first; bytes are already JSON.
    while todo:
        item = todo.pop()
        if isinstance(item, bytes):
            parts.append(item)
        elif isinstance(item, (dict, list)):
            opening, closing = (b"{", b"}") if isinstance(item, dict) else (b"[", b"]")
            parts.append(opening)
            inside: list[Any] = []
            for name, inner in _named(item):
                inside += [b"," + name if inside else name, inner]
            todo += [closing, *reversed(inside)]
        else:
            parts.append(_scalar_text(item))
    return b"".join(parts)


def _named(container: dict[str, Any] | list[Any]) -> Iterator[tuple[bytes, Any]]:
    """What is in an object or array, each behind what it is called there, if anything.

    Names stay distinct: their NULs are replaced, not removed.
    """
    if isinstance(container, list):
        yield from ((b"", item) for item in container)
        return
    taken: set[str] = set()
    for key, item in container.items():
        name = clean_text(key.replace("\0", "\ufffd"))
        while name in taken or (name != key and name in container):
            name += "\ufffd"
        taken.add(name)
        yield orjson.dumps(name) + b":", item


def _scalar_text(value: Any) -> bytes:
    if isinstance(value, str):
        return orjson.dumps(clean_text(value))
    if isinstance(value, ExactFloat):
        return (value.text if isfinite(value) else f'"{value.text}"').encode()
    if isinstance(value, int) and not MIN_INT <= value <= MAX_INT:
        return (b"%d" if value.bit_length() <= MAX_BITS else b'"%d"') % value
    return orjson.dumps(value)


KINDS: dict[str, tuple[Callable[[Any], Any], tuple[type, ...]]] = {
    "string": (to_string, (str,)),
    "json": (to_json, (str,)),
    "date": (to_date, (str,)),
    "number": (to_number, (int, float)),
    "integer": (to_integer, (int,)),
    "boolean": (to_boolean, (bool,)),
    "object": (functools.partial(to_whole, dict), (dict,)),
    "array": (functools.partial(to_whole, list), (list,)),
    "any": (to_any, (str, int, float, bool, dict, list)),
}
"""By kind: what becomes of its values, and the types of values that it is for.

"json" is a string that takes arrays and objects as their JSON text. Objects and arrays are here
those of which the schema says nothing more.
"""
