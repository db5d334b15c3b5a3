"""The tap's log: what `--log-format json` writes, a line at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_dagster.files import parsed

# At DEBUG there is a METRIC line of each request, which shows that a sync goes on.
OPTIONS = ("--log-format", "json", "--log-level", "DEBUG")


@dataclass(frozen=True)
class Entry:
    """A line: its level, as `logging` numbers them, and its words; `metric` is for programs.

    `is_stray`: what no log wrote, such as the last words of a Python that cannot begin.
    """

    level: int
    words: str
    metric: Mapping[str, Any] | None = None
    is_stray: bool = False


def understood(line: str, hidden: Callable[[str], str]) -> Entry:
    """A line of the tap's standard error; `hidden` takes secrets out of its words."""
    try:
        found = parsed(line)
        words = "\n".join(filter(None, [str(found["message"]), found.get("traceback")]))
        level = logging.getLevelName(found["level"])
        number = level if isinstance(level, int) else logging.INFO
        return Entry(number, hidden(words), found.get("metric"))
    except (ValueError, KeyError, TypeError):
        return Entry(logging.WARNING, hidden(line), is_stray=True)
