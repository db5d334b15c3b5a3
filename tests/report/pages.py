"""Reads a report: its rows, its text, and the attributes of its elements."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path


@dataclass
class Page:
    """The rows of the table by stream, with each cell by its label; all text; all elements."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    text: str = ""
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def of(self, class_: str) -> int:
        return sum(class_ in (attributes.get("class") or "").split() for _, attributes in self.tags)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._stack: list[str] = []
        self._label = ""
        self._row: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.page.tags.append((tag, attributes))
        if tag == "tr":
            self._row = {}
        if tag in ("td", "th"):
            self._label = attributes.get("data-label") or "Stream"
        if tag not in ("meta", "link"):
            self._stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag, f"{tag} closes nothing"
        if tag == "tr" and "Records" in self._row:
            self.page.rows[self._row["Stream"].split()[0]] = self._row

    def handle_data(self, data: str) -> None:
        if "style" in self._stack:
            return
        self.page.text += data
        if "td" in self._stack or "th" in self._stack:
            gap = " " if "small" in self._stack else ""
            self._row[self._label] = self._row.get(self._label, "") + gap + data


def read(file: Path) -> Page:
    """Parse the report in this file. Its elements must all be closed."""
    reader = _Reader()
    reader.feed(file.read_text("utf-8"))
    reader.close()
    return reader.page
