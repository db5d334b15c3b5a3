"""An answer's body, from bytes to JSON, and what can be done when it is not quite JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from tap_bigcommerce.records import clean_key, clean_text, loads, to_float, to_int

TOO_DEEP = "arrays or objects are nested too deep"


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
    """The JSON value in `body` with every bad character replaced by U+FFFD.

    For bodies that orjson refuses only because of an invalid byte, half a surrogate pair or a
    raw control character in a text, or a number that no double holds. Raises ValueError when more
    than that is wrong.
    """
    text = body.decode("utf-8", errors="replace")
    try:
        value = json.loads(
            text, parse_int=to_int, parse_float=to_float, parse_constant=_refuse, strict=False
        )
    except RecursionError as error:
        raise NotJson(TOO_DEEP, only_text=False) from error
    return cleaned(value)


def cleaned(value: Any) -> Any:
    """The value with no character in its texts that cannot be written, nor the character NUL.

    Raises NotJson where it is nested too deep.
    """
    try:
        return _cleaned(value)
    except RecursionError as error:
        raise NotJson(TOO_DEEP, only_text=False) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, item in value.items():
            name = clean_key(key)
            while name in found or (name != key and name in value):
                name += "\ufffd"
            found[name] = _cleaned(item)
        return found
    return value
