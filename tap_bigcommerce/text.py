"""Text for people: printable, cut and without secrets; durations, tables, and similar names."""

from __future__ import annotations

import base64
import difflib
import io
import json
import re
import reprlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote, quote_plus, unquote

MAX_LENGTH = 200
"""Characters of one text from outside."""

ELLIPSIS = "…"
"""Stands where the rest of a text was."""

HIDDEN = "(hidden)"

MIN_SECRET_LENGTH = 6
"""Characters: a shorter text stands in many words, and they would tell it by what is left."""


def printable(text: str) -> str:
    """The text in one line, with escapes for what a terminal would obey or nobody can see."""
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or unicodedata.category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def excerpt(text: str, most: int = MAX_LENGTH) -> str:
    """A text from outside: printable, and cut."""
    seen = printable(text[:most])[:most]
    return seen + ELLIPSIS if len(text) > most or len(seen) == most > len(text) else seen


def quoted(value: object) -> str:
    """A value from outside as Python writes it: printable, and cut, however large or deep it is."""
    if isinstance(value, str):
        return repr(value[:MAX_LENGTH]) + (ELLIPSIS if len(value) > MAX_LENGTH else "")
    return excerpt(reprlib.repr(value))


def one_line(text: str) -> str:
    """A line made of our words and others': printable; very long words and lines are cut."""
    short = re.sub(rf"\S{{{MAX_LENGTH + 1},}}", lambda word: word[0][:MAX_LENGTH] + ELLIPSIS, text)
    return excerpt(short, most=4000)


def duration(seconds: float, *, tenths: bool = False) -> str:
    """A time as a person reads it: 12 s, 3 min 05 s, 2 h 10 min; with `tenths`, 1.2 s."""
    if tenths and seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, whole = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {whole:02d} s" if minutes else f"{whole} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    figures: Collection[int] = (),
    width: int | None = None,
) -> list[str]:
    """The lines of a table. The columns `figures` end in line, the others begin so.

    Cells are broken where the table would be wider than `width`; None: it may be as wide as it is.
    """
    from rich.console import Console  # takes its time to import
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0 if width is None else 1, 0), header_style="")
    for at, name in enumerate(head):
        made.add_column(name, justify="right" if at in figures else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    text = io.StringIO()
    Console(file=text, width=width or 10_000, no_color=True).print(made)
    return [row.rstrip() for row in text.getvalue().splitlines()]


class Secrets:
    """The texts of this run that nobody may see, wherever they come from."""

    def __init__(self) -> None:
        self._forms: tuple[str, ...] = ()
        self._pattern = re.compile("(?!)")  # found nowhere

    def add(self, values: Iterable[str]) -> None:
        """Hide these from now on, those of fewer than MIN_SECRET_LENGTH characters excepted."""
        long = [value for value in values if len(value) >= MIN_SECRET_LENGTH]
        forms = {*self._forms, *(form for value in long for form in _forms(value))}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        every = "|".join(map(re.escape, self._forms))
        self._pattern = re.compile(every or "(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        """The text without them, in whichever usual form they stand in it."""
        *parts, last = self._pattern.sub(HIDDEN, text).split(ELLIPSIS)
        return ELLIPSIS.join([*map(self._without_beginning, parts), last])

    def _without_beginning(self, part: str) -> str:
        """The text before a cut, which may have gone through a secret."""
        for form in self._forms:
            end = part[-len(form) :].lower()
            for size in range(len(form) - 1, MIN_SECRET_LENGTH - 1, -1):
                if end.endswith(form[:size].lower()):
                    return part[:-size] + HIDDEN
        return part


def proxy_passwords(environment: Mapping[str, str]) -> list[str]:
    """The passwords in the addresses of proxies, as they stand there and as they are meant."""
    found = []
    for name, value in environment.items():
        if name.lower().endswith("_proxy"):
            user = value.rpartition("@")[0]
            password = (user.partition("//")[2] or user).partition(":")[2]
            found += [password, unquote(password)]
    return [password for password in found if password]


def _forms(secret: str) -> set[str]:
    """A secret as it may stand in addresses, JSON, HTML, Python's words and base64."""
    as_json = json.dumps(secret)[1:-1]
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        as_json,
        as_json.replace("/", "\\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        escape(secret),
        *_in_base64(secret.encode("utf-8", "surrogatepass")),
    }


def _in_base64(secret: bytes) -> Iterable[str]:
    """What only this secret can cause in base64, wherever it stands in what is encoded."""
    for before, spoiled in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(secret)) // 3 * 3
        text = base64.b64encode((bytes(before) + secret)[:whole]).decode()[spoiled:]
        if len(text) >= MIN_SECRET_LENGTH:
            yield text
            yield text.replace("+", "-").replace("/", "_")


def closest_match(name: str, names: Iterable[str]) -> str | None:
    """The most similar of the names, if one is."""
    by_lower = {other.lower(): other for other in names}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], mark: str = "") -> str:
    """A sentence that offers the most similar of the names, behind `mark`; or nothing."""
    found = closest_match(name, names)
    return f" Did you mean {mark + found!r}?" if found else ""
