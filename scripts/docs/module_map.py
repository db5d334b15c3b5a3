"""The map of the package in CONTRIBUTING: its modules with their first docstring lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tap_bigcommerce"

DATA = {
    "config.py": (
        "settings.json",
        "The JSON schema of a config: what each setting may be and what it is for.",
    ),
    "status_codes.py": (
        "status_codes.json",
        "By HTTP status: the message and the action; by action, the error.",
    ),
}
"""By module: the data file next to it, and a description of that file."""


def module_map() -> str:
    """The map, in the order of the layers in `pyproject.toml`."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    layers = project.partition("\nlayers = [\n")[2].partition("\n]")[0]
    names = re.findall(r"[\w]+", layers)
    lines = [line for name in names for line in _entry(PACKAGE / name, "")]
    return "\n".join(["```", *lines, "```", ""])


def _entry(path: Path, indent: str) -> Iterator[str]:
    if not path.is_dir():
        module = path.with_suffix(".py")
        yield _line(indent + module.name, _first_line(module))
        if module.name in DATA:
            name, text = DATA[module.name]
            yield _line(indent + name, text)
        return
    yield _line(f"{indent}{path.name}/", _first_line(path / "__init__.py"))
    inside = {entry.with_suffix("") for entry in path.iterdir() if _has_code(entry)}
    for entry in sorted(inside):
        yield from _entry(entry, indent + "  ")


def _has_code(entry: Path) -> bool:
    is_module = entry.suffix == ".py" and entry.stem != "__init__"
    return is_module or (entry / "__init__.py").exists()


def _line(name: str, text: str) -> str:
    return f"{name:<26} {text}"


def _first_line(module: Path) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    return docstring.split("\n")[0]
