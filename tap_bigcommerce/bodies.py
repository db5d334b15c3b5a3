"""An answer's body, from bytes to JSON, and what can be done when it is not quite JSON."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from tap_bigcommerce.records.scalars import json_text, loads, to_float, to_int

TOO_DEEP = "arrays or objects are nested too deep"

# Twice as fast as `in` on a body with many backslashes.
_NUL = re.compile(rb"\\u0000")


class NotJson(ValueError):
    """The body is not JSON; `only_text`: bad characters inside its texts are all that is wrong."""

    def __init__(self, words: str, *, only_text: bool) -> None:
        super().__init__(words)
        self.only_text = only_text


def parse(body: bytes) -> Any:
    """The JSON value in `body`. Raises NotJson."""
    try:
        return loads(body)
    except ValueError as error:
        try:
            mend(body)
        except ValueError:
            raise NotJson(str(error), only_text=False) from error
        raise NotJson(str(error), only_text=True) from error


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
        raise NotJson(TOO_DEEP, only_text=False) from error


def is_clean(body: bytes) -> bool:
    """Whether `parse` makes only clean values of this body; may say no without need.

    What it reads has no lone surrogates and no NaN; what may still be in it is the character NUL,
    which targets refuse and which can only be written as this escape.
    """
    return b"\\" not in body or _NUL.search(body) is None


def clean(value: Any) -> bytes:
    """A value as JSON that `parse` reads: without NUL and lone surrogates, and what no double holds
    as text."""
    return json_text(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
