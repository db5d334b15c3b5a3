"""A tap whose standard error is a terminal, and what a person sees there."""

import contextlib
import fcntl
import json
import os
import pty
import select
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


class Watched:
    """A tap under way on a terminal of `size` columns and rows."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._screen = pyte.HistoryScreen(*size, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.main, self.end_of_tap = pty.openpty()
        fcntl.ioctl(self.end_of_tap, termios.TIOCSWINSZ, struct.pack("HHHH", *size[::-1], 0, 0))
        self.process: subprocess.Popen[bytes]
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        # The last one to hold the other end closes it: that is EIO.
        with contextlib.suppress(OSError):
            while data := os.read(self.main, 65536):
                with self._lock:
                    self._stream.feed(data)

    def rows(self) -> list[str]:
        """The rows on the screen now."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def all_rows(self) -> list[str]:
        """The rows on the screen, after those that have left it at the top."""
        rows, columns = self.rows(), range(self._screen.columns)
        with self._lock:
            history = self._screen.history.top
            return ["".join(line[x].data for x in columns).rstrip() for line in history] + rows

    def wait_for(self, words: str) -> str:
        """The screen once it shows `words`."""
        rows: list[str] = []

        def shows() -> bool:
            rows[:] = self.rows()
            return words in "\n".join(rows)

        tap_runner.wait_until(shows, f"{words!r} never came")
        return "\n".join(rows)

    def end(self, signum: int | None = None) -> int:
        """Its exit status, after this signal. All that it has shown is on the screen then."""
        if signum is not None:
            self.process.send_signal(signum)
        status, until = self.process.wait(40), time.monotonic() + 20
        # Where the terminal is gone, there is always something to read, and nobody reads it.
        while self.reader.is_alive() and select.select([self.main], [], [], 0.2)[0]:
            assert time.monotonic() < until, "the terminal is written to without end"
            time.sleep(0.02)
        with self._lock:  # Held while what was read last is being shown.
            return status


@contextlib.contextmanager
def watched(
    folder: Path,
    config: Mapping[str, Any],
    *args: str,
    catalog: Any = None,
    size: tuple[int, int] = (120, 30),
    **environment: str,
) -> Iterator[Watched]:
    """Start a tap with a terminal for standard error; its messages go to `messages.jsonl`."""
    words = [*tap_runner.COMMAND, "--config", "config.json", *args]
    (folder / "config.json").write_text(json.dumps(config))
    if catalog is not None:
        (folder / "catalog.json").write_text(json.dumps(catalog))
        words += ["--catalog", "catalog.json"]
    variables = {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    tap, env = Watched(size), {**tap_runner.clean_environment(), **variables, **environment}
    for name in ("COLUMNS", "LINES"):  # They would hide the terminal's own size.
        env.pop(name, None)
    with (folder / "messages.jsonl").open("wb") as out:
        tap.process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=tap.end_of_tap,
            env=env,
        )
    try:
        yield tap
    finally:
        tap.process.kill()
        tap.process.wait()
        os.close(tap.end_of_tap)
        tap.reader.join(5)
        os.close(tap.main)


def records(folder: Path, stream: str | None = None) -> list[Any]:
    """The ids of the records that a tap in this folder has written."""
    messages = map(json.loads, (folder / "messages.jsonl").read_text().splitlines())
    found = [message for message in messages if message["type"] == "RECORD"]
    return [m["record"]["id"] for m in found if stream in (None, m["stream"])]
