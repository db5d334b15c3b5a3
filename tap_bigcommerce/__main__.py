"""python -m tap_bigcommerce"""

import sys

from tap_bigcommerce.cli import main

if __name__ == "__main__":
    sys.exit(main())
