"""Supervisor process: runs a tap and a target, ends both with its parent.

    python -I -S supervisor.py '{"tap": {...}, "target": {...}, "folder": ..., ...}'

It imports little, because one such process runs for each sync. The parent never writes to its
standard input: it is closed when the tap and the target have to end, or when the parent dies. At
the end the supervisor prints one line of JSON with the exit status and resources of both.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

TAP_ENDS_WITHIN = 10.0
"""Seconds after SIGTERM until SIGKILL; the tap promises to end within five."""

TARGET_ENDS_WITHIN = 120.0
"""Seconds for the target to load its input after the tap has ended."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Run both to their end. A status is negative for a signal, as in `subprocess`."""
    for name in SIGNALS:
        # A terminal signals the whole process group; here the end of standard input counts.
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    logs = spec["descriptors"]
    tap = _start(spec, "tap", stdout=subprocess.PIPE, stderr=logs["tap"])
    assert tap.stdout is not None
    try:
        target = _start(
            spec, "target", stdin=tap.stdout, stdout=logs["states"], stderr=logs["target"]
        )
    except OSError:
        tap.kill()
        raise
    # Only the tap and the target keep the pipes open: each notices when the other ends.
    tap.stdout.close()
    for descriptor in {*logs.values(), *spec["tap"]["pass_fds"], *spec["target"]["pass_fds"]}:
        os.close(descriptor)
    ended: dict[int, dict[str, Any]] = {}
    pair = (tap.pid, target.pid, ended)
    threading.Thread(target=_end_with_stdin, args=pair, daemon=True).start()
    while len(ended) < 2:
        pid, status, usage = os.wait3(0)
        ended[pid] = {
            "status": os.waitstatus_to_exitcode(status),
            "processor_seconds": usage.ru_utime + usage.ru_stime,
            "peak_kb": usage.ru_maxrss,
        }
    return {"tap": ended[tap.pid], "target": ended[target.pid]}


def _start(spec: dict[str, Any], name: str, **pipes: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        spec[name]["command"],
        cwd=spec["folder"],
        pass_fds=spec[name]["pass_fds"],
        restore_signals=True,
        # A child process inherits ignored signals.
        preexec_fn=_reset_signals,
        **{"stdin": subprocess.DEVNULL, **pipes},
    )


def _reset_signals() -> None:
    for name in SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def _end_with_stdin(tap: int, target: int, ended: dict[int, dict[str, Any]]) -> None:
    """Wait for the end of standard input, then end the tap, then the target."""
    while os.read(0, 1024):
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


if __name__ == "__main__":
    try:
        report = main(json.loads(sys.argv[1]))
    except OSError as error:
        report = {"error": f"{error.filename or ''}: {error.strerror}".removeprefix(": ")}
    print(json.dumps(report), flush=True)
