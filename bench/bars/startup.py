"""How fast the command line starts.

`--help` and `--version`, each run several times by turns; the figure is the median. For comparison,
Python is measured, too, which starts and ends without doing anything.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.program import TAP
from bench.results import Check, Result, Table

COMMANDS = {
    "--help": ([*TAP, "--help"], 0.4),
    "--version": ([*TAP, "--version"], 0.3),
}
PYTHON = "Python only"


def measure(quick: bool) -> Result:
    """Run all commands by turns, several times."""
    commands = {name: command for name, (command, _) in COMMANDS.items()}
    commands[PYTHON] = [sys.executable, "-c", "pass"]
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(4 if quick else 12):
        for name, command in commands.items():
            seconds = _seconds(command)
            if number:  # The first round reads the files from disk.
                taken[name].append(seconds)
    checks = [
        Check(
            f"`{name}`",
            round(statistics.median(taken[name]), 3),
            "at most",
            bar,
            "s",
            (round(min(taken[name]), 3), round(max(taken[name]), 3)),
        )
        for name, (_, bar) in COMMANDS.items()
    ]
    alone = [PYTHON, f"{statistics.median(taken[PYTHON]):.3f}"]
    return Result(checks, tables=[Table(["for comparison", "median s"], [alone])])


def _seconds(command: Sequence[str]) -> float:
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start
