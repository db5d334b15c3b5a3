"""The documents that people read, and the examples in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`(\w[\w.-]*)`[^\n]*:\n\n$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A fenced block. `file` is the file that the line before it names as its place."""

    language: str
    text: str
    file: str | None


def examples(document: Path) -> list[Example]:
    """All fenced blocks of a document, in their order, but for diagrams."""
    text = document.read_text("utf-8")
    found = []
    for match in _FENCED.finditer(text):
        if match[2] == "mermaid":
            continue
        indent = match[1]
        body = re.sub(f"^{indent}", "", match[3], flags=re.MULTILINE)
        named = _FILE.search(text, text.rfind("\n\n", 0, match.start() - 2) + 2, match.start())
        found.append(Example(match[2], body, named[1] if named else None))
    return found


def links(document: Path) -> list[str]:
    """Where a document's links to other files of the repository lead."""
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8"))
    return [target for target in targets if "://" not in target]
