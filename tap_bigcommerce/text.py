"""Text for people: printable, truncated, without secrets; tables."""

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
"""The most characters of one value that are shown."""

ELLIPSIS = "…"
"""Marks where a text was truncated."""

HIDDEN = "(hidden)"

MIN_SECRET_LENGTH = 6
"""Characters. A shorter secret is part of many words: hiding it there would reveal it."""


def printable(text: str) -> str:
    """The text in one line; control and invisible characters are escaped."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or unicodedata.category(char) == "Zs"
        else char.encode("unicode_escape").decode()
        for char in text
    )


def excerpt(text: str, length: int = MAX_LENGTH) -> str:
    """The beginning of a text: printable, and at most `length` characters."""
    start = printable(text[:length])[:length]
    return start + ELLIPSIS if len(text) > length or len(start) == length > len(text) else start


def quoted(value: object) -> str:
    """The `repr()` of a value: printable, and truncated however large or nested the value is."""
    if isinstance(value, str):
        return repr(value[:MAX_LENGTH]) + (ELLIPSIS if len(value) > MAX_LENGTH else "")
    return excerpt(reprlib.repr(value))


def one_line(text: str) -> str:
    """A message as one printable line; very long words and lines are truncated."""
    short = re.sub(rf"\S{{{MAX_LENGTH + 1},}}", lambda word: word[0][:MAX_LENGTH] + ELLIPSIS, text)
    return excerpt(short, length=4000)


def duration(seconds: float, *, tenths: bool = False) -> str:
    """Seconds as text: "12 s", "3 min 05 s", "2 h 10 min"; below 10 s with `tenths`: "1.2 s"."""
    if tenths and seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def plural(number: int, noun: str) -> str:
    """A number with a noun: "1 record", "1,234 records"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    figures: Collection[int] = (),
    width: int | None = None,
) -> list[str]:
    """Format rows as an aligned table; returns its lines.

    `figures` are the indexes of the columns that are aligned to the right. Cells are wrapped where
    the table would be wider than `width` characters; None: no limit.
    """
    from rich.console import Console  # slow to import
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, 2, 0 if width is None else 1, 0), header_style="")
    for index, name in enumerate(head):
        grid.add_column(name, justify="right" if index in figures else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    text = io.StringIO()
    Console(file=text, width=width or 10_000, no_color=True).print(grid)
    return [row.rstrip() for row in text.getvalue().splitlines()]


class Secrets:
    """The secrets of this run, which are replaced in every text that is shown.

    >>> secrets = Secrets()
    >>> secrets.add(["the-token"])
    >>> secrets.hide("401 for the-token")
    '401 for (hidden)'
    """

    def __init__(self) -> None:
        self._forms: tuple[str, ...] = ()
        self._pattern = re.compile("(?!)")  # matches nothing

    def add(self, values: Iterable[str]) -> None:
        """Hide these values from now on; those shorter than MIN_SECRET_LENGTH are ignored."""
        long = [value for value in values if len(value) >= MIN_SECRET_LENGTH]
        forms = {*self._forms, *(form for value in long for form in _forms(value))}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        every = "|".join(map(re.escape, self._forms))
        self._pattern = re.compile(every or "(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        """The text with every secret replaced, also where it is quoted, escaped or in base64."""
        *parts, last = self._pattern.sub(HIDDEN, text).split(ELLIPSIS)
        return ELLIPSIS.join([*map(self._hide_truncated, parts), last])

    def _hide_truncated(self, part: str) -> str:
        """The text before an ellipsis, which may end in the beginning of a secret."""
        for form in self._forms:
            end = part[-len(form) :].lower()
            for size in range(len(form) - 1, MIN_SECRET_LENGTH - 1, -1):
                if end.endswith(form[:size].lower()):
                    return part[:-size] + HIDDEN
        return part


def proxy_passwords(environment: Mapping[str, str]) -> list[str]:
    """The passwords in the `*_proxy` variables, as they are written and URL-decoded."""
    found = []
    for name, value in environment.items():
        if name.lower().endswith("_proxy"):
            user = value.rpartition("@")[0]
            password = (user.partition("//")[2] or user).partition(":")[2]
            found += [password, unquote(password)]
    return [password for password in found if password]


def _forms(secret: str) -> set[str]:
    """A secret as it looks in URLs, JSON, HTML, `repr()` and base64."""
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
    """The base64 of the secret at each of the three offsets, without what other bytes affect."""
    for offset, affected in ((0, 0), (1, 2), (2, 3)):
        end = (offset + len(secret)) // 3 * 3
        text = base64.b64encode((bytes(offset) + secret)[:end]).decode()[affected:]
        if len(text) >= MIN_SECRET_LENGTH:
            yield text
            yield text.replace("+", "-").replace("/", "_")


def closest_match(name: str, names: Iterable[str]) -> str | None:
    """The name that is most similar to `name`; None if none is similar."""
    by_lower = {other.lower(): other for other in names}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], mark: str = "") -> str:
    """ " Did you mean 'orders'?" with the most similar name; "" if none is similar.

    `mark` is written before the name, such as the "!" of a rule.
    """
    found = closest_match(name, names)
    return f" Did you mean {mark + found!r}?" if found else ""
