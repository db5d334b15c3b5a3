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
        if match[2] != "mermaid":
            body = re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)
            before = text.rfind("\n\n", 0, match.start() - 2) + 2
            named = _FILE.search(text, before, match.start())
            found.append(Example(match[2], body, named[1] if named else None))
    return found
