"""The messages that the tap can show, as patterns, read from its source.

A pattern is a message's text with `…` for what is known only when it is shown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tap_bigcommerce import exceptions
from tap_bigcommerce.api.status_codes import ACTIONS

PACKAGE = Path(__file__).resolve().parents[2] / "tap_bigcommerce"
UNKNOWN = "…"

ERRORS = {
    name
    for name, value in vars(exceptions).items()
    if isinstance(value, type) and issubclass(value, exceptions.TapError)
}
OF_THEIR_OWN = ("IncompleteList",)
"""Errors that make their words of what they are given."""
LEVELS = ("warning", "error", "critical")
PARTS = {"AttemptFailed": 1, "error": 0}
"""What else takes the words of a message, and as which argument."""
LISTS = ("mistakes",)
"""Lists of words that end up in one message."""
GIVING = ("usage_error",)
"""Functions that return a whole message, which is shown elsewhere."""


@dataclass(frozen=True)
class Message:
    """A pattern, and the line that shows it."""

    pattern: str
    place: str


def messages() -> list[Message]:
    """Every message of the tap that has words of its own, once."""
    found: dict[str, Message] = {}
    for message, _ in _all():
        if re.search(r"[a-z]{3}", message.pattern):
            found.setdefault(message.pattern, message)
    return list(found.values())


def without_words() -> set[str]:
    """What is shown though its words stand elsewhere, as the source has it."""
    return {
        ast.unparse(shown)
        for message, shown in _all()
        if not re.search(r"[a-z]{3}", message.pattern) and not isinstance(shown, ast.Constant)
    }


def _all() -> Iterator[tuple[Message, ast.expr]]:
    """Each message, and the expression that is shown."""
    yield from _of_statuses()
    for source in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(source.read_text("utf-8"))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        names = _texts(tree)
        for shown in _shown(tree, functions):
            place = f"{source.relative_to(PACKAGE)}:{shown.lineno}"
            yield Message(_tidy(_pattern(shown, functions, names)), place), shown


def _of_statuses() -> Iterator[tuple[Message, ast.expr]]:
    """The errors in which statuses end."""
    for action in ACTIONS.values():
        if "error" in action:
            pattern = re.sub(r"\{[\w.]*\}", UNKNOWN, action["error"])
            yield Message(_tidy(pattern), "status_codes.json"), ast.Constant(action["error"])


def _texts(tree: ast.Module) -> dict[str, ast.expr]:
    """The texts that have a name at module level."""
    return {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _shown(tree: ast.Module, functions: Mapping[str, ast.FunctionDef]) -> Iterator[ast.expr]:
    """The expressions whose values a person sees."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function, first = node.func, node.args[0]
        if isinstance(function, ast.Name):
            if function.id in ERRORS and function.id not in OF_THEIR_OWN:
                yield first
            elif len(node.args) > PARTS.get(function.id, len(node.args)):
                yield node.args[PARTS[function.id]]
        elif isinstance(function, ast.Attribute):
            owner = function.value
            own = owner.id if isinstance(owner, ast.Name) else ""
            logs = own == "LOGGER" and function.attr in LEVELS
            usage = function.attr == "ArgumentTypeError"
            # Some errors have their words themselves, whole sentences.
            of_class = function.attr == "__init__" and ". " in _constant_part(first) + " "
            if logs or usage or of_class or (own in LISTS and function.attr == "append"):
                yield first
    for name in GIVING:
        yield from _returned(functions.get(name))


def _constant_part(node: ast.expr) -> str:
    """What is fixed in a text, without the places that are filled in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    return re.sub(r"%\(\w+\)s", "", "".join(texts)).strip()


def _returned(function: ast.FunctionDef | None) -> list[ast.expr]:
    if function is None:
        return []
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]


def _pattern(
    node: ast.expr, functions: Mapping[str, ast.FunctionDef], names: Mapping[str, ast.expr]
) -> str:
    """The text that an expression has, whatever the values are."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[-+ 0-9.]*[a-zA-Z]", UNKNOWN, node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else UNKNOWN for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _pattern(node.left, functions, names) + _pattern(node.right, functions, names)
    if isinstance(node, ast.Name) and node.id in names:
        return _pattern(names[node.id], functions, names)
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "format":
            return re.sub(r"\{\w*\}", UNKNOWN, _pattern(function.value, functions, names))
        returned = _returned(functions.get(function.id)) if isinstance(function, ast.Name) else []
        if len(returned) == 1:
            return _pattern(returned[0], functions, names)
    return UNKNOWN


def _tidy(pattern: str) -> str:
    """One line, and one sign for several unknown parts in a row."""
    one_line = re.sub(r"\s*\n-?\s*", " ", pattern)
    return re.sub(rf"{UNKNOWN}(\s*{UNKNOWN})+", UNKNOWN, one_line).strip()
