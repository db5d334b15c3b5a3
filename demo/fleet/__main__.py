"""python -m demo.fleet: runs the demo of a fleet; `make fleet-demo` installs what it needs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.fleet.story import DemoFailed, tell

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Tell the story; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.fleet",
        description="Reads three made-up stores into one DuckDB, by way of Dagster.",
    )
    for name, place in (
        ("tap", ".venv/bin/tap-bigcommerce"),
        ("duckdb", ".venv-duckdb/bin/python"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / place, help=f"default: {place}")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "fleet-demo-output", help="the folder to write into"
    )
    parser.add_argument(
        "--serve", action="store_true", help="show Dagster's pages, until Ctrl-C, before the end"
    )
    parser.add_argument(
        "--port", type=int, default=3000, help="where the pages are (3000); the reports, one above"
    )
    given = parser.parse_args()
    try:
        tell(
            given.tap.absolute(),
            given.duckdb.absolute(),
            given.output.absolute(),
            port=given.port,
            serve=given.serve,
        )
    except DemoFailed as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
