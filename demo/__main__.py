"""python -m demo: runs the demo; `make demo` installs what it needs first."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from demo.pipeline import PipelineFailed
from demo.story import tell

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path("Scripts" if sys.platform == "win32" else "bin")


def main() -> int:
    """Tell the story; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Reads a made-up store into files, changes it, and reads what has changed.",
    )
    parser.add_argument(
        "--target",
        type=Path,
        default=ROOT / ".venv-target-jsonl" / SCRIPTS / "target-jsonl",
        help="the program target-jsonl, installed into a virtual environment of its own",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "demo-output", help="the folder to write into"
    )
    arguments = parser.parse_args()
    tap = Path(sys.executable).absolute().with_name("tap-bigcommerce")
    # Being told to end is like Ctrl-C: what was started is stopped on the way out.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    try:
        tell(tap, arguments.target.absolute(), arguments.output)
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
