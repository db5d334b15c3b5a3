"""Progress messages on the terminal."""

import sys


def show(step: str) -> None:
    """Print that a step of a measurement is done."""
    print(f"  ... {step}", file=sys.stderr, flush=True)
