"""Names of stores: partition keys, and parts of the names of files, schemas and locks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tap_bigcommerce_dagster.errors import FleetError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def checked(names: Iterable[str]) -> list[str]:
    """The names, sorted. Raises FleetError where one could not be a file's name everywhere."""
    found = sorted(names)
    for name in found:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise FleetError(
                f"{name!r} cannot name a store. Use up to 100 letters, digits, _ and -, and begin "
                "with a letter or digit."
            )
    return found
