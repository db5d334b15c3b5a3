"""Parses the tap's log in the format of `--log-format json`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_dagster.files import parse_json

# At DEBUG there is a METRIC line for each request, which shows that a sync makes progress.
OPTIONS = ("--log-format", "json", "--log-level", "DEBUG")


@dataclass(frozen=True)
class Entry:
    """A line of the log.

    `level` is a number of `logging`; `metric` is the content of a METRIC line. `is_raw`: the line
    is not a log entry, such as an error that Python writes when it cannot start.
    """

    level: int
    message: str
    metric: Mapping[str, Any] | None = None
    is_raw: bool = False


def parse_line(line: str, redact: Callable[[str], str]) -> Entry:
    """Parse a line of the tap's standard error. `redact` removes secrets from a text."""
    try:
        found = parse_json(line)
        message = "\n".join(filter(None, [str(found["message"]), found.get("traceback")]))
        level = logging.getLevelName(found["level"])
        number = level if isinstance(level, int) else logging.INFO
        return Entry(number, redact(message), found.get("metric"))
    except (ValueError, KeyError, TypeError):
        return Entry(logging.WARNING, redact(line), is_raw=True)
