"""Markdown: tables, blocks between markers, and escaping."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], rest: str = "---") -> str:
    """A table, ending with a line feed. `rest`: how columns after the first are aligned."""
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, *rows)]
    lines.insert(1, "|---" + f"|{rest}" * (len(head) - 1) + "|\n")
    return "".join(lines)


def cell(text: str) -> str:
    """Plain text, escaped for a table's cell."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", "<br>")


def code(text: str) -> str:
    """A text in code style."""
    return f"`{text}`"


def codes(names: Iterable[str]) -> str:
    """Names in code style, separated by commas."""
    return ", ".join(code(name) for name in names)


def with_block(text: str, name: str, content: str, comment: str = "<!-- {} -->") -> str:
    """The text with `content` between the markers of the block `name`.

    `comment` is the format of comments in the file. Raises ValueError if the markers are missing.
    """
    start, end = comment.format(f"generated: {name}") + "\n", comment.format(f"end of {name}")
    before, found_start, rest = text.partition(start)
    inside, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise ValueError(f"there is no block {name!r}: {start.strip()} ... {end}")
    # In YAML the markers are indented like the block.
    indent = inside.rpartition("\n")[2]
    return f"{before}{start}{content}{indent}{end}{after}"
