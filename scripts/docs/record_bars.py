"""python -m scripts.docs.record_bars: records the progress bars of a sync for their picture.

A sandbox store with a small quota is read in a terminal. The screen is saved as JSON twice a
second; `make generate` draws the picture from it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time
from itertools import groupby
from pathlib import Path

import pyte

from scripts.docs.bars import BARS
from tap_bigcommerce_sandbox import Options, Sandbox

COLUMNS, ROWS = 90, 12
EVERY = 0.5
"""Seconds between two frames."""
SETTLED = 0.04
"""Seconds without output after which the screen is complete."""

STORE = Options(
    orders=900, customers=600, products=500, quota=60, window_seconds=8.0, latency_ms=60.0
)


def record(file: Path) -> int:
    """Read the store in a pseudo-terminal, and save its screens. Returns the tap's exit status."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    frames: list[tuple[float, list[list[tuple[str, str]]]]] = []
    with Sandbox(STORE) as store, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(
            json.dumps({"store_hash": store.store_hash, "access_token": store.access_token})
        )
        process, terminal = pty.fork()
        if process == 0:
            os.environ.update({"TERM": "xterm-256color", "TAP_BIGCOMMERCE_API_URL": store.api_url})
            os.environ.pop("NO_COLOR", None)
            # The log would scroll the bars out of the picture.
            command = [sys.executable, "-m", "tap_bigcommerce", "--log-level", "WARNING"]
            messages = os.open(Path(folder, "messages.jsonl"), os.O_WRONLY | os.O_CREAT)
            os.dup2(messages, sys.stdout.fileno())
            os.execv(command[0], [*command, "--config", str(config)])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        began = time.monotonic()
        with contextlib.suppress(OSError):  # On Linux: EIO, once the other end is closed.
            while True:
                # Wait until the screen is drawn completely.
                if select.select([terminal], [], [], SETTLED)[0]:
                    stream.feed(os.read(terminal, 65536))
                    continue
                now = time.monotonic() - began
                if not frames or now - frames[-1][0] >= EVERY:
                    frames.append((round(now, 2), rows(screen)))
        frames.append((round(time.monotonic() - began, 2), rows(screen)))
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    shown = [frame for frame in frames if any(frame[1])]
    if status == 0:
        lines = ",\n".join(json.dumps(frame, ensure_ascii=False) for frame in shown)
        file.write_text(f"[\n{lines}\n]\n", "utf-8")
    return status


def rows(screen: pyte.Screen) -> list[list[tuple[str, str]]]:
    """The lines of the screen as texts with their colours, without empty lines at the end."""
    found = []
    for number in range(screen.lines):
        cells = [screen.buffer[number][column] for column in range(screen.columns)]
        pieces = [
            ("".join(cell.data for cell in of_colour), colour)
            for colour, of_colour in groupby(cells, key=lambda cell: str(cell.fg))
        ]
        while pieces and not pieces[-1][0].strip():
            pieces.pop()
        found.append(pieces)
    while found and not found[-1]:
        found.pop()
    return found


if __name__ == "__main__":
    sys.exit(record(BARS))
