"""What is kept of a store, and what a place that keeps it has to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from tap_bigcommerce_dagster.errors import FleetError, StoreBusy
from tap_bigcommerce_dagster.files import parsed

LARGEST = 64_000_000
"""Bytes of a state. Those of deletions hold the ids of all rows."""


@dataclass(frozen=True)
class Saved:
    """A state that a target has acknowledged.

    `value` is what the tap takes with --state. Dates are UTC; `completed_at` is when the store
    was last read to its end (None: never).
    """

    value: dict[str, Any]
    saved_at: datetime
    completed_at: datetime | None

    def text(self) -> str:
        """As a STATE message, which the tap takes as a state file."""
        completed = self.completed_at.isoformat() if self.completed_at else None
        return json.dumps(
            {
                "type": "STATE",
                "value": self.value,
                "saved_at": self.saved_at.isoformat(),
                "completed_at": completed,
            }
        )

    @staticmethod
    def from_text(text: str | bytes, where: str) -> Saved:
        """What `text` made. Raises FleetError that names `where` for anything else.

        A plain state, from a time without a fleet, is taken as well.
        """
        try:
            message = parsed(text)
            value = message["value"] if message.get("type") == "STATE" else message
            saved_at, completed = message.get("saved_at"), message.get("completed_at")
            if not isinstance(value, dict):
                raise TypeError
            return Saved(
                value,
                _utc(saved_at) if saved_at else datetime.now(timezone.utc),
                _utc(completed) if completed else None,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FleetError(
                f"{where} holds no state. Put a state in its place, or remove it to have the store "
                "read from the start."
            ) from error


def _utc(text: str) -> datetime:
    """A date in ISO 8601; one that names no zone is UTC."""
    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)


class Held(Protocol):
    """The lock on one store's state, while it is held."""

    @property
    def inherited(self) -> tuple[int, ...]:
        """Descriptors for the tap and the target: the lock is held until they are gone, too."""

    def save(self, saved: Saved) -> None:
        """Keep this state, whole or not at all. Raises LockLost where another run has the lock."""

    def check(self) -> None:
        """Raises LockLost where the lock is lost."""


Completed = datetime | FleetError | None
"""When a store was last read to its end, UTC; None: never; an error: that cannot be told of it."""


class StateStore(Protocol):
    """A place for the states of all stores."""

    def read(self, store: str) -> Saved | None:
        """What is kept of a store. Raises FleetError where it cannot be understood."""

    def lock(self, store: str) -> AbstractContextManager[Held]:
        """Hold the store's lock for a block. Raises StoreBusy, at once, where it is taken."""

    def completed(self, stores: Iterable[str]) -> dict[str, Completed]:
        """When each of the stores was last read to its end."""


def busy(store: str) -> StoreBusy:
    """The error of a lock that is taken."""
    return StoreBusy(
        f"Another run is reading {store} right now, so this one reads nothing of it. Wait until "
        "that one has ended."
    )
