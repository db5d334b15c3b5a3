"""JSON read so that no number loses digits: those that 64 bits do not hold keep their text."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

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
    return number if -(2**63) <= number < 2**64 else ExactInt(number)


def to_float(text: str) -> float:
    """The text of any other number in JSON."""
    number = float(text)
    if len(text) < LONG and isfinite(number):
        return number
    is_exact = isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if is_exact else ExactFloat(text)
