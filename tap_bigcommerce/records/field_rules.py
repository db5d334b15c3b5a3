"""Rules that name fields: `orders.products.sku`, `customers.*`, `!**.*email*`, `personal`."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from tap_bigcommerce.text import closest_match, did_you_mean

Path = tuple[str, ...]
"""A stream and, part by part, a field of it. The items of an array are no part."""

PERSONAL = "personal"
"""The rule that names every field that is marked as personal."""

ANY_DEPTH = "**"
ANYTHING = "*"
NO_NAME = "\0"
"""No field has this name: a rule that names it names every field."""


@dataclass(frozen=True)
class Rule:
    """One rule; `excludes`: it takes away what it names. `named` are the fields of `personal`."""

    text: str
    excludes: bool
    parts: Path
    named: frozenset[Path] | None = None

    def meets(self, path: Path) -> bool:
        """Whether it names this very field, or stream."""
        return path in self.named if self.named is not None else _meets(self.parts, path)

    def covers(self, path: Path) -> bool:
        """Whether it names this field or one that it lies in."""
        return any(self.meets(path[:length]) for length in range(2, len(path) + 1))


class Rules:
    """Several rules, given as texts. What excludes wins, wherever it stands.

    `personal` are the fields of the rule of that name.
    """

    def __init__(self, texts: Iterable[str] = (), personal: Collection[Path] = ()) -> None:
        self.all = tuple(_read(text, personal) for text in texts)
        self.included = tuple(rule for rule in self.all if not rule.excludes)
        self.excluded = tuple(rule for rule in self.all if rule.excludes)

    def include(self, path: Path) -> bool:
        """Whether the field is named by a rule, and not excluded."""
        return any(rule.covers(path) for rule in self.included) and not self.exclude(path)

    def exclude(self, path: Path) -> bool:
        """Whether the field is excluded, or lies in one that is."""
        return any(rule.covers(path) for rule in self.excluded)


def merged(settings: Sequence[str], command_line: Sequence[str]) -> tuple[str, ...]:
    """The rules of both: those of the command line select in place of the settings'.

    What the settings exclude stays excluded, for somebody may have promised it. A text of the
    command line may hold several, as one of the settings may.
    """
    command_line = [rule.strip() for text in command_line for rule in text.split(",")]
    if any(not rule.startswith("!") for rule in command_line):
        settings = [rule for rule in settings if rule.startswith("!")]
    return (*settings, *command_line)


def that_meet_nothing(rules: Iterable[Rule], paths: Collection[Path]) -> list[str]:
    """What is wrong with rules that name none of these streams and fields, in words."""
    return [
        f"the rule {rule.text!r} names no field.{_nearest(rule, paths)}"
        for rule in rules
        if not any(rule.meets(path) for path in paths)
    ]


def as_text(path: Path) -> str:
    """As a person writes it."""
    text = ".".join(path)
    return text[2:] if text.startswith(f"{ANYTHING}.{ANY_DEPTH}") else text


def _read(text: str, personal: Collection[Path]) -> Rule:
    name = text.removeprefix("!").strip()
    excludes = text.startswith("!")
    if name == PERSONAL:
        return Rule(text, excludes, (PERSONAL,), frozenset(personal))
    parts = tuple(part.removesuffix("[]") for part in name.split("."))
    if parts[0] == ANY_DEPTH:  # A rule begins with a stream.
        parts = (ANYTHING, *parts)
    return Rule(text, excludes, parts)


def _nearest(rule: Rule, paths: Collection[Path]) -> str:
    """A sentence that offers the rule as it may have been meant."""
    mark, text = "!" if rule.excludes else "", as_text(rule.parts)
    if ANYTHING not in text:
        return did_you_mean(text, [PERSONAL, *map(as_text, paths)], mark)
    for at, part in enumerate(rule.parts):
        before, behind = rule.parts[:at], rule.parts[at + 1 :]
        if not any(_meets((*before, part), path) for path in paths):
            names = {path[-1] for path in paths if _meets(before, path[:-1])}
            found = closest_match(part.replace(ANYTHING, ""), names)
            return f" Did you mean {mark + as_text((*before, found, *behind))!r}?" if found else ""
    return ""


def _meets(parts: Path, path: Path) -> bool:
    if not parts:
        return not path
    if parts[0] == ANY_DEPTH:
        return any(_meets(parts[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and _is_like(parts[0], path[0]) and _meets(parts[1:], path[1:])


def _is_like(pattern: str, part: str) -> bool:
    """Whether a part of a path is as the pattern says, in a time that grows with its length only.

    Capitals count for nothing: who excludes `*email*` does not want `workEmail` either.
    """
    # A part of a path that is itself ANYTHING stands for keys that nobody knows before they come.
    return part == ANYTHING or _matcher(pattern)(part.casefold()) is not None


@functools.lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Only the star has a meaning. What fnmatch makes of it never goes back for a second try."""
    literal = re.sub(r"[?[]", r"[\g<0>]", pattern.casefold())
    return re.compile(fnmatch.translate(literal)).match
