"""python -m demo: runs the demo; `make demo` installs its requirements first."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from demo.pipeline import PipelineFailed
from demo.steps import run_demo

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path("Scripts" if sys.platform == "win32" else "bin")


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Reads a sandbox store into files, changes the store, and reads the changes.",
    )
    parser.add_argument(
        "--target",
        type=Path,
        default=ROOT / ".venv-target-jsonl" / SCRIPTS / "target-jsonl",
        help="the program target-jsonl, in a virtual environment of its own",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "demo-output", help="the folder to write into"
    )
    arguments = parser.parse_args()
    tap = Path(sys.executable).absolute().with_name("tap-bigcommerce")
    # Signals end the demo like Ctrl-C, so that the programs that it started are stopped.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    try:
        run_demo(tap, arguments.target.absolute(), arguments.output)
    except PipelineFailed as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


def _end(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)


if __name__ == "__main__":
    sys.exit(main())
