"""Entry point. It imports the commands lazily, so that --help is fast."""

import os
import sys
from collections.abc import Sequence

from tap_bigcommerce.cli import options
from tap_bigcommerce.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; `argv` defaults to `sys.argv[1:]`. Returns the exit status."""
    parser = options.parser()
    parsed = parser.parse_args(argv, options.Options())
    if parsed.help or parsed.version:
        return _print(parser.format_help() if parsed.help else f"tap-bigcommerce {VERSION}\n")
    usage_error = parsed.usage_error()
    if usage_error:
        parser.error(usage_error)
    from tap_bigcommerce.cli.run import run  # slow to import

    return run(parsed)


def _print(text: str) -> int:
    """Write a text to standard output; returns the exit status."""
    try:
        if sys.stdout is None:
            raise OSError(0, "it is closed")
        print(text, end="", flush=True)
    except OSError as error:
        if sys.stderr is not None:
            print(f"CRITICAL Standard output cannot be written: {error.strerror}.", file=sys.stderr)
        # At a normal exit Python would flush standard output, and fail again.
        os._exit(1)
    return 0
