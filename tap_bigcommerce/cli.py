"""The command line. It imports what a command needs when it needs it, so that --help is quick."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tap_bigcommerce.version import VERSION

if TYPE_CHECKING:
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tap; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(argv)
    from tap_bigcommerce import run  # only once it is needed

    return run.run(
        run.Options(
            config=tuple(given.config),
            discover=given.discover,
            catalog=given.catalog,
            state=given.state,
            log_level=given.log_level,
            audit=given.audit,
        ),
        dict(os.environ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-bigcommerce",
        description=(
            "Reads a BigCommerce store over its REST API and writes Singer messages to standard "
            "output. Without --catalog, everything that is selected by default is read; without "
            "--state, from the start."
        ),
        epilog=(
            "Every setting can also come from the environment, as TAP_BIGCOMMERCE_STORE_HASH, "
            "TAP_BIGCOMMERCE_ACCESS_TOKEN and so on."
        ),
    )
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="JSON file with the settings; may be given several times, the last one wins. ENV: "
        "take them from the environment alone",
    )
    parser.add_argument(
        "-d",
        "--discover",
        action="store_true",
        help="write the catalog of what this store and token offer, and end",
    )
    parser.add_argument(
        "--audit",
        action="store_true",
        help="compare what the API counts, lists and what the state says was written; write what "
        "differs, and end with status 1 if anything does",
    )
    parser.add_argument(
        "--catalog", metavar="FILE", help="JSON file that says what to read (from --discover)"
    )
    parser.add_argument(
        "-p", "--properties", dest="catalog", metavar="FILE", help="the old name of --catalog"
    )
    parser.add_argument(
        "-s", "--state", metavar="FILE", help="JSON file with the last STATE of the run before"
    )
    parser.add_argument(
        "--log-level",
        default="INFO",
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        metavar="LEVEL",
        help="DEBUG, INFO (default), WARNING, ERROR or CRITICAL",
    )
    parser.add_argument("--version", action="version", version=f"tap-bigcommerce {VERSION}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
