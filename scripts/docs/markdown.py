"""Markdown: tables, blocks between markers, text that is safe in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, with a line feed at its end."""
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, *rows)]
    lines.insert(1, "|---" * len(head) + "|\n")
    return "".join(lines)


def cell(text: str) -> str:
    """Plain text as it can stand in a table's cell."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", "<br>")


def code(text: str) -> str:
    """A name, or a part of a program."""
    return f"`{text}`"


def codes(names: Iterable[str]) -> str:
    """Names, with commas."""
    return ", ".join(code(name) for name in names)


def with_block(text: str, name: str, content: str, comment: str = "<!-- {} -->") -> str:
    """The text with `content` between the markers of the block `name`.

    `comment` is how the file writes comments. Raises ValueError where the markers are missing.
    """
    start, end = comment.format(f"generated: {name}") + "\n", comment.format(f"end of {name}")
    before, found_start, rest = text.partition(start)
    inside, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise ValueError(f"there is no block {name!r}: {start.strip()} ... {end}")
    # In YAML the markers stand as far to the right as what they enclose.
    indent = inside.rpartition("\n")[2]
    return f"{before}{start}{content}{indent}{end}{after}"
