"""The command line: `python -m bench memory`, `python -m bench all --quick`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from bench import report
from bench.bars import BARS
from bench.program import NotMeasured
from bench.results import save

ALL, REPORT = "all", "report"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; the exit status is 1 when a bar is missed, 2 when something cannot be measured."""
    given = _parser().parse_args(argv)
    if given.what == REPORT:
        report.write()
        return 0
    if given.what == ALL:
        return _all(quick=given.quick)
    return _one(given.what, quick=given.quick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures the tap against its bars."
    )
    bars = "; ".join(f"{bar.name}: {bar.title.lower()}" for bar in BARS.values())
    parser.add_argument(
        "what",
        choices=[*BARS, ALL, REPORT],
        help=f"{bars}; {ALL}: one after another; {REPORT}: write README and pictures anew from "
        "the results that are kept",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller stores and fewer rounds, to see that all works; nothing is kept",
    )
    return parser


def _one(name: str, *, quick: bool) -> int:
    bar = BARS[name]
    print(f"{bar.title}{' (quick)' if quick else ''}", flush=True)
    try:
        result = bar.measure(quick=quick).in_order()
    except NotMeasured as reason:
        print(f"  cannot be measured: {reason}", file=sys.stderr)
        return 2
    for line in report.lines(result):
        print(line)
    if not quick:
        save(name, result)
        report.write()
    return 0 if all(check.met for check in result.checks) else 1


def _all(*, quick: bool) -> int:
    """Each bar in a process of its own, so that none weighs on the next."""
    words = ["--quick"] if quick else []
    statuses = [
        subprocess.run([sys.executable, "-m", "bench", name, *words], check=False).returncode
        for name in BARS
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
