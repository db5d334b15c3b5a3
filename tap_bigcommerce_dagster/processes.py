"""Runs a tap piped into a target, under a process that supervises both.

The supervisor is this file, run as a script. It ends the tap and the target if the process of the
run is killed. There is one for each sync, so this file imports little, and nothing of the package.
"""

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
PIPE_BYTES = 1 << 20  # At most as many bytes are in a pipe, so one read empties it.


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
        for part in (data or b"\n").splitlines(keepends=True):
            self._kept += part[: self._max_bytes - len(self._kept)]
            if part.endswith(b"\n"):
                text = self._kept.decode("utf-8", errors="replace").strip()
                self._kept.clear()
                if text:
                    self._callback(text)


def run(
    tap: Program, target: Program, output: Mapping[str, Lines], check: Callable[[], None]
) -> tuple[Ended, Ended]:
    """Run the tap and the target to their end. Raises SyncFailed if one cannot be started.

    `output` has the lines of both logs, `tap` and `target`, and of the target's output, `states`.
    Callbacks are called in this thread, `check` twice a second. If one raises an error, both
    programs are ended, so that the target can still write and acknowledge what it has, and then the
    error is raised.
    """
    from tap_bigcommerce_dagster.errors import SyncFailed  # The supervisor cannot import it.

    # The tap's settings in this process's environment are for single runs.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAP_BIGCOMMERCE_")}
    with contextlib.ExitStack() as stack:
        lines, pipes = dict[int, Lines](), dict[str, int]()
        with contextlib.ExitStack() as writers:
            for name, found in output.items():
                reader, pipes[name] = os.pipe()
                stack.callback(os.close, reader)
                writers.callback(os.close, pipes[name])
                lines[reader] = found
            supervisor = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-I", "-S", __file__, json.dumps([tap, target, pipes])],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    pass_fds={*tap.descriptors, *target.descriptors, *pipes.values()},
                    env=environment,
                )
            )
        report = _forward(lines, supervisor, check)
    try:
        ended = json.loads(report)
    except ValueError:
        message = f"The supervisor of tap and target ended with status {supervisor.returncode}."
        raise SyncFailed(message, worth_retrying=True) from None
    if isinstance(ended, str):
        raise SyncFailed(
            f"A program cannot be started: {ended}. Check the paths of the tap and the target."
        )
    return Ended(*ended[0]), Ended(*ended[1])


def _forward(
    lines: Mapping[int, Lines], supervisor: subprocess.Popen[bytes], check: Callable[[], None]
) -> bytes:
    """Pass on what can be read until both programs have ended; returns the supervisor's report."""
    stdin, stdout = supervisor.stdin, supervisor.stdout
    assert stdin is not None
    assert stdout is not None
    report, failures = b"", list[Exception]()

    def attempt(function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001
            # Raised at the end: a state that the target acknowledges until then is valid, too.
            failures.append(error)
            stdin.close()

    with selectors.DefaultSelector() as selector:
        for descriptor in (stdout.fileno(), *lines):
            selector.register(descriptor, selectors.EVENT_READ)
        while stdout.fileno() in selector.get_map():
            for key, _ in selector.select(POLL_SECONDS):
                data = os.read(key.fd, PIPE_BYTES)
                if not data:
                    selector.unregister(key.fd)
                if key.fd in lines:
                    attempt(lines[key.fd].feed, data)
                else:
                    report += data
            attempt(check)
    for found in lines.values():
        # All is read that was there before the report. A process that the tap or the target started
        # may run on, so the end of the pipe is not waited for.
        attempt(found.feed, b"")
    if failures:
        raise failures[0]
    return report


def supervise(tap: Program, target: Program, pipes: Mapping[str, int]) -> list[Ended]:
    """The supervisor: run both to their end, or end them once standard input is closed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal signals the whole process group; here the end of standard input counts. Unlike
        # SIG_IGN, a handler is not inherited by the tap and the target.
        signal.signal(number, lambda *_: None)

    def start(program: Program, stdin: Any, stdout: int, log: int) -> subprocess.Popen[bytes]:
        streams: dict[str, Any] = {"stdin": stdin, "stdout": stdout, "stderr": log}
        return subprocess.Popen(program.command, pass_fds=program.descriptors, **streams)

    first = start(tap, subprocess.DEVNULL, subprocess.PIPE, pipes["tap"])
    assert first.stdout is not None
    try:
        second = start(target, first.stdout, pipes["states"], pipes["target"])
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
    """End the tap and the target once standard input is closed, by `run` or by its death."""
    while os.read(0, PIPE_BYTES):
        pass
    # Once the tap has ended, the target stores what it has, acknowledges it, and ends by itself.
    for pid, number, wait in (
        (tap, signal.SIGTERM, TAP_ENDS_WITHIN),
        (tap, signal.SIGKILL, 0.0),
        (target, 0, TARGET_ENDS_WITHIN),
        (target, signal.SIGTERM, TAP_ENDS_WITHIN),
        (target, signal.SIGKILL, 0.0),
    ):
        if pid not in ended:
            # It may have just ended.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline and pid not in ended:
            time.sleep(0.1)


if __name__ == "__main__":
    tap, target, pipes = json.loads(sys.argv[1])
    try:
        print(json.dumps(supervise(Program(*tap), Program(*target), pipes)))
    except OSError as error:
        print(json.dumps(f"{error.filename or ''}: {error.strerror}".removeprefix(": ")))
