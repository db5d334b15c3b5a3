"""An answer's body, from bytes to JSON, and what can be done when it is not quite JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson


class NotJson(ValueError):
    """The body is not JSON; `only_text`: bad characters inside its texts are all that is wrong."""

    def __init__(self, words: str, *, only_text: bool) -> None:
        super().__init__(words)
        self.only_text = only_text


def parse(body: bytes) -> Any:
    """The JSON value in `body`. Raises NotJson."""
    try:
        return orjson.loads(body)
    except ValueError as error:
        try:
            mend(body)
        except ValueError:
            raise NotJson(str(error), only_text=False) from error
        raise NotJson(str(error), only_text=True) from error


def mend(body: bytes) -> Any:
    """The JSON value in `body` with every bad character replaced by U+FFFD.

    For bodies that orjson refuses only because of an invalid byte, half a surrogate pair or a
    raw control character in a text, or a number that no double holds, which becomes infinite.
    Raises ValueError when more than that is wrong.
    """
    text = body.decode("utf-8", errors="replace")
    try:
        return _without_surrogates(json.loads(text, parse_constant=_refuse, strict=False))
    except RecursionError as error:
        raise ValueError("arrays or objects are nested too deep") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
