"""Names of stores, which are partition keys and parts of file names."""

from __future__ import annotations

import re

from tap_bigcommerce_dagster.errors import FleetError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_MAX_SHOWN = 60
"""Characters of an invalid name that the error shows."""


def valid_name(name: object) -> str:
    """Return the name unchanged. Raises FleetError if it is not a safe file name everywhere."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    shown = ascii(name)
    raise FleetError(
        f"{shown if len(shown) <= _MAX_SHOWN else shown[:_MAX_SHOWN] + '...'} is not a valid "
        "name for a store. Use up to 100 letters from A to Z, digits, _ and -, and begin with a "
        "letter or digit."
    )
