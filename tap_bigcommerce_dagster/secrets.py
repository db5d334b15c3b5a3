"""Keeps secrets out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

_TELLING = re.compile(r"pass|secret|token|key|credential|auth|url|uri|dsn|connection", re.I)
_SHORTEST = 4
"""Letters. What is shorter would hide half of every line."""

HIDDEN = "[hidden]"


class Secrets:
    """The secret values in some settings, told by the settings' names."""

    def __init__(self, *settings: Mapping[str, Any]) -> None:
        found = {value for each in settings for value in _values(each)}
        self._values = sorted((v for v in found if len(v) >= _SHORTEST), key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """The text without them."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text


def _values(settings: Any) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _values(value)
        elif isinstance(value, str) and _TELLING.search(name):
            try:
                password = urlsplit(value).password
            except ValueError:
                password = None
            if password is not None:
                # The rest of an address helps whoever reads the line.
                yield from {password, unquote(password)}
            elif "://" not in value:
                yield value
