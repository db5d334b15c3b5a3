"""A tap under way: its lines as they come, its end, and what it left."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any

import tap_runner
from tap_runner import Json


class Running:
    """A tap that runs. Both of its pipes are read all the time, unless it is left unread."""

    def __init__(self, process: subprocess.Popen[bytes], *, unread: bool) -> None:
        self.process = process
        self.out: list[bytes] = []
        self._err: list[bytes] = []
        self._came: queue.SimpleQueue[None] = queue.SimpleQueue()
        assert process.stdout is not None
        assert process.stderr is not None
        pipes = [(process.stderr, self._err)] + ([] if unread else [(process.stdout, self.out)])
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True) for pair in pipes
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe: IO[bytes], lines: list[bytes]) -> None:
        with contextlib.suppress(ValueError):  # the pipe was closed under our hands
            for line in pipe:
                lines.append(line)
                self._came.put(None)

    @property
    def stderr(self) -> str:
        return b"".join(self._err).decode()

    @property
    def whole_lines(self) -> list[bytes]:
        """What a target has read so far: a line that was cut off by the end is none."""
        return [line for line in list(self.out) if line.endswith(b"\n")]

    @property
    def messages(self) -> list[Json]:
        return [tap_runner.read_message(line.decode()) for line in self.whole_lines]

    def wait_for(self, *, lines: int = 0, log: str = "", timeout: float = 30.0) -> None:
        """Until so many lines have come out and the log holds `log`, or the tap has ended."""
        end = time.monotonic() + timeout
        while len(self.out) < lines or log not in self.stderr:
            if self.process.poll() is not None:
                return
            assert time.monotonic() < end, f"nothing came for {timeout} s: {self.stderr[-2000:]}"
            with contextlib.suppress(queue.Empty):
                self._came.get(timeout=0.05)

    def end(self, timeout: float = 30.0) -> int:
        """Wait for the end; the exit status as Python gives it (-9 for SIGKILL)."""
        status = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(5)
        return status

    def signal(self, signum: int, timeout: float = 20.0) -> float:
        """Send a signal; how many seconds the tap took to end."""
        sent = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(timeout)
        took = time.monotonic() - sent
        self.end()
        return took


@contextlib.contextmanager
def started(
    config: Mapping[str, Any], state: Any = None, *, unread: bool = False
) -> Iterator[Running]:
    """A tap under way, with a STATE for each page. `unread`: nobody reads its messages."""
    with tap_runner.start(config, None, state, tap_runner.EVERY_PAGE) as process:
        yield Running(process, unread=unread)


def states(messages: list[Json]) -> list[Json]:
    """The values of the STATE messages."""
    return [message["value"] for message in messages if message["type"] == "STATE"]


def records(*parts: list[Json]) -> dict[str, list[Json]]:
    """The records of each stream in these messages, one part after the other."""
    found: dict[str, list[Json]] = {}
    for messages in parts:
        for message in messages:
            if message["type"] == "RECORD":
                found.setdefault(message["stream"], []).append(message["record"])
    return found
