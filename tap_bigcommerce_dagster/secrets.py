"""Keeps secrets out of what is shown."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from tap_bigcommerce_dagster.files import parsed

_SECRET = re.compile(r"pass|pwd|secret|token|key|credential|auth|salt|private|cookie|hook", re.I)
_ADDRESS = re.compile(r"url|uri|dsn|connection", re.I)
# These see long lines of other people's making. Each begins at the start of a word and is bounded,
# or takes all that it looks at, so that time grows with the line and no faster.
_PAIR = re.compile(r"(?<![\w.-])([\w.-]+)\s*[=:]\s*('[^']*'|\"[^\"]*\"|[^\s;,&'\"]+)")

# What a line itself calls a secret: `password=...`, `"api_token": "..."`, `Authorization: ...`.
_CALLED_SO = re.compile(
    r"(?i)(?<![\w-])([\w-]{0,40}?(?:passw|pwd|secret|token|api.?key)[\w-]{0,40}(?:=|[\"']: {0,9}))"
    r"([\"'](?:\\.|[^\"'\\])*[\"']|[^\s,;&)}\]]+)"
    r"|((?:authorization|x-auth-token|cookie)[\"']?\s*[:=]\s*).+"
)
_IN_ADDRESS = re.compile(r"://[^\s\"'<>]*")

_ANYWHERE = 6
_AS_A_WORD = 3
"""Letters from which on a value is hidden: wherever it stands, or as a word of its own. What is
shorter would hide half of every line."""

MOST_SHOWN = 10_000
"""Letters of a line."""

HIDDEN = "[hidden]"


class Secrets:
    """The secret values in some settings, told by the settings' names."""

    def __init__(self, *settings: Any) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for each in settings:
            self.learn(each)

    def learn(self, settings: Any) -> None:
        """Look for secrets in these settings, too."""
        found = {text for value in _values(settings, "") for text in _written(value)}
        self._values |= {text for text in found if len(text) >= _AS_A_WORD}
        longest_first = sorted(self._values, key=len, reverse=True)
        words = [
            re.escape(text) if len(text) >= _ANYWHERE else rf"(?<!\w){re.escape(text)}(?!\w)"
            for text in longest_first
        ]
        self._pattern = re.compile("|".join(words)) if words else None

    def hidden(self, text: str) -> str:
        """The text without them, without users and queries of addresses, and fit to be shown."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        text = _CALLED_SO.sub(rf"\1\3{HIDDEN}", text)
        text = _IN_ADDRESS.sub(_without_user_and_query, text)
        if len(text) > MOST_SHOWN:
            text = f"{text[:MOST_SHOWN]}..."
        # A terminal obeys what it cannot show, and some databases take no NUL.
        return "".join(map(_printable, text)) if not text.isprintable() else text


def _without_user_and_query(address: re.Match[str]) -> str:
    user, at, rest = address[0].removeprefix("://").rpartition("@")
    place = re.split(r"[?#]", rest, maxsplit=1)
    return f"://{HIDDEN + at if user else at}{place[0]}{'?' + HIDDEN if place[1:] else ''}"


def _printable(letter: str) -> str:
    if letter.isprintable() or letter in "\n\t":
        return letter
    return letter.encode("unicode_escape", "surrogatepass").decode()


def _values(value: Any, name: str) -> Iterator[str]:
    """Secrets in the value of a setting, whose name has those of all settings above it."""
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from _values(content, f"{name} {inner}")
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for content in value:
            yield from _values(content, name)
    elif value is not None and not isinstance(value, bool):
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        if _SECRET.search(name) or (_ADDRESS.search(name) and "://" not in text):
            yield text
        yield from _within(text)


def _within(text: str) -> Iterator[str]:
    """Secrets in a text that tells its parts' names: an address, JSON, `password=...`."""
    if text.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            yield from _values(parsed(text), "")
    if "://" in text:
        try:
            address = urlsplit(text.strip())
        except ValueError:
            yield text
            return
        yield from filter(None, (address.username, address.password, address.query))
        yield from (value for _, value in parse_qsl(address.query))
    for name, value in _PAIR.findall(text):
        if _SECRET.search(name):
            yield value.strip("'\"")


def _written(value: str) -> Iterator[str]:
    """The ways in which a program may write a value, a line at a time."""
    for text in {value, unquote(value), unquote_plus(value)}:
        for line in {text, *text.splitlines()}:
            yield line.strip()
            yield quote(line, safe="", errors="replace")
            yield quote_plus(line, errors="replace")
            yield json.dumps(line)[1:-1]
            yield json.dumps(line, ensure_ascii=False)[1:-1]
            yield repr(line)[1:-1]
