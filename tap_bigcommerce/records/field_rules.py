"""Rules that select, exclude or hash fields: `orders.*`, `!**.*email*`."""

import fnmatch
import functools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from tap_bigcommerce.text import closest_match, did_you_mean

RulePath = tuple[str, ...]
"""A stream and the path of a field without indexes: ("orders", "products", "sku")."""

PERSONAL = "personal"
"""The rule that names every field that is marked as personal."""

ANY_DEPTH = "**"
ANY_NAME = "*"
IMPOSSIBLE_NAME = "\0"
"""No field has this name: a rule that matches it matches every field."""


class Rule(NamedTuple):
    """One rule.

    text: the rule as it was written.
    is_exclusion: it begins with `!`.
    parts: its parts between points, in which `*` and `**` may be.
    personal: the paths that the rule `personal` stands for; None for all other rules.
    """

    text: str
    is_exclusion: bool
    parts: RulePath
    personal: frozenset[RulePath] | None = None

    def matches(self, path: RulePath) -> bool:
        """Whether the rule names this very field or stream."""
        return path in self.personal if self.personal is not None else _matches(self.parts, path)

    def covers(self, path: RulePath) -> bool:
        """Whether the rule names this field, or one that contains it."""
        return any(self.matches(path[:length]) for length in range(2, len(path) + 1))


class Rules:
    """Several rules. An exclusion wins, wherever it is in the list.

    texts: the rules as text, such as "orders.*" and "!**.*email*".
    personal: the paths that the rule `personal` stands for.
    """

    def __init__(self, texts: Iterable[str] = (), personal: Collection[RulePath] = ()) -> None:
        self.all = tuple(_parse(text, personal) for text in texts)
        self.inclusions = tuple(rule for rule in self.all if not rule.is_exclusion)
        self.exclusions = tuple(rule for rule in self.all if rule.is_exclusion)

    def includes(self, path: RulePath) -> bool:
        """Whether an inclusion covers the field, and no exclusion does."""
        return any(rule.covers(path) for rule in self.inclusions) and not self.excludes(path)

    def excludes(self, path: RulePath) -> bool:
        """Whether an exclusion covers the field."""
        return any(rule.covers(path) for rule in self.exclusions)


def merge(settings: Sequence[str], command_line: Sequence[str]) -> tuple[str, ...]:
    """The rules of the settings and the command line together.

    Inclusions of the command line replace those of the settings. Exclusions of the settings always
    hold: a promise to leave out personal data must not be lost by an option.

    command_line: each text may hold several rules, separated by commas.
    """
    command_line = [rule.strip() for text in command_line for rule in text.split(",")]
    if any(not rule.startswith("!") for rule in command_line):
        settings = [rule for rule in settings if rule.startswith("!")]
    return (*settings, *command_line)


def unmatched_messages(rules: Iterable[Rule], paths: Collection[RulePath]) -> list[str]:
    """An error message for each rule that matches none of these streams and fields."""
    return [
        f"the rule {rule.text!r} matches no field.{_suggestion(rule, paths)}"
        for rule in rules
        if not any(rule.matches(path) for path in paths)
    ]


def as_text(path: RulePath) -> str:
    """A path as people write it in a rule: `orders.products.sku`."""
    text = ".".join(path)
    return text[2:] if text.startswith(f"{ANY_NAME}.{ANY_DEPTH}") else text


def _parse(text: str, personal: Collection[RulePath]) -> Rule:
    name = text.removeprefix("!").strip()
    is_exclusion = text.startswith("!")
    if name == PERSONAL:
        return Rule(text, is_exclusion, (PERSONAL,), frozenset(personal))
    parts = tuple(part.removesuffix("[]") for part in name.split("."))
    if parts[0] == ANY_DEPTH:  # The first part of a rule is a stream.
        parts = (ANY_NAME, *parts)
    return Rule(text, is_exclusion, parts)


def _suggestion(rule: Rule, paths: Collection[RulePath]) -> str:
    """A sentence with the most similar rule that matches something; "" if none is similar."""
    mark, text = "!" if rule.is_exclusion else "", as_text(rule.parts)
    if ANY_NAME not in text:
        return did_you_mean(text, [PERSONAL, *map(as_text, paths)], mark)
    for index, part in enumerate(rule.parts):
        before, after = rule.parts[:index], rule.parts[index + 1 :]
        if not any(_matches((*before, part), path) for path in paths):
            names = {path[-1] for path in paths if _matches(before, path[:-1])}
            found = closest_match(part.replace(ANY_NAME, ""), names)
            return f" Did you mean {mark + as_text((*before, found, *after))!r}?" if found else ""
    return ""


def _matches(parts: RulePath, path: RulePath) -> bool:
    if not parts:
        return not path
    if parts[0] == ANY_DEPTH:
        return any(_matches(parts[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and _name_matches(parts[0], path[0]) and _matches(parts[1:], path[1:])


def _name_matches(pattern: str, name: str) -> bool:
    """Whether one name of a path matches one part of a rule.

    Case is ignored: a user who excludes `*email*` does not want `workEmail` either.
    """
    # ANY_NAME in a path stands for keys that are unknown before they arrive.
    return name == ANY_NAME or _matcher(pattern)(name.casefold()) is not None


@functools.lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Compiles one part of a rule, in which only `*` has a meaning.

    fnmatch makes a regular expression without backtracking of it: a long name takes linear time.
    """
    literal = re.sub(r"[?[]", r"[\g<0>]", pattern.casefold())
    return re.compile(fnmatch.translate(literal)).match
