"""Removes secrets from log lines, errors and other texts."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from tap_bigcommerce_dagster.errors import parse_json

_SECRET = re.compile(r"pass|pwd|secret|token|key|credential|auth|salt|private|cookie|hook", re.I)
_URL_SETTING = re.compile(r"url|uri|dsn|connection", re.I)
# These are applied to long lines that other programs write. They need time linear in the length of
# the line: each match begins at the start of a word, and is bounded or takes all that it reads.
_PAIR = re.compile(r"(?<![\w.-])([\w.-]+)\s*[=:]\s*('[^']*'|\"[^\"]*\"|[^\s;,&'\"]+)")

# Secrets that the text itself names: `password=...`, `"api_token": "..."`, `Authorization: ...`.
_NAMED_IN_TEXT = re.compile(
    r"(?i)(?<![\w-])([\w-]{0,40}?(?:passw|pwd|secret|token|api.?key)[\w-]{0,40}(?:=|[\"']: {0,9}))"
    r"([\"'](?:\\.|[^\"'\\])*[\"']|[^\s,;&)}\]]+)"
    r"|((?:authorization|x-auth-token|cookie)[\"']?\s*[:=]\s*).+"
)
_URL = re.compile(r"://[^\s\"'<>]*")

# The length from which a value is hidden: anywhere in a text, or only as a separate word. Hiding
# shorter values would make most lines unreadable.
_MIN_ANYWHERE = 6
_MIN_AS_WORD = 3

MAX_LENGTH = 10_000  # Characters of a text that are shown.
HIDDEN = "[hidden]"


class Secrets:
    """The secret values in some settings, recognized by the names of the settings."""

    def __init__(self, settings: Any) -> None:
        self._values: set[str] = set()
        self.add(settings)

    def add(self, settings: Any) -> None:
        """Add the secrets in these settings."""
        found = {text for value in _secret_values(settings, "") for text in _encodings(value)}
        self._values |= {text for text in found if len(text) >= _MIN_AS_WORD}
        patterns = [
            re.escape(text) if len(text) >= _MIN_ANYWHERE else rf"(?<!\w){re.escape(text)}(?!\w)"
            for text in sorted(self._values, key=len, reverse=True)  # The longest match is hidden.
        ]
        self._pattern = re.compile("|".join(patterns) or r"(?!)")  # Without any it never matches.

    def redact(self, text: str) -> str:
        """The text without secrets, URLs' users and queries, and unprintable characters."""
        text = self._pattern.sub(HIDDEN, text)
        text = _NAMED_IN_TEXT.sub(rf"\1\3{HIDDEN}", text)
        text = _URL.sub(_without_credentials, text)
        if len(text) > MAX_LENGTH:
            text = f"{text[:MAX_LENGTH]}..."
        # Escape sequences would control a terminal, and some databases reject NUL.
        return "".join(map(_printable, text)) if not text.isprintable() else text


def _without_credentials(address: re.Match[str]) -> str:
    user, at, rest = address[0].removeprefix("://").rpartition("@")
    parts = re.split(r"[?#]", rest, maxsplit=1)
    return f"://{HIDDEN + at if user else at}{parts[0]}{'?' + HIDDEN if parts[1:] else ''}"


def _printable(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def _secret_values(value: Any, name: str) -> Iterator[str]:
    """Secrets in a setting. `name` includes the names of the settings that contain it."""
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from _secret_values(content, f"{name} {inner}")
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for content in value:
            yield from _secret_values(content, name)
    elif value is not None and not isinstance(value, bool):
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        if _SECRET.search(name) or (_URL_SETTING.search(name) and "://" not in text):
            yield text
        yield from _secrets_in_text(text)


def _secrets_in_text(text: str) -> Iterator[str]:
    """Secrets inside a text: in a URL, in JSON, in `password=...`."""
    if text.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            yield from _secret_values(parse_json(text), "")
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


def _encodings(value: str) -> Iterator[str]:
    """The forms in which a program may print a value, each line separately."""
    for text in {value, unquote(value), unquote_plus(value)}:
        for line in {text, *text.splitlines()}:
            yield line.strip()
            yield quote(line, safe="", errors="replace")
            yield quote_plus(line, errors="replace")
            yield json.dumps(line)[1:-1]
            yield json.dumps(line, ensure_ascii=False)[1:-1]
            yield repr(line)[1:-1]
