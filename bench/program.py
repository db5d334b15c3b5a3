"""Runs a tap as a process and measures it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tap_bigcommerce_sandbox import Store

TAP = (sys.executable, "-m", "tap_bigcommerce")
LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))

# As the tap writes them, and as singer-python does.
RECORDS = (b'\n{"type":"RECORD"', b'\n{"type": "RECORD"')
STATE = b'{"type":"STATE","value":'
"""As the tap writes it."""
TAIL = max(map(len, RECORDS)) - 1
PIECE = 1 << 20
PREFIX = "TAP_BIGCOMMERCE_"


@dataclass(frozen=True)
class Measured:
    """The measurements of a run. `began` and `..._at` are UNIX times; `peak_mb` is resident memory.

    `state_mb` is the size of all STATE lines, `last_state` the value of the last one as JSON.
    """

    began: float
    seconds: float
    processor_seconds: float
    peak_mb: float
    records: int
    output_mb: float
    first_record_at: float
    last_record_at: float
    log: str
    state_mb: float
    last_state: bytes | None


class NotMeasured(Exception):
    """A run has failed, or could not be measured."""


def settings(store: Store, **more: Any) -> dict[str, Any]:
    """A config for this store."""
    return {
        "store_hash": store.store_hash,
        "access_token": store.access_token,
        "api_url": store.api_url,
        **more,
    }


def run(
    config: Mapping[str, Any],
    *,
    catalog: Any = None,
    state: Any = None,
    command: Sequence[str] = TAP,
    timeout: float = 900.0,
) -> Measured:
    """Run a Singer tap to its end, and measure it. Raises NotMeasured if it fails."""
    with Running(config, catalog=catalog, state=state, command=command, timeout=timeout) as tap:
        return tap.wait()


class Running:
    """`with Running(config) as tap:` starts a tap; `tap.wait()` returns its measurements."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        catalog: Any = None,
        state: Any = None,
        command: Sequence[str] = TAP,
        timeout: float = 900.0,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        arguments = list(command)
        for option, value in (("--config", config), ("--catalog", catalog), ("--state", state)):
            if value is not None:
                path = Path(self._folder.name) / f"{option[2:]}.json"
                path.write_text(json.dumps(value))
                arguments += [option, str(path)]
        self._command = arguments
        self._timeout = timeout

    def __enter__(self) -> Running:
        folder = Path(self._folder.name)
        self._log, self._report = folder / "log", folder / "report.json"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*LAUNCH, str(self._report), *self._command],
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._drain = _Drain(self._process.stdout)
        self._drain.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._drain.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._folder.cleanup()

    def wait(self) -> Measured:
        """Wait for the end. Raises NotMeasured if the program fails or takes too long."""
        try:
            self._process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            raise NotMeasured(f"not done after {self._timeout:.0f} s") from None
        self._drain.join()
        log = self._log.read_text(encoding="utf-8", errors="replace")
        used = json.loads(self._report.read_text(encoding="utf-8"))
        status = used.pop("status")
        if status != 0:
            raise NotMeasured(f"exit status {status}:\n{log[-2000:]}")
        drain = self._drain
        return Measured(
            **used,
            records=drain.records,
            output_mb=drain.size / 1e6,
            first_record_at=drain.first_at,
            last_record_at=drain.last_at,
            log=log,
            state_mb=drain.state_size / 1e6,
            last_state=drain.last_state,
        )


class _Drain(threading.Thread):
    """Reads a program's output, faster than any target, and counts RECORDs."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._descriptor = pipe.fileno()
        self.records, self.size = 0, 0
        self.first_at = self.last_at = 0.0
        self.state_size = 0
        self.last_state: bytes | None = None
        self._line = b""

    def run(self) -> None:
        tail = b"\n"
        while piece := os.read(self._descriptor, PIECE):
            self.size += len(piece)
            text = tail + piece
            found = sum(map(text.count, RECORDS)) - sum(map(tail.count, RECORDS))
            if found:
                self.last_at = time.time()
                self.first_at = self.first_at or self.last_at
                self.records += found
            tail = text[-TAIL:]
            self._look_for_states(piece)

    def _look_for_states(self, piece: bytes) -> None:
        *lines, self._line = (self._line + piece).split(b"\n")
        for line in lines:
            if line.startswith(STATE):
                self.state_size += len(line) + 1
                self.last_state = line.removeprefix(STATE).removesuffix(b"}")


def _environment() -> dict[str, str]:
    """This process's environment without the tap's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
