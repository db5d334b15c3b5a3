"""Converts values to a field's type; parses and writes exact numbers.

Each `to_...` function takes a value that is not null. It returns the value to write, in which
`orjson.Fragment` holds finished JSON, or raises DoesNotFit where something would be lost.
"""

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

# The integers that orjson can write.
MIN_INT, MAX_INT = -(2**63), 2**64 - 1
# A double beyond this may have lost digits when it was parsed.
MAX_EXACT = 2**53
# Integers of more bits are larger than any double: most readers make them infinite, or fail.
MAX_BITS = 1023

# [0-9] and not `\d`, which also matches the digits of other scripts; fullmatch, because `$` also
# matches before a newline at the end.
_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?").fullmatch
_STARTS_WITH_POINT = re.compile(r"-?\.").match
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*|(?=\.))(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_SURROGATES = re.compile("[\ud800-\udfff]")

# Numbers of fewer characters lose no digit as a 64-bit integer or a double.
LONG = 17
# Longer numbers are not parsed: Python refuses integers of some thousands of digits.
MAX_DIGITS = 1000

_TO_ZEROS = bytes.maketrans(b"123456789.", b"0000000000")
_LONG_RUN = b"0" * LONG
_BEFORE_NUMBERS = b":,[- \t\r\n"


class ExactInt(int):
    """An integer beyond 64 bits, which orjson cannot write.

    It has a type of its own because values of the type `int` are written unchanged.
    """


class ExactFloat(float):
    """A number with more digits than a double holds.

    text: the number as it was in the JSON text.
    """

    def __new__(cls, text: str) -> "ExactFloat":
        """Make the number from its JSON text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


def loads(body: bytes) -> Any:
    """Parse JSON like `orjson.loads`, but with every digit of every number.

    Numbers that lose digits as an int or a float become ExactInt or ExactFloat. Raises ValueError
    for text that is not JSON.
    """
    value = orjson.loads(body)
    if _has_long_number(body):
        # The json module raises RecursionError for deep nesting: then digits are lost, but no row.
        with suppress(RecursionError):
            return json.loads(body, parse_int=to_int, parse_float=to_float)
    return value


def _has_long_number(body: bytes) -> bool:
    """Whether a number in the body may lose digits.

    Looks for LONG digits behind a character that can precede a number. Names of files may have as
    many digits, but do not begin with them.
    """
    digits = body.translate(_TO_ZEROS)
    start = digits.find(_LONG_RUN)
    while start >= 0:
        if body[start - 1 : start] in _BEFORE_NUMBERS:  # So is b"", at the beginning.
            return True
        start = digits.find(_LONG_RUN, start + LONG)
    return False


def to_int(text: str) -> int | float:
    """Parse the JSON text of an integer."""
    if len(text) < LONG:
        return int(text)
    if len(text) > MAX_DIGITS:
        return ExactFloat(text)
    number = int(text)
    return number if MIN_INT <= number <= MAX_INT else ExactInt(number)


def to_float(text: str) -> float:
    """Parse the JSON text of a number with a point or an exponent."""
    number = float(text)
    if len(text) < LONG and isfinite(number):
        return number
    is_exact = isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if is_exact else ExactFloat(text)


class DoesNotFit(Exception):
    """The value cannot be converted to the field's type without loss.

    No error for the user: the converter catches it, and rescues the value.
    """


def to_number(value: Any) -> Any:
    """Convert a number, or a text such as "12.5000", to a number with the same digits.

    "" becomes None.
    """
    if type(value) is str:
        return _number_of(value)
    if isinstance(value, float) and isfinite(value):
        return float(value)
    if type(value) in (int, ExactInt):
        return to_writable_integer(value)
    raise DoesNotFit


@functools.lru_cache(maxsize=8192)  # Most rows have the same few prices.
def _number_of(text: str) -> orjson.Fragment | None:
    if text == "":
        return None
    if len(text) > MAX_DIGITS or _NUMBER(text) is None or not isfinite(float(text)):
        raise DoesNotFit
    return orjson.Fragment(add_leading_zero(text))


def to_integer(value: Any) -> Any:
    """Convert an integer, 5.0, "5" or "5.0000" to an integer. "" becomes None."""
    python_type = type(value)
    if python_type is str or python_type is ExactFloat:
        text = value if python_type is str else value.text
        if text == "":
            return None
        match = _INTEGER(add_leading_zero(text)) if len(text) <= MAX_DIGITS else None
        if match is None:
            raise DoesNotFit
        return to_writable_integer(int(match[1]))
    if python_type in (int, ExactInt):
        return to_writable_integer(value)
    if python_type is float and -MAX_EXACT < value < MAX_EXACT and value.is_integer():
        return int(value)
    raise DoesNotFit


def to_date(value: Any) -> str | None:
    """Convert a date's text to RFC 3339 in UTC. "" and zero dates become None."""
    if type(value) is not str:
        raise DoesNotFit
    try:
        return normalize_date(value)
    except NotADate:
        raise DoesNotFit from None


def add_leading_zero(number: str) -> str:
    """Add the zero that the API omits before a decimal point: ".10" becomes "0.10"."""
    return number.replace(".", "0.", 1) if _STARTS_WITH_POINT(number) else number


def to_writable_integer(number: int) -> Any:
    """An integer in a form that orjson can write: beyond 64 bits, a Fragment of its digits.

    Raises DoesNotFit for integers larger than any double.
    """
    if MIN_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > MAX_BITS:
        raise DoesNotFit
    return orjson.Fragment(str(number))


def clean_text(text: str) -> str:
    """Remove NULs, which no warehouse accepts, and replace lone surrogates by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text.replace("\0", ""))


def to_string(value: Any) -> str:
    """Convert a number to its JSON text. Booleans, arrays and objects do not fit."""
    if type(value) in (str, int, float, ExactInt, ExactFloat):
        return str(value)
    raise DoesNotFit


def to_json(value: Any) -> str:
    """Convert any value to text: like `to_string`, others to their compact JSON text."""
    if type(value) in (bool, list, dict):
        return json_text(value).decode()
    return to_string(value)


def to_boolean(value: Any) -> bool:
    """Convert booleans, 0, 1, and the texts "0", "1", "false" and "true".

    "" does not fit: it could be null or false.
    """
    if type(value) in (bool, int, str):
        if value in (1, "1", "true"):
            return True
        if value in (0, "0", "false"):
            return False
    raise DoesNotFit


def to_any(value: Any) -> Any:
    """Any value, unchanged: for fields without a type."""
    try:
        return orjson.Fragment(
            orjson.dumps(
                value,
                default=lambda number: orjson.Fragment(_scalar_text(number)),
                option=orjson.OPT_PASSTHROUGH_SUBCLASS,
            )
        )
    except TypeError:  # Nested deeper than orjson can write.
        raise DoesNotFit from None


def to_container(container: type, value: Any) -> Any:
    """Any dict or list, unchanged: for objects without properties and arrays without items."""
    if type(value) is container:
        return to_any(value)
    if value == "" or value == []:  # PHP writes an empty object as an empty array.
        return None
    raise DoesNotFit


def json_text(value: Any) -> bytes:
    """The compact JSON text of any parsed value. Never fails, unlike `orjson.dumps`.

    There is no limit of depth, and integers may have any size. NULs are removed, lone surrogates
    replaced, and numbers larger than any double are written as strings.
    """
    parts: list[bytes] = []
    todo: list[Any] = [value]  # A stack of what is still to write; bytes are finished JSON.
    while todo:
        item = todo.pop()
        if isinstance(item, bytes):
            parts.append(item)
        elif isinstance(item, (dict, list)):
            opening, closing = (b"{", b"}") if isinstance(item, dict) else (b"[", b"]")
            parts.append(opening)
            inside: list[Any] = []
            for name, inner in _members(item):
                inside += [b"," + name if inside else name, inner]
            todo += [closing, *reversed(inside)]
        else:
            parts.append(_scalar_text(item))
    return b"".join(parts)


def _members(container: dict[str, Any] | list[Any]) -> Iterator[tuple[bytes, Any]]:
    """The members of an object, each with its key as JSON and a colon; of an array, with b"".

    Keys stay distinct: their NULs are replaced, not removed.
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


CONVERSIONS: dict[str, tuple[Callable[[Any], Any], tuple[type, ...]]] = {
    "string": (to_string, (str,)),
    "json": (to_json, (str,)),
    "date": (to_date, (str,)),
    "number": (to_number, (int, float)),
    "integer": (to_integer, (int,)),
    "boolean": (to_boolean, (bool,)),
    "object": (functools.partial(to_container, dict), (dict,)),
    "array": (functools.partial(to_container, list), (list,)),
    "any": (to_any, (str, int, float, bool, dict, list)),
}
"""By type name: the conversion of its values, and the Python types of values that already fit.

"json" is a string in which any other value becomes its JSON text. "object" and "array" are those
without properties and items.
"""
