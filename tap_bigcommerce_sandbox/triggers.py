"""Triggers: operations that run when a certain request of a list arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Operation = dict[str, Any]


@dataclass
class Trigger:
    """Runs operations at the request with this number (from 1, since registration)."""

    name: str
    request: int
    do: Sequence[Operation]
    moment: str
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown moments; raises ValueError."""
        if self.moment not in ("before", "after_read"):
            raise ValueError(f"unknown moment {self.moment!r}: use before or after_read")


class Triggers:
    """The active triggers; each fires once."""

    def __init__(self) -> None:
        self._triggers: list[Trigger] = []

    def add(self, trigger: Trigger) -> None:
        """Add a trigger."""
        self._triggers.append(trigger)

    def clear(self) -> None:
        """Remove the triggers that have not fired."""
        self._triggers.clear()

    def due(self, name: str) -> dict[str, list[Operation]]:
        """Count a request of a list; returns the operations that it triggers, by moment."""
        found: dict[str, list[Operation]] = {"before": [], "after_read": []}
        for trigger in self._triggers:
            if trigger.name == name:
                trigger.seen += 1
                if trigger.seen == trigger.request:
                    found[trigger.moment].extend(trigger.do)
        self._triggers = [t for t in self._triggers if t.seen < t.request]
        return found
