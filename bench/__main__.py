"""Command line: `python -m bench memory`, `python -m bench all --quick`."""

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
    """Run measurements. The exit status is 1 if a bar is missed, 2 if a measurement fails."""
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
        help=f"{bars}; {ALL}: all of them; {REPORT}: update README and pictures from the saved "
        "results",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller stores and fewer rounds, as a test; no results are saved",
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
    """Run each measurement in a separate process, so that none influences the next."""
    options = ["--quick"] if quick else []
    statuses = [
        subprocess.run([sys.executable, "-m", "bench", name, *options], check=False).returncode
        for name in BARS
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
