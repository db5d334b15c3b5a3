"""The text that the demo prints: headings, commands, tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

INDENT = "  "


def heading(text: str) -> None:
    """The beginning of a step."""
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\n\033[1m{text}\033[0m" if bold else f"\n{text}", flush=True)


def line(text: str) -> None:
    """A sentence or a figure."""
    print(INDENT + text, flush=True)


def command(*piped: str) -> None:
    """A command as a person would type it; several are a pipe, a line each."""
    line("$ " + f" \\\n{INDENT}    | ".join(piped))


def table(rows: Sequence[Sequence[str]], align: str) -> None:
    """Rows in columns as wide as they need to be; `align` has a < or > for each column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{side}{w}}" for cell, side, w in zip(row, align, widths, strict=True)]
        line("  ".join(cells).rstrip())


def shown_path(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return f"{path.absolute().relative_to(Path.cwd())}/"
    except ValueError:
        return f"{path.absolute()}/"
