"""Runs a tap piped into a target, under a process that supervises both.

The supervisor is this file, run as a script. It ends the tap and the target if the process of the
run is killed. There is one for each sync, so this file imports little, and nothing of the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

TAP_ENDS_WITHIN = 10.0  # Seconds after SIGTERM until SIGKILL; the tap needs at most five.
TARGET_ENDS_WITHIN = 120.0  # Seconds for the target to load its input after the tap has ended.
POLL_SECONDS = 0.5
CHUNK = 1 << 16
PIPE_BYTES = 1 << 20  # At most as many bytes are in a pipe.
SETTINGS_PREFIX = "TAP_BIGCOMMERCE_"


class Program(NamedTuple):
    """A command, and the file descriptors that it inherits."""

    command: Sequence[str]
    descriptors: Sequence[int]


class Ended(NamedTuple):
    """A process's exit status (negative: a signal), and the resources that it used."""

    status: int
    processor_seconds: float
    peak_mb: float


class Lines:
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


def run(
    tap: Program, target: Program, output: Mapping[str, Lines], check: Callable[[], None]
) -> tuple[Ended, Ended]:
    """Run the tap and the target to their end.

    `output` has the lines of both logs, `tap` and `target`, and of the target's output, `states`.
    Callbacks are called in this thread, `check` twice a second. If one raises an error, both
    programs are ended, so that the target can still write and acknowledge what it has, and then the
    error is raised. Raises SyncFailed if a program cannot be started.
    """
    with contextlib.ExitStack() as stack:
        readers, writers = {}, {}
        for name in output:
            ends = os.pipe()
            readers[name] = stack.enter_context(open(ends[0], "rb", buffering=0))
            writers[name] = stack.enter_context(open(ends[1], "wb", buffering=0))
        pipes = {name: writer.fileno() for name, writer in writers.items()}
        supervisor = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, json.dumps([tap, target, pipes])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds={*tap.descriptors, *target.descriptors, *pipes.values()},
                # The tap's settings in this process's environment are for single runs.
                env={k: v for k, v in os.environ.items() if not k.startswith(SETTINGS_PREFIX)},
            )
        )
        for writer in writers.values():
            writer.close()
        lines = {reader.fileno(): output[name] for name, reader in readers.items()}
        report, failure = _forward_lines(lines, supervisor, check)
    if failure is not None:
        raise failure
    return _results(report, supervisor.returncode)


def _forward_lines(
    readers: Mapping[int, Lines], supervisor: subprocess.Popen[bytes], check: Callable[[], None]
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
        # Without waiting for its end: a process that the tap or the target started may run on.
        os.set_blocking(reader, False)
        with contextlib.suppress(BlockingIOError):
            failures += _errors_of(lines.feed, os.read(reader, PIPE_BYTES))
        failures += _errors_of(lines.feed, b"")
    return report, failures[0] if failures else None


def _errors_of(function: Callable[..., None], *arguments: Any) -> list[BaseException]:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  # `run` raises it once both programs have ended.
        return [error]
    return []


def _results(report: bytes, status: int) -> tuple[Ended, Ended]:
    from tap_bigcommerce_dagster.errors import SyncFailed  # The supervisor cannot import it.

    try:
        found = json.loads(report)
    except ValueError:
        raise SyncFailed(
            f"The process that supervises the tap and the target ended with status {status}.",
            worth_retrying=True,
        ) from None
    if isinstance(found, str):
        raise SyncFailed(
            f"A program cannot be started: {found}. Check the paths of the tap and the target.",
            worth_retrying=False,
        )
    tap, target = found
    return Ended(*tap), Ended(*target)


def supervise(tap: Program, target: Program, pipes: Mapping[str, int]) -> list[Ended]:
    """The supervisor: run both to their end, or end them at the end of standard input.

    Nothing is written to standard input: it is closed to end both, or by the parent's death.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal signals the whole process group; here the end of standard input counts. Unlike
        # SIG_IGN, a handler is not inherited by the tap and the target.
        signal.signal(number, lambda *_: None)
    first = subprocess.Popen(
        tap.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=pipes["tap"],
        pass_fds=tap.descriptors,
    )
    assert first.stdout is not None
    try:
        second = subprocess.Popen(
            target.command,
            stdin=first.stdout,
            stdout=pipes["states"],
            stderr=pipes["target"],
            pass_fds=target.descriptors,
        )
    except OSError:
        first.kill()
        raise
    # Only the tap and the target keep this pipe open: each notices when the other ends.
    first.stdout.close()
    ended: dict[int, Ended] = {}
    pair = (first.pid, second.pid, ended)
    threading.Thread(target=_end_with_stdin, args=pair, daemon=True).start()
    while len(ended) < 2:
        pid, status, used = os.wait3(0)
        seconds, peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6
        ended[pid] = Ended(os.waitstatus_to_exitcode(status), seconds, peak_mb)
    return [ended[first.pid], ended[second.pid]]


def _end_with_stdin(tap: int, target: int, ended: Mapping[int, Ended]) -> None:
    """Wait for the end of standard input, then end the tap, then the target."""
    while os.read(0, CHUNK):
        pass
    # Once the tap has ended, the target stores what it has, acknowledges it, and ends by itself.
    for pid, number, wait in (
        (tap, signal.SIGTERM, TAP_ENDS_WITHIN),
        (tap, signal.SIGKILL, 0.0),
        (target, 0, TARGET_ENDS_WITHIN),
        (target, signal.SIGTERM, TAP_ENDS_WITHIN),
        (target, signal.SIGKILL, 0.0),
    ):
        if pid in ended:
            continue
        os.kill(pid, number)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline and pid not in ended:
            time.sleep(0.1)


def _main() -> None:
    report: list[Ended] | str
    tap, target, pipes = json.loads(sys.argv[1])
    try:
        report = supervise(Program(*tap), Program(*target), pipes)
    except OSError as error:
        report = f"{error.filename or ''}: {error.strerror}".removeprefix(": ")
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    _main()
