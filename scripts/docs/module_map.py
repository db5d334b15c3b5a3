"""The map of the package in CONTRIBUTING: its modules with their first docstring lines."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tap_bigcommerce"

DATA = {
    "config.py": "settings.json",
    "status_codes.py": "status_codes.json",
    "settings.json": "The JSON schema of a config: what each setting may be and what it is for.",
    "status_codes.json": "By HTTP status: the message and the action; by action, the error.",
}
"""By module: the data file next to it; by data file: what it has."""


def module_map() -> str:
    """The map, in the order of the layers in `pyproject.toml`."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    layers = project.partition("\nlayers = [\n")[2].partition("\n]")[0]
    lines = []
    for layer in re.findall(r"[\w]+", layers):
        for path in sorted((PACKAGE / layer).rglob("*.py")) or [PACKAGE / f"{layer}.py"]:
            is_folder = path.name == "__init__.py"
            indent = "  " * (len(path.relative_to(PACKAGE).parts) - 1 - is_folder)
            name = f"{path.parent.name}/" if is_folder else path.name
            docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
            lines.append(f"{indent + name:<26} {docstring.partition(chr(10))[0]}")
            if data := DATA.get(name):
                lines.append(f"{indent + data:<26} {DATA[data]}")
    return "\n".join(["```", *lines, "```", ""])
