"""A tap whose standard error is a terminal, and what a person sees there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyte
import tap_runner

SIZE = ("COLUMNS", "LINES")
"""Variables that would hide the terminal's own size."""


class Terminal:
    """A screen of so many columns and rows, on which a tap shows its progress."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self._lock = threading.Lock()
        self.main, self.its_end = pty.openpty()
        fcntl.ioctl(self.its_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # The last one to hold the other end closes it: that is EIO.
        with contextlib.suppress(OSError):
            while data := os.read(self.main, 65536):
                with self._lock:
                    self._stream.feed(data)

    def rows(self) -> list[str]:
        """What stands on the screen now."""
        with self._lock:
            return [line.rstrip() for line in self.screen.display]

    def all_rows(self) -> list[str]:
        """What stands on the screen, and before it what has left it at the top."""
        with self._lock:
            history = [
                "".join(line[x].data for x in range(self.screen.columns)).rstrip()
                for line in self.screen.history.top
            ]
            return history + [line.rstrip() for line in self.screen.display]

    def wait_for(self, words: str, timeout: float = 20.0) -> list[str]:
        """The screen once it shows `words`."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            rows = self.rows()
            if any(words in row for row in rows):
                return rows
            time.sleep(0.02)
        raise AssertionError(f"{words!r} never came: {chr(10).join(self.all_rows())}")

    def settle(self, timeout: float = 20.0) -> None:
        """Wait until all that has been written stands on the screen."""
        end = time.monotonic() + timeout
        # Where the terminal is gone, there is always something to read, and nobody reads it.
        while self._reader.is_alive() and select.select([self.main], [], [], 0.2)[0]:
            assert time.monotonic() < end, "the terminal is written to without end"
            time.sleep(0.02)
        with self._lock:  # Held while what was read last is being shown.
            pass

    def close(self) -> None:
        os.close(self.its_end)
        self._reader.join(5)
        os.close(self.main)


class Watched:
    """A tap under way on a terminal."""

    def __init__(self, terminal: Terminal, process: subprocess.Popen[bytes], out: Path) -> None:
        self.terminal = terminal
        self.process = process
        self._out = out

    def stop(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.end()

    def end(self, timeout: float = 40.0) -> int:
        """Its exit status. All that it has shown is on the screen then."""
        status = self.process.wait(timeout)
        self.terminal.settle()
        return status

    @property
    def out(self) -> list[Any]:
        """The messages that it has written."""
        return [json.loads(line) for line in self._out.read_text().splitlines()]


@contextlib.contextmanager
def watched(
    folder: Path,
    config: Mapping[str, Any],
    *args: str,
    catalog: Any = None,
    size: tuple[int, int] = (120, 30),
    **environment: str,
) -> Iterator[Watched]:
    """Start a tap with a terminal for standard error and a file for its messages."""
    (folder / "config.json").write_text(json.dumps(config))
    words = [*tap_runner.COMMAND, "--config", "config.json", *args]
    if catalog is not None:
        (folder / "catalog.json").write_text(json.dumps(catalog))
        words += ["--catalog", "catalog.json"]
    terminal = Terminal(*size)
    out = folder / "messages.jsonl"
    with out.open("wb") as file:
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=terminal.its_end,
            env={
                **{k: v for k, v in tap_runner.clean_environment().items() if k not in SIZE},
                "TERM": "xterm-256color",
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
                **environment,
            },
        )
    try:
        yield Watched(terminal, process, out)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        terminal.close()
