"""Runs the command line: ``python -m tap_bigcommerce``."""

import sys

from tap_bigcommerce.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
