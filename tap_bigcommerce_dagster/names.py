"""Names of stores: partition keys, and parts of the names of files, schemas and locks."""

from __future__ import annotations

import re

from tap_bigcommerce_dagster.errors import FleetError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SHOWN = 60
"""Letters of a name that is none."""


def checked(name: object) -> str:
    """The name. Raises FleetError where it could not be a file's name everywhere."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    shown = ascii(name)
    raise FleetError(
        f"{shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '...'} cannot name a store. Use up "
        "to 100 letters from A to Z, digits, _ and -, and begin with a letter or digit."
    )
