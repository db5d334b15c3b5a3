"""Runs a tap piped into a target, and reads their logs and states."""

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
from tap_bigcommerce_dagster.states.state import MAX_STATE_BYTES

SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
POLL_SECONDS = 0.5

SETTINGS_PREFIX = "TAP_BIGCOMMERCE_"

CHUNK = 1 << 16
MAX_LINE_BYTES = 100_000
"""Bytes that are kept of a log line."""


@dataclass(frozen=True)
class Program:
    """A command, and the file descriptors that it inherits."""

    command: Sequence[str]
    pass_fds: Sequence[int]


@dataclass(frozen=True)
class Pair:
    """A tap and a target, and their working folder."""

    tap: Program
    target: Program
    folder: Path


@dataclass(frozen=True)
class ProcessResult:
    """A process's exit status (negative: a signal), and the resources that it used."""

    status: int
    processor_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Outcome:
    """The results of both processes."""

    tap: ProcessResult
    target: ProcessResult


@dataclass(frozen=True)
class Callbacks:
    """Called with each line: of the tap's log, of the target's log, of the target's output."""

    tap_log: Callable[[str], None]
    target_log: Callable[[str], None]
    state: Callable[[str], None]


def run(pair: Pair, callbacks: Callbacks, check: Callable[[], None]) -> Outcome:
    """Run the tap and the target to their end. Callbacks are called in this thread.

    `check` is called twice a second. If it or a callback raises an error, both programs are ended,
    so that the target can still write and acknowledge what it has, and then the error is raised.
    Raises SyncFailed if a program cannot be started.
    """
    with contextlib.ExitStack() as stack:
        pipes = {name: _Pipe(stack) for name in ("tap", "target", "states")}
        lines = {
            pipes["tap"].reader: _Lines(callbacks.tap_log, MAX_LINE_BYTES),
            pipes["target"].reader: _Lines(callbacks.target_log, MAX_LINE_BYTES),
            pipes["states"].reader: _Lines(callbacks.state, MAX_STATE_BYTES),
        }
        supervisor = stack.enter_context(_supervisor(pair, pipes))
        for pipe in pipes.values():
            pipe.close_writer()
        text, failure = _forward_lines(lines, supervisor, check)
    if failure is not None:
        raise failure
    report = _report(text, supervisor.returncode)
    if "error" in report:
        raise SyncFailed(
            f"A program cannot be started: {report['error']}. Check the paths of the tap and the "
            "target.",
            worth_retrying=False,
        )
    return Outcome(_process_result(report["tap"]), _process_result(report["target"]))


class _Pipe:
    """A pipe that this process reads from."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.reader, self.writer = os.pipe()
        self._writer_is_open = True
        stack.callback(os.close, self.reader)
        stack.callback(self.close_writer)

    def close_writer(self) -> None:
        """Close this process's copy of the writing end."""
        if self._writer_is_open:
            self._writer_is_open = False
            os.close(self.writer)


class _Lines:
    """Splits bytes into lines, cuts each to `max_bytes`, and passes them to a callback."""

    def __init__(self, callback: Callable[[str], None], max_bytes: int) -> None:
        self._callback = callback
        self._max_bytes = max_bytes
        self._kept = bytearray()

    def feed(self, data: bytes) -> None:
        """Add bytes. Empty bytes end the last line."""
        *lines, rest = data.split(b"\n") if data else (b"", b"")
        for line in lines:
            self._keep(line)
            text = self._kept.decode("utf-8", errors="replace").strip()
            self._kept.clear()
            if text:
                self._callback(text)
        self._keep(rest)

    def _keep(self, data: bytes) -> None:
        self._kept += data[: max(0, self._max_bytes - len(self._kept))]


@contextlib.contextmanager
def _supervisor(pair: Pair, pipes: Mapping[str, _Pipe]) -> Iterator[subprocess.Popen[bytes]]:
    spec = {
        "tap": asdict(pair.tap),
        "target": asdict(pair.target),
        "folder": str(pair.folder),
        "descriptors": {name: pipe.writer for name, pipe in pipes.items()},
    }
    writers = (pipe.writer for pipe in pipes.values())
    with subprocess.Popen(
        [sys.executable, "-I", "-S", SUPERVISOR, json.dumps(spec)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=tuple({*pair.tap.pass_fds, *pair.target.pass_fds, *writers}),
        env=_environment(),
    ) as process:
        yield process


def _environment() -> dict[str, str]:
    """This process's environment without the tap's settings: those are for single runs."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(SETTINGS_PREFIX)
    }


def _forward_lines(
    readers: Mapping[int, _Lines],
    supervisor: subprocess.Popen[bytes],
    check: Callable[[], None],
) -> tuple[bytes, BaseException | None]:
    """Pass on lines until both programs have ended.

    Returns the supervisor's report, and the first error of a callback or check.
    """
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    failures: list[BaseException] = []
    report, ended = b"", False
    with selectors.DefaultSelector() as selector:
        for descriptor in (supervisor.stdout.fileno(), *readers):
            selector.register(descriptor, selectors.EVENT_READ)
        while not ended:
            for key, _ in selector.select(POLL_SECONDS):
                data = os.read(key.fd, CHUNK)
                if key.fd in readers:
                    # Also after a failure: a state acknowledged then is valid, too.
                    failures += _errors_of(readers[key.fd].feed, data)
                else:
                    report, ended = report + data, not data
                if not data:
                    selector.unregister(key.fd)
            failures += _errors_of(check)
            if failures:
                supervisor.stdin.close()
    for reader, lines in readers.items():
        failures += _errors_of(lines.feed, _remaining(reader))
        failures += _errors_of(lines.feed, b"")
    return report, failures[0] if failures else None


def _remaining(reader: int) -> bytes:
    """The bytes left in a pipe, without waiting: a process started by the tap may keep it open."""
    os.set_blocking(reader, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while len(found) < MAX_LINE_BYTES and (data := os.read(reader, CHUNK)):
            found += data
    return found


def _errors_of(function: Callable[..., None], *arguments: Any) -> list[BaseException]:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  # `run` raises it once both programs have ended.
        return [error]
    return []


def _report(text: bytes, status: int) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SyncFailed(
            f"The process that supervises the tap and the target ended with status {status}.",
            worth_retrying=True,
        ) from None
    return report


def _process_result(report: Mapping[str, Any]) -> ProcessResult:
    peak_mb = report["peak_kb"] * 1024 / 1e6
    return ProcessResult(report["status"], report["processor_seconds"], peak_mb)
