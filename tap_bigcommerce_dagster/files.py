"""Reading of files that users provide, with limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tap_bigcommerce_dagster.errors import FleetError


def read_bytes(path: Path, what: str, max_bytes: int) -> bytes:
    """The content of a file.

    `what` names the file in errors, as in "The config file". Raises FleetError if the file cannot
    be read, is not a regular file, or is larger than `max_bytes`.
    """
    try:
        # Reading a pipe or a device could block.
        if path.exists() and not path.is_file():
            raise FleetError(f"{what} {str(path)!r} is not a regular file.")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise FleetError(f"{what} {str(path)!r} cannot be read: {error.strerror}.") from None
    if len(content) > max_bytes:
        raise FleetError(f"{what} {str(path)!r} is larger than {max_bytes / 1e6:.0f} MB.")
    return content


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for invalid JSON, also for deep nesting."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
