"""The tap's log: what `--log-format json` writes, a line at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPTIONS = ("--log-format", "json")


@dataclass(frozen=True)
class Entry:
    """A line: its level, as `logging` numbers them, and its words; `metric` is for programs.

    `is_stray`: what no log wrote, such as the last words of a Python that cannot begin.
    """

    level: int
    words: str
    metric: Mapping[str, Any] | None = None
    is_stray: bool = False


def understood(line: str) -> Entry:
    """A line of the tap's standard error."""
    try:
        found = json.loads(line)
        words = "\n".join(filter(None, [str(found["message"]), found.get("traceback")]))
        level = logging.getLevelName(found["level"])
        return Entry(level if isinstance(level, int) else logging.INFO, words, found.get("metric"))
    except (ValueError, KeyError, TypeError):
        return Entry(logging.WARNING, line, is_stray=True)
