"""Command line: `python -m bench memory`, `python -m bench all --quick`."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from collections.abc import Sequence

from bench.program import NotMeasured
from bench.results import MEASURES, Result, save

ALL = "all"


def main(argv: Sequence[str] | None = None) -> int:
    """Run measurements. The exit status is 1 if a bar is missed, 2 if a measurement fails."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures the tap against its bars. Results are kept in bench/results.json; "
        "`make generate` updates the pages.",
    )
    parser.add_argument("what", choices=[*MEASURES, ALL], help=f"{ALL}: all measurements")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller stores and fewer rounds, as a test; no results are saved",
    )
    given = parser.parse_args(argv)
    return _all(given.quick) if given.what == ALL else _one(given.what, given.quick)


def _one(name: str, quick: bool) -> int:
    module = importlib.import_module(f"bench.bars.{name}")
    print(f"{name}{' (quick)' if quick else ''}", flush=True)
    try:
        result: Result = module.measure(quick)
    except NotMeasured as reason:
        print(f"  cannot be measured: {reason}", file=sys.stderr)
        return 2
    for check in result.checks:
        what, figure, bar, verdict = check.cells
        print(f"  {verdict:10} {what}: {figure}, bar: {bar}")
    for table in result.tables:
        for row in (table.columns, *table.rows):
            print("  " + " | ".join(row))
    for note in result.notes:
        print(f"  {note}")
    if not quick:
        save(name, result)
    return 0 if all(check.met for check in result.checks) else 1


def _all(quick: bool) -> int:
    """Run each measurement in a separate process, so that none influences the next."""
    options = ["--quick"] if quick else []
    statuses = [
        subprocess.run([sys.executable, "-m", "bench", name, *options], check=False).returncode
        for name in MEASURES
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
