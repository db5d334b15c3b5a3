"""python -m scripts.docs.record: records `make demo` in a terminal for the README's picture.

The recording is an asciicast (version 2: JSON lines, `[seconds, "o", text]`). `make generate` draws
the picture from it.
"""

from __future__ import annotations

import json
import os
import pty
import sys
import time
from pathlib import Path

from scripts.docs.terminal import CAST, COLUMNS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("make", "--no-print-directory", "demo")
SHOWN = "make demo"


def record(cast: Path) -> int:
    """Run the command in a pseudo-terminal, and write what it prints. Returns its status."""
    began = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)})
        os.environ.pop("NO_COLOR", None)
        os.execvp(COMMAND[0], COMMAND)
    events: list[tuple[float, str, str]] = []
    while text := _read(terminal):
        events.append((round(time.monotonic() - began, 3), "o", text.replace("\r\n", "\n")))
        sys.stdout.write(text)
        sys.stdout.flush()
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status == 0:
        head = {"version": 2, "width": COLUMNS, "height": 24, "command": SHOWN}
        lines = [json.dumps(head), *(json.dumps(event) for event in events)]
        cast.write_text("\n".join(lines) + "\n", "utf-8")
    return status


def _read(terminal: int) -> str:
    """The next output of the terminal; an empty text at the end."""
    try:
        return os.read(terminal, 65536).decode("utf-8")
    except OSError:  # On Linux: EIO, once the other end is closed.
        return ""


if __name__ == "__main__":
    sys.exit(record(CAST))
