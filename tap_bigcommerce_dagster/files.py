"""Files that people put somewhere, read without trust in what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError


def read_bytes(path: Path, what: str, most: int) -> bytes:
    """A file's bytes, up to `most`. Raises FleetError, which calls the file `what`."""
    try:
        # A pipe or a device would keep whoever reads it waiting.
        if path.exists() and not path.is_file():
            raise FleetError(f"{what} {str(path)!r} is no regular file.")
        with path.open("rb") as file:
            found = file.read(most + 1)
    except OSError as error:
        raise FleetError(f"{what} {str(path)!r} cannot be read: {error.strerror}.") from None
    if len(found) > most:
        raise FleetError(f"{what} {str(path)!r} is larger than {most / 1e6:.0f} MB.")
    return found


def parsed(text: str | bytes) -> Any:
    """What JSON text says. Raises ValueError for whatever is none."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
