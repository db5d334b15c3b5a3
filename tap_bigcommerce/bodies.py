"""An answer's body, from bytes to JSON, and what can be done when it is not quite JSON."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from tap_bigcommerce.records.scalars import json_text, loads, to_float, to_int
from tap_bigcommerce.statuses import AttemptFailed

TOO_DEEP = "arrays or objects are nested too deep"

# Twice as fast as `in` on a body with many backslashes.
_NUL = re.compile(rb"\\u0000")


def parse(body: bytes, *, mends: bool = False) -> tuple[Any, bool]:
    """The JSON value in `body`, and whether it was mended, which `mends` allows.

    Raises AttemptFailed.
    """
    try:
        return loads(body), False
    except ValueError as error:
        failed = AttemptFailed("not JSON", f"the answer is not JSON ({error})")
        try:
            mended = mend(body)
        except ValueError:
            raise failed from error
        if mends:
            return mended, True
        failed.only_text = True
        raise failed from error


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
        raise ValueError(TOO_DEEP) from error


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
