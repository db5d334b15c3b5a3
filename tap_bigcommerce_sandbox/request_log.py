"""The log of data requests that the control operation `requests` returns."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

Entry = dict[str, Any]


class RequestLog:
    """The data requests, in order of arrival."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._in_flight = 0

    def begin(self, name: str, path: str, query: Mapping[str, str]) -> Entry:
        """Log a request on arrival; in_flight counts it and those not yet answered."""
        self._in_flight += 1
        entry: Entry = {
            "n": len(self._entries) + 1,
            "at": time.time(),
            "list": name,
            "path": path,
            "query": dict(query),
            "status": None,
            "rows": 0,
            "fault": None,
            "in_flight": self._in_flight,
        }
        self._entries.append(entry)
        return entry

    def end(self) -> None:
        """Note that a request was answered or its connection was lost."""
        self._in_flight -= 1

    def entries(self) -> list[Entry]:
        """All entries, copied."""
        return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
