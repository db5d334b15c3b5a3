"""Starts a tap and a target, pipes them, and ends them when whoever started it is gone.

python -I -S supervisor.py '{"tap": {...}, "target": {...}, "folder": ..., ...}'

It stands alone and imports little: one runs beside each pair. Its standard input is never written
to; it is closed when the pair shall end, or when the process at its other end dies. Its standard
output is one line of JSON at the end: exit status and processor seconds of both.
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
"""Seconds from SIGTERM; the tap promises five."""

TARGET_ENDS_WITHIN = 120.0
"""Seconds for a target to load what it was given before the tap ended."""


def main(wish: dict[str, Any]) -> dict[str, Any]:
    """Run the pair to its end. Statuses are as `subprocess` has them: negative for signals."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # A terminal or an engine tells the whole group; the pair ends by way of standard input.
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    logs = wish["descriptors"]
    tap = _start(wish, "tap", stdout=subprocess.PIPE, stderr=logs["tap"])
    assert tap.stdout is not None
    try:
        target = _start(
            wish, "target", stdin=tap.stdout, stdout=logs["states"], stderr=logs["target"]
        )
    except OSError:
        tap.kill()
        raise
    # Only the pair holds the pipes now: each hears of the other's end, and the parent of both.
    tap.stdout.close()
    for descriptor in {*logs.values(), *wish["tap"]["keeps"], *wish["target"]["keeps"]}:
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


def _start(wish: dict[str, Any], name: str, **pipes: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        wish[name]["words"],
        cwd=wish["folder"],
        pass_fds=wish[name]["keeps"],
        restore_signals=True,
        # Ignored signals would stay ignored in the pair.
        preexec_fn=_heed_signals,
        **{"stdin": subprocess.DEVNULL, **pipes},
    )


def _heed_signals() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def _end_with_stdin(tap: int, target: int, ended: dict[int, dict[str, Any]]) -> None:
    while os.read(0, 1024):
        pass
    # The target gets what the tap has written, acknowledges it, and ends by itself.
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
        last = time.monotonic() + wait
        while time.monotonic() < last and pid not in ended:
            time.sleep(0.1)


if __name__ == "__main__":
    try:
        report = main(json.loads(sys.argv[1]))
    except OSError as error:
        report = {"error": f"{error.filename or ''}: {error.strerror}".removeprefix(": ")}
    print(json.dumps(report), flush=True)
