"""What a person who waits sees."""

import sys


def say(words: str) -> None:
    """Tell that one step of a measurement is done."""
    print(f"  ... {words}", file=sys.stderr, flush=True)
