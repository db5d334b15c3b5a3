"""One pair of processes: the tap, piped into the target."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster.errors import SyncFailed
from tap_bigcommerce_dagster.states.state import LARGEST as LARGEST_STATE

GUARD = str(Path(__file__).with_name("supervisor.py"))
LOOK_EVERY = 0.5
"""Seconds between two looks whether the pair shall end."""

PREFIX = "TAP_BIGCOMMERCE_"

CHUNK = 1 << 16
LONGEST_LINE = 100_000
"""Bytes of a log line; the rest is dropped."""


@dataclass(frozen=True)
class Program:
    """A command, and the descriptors that it holds open."""

    words: Sequence[str]
    keeps: Sequence[int]


@dataclass(frozen=True)
class Pair:
    """Both programs, and the folder they run in."""

    tap: Program
    target: Program
    folder: Path


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (negative: a signal), and what it used."""

    status: int
    processor_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Outcome:
    """How both ended."""

    tap: Ended
    target: Ended


@dataclass(frozen=True)
class Listeners:
    """Who hears what the pair says: log lines of each, and the target's lines (its states)."""

    tap_log: Callable[[str], None]
    target_log: Callable[[str], None]
    state: Callable[[str], None]


def run(pair: Pair, listeners: Listeners, check: Callable[[], None]) -> Outcome:
    """Run the pair to its end. Listeners are called in this thread.

    `check` is called twice a second. What it or a listener raises ends the pair, which may still
    write and acknowledge what it has, and is raised again then. Raises SyncFailed where a program
    cannot be started.
    """
    with contextlib.ExitStack() as stack:
        pipes = {name: _Pipe(stack) for name in ("tap", "target", "states")}
        lines = {
            pipes["tap"].reader: _Lines(listeners.tap_log, LONGEST_LINE),
            pipes["target"].reader: _Lines(listeners.target_log, LONGEST_LINE),
            pipes["states"].reader: _Lines(listeners.state, LARGEST_STATE),
        }
        guard = stack.enter_context(_guard(pair, pipes))
        for pipe in pipes.values():
            pipe.close_writer()
        text, failure = _listen(lines, guard, check)
    if failure is not None:
        raise failure
    report = _report(text, guard.returncode)
    if "error" in report:
        raise SyncFailed(
            f"A program cannot be started: {report['error']}. Check the paths of the tap and the "
            "target.",
            worth_retrying=False,
        )
    return Outcome(_ended(report["tap"]), _ended(report["target"]))


class _Pipe:
    """A pipe of which this process reads."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.reader, self.writer = os.pipe()
        self._writer_is_open = True
        stack.callback(os.close, self.reader)
        stack.callback(self.close_writer)

    def close_writer(self) -> None:
        """Leave the writing end to those that inherited it."""
        if self._writer_is_open:
            self._writer_is_open = False
            os.close(self.writer)


class _Lines:
    """Cuts what comes into lines, keeps up to `most` bytes of each, and hands them on."""

    def __init__(self, listen: Callable[[str], None], most: int) -> None:
        self._listen = listen
        self._most = most
        self._kept = bytearray()

    def feed(self, data: bytes) -> None:
        """More bytes; none: the last line is whole."""
        *lines, rest = data.split(b"\n") if data else (b"", b"")
        for line in lines:
            self._keep(line)
            text = self._kept.decode("utf-8", errors="replace").strip()
            self._kept.clear()
            if text:
                self._listen(text)
        self._keep(rest)

    def _keep(self, data: bytes) -> None:
        self._kept += data[: max(0, self._most - len(self._kept))]


@contextlib.contextmanager
def _guard(pair: Pair, pipes: Mapping[str, _Pipe]) -> Iterator[subprocess.Popen[bytes]]:
    wish = {
        "tap": asdict(pair.tap),
        "target": asdict(pair.target),
        "folder": str(pair.folder),
        "descriptors": {name: pipe.writer for name, pipe in pipes.items()},
    }
    keeps = {*pair.tap.keeps, *pair.target.keeps, *(pipe.writer for pipe in pipes.values())}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", GUARD, json.dumps(wish)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=tuple(keeps),
        env=_environment(),
    ) as process:
        yield process


def _environment() -> dict[str, str]:
    """This process's environment, without settings that were meant for a tap run by hand."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _listen(
    readers: Mapping[int, _Lines],
    guard: subprocess.Popen[bytes],
    check: Callable[[], None],
) -> tuple[bytes, BaseException | None]:
    """Hand on what comes until the pair has ended.

    Returns the guard's report, and what a listener or check raised.
    """
    assert guard.stdin is not None
    assert guard.stdout is not None
    failures: list[BaseException] = []
    report, over = b"", False
    with selectors.DefaultSelector() as selector:
        for descriptor in (guard.stdout.fileno(), *readers):
            selector.register(descriptor, selectors.EVENT_READ)
        while not over:
            for key, _ in selector.select(LOOK_EVERY):
                data = os.read(key.fd, CHUNK)
                if key.fd in readers:
                    # Also after a failure: what is acknowledged then is just as true.
                    failures += _tried(readers[key.fd].feed, data)
                else:
                    report, over = report + data, not data
                if not data:
                    selector.unregister(key.fd)
            failures += _tried(check)
            if failures:
                guard.stdin.close()
    for reader, lines in readers.items():
        failures += _tried(lines.feed, _rest(reader))
        failures += _tried(lines.feed, b"")
    return report, failures[0] if failures else None


def _rest(reader: int) -> bytes:
    """What is left in a pipe. A process that the pair has left behind may hold it open for ever."""
    os.set_blocking(reader, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while len(found) < LONGEST_LINE and (data := os.read(reader, CHUNK)):
            found += data
    return found


def _tried(function: Callable[..., None], *arguments: Any) -> list[BaseException]:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  # Raised again once the pair has ended.
        return [error]
    return []


def _report(text: bytes, status: int) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SyncFailed(
            f"The process that watches over tap and target ended with status {status}.",
            worth_retrying=True,
        ) from None
    return report


def _ended(report: Mapping[str, Any]) -> Ended:
    return Ended(report["status"], report["processor_seconds"], report["peak_kb"] * 1024 / 1e6)
