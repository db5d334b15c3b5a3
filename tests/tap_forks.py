"""Forks taps from a process that has imported all of it, which is most of what a short run costs.

forks = Forks()
status = forks.run(words, folder, environment, timeout=60)
forks.stop()
"""

import gc
import importlib
import json
import os
import pkgutil
import queue
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

OUT, ERR = "stdout", "stderr"
"""Files in its folder, into which a run writes."""


class Forks:
    """As many processes as runs are wanted at once; a run has a process, a folder, an end."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[subprocess.Popen[bytes]] = queue.LifoQueue()
        self._all: list[subprocess.Popen[bytes]] = []

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> int:
        """Run the tap to its end, and return its status: -SIGALRM if the time was over."""
        try:
            parent = self._idle.get_nowait()
        except queue.Empty:
            parent = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._all.append(parent)
        assert parent.stdin is not None
        assert parent.stdout is not None
        asked = [list(words), str(folder), dict(environment), timeout]
        parent.stdin.write(json.dumps(asked).encode() + b"\n")
        parent.stdin.flush()
        status = int(parent.stdout.readline())
        self._idle.put(parent)
        return status

    def stop(self) -> None:
        for parent in self._all:
            with parent:
                parent.kill()


def main() -> None:
    import tap_bigcommerce
    from tap_bigcommerce.records.schemas import load_schema
    from tap_bigcommerce.streams import STREAMS

    for module in pkgutil.walk_packages(tap_bigcommerce.__path__, "tap_bigcommerce."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in STREAMS:
        load_schema(name)
    gc.freeze()
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _become(*json.loads(line))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.buffer.write(b"%d\n" % status)
        sys.stdout.buffer.flush()


def _become(words: list[str], folder: str, environment: dict[str, str], timeout: float) -> None:
    """Run the tap as `python -m tap_bigcommerce` would, and end."""
    signal.setitimer(signal.ITIMER_REAL, timeout)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, name in enumerate((os.devnull, OUT, ERR)):
        opened = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    # As Python does at its start, which was before this.
    for place in environment.get("PYTHONPATH", "").split(os.pathsep):
        if place and (Path(place) / "sitecustomize.py").is_file():
            runpy.run_path(f"{place}/sitecustomize.py")
    sys.argv[1:] = words
    runpy.run_module("tap_bigcommerce", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
