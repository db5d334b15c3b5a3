"""The command line. It imports what a command needs when it needs it, so that --help is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tap_bigcommerce.cli import options
from tap_bigcommerce.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tap; returns the exit status."""
    parser = options.parser()
    given = parser.parse_args(argv, options.Options())
    if given.help or given.version:
        return _say(parser.format_help() if given.help else f"tap-bigcommerce {VERSION}\n")
    conflict = given.conflict()
    if conflict:
        parser.error(conflict)
    from tap_bigcommerce.cli.run import run  # only once it is needed

    return run(given, dict(os.environ))


def _say(text: str) -> int:
    """Write a text to standard output; returns the exit status."""
    try:
        if sys.stdout is None:
            raise OSError(0, "it is closed")
        print(text, end="", flush=True)
    except OSError as error:
        if sys.stderr is not None:
            print(f"CRITICAL Standard output cannot be written: {error.strerror}.", file=sys.stderr)
        # What is still held would fail once more at the end.
        os._exit(1)
    return 0
