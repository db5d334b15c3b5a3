"""A sync whose standard output cannot be written: full disks, and closed from the start.

What other commands say of it is in tests/security.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tap_runner
from fault_runs import run_command, small
from tiers import some_of

from tap_bigcommerce_sandbox import Sandbox


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(small(latency_ms=20.0)) as running:
        yield running


@pytest.fixture(scope="module")
def size(store: Sandbox) -> int:
    """Bytes that a whole sync writes."""
    return len(tap_runner.succeed(tap_runner.settings(store)).stdout.encode())


# A disk that is full for a moment only: standard output takes so many bytes, fails once in the
# middle of a write, and takes everything from then on.
FULL_FOR_A_MOMENT = """
import errno, os, sys
room, number = int(sys.argv[1]), getattr(errno, sys.argv[2])
real, output = os.write, os.fstat(1)

def write(descriptor, data):
    global room
    if room is None or not os.path.samestat(os.fstat(descriptor), output):
        return real(descriptor, data)
    if room == 0:
        room = None
        raise OSError(number, os.strerror(number))
    written = real(descriptor, data[:room])
    room -= written
    return written

os.write = write
from tap_bigcommerce.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.parametrize("number", some_of(["ENOSPC", "EIO", "EPIPE"], 2, pytest.mark.kills))
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0], ids=["first", "one on the way", "last"])
def test_after_a_write_that_failed_nothing_more_is_written(
    store: Sandbox, size: int, share: float, number: str, tmp_path: Path
) -> None:
    room = max(100, int(share * size) - 1)
    path, asked = tmp_path / "out", len(store.requests())
    script = [sys.executable, "-c", FULL_FOR_A_MOMENT, str(room), number]
    with path.open("wb") as out:
        result = run_command(store, script, out)
    asked = len(store.requests()) - asked
    assert result.status == 1
    assert path.stat().st_size == room
    reason = "target stopped reading" if number == "EPIPE" else os.strerror(getattr(errno, number))
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
    if share == 0.0:
        # Those that were under way for the first streams.
        assert asked <= 20


def test_a_standard_output_that_is_closed_is_said_so(store: Sandbox) -> None:
    result = run_command(store, out=None, before=lambda: os.close(1))
    assert result.status == 1
    assert "Standard output is closed" in result.stderr
    assert "Traceback" not in result.stderr
