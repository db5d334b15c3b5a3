"""One pair of processes: the tap, piped into the target."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster.errors import SyncFailed

GUARD = str(Path(__file__).with_name("guard.py"))
LOOK_EVERY = 0.5
"""Seconds between two looks whether the pair shall end."""

PREFIX = "TAP_BIGCOMMERCE_"


@dataclass(frozen=True)
class Pair:
    """The commands of both, the folder they run in, and descriptors that they hold open."""

    tap: Sequence[str]
    target: Sequence[str]
    folder: Path
    inherited: tuple[int, ...] = ()


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
        hear = (listeners.tap_log, listeners.target_log, listeners.state)
        guard = stack.enter_context(_guard(pair, pipes))
        for pipe in pipes.values():
            pipe.close_writer()
        readers = [
            (pipe.reader, _Lines(listen)) for pipe, listen in zip(pipes.values(), hear, strict=True)
        ]
        failure = _listen(readers, guard, check)
        report = _report_of(guard)
    if failure is not None:
        raise failure
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
    """Cuts what comes into lines, and hands each on."""

    def __init__(self, listen: Callable[[str], None]) -> None:
        self._listen = listen
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """More bytes; none: the last line is whole."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            text = line.decode("utf-8", errors="replace").strip()
            if text:
                self._listen(text)


@contextlib.contextmanager
def _guard(pair: Pair, pipes: Mapping[str, _Pipe]) -> Iterator[subprocess.Popen[bytes]]:
    wish = {
        "tap": list(pair.tap),
        "target": list(pair.target),
        "folder": str(pair.folder),
        "inherited": list(pair.inherited),
        "descriptors": {name: pipe.writer for name, pipe in pipes.items()},
    }
    with subprocess.Popen(
        [sys.executable, "-I", "-S", GUARD, json.dumps(wish)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(*pair.inherited, *(pipe.writer for pipe in pipes.values())),
        env=_environment(),
    ) as process:
        yield process


def _environment() -> dict[str, str]:
    """This process's environment, without settings that were meant for a tap run by hand."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _listen(
    readers: Sequence[tuple[int, _Lines]],
    guard: subprocess.Popen[bytes],
    check: Callable[[], None],
) -> BaseException | None:
    """Hand on what comes until all pipes are closed; returns what a listener or check raised."""
    failure: BaseException | None = None
    with selectors.DefaultSelector() as selector:
        for reader, lines in readers:
            selector.register(reader, selectors.EVENT_READ, lines)
        while selector.get_map():
            for key, _ in selector.select(LOOK_EVERY):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                # Also after a failure: what is acknowledged then is just as true.
                error = _tried(key.data.feed, data)
                failure = failure or error
            failure = failure or _tried(check)
            if failure is not None and guard.stdin is not None and not guard.stdin.closed:
                guard.stdin.close()
    return failure


def _tried(function: Callable[..., None], *arguments: Any) -> BaseException | None:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  # Raised again once the pair has ended.
        return error
    return None


def _report_of(guard: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert guard.stdout is not None
    text = guard.stdout.read()
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait()
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SyncFailed(
            f"The process that watches over tap and target ended with status {guard.returncode}.",
            worth_retrying=True,
        ) from None
    return report


def _ended(report: Mapping[str, Any]) -> Ended:
    return Ended(report["status"], report["processor_seconds"], report["peak_kb"] * 1024 / 1e6)
