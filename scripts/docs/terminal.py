"""python -m scripts.docs.terminal: pictures of terminals, drawn by rich.

docs/pictures/demo.svg is what `make demo` has printed at its end; docs/pictures/bars.svg is the
screen of a sync that waits for the quota. Both run here, in a pseudo-terminal.
"""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import groupby
from pathlib import Path

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tap_bigcommerce_sandbox import Options, Sandbox

ROOT = Path(__file__).resolve().parents[2]
WAIT = "waiting: quota: 4 s"  # The screen of the bars is the first one with these words.
STORE = Options(orders=900, customers=600, products=500, latency_ms=60.0)
# Without the fonts that rich's own format loads from elsewhere.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def draw(name: str, title: str, command: str, columns: int, rows: int, until: str = "") -> None:
    """Run a shell's command in a terminal, and draw its last screen, or that with `until`."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ.update(TERM="xterm-256color", COLUMNS=str(columns))
    os.environ.pop("NO_COLOR", None)
    words = ["sh", "-c", command]
    with subprocess.Popen(words, cwd=ROOT, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        while not until or until not in "\n".join(screen.display):
            try:
                stream.feed(os.read(ours, 65536))
            except OSError:  # The end of the command.
                break
        else:
            process.terminate()
    if process.returncode and not until:
        raise SystemExit(f"{command} ended with status {process.returncode}")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
        console.print(Text(f"$ {title}", "green"), Text(""), sep="\n")
        last = max(number for number, line in enumerate(screen.display) if line.strip())
        for number in range(last + 1):
            console.print(_row(screen, number))
        svg = console.export_svg(title=title, code_format=FORMAT, unique_id=name)
    (ROOT / "docs" / "pictures" / f"{name}.svg").write_text(svg, "utf-8")


def _row(screen: pyte.Screen, number: int) -> Text:
    """A row of the screen with its colours."""
    row, known = Text(no_wrap=True), {"default": None, "brown": "yellow"}
    cells = [screen.buffer[number][column] for column in range(screen.columns)]
    for (colour, bold), same in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        shown = known.get(colour, f"#{colour}" if len(colour) == 6 else colour)
        row.append("".join(cell.data for cell in same), Style(color=shown, bold=bold))
    row.rstrip()
    return row


if __name__ == "__main__":
    draw("demo", "make demo", "exec make --no-print-directory demo", 104, 90)
    with Sandbox(STORE) as store:
        store.set(quota=60, window_seconds=8.0)
        keys = {key: getattr(store, key) for key in ("store_hash", "access_token", "api_url")}
        # The log would scroll the bars out of the picture.
        tap = f"{sys.executable} -m tap_bigcommerce --log-level WARNING --config /dev/fd/3"
        command = f"exec {tap} 3<<'END' >/dev/null\n{json.dumps(keys)}\nEND"
        draw("bars", "tap-bigcommerce --config config.json > messages.jsonl", command, 90, 12, WAIT)
