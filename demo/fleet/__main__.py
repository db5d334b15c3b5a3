"""python -m demo.fleet: runs the demo; `make fleet-demo` installs its requirements first."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.fleet.steps import DemoFailed, run_demo

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.fleet",
        description="Reads three sandbox stores into one DuckDB file, with Dagster.",
    )
    for name, path in (
        ("tap", ".venv/bin/tap-bigcommerce"),
        ("duckdb", ".venv-duckdb/bin/python"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / path, help=f"default: {path}")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "fleet-demo-output", help="the folder to write into"
    )
    parser.add_argument(
        "--serve", action="store_true", help="serve Dagster's pages at the end, until Ctrl-C"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=3000,
        help="the port of the pages (3000); reports are at the next port",
    )
    given = parser.parse_args()
    try:
        run_demo(
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
