"""Runs the tap in forks of one process that has imported it already: many runs in a short time.

tap = ForkedTap()
result = tap.run(settings(store), catalog)
tap.stop()
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tap_runner import Result, clean_environment


class ForkedTap:
    """The process from which runs are forked. Each has files and an exit status of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tap-test-")
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("tap_forks.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=clean_environment(),
            cwd=self._folder.name,
        )

    def run(
        self, config: Any, catalog: Any = None, state: Any = None, args: Sequence[str] = ()
    ) -> Result:
        """Run the tap to its end; the status of one that was killed is negative."""
        words = [*args]
        for option, value in (("config", config), ("catalog", catalog), ("state", state)):
            if value is not None:
                self._file(option).write_text(json.dumps(value))
                words += [f"--{option}", f"{option}.json"]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        out, err = (self._file(name).read_bytes().decode() for name in ("out", "err"))
        return Result(status, out, err)

    def stop(self) -> None:
        """Fork no more."""
        try:
            self._process.communicate(timeout=30)
        finally:
            self._process.kill()
            self._folder.cleanup()

    def _file(self, name: str) -> Path:
        return Path(self._folder.name) / f"{name}.json"
