"""The messages that the tap can show, as patterns, read from its source code.

A pattern is the text of a message with `…` in place of its variable parts.
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
WITH_OWN_MESSAGE = ("IncompleteList",)
"""Errors that compose their message from their arguments."""
LEVELS = ("warning", "error", "critical")
ARGUMENT = {"AttemptFailed": 1, "error": 0, "log_first": 1}
"""Other functions that take a message, and the position of that argument."""
LISTS = ("mistakes",)
"""Lists of texts that become one message."""
RETURNING = ("usage_error",)
"""Functions that return a message."""


@dataclass(frozen=True)
class Message:
    """A message's pattern, and the file and line that show it."""

    pattern: str
    location: str


def messages() -> list[Message]:
    """Every message of the tap with a text in its source, once."""
    found: dict[str, Message] = {}
    for message, _ in _all():
        if re.search(r"[a-z]{3}", message.pattern):
            found.setdefault(message.pattern, message)
    return list(found.values())


def without_text() -> set[str]:
    """The expressions that are shown but have no text, because it is elsewhere in the source."""
    return {
        ast.unparse(shown)
        for message, shown in _all()
        if not re.search(r"[a-z]{3}", message.pattern) and not isinstance(shown, ast.Constant)
    }


def _all() -> Iterator[tuple[Message, ast.expr]]:
    """Each message with the expression that is shown."""
    yield from _of_statuses()
    for source in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(source.read_text("utf-8"))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        names = _texts(tree)
        for shown in _shown(tree, functions):
            location = f"{source.relative_to(PACKAGE)}:{shown.lineno}"
            yield Message(_tidy(_pattern(shown, functions, names)), location), shown


def _of_statuses() -> Iterator[tuple[Message, ast.expr]]:
    """The errors for HTTP statuses."""
    for action in ACTIONS.values():
        if "error" in action:
            pattern = re.sub(r"\{[\w.]*\}", UNKNOWN, action["error"])
            yield Message(_tidy(pattern), "status_codes.json"), ast.Constant(action["error"])


def _texts(tree: ast.Module) -> dict[str, ast.expr]:
    """The values of module-level names."""
    return {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _shown(tree: ast.Module, functions: Mapping[str, ast.FunctionDef]) -> Iterator[ast.expr]:
    """The expressions that are shown as messages."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function, first = node.func, node.args[0]
        if isinstance(function, ast.Name):
            if function.id == "log_first" and any(word.arg == "level" for word in node.keywords):
                continue
            if function.id in ERRORS and function.id not in WITH_OWN_MESSAGE:
                yield first
            elif len(node.args) > ARGUMENT.get(function.id, len(node.args)):
                yield node.args[ARGUMENT[function.id]]
        elif isinstance(function, ast.Attribute):
            owner = function.value
            own = owner.id if isinstance(owner, ast.Name) else ""
            logs = own == "LOGGER" and function.attr in LEVELS
            usage = function.attr == "ArgumentTypeError"
            # Some errors have their message in `__init__`, as complete sentences.
            of_class = function.attr == "__init__" and ". " in _constant_part(first) + " "
            if logs or usage or of_class or (own in LISTS and function.attr == "append"):
                yield first
    for name in RETURNING:
        yield from _returned(functions.get(name))


def _constant_part(node: ast.expr) -> str:
    """The constant part of a text, without placeholders."""
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
    """The pattern of an expression's value."""
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
    """The pattern in one line, with a single … for adjacent variable parts."""
    one_line = re.sub(r"\s*\n-?\s*", " ", pattern)
    return re.sub(rf"{UNKNOWN}(\s*{UNKNOWN})+", UNKNOWN, one_line).strip()
