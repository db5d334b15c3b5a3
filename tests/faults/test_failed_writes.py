"""Standard output that cannot be written: full disks, limits, readers that go, closed from the
start."""

from __future__ import annotations

import errno
import os
import resource
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


def started(
    store: Store,
    out: Any,
    *words: str,
    before: Callable[[], None] | None = None,
    script: Sequence[str] = tap_runner.COMMAND,
) -> subprocess.Popen[bytes]:
    """The tap with `out` as its standard output."""
    settings = {
        tap_runner.PREFIX + name.upper(): str(value)
        for name, value in tap_runner.settings(store).items()
    }
    return subprocess.Popen(
        [*script, "--config", "ENV", *words],
        stdout=out,
        stderr=subprocess.PIPE,
        env={**tap_runner.clean_environment(), **settings},
        preexec_fn=before,
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit status, and what it said; killed if it does not end."""
    try:
        said = process.communicate(timeout=30)[1].decode()
    finally:
        process.kill()
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    return process.returncode, said


@pytest.fixture(scope="module")
def store() -> Iterator[Sandbox]:
    with Sandbox(small(latency_ms=20.0)) as running:
        yield running


@pytest.fixture(scope="module")
def size(store: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Bytes that a whole sync writes."""
    path = tmp_path_factory.mktemp("whole") / "out"
    with path.open("wb") as out, started(store, out) as process:
        assert ended(process)[0] == 0
    return path.stat().st_size


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


@pytest.mark.parametrize(
    "number", some_of(["ENOSPC", "EIO", "EBADF", "EPIPE"], 2, pytest.mark.kills)
)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0], ids=["first", "one on the way", "last"])
def test_after_a_write_that_failed_nothing_more_is_written(
    store: Sandbox, size: int, share: float, number: str, tmp_path: Path
) -> None:
    room = max(100, int(share * size) - 1)
    path, asked = tmp_path / "out", len(store.requests())
    script = [sys.executable, "-c", FULL_FOR_A_MOMENT, str(room), number]
    with path.open("wb") as out, started(store, out, script=script) as process:
        status, said = ended(process)
    asked = len(store.requests()) - asked
    assert status == 1
    assert path.stat().st_size == room
    reason = "target stopped reading" if number == "EPIPE" else os.strerror(getattr(errno, number))
    assert reason in said
    if share == 0.0:
        # Those that were under way for the first streams.
        assert asked <= 20


def test_a_file_that_may_not_grow_is_said_so(store: Sandbox, tmp_path: Path) -> None:
    path, room = tmp_path / "out", 5000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    with path.open("wb") as out, started(store, out, before=limit) as process:
        status, said = ended(process)
    assert status == 1
    assert "File too large" in said
    assert path.stat().st_size == room


@pytest.mark.parametrize("command", [(), ("--discover",), ("--check",), ("--audit",)], ids=str)
def test_a_full_disk_is_said_so_by_every_command(store: Sandbox, command: tuple[str, ...]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "wb") as full, started(store, full, *command) as process:
        status, said = ended(process)
    assert status == 1
    assert "No space left on device" in said


@pytest.mark.parametrize("command", [(), ("--discover",), ("--check",)], ids=str)
def test_a_standard_output_that_is_closed_is_said_so(
    store: Sandbox, command: tuple[str, ...]
) -> None:
    with started(store, None, *command, before=lambda: os.close(1)) as process:
        status, said = ended(process)
    assert status == 1
    assert "Standard output is closed" in said


def test_a_named_pipe_whose_reader_goes_ends_the_tap(store: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with path.open("wb") as out, started(store, out) as process:
        tap_runner.wait_until(lambda: b"RECORD" in read(reader), "no record came")
        os.close(reader)
        asked = len(store.requests())
        status, said = ended(process)
    assert status == 1
    assert "target stopped reading" in said
    assert len(store.requests()) - asked < 30


def read(descriptor: int) -> bytes:
    """What there is to read now."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""
