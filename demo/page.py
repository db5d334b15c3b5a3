"""Prints the demo's headings, commands and tables."""

import os
import sys
from collections.abc import Sequence


def heading(text: str) -> None:
    """Print the heading of a step."""
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\n\033[1m{text}\033[0m" if bold else f"\n{text}", flush=True)


def line(text: str) -> None:
    """Print an indented line."""
    print(f"  {text}", flush=True)


def command(*piped: str) -> None:
    """Print a command as typed in a shell; several are a pipe, one per line."""
    line("$ " + " \\\n      | ".join(piped))


def table(rows: Sequence[Sequence[str]], align: str) -> None:
    """Print rows in aligned columns; `align` has a < or > for each column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{side}{w}}" for cell, side, w in zip(row, align, widths, strict=True)]
        line("  ".join(cells).rstrip())
