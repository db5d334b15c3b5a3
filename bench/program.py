"""Runs a tap as a process and measures it."""

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
from typing import Any

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


@dataclass
class Output:
    """What a program has written, and when, in UNIX time; STATEs count in `state_mb`, too."""

    records: int = 0
    output_mb: float = 0.0
    first_record_at: float = 0.0
    last_record_at: float = 0.0
    state_mb: float = 0.0
    last_state: bytes | None = None


@dataclass(frozen=True)
class Measured:
    """The resources that a run used; `peak_mb` is resident memory."""

    output: Output
    seconds: float
    processor_seconds: float
    peak_mb: float

    @property
    def records(self) -> int:
        """The number of RECORDs written."""
        return self.output.records


class NotMeasured(Exception):
    """A run has failed, or could not be measured."""


def show(step: str) -> None:
    """Print that a step of a measurement is done."""
    print(f"  ... {step}", file=sys.stderr, flush=True)


def settings(store: Store, **more: Any) -> dict[str, Any]:
    """A config for this store."""
    return {
        "store_hash": store.store_hash,
        "access_token": store.access_token,
        "api_url": store.api_url,
        **more,
    }


def environment() -> dict[str, str]:
    """This process's environment without the tap's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def run(
    config: Mapping[str, Any],
    *,
    catalog: Any = None,
    state: Any = None,
    command: Sequence[str] = TAP,
    timeout: float = 900.0,
    expected: int | None = None,
) -> Measured:
    """Run a Singer tap to its end, and measure it.

    Raises NotMeasured if it fails, takes too long, or does not write `expected` records.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        arguments = list(command)
        for option, value in (("--config", config), ("--catalog", catalog), ("--state", state)):
            if value is not None:
                path = folder / f"{option[2:]}.json"
                path.write_text(json.dumps(value))
                arguments += [option, str(path)]
        log, report = folder / "log", folder / "report.json"
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                [*LAUNCH, str(report), *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(),
                start_new_session=True,
            ) as process,
        ):
            assert process.stdout is not None
            limit = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
            limit.start()
            try:
                output = _read(process.stdout.fileno())
                process.wait()
            finally:
                limit.cancel()
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        # Without a report the program was killed.
        used = json.loads(report.read_text()) if report.exists() else {"status": "killed"}
        if (status := used.pop("status")) != 0:
            end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise NotMeasured(f"exit status {status}, at most {timeout:.0f} s:\n{end}")
    if expected is not None and output.records != expected:
        raise NotMeasured(f"{output.records:,} of {expected:,} records were written")
    return Measured(output, **used)


def _read(descriptor: int) -> Output:
    """Read all that a program writes, faster than any target would."""
    output = Output()
    tail, line = b"\n", b""
    while piece := os.read(descriptor, PIECE):
        output.output_mb += len(piece) / 1e6
        text = tail + piece
        found = sum(map(text.count, RECORDS)) - sum(map(tail.count, RECORDS))
        if found:
            output.last_record_at = time.time()
            output.first_record_at = output.first_record_at or output.last_record_at
            output.records += found
        tail = text[-TAIL:]
        *lines, line = (line + piece).split(b"\n")
        for whole in lines:
            if whole.startswith(STATE):
                output.state_mb += (len(whole) + 1) / 1e6
                output.last_state = whole.removeprefix(STATE).removesuffix(b"}")
    return output
