"""Command line: `python -m bench memory`, `python -m bench all --quick`."""

import argparse
import importlib
import subprocess
import sys
from collections.abc import Sequence

from bench.program import NotMeasured
from bench.results import MEASURES, Result, save


def main(argv: Sequence[str] | None = None) -> int:
    """Run measurements. The exit status is 1 if a bar is missed, 2 if a measurement fails."""
    about = "Measures the tap against its bars; `make generate` updates the pages from the results."
    parser = argparse.ArgumentParser(prog="python -m bench", description=about)
    parser.add_argument("what", choices=[*MEASURES, "all"])
    quick = "smaller stores and fewer rounds, as a test; no results are saved"
    parser.add_argument("--quick", action="store_true", help=quick)
    given = parser.parse_args(argv)
    if given.what != "all":
        return _one(given.what, given.quick)
    # Each in a process of its own, so that none influences the next.
    command = [sys.executable, "-m", "bench", *(["--quick"] if given.quick else [])]
    return max(subprocess.run([*command, name], check=False).returncode for name in MEASURES)


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


if __name__ == "__main__":
    sys.exit(main())
