"""python -m scripts.docs.terminal: pictures of terminals, drawn by rich.

docs/pictures/demo.svg is what `make demo` has printed at its end; docs/pictures/bars.svg is the
screen of a sync that waits for the quota. Both run here, in a pseudo-terminal.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tap_bigcommerce_sandbox import Options, Sandbox

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 104, 90
BARS_COLUMNS, BARS_ROWS = 90, 12
WAIT = "waiting: quota: 4 s"
"""The screen of the bars is the first one with these words."""

STORE = Options(
    orders=900, customers=600, products=500, quota=60, window_seconds=8.0, latency_ms=60.0
)
# Without the fonts that rich's own format loads from elsewhere.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def screen_of(
    command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int, until: str = ""
) -> pyte.Screen:
    """Run a command in a terminal. Returns its last screen, or the first with the text `until`.

    Raises SystemExit if the command fails.
    """
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.environ.pop("NO_COLOR", None)
        os.environ.update({"TERM": "xterm-256color", **environment})
        os.execvp(command[0], [*command])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    while True:
        try:
            stream.feed(os.read(terminal, 65536))
        except OSError:  # The end of the command.
            break
        if until and until in "\n".join(screen.display):
            os.kill(process, 15)
            os.waitpid(process, 0)
            return screen
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status or until:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return screen


def draw(screen: pyte.Screen, command: str, name: str) -> None:
    """Write a picture of the screen below the command that was typed."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=screen.columns, file=nowhere, force_terminal=True)
        console.print(Text(f"$ {command}", "green"), Text(""), sep="\n")
        rows = [_row(screen, number) for number in range(screen.lines)]
        last = max(number for number, row in enumerate(rows) if row.plain.strip())
        for row in rows[: last + 1]:
            console.print(row)
        svg = console.export_svg(title=command, code_format=FORMAT, unique_id=name)
    (PICTURES / f"{name}.svg").write_text(svg, "utf-8")


def _row(screen: pyte.Screen, number: int) -> Text:
    """A row of the screen with its colours."""
    row = Text(no_wrap=True)
    cells = [screen.buffer[number][column] for column in range(screen.columns)]
    for (colour, bold), same in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        known = {"default": None, "brown": "yellow"}
        colour = known.get(colour, f"#{colour}" if len(colour) == 6 else colour)
        row.append("".join(cell.data for cell in same), Style(color=colour, bold=bold))
    row.rstrip()
    return row


def main() -> None:
    """Make both pictures."""
    make = ("make", "--no-print-directory", "demo")
    draw(screen_of(make, {"COLUMNS": str(COLUMNS)}, COLUMNS, ROWS), "make demo", "demo")
    with Sandbox(STORE) as store, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        settings = {"store_hash": store.store_hash, "access_token": store.access_token}
        config.write_text(json.dumps({**settings, "api_url": store.api_url}), "utf-8")
        # The log would scroll the bars out of the picture.
        tap = f"{sys.executable} -m tap_bigcommerce --log-level WARNING --config {config}"
        command = ("sh", "-c", f"exec {tap} > {folder}/messages.jsonl")
        screen = screen_of(command, {}, BARS_COLUMNS, BARS_ROWS, WAIT)
    draw(screen, "tap-bigcommerce --config config.json > messages.jsonl", "bars")


if __name__ == "__main__":
    main()
