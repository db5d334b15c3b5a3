"""A sync whose standard output cannot be written: full disks, and closed from the start.

What other commands say of it is in tests/security.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tap_runner
from fault_runs import small
from tiers import some_of

from tap_bigcommerce_sandbox import Sandbox, Store


def sync(
    store: Store,
    out: Any,
    script: Sequence[str] = tap_runner.COMMAND,
    before: Callable[[], None] | None = None,
) -> tuple[int, str]:
    """The status of a sync with `out` as its standard output, and what it said."""
    settings = {
        tap_runner.PREFIX + name.upper(): str(value)
        for name, value in tap_runner.settings(store).items()
    }
    ended = subprocess.run(
        [*script, "--config", "ENV"],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        env={**tap_runner.clean_environment(), **settings},
        preexec_fn=before,
        timeout=30,
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    return ended.returncode, ended.stderr


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
        status, said = sync(store, out, script)
    asked = len(store.requests()) - asked
    assert status == 1
    assert path.stat().st_size == room
    reason = "target stopped reading" if number == "EPIPE" else os.strerror(getattr(errno, number))
    assert reason in said
    if share == 0.0:
        # Those that were under way for the first streams.
        assert asked <= 20


def test_a_standard_output_that_is_closed_is_said_so(store: Sandbox) -> None:
    status, said = sync(store, None, before=lambda: os.close(1))
    assert status == 1
    assert "Standard output is closed" in said
