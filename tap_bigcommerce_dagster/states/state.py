"""A store's saved state, and the interface of a state storage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Protocol

from tap_bigcommerce_dagster.errors import FleetError, StoreBusy
from tap_bigcommerce_dagster.files import parse_json

MAX_STATE_BYTES = 64_000_000
"""With deletions, a state holds the ids of all rows."""


@dataclass(frozen=True)
class SavedState:
    """A state that a target has acknowledged.

    `value` is the state for the tap's --state. Dates are UTC; `completed_at` is when all streams
    of the store were last read completely (None: never), `streams_completed_at` when single ones
    were after that.
    """

    value: dict[str, Any]
    saved_at: datetime
    completed_at: datetime | None
    streams_completed_at: Mapping[str, datetime] = field(default_factory=dict)

    def completed(self, stream: str) -> datetime | None:
        """When the stream was last read completely; None: never."""
        return self.streams_completed_at.get(stream, self.completed_at)

    def text(self) -> str:
        """The state as a STATE message, which the tap accepts as a state file."""
        completed = self.completed_at.isoformat() if self.completed_at else None
        return json.dumps(
            {
                "type": "STATE",
                "value": self.value,
                "saved_at": self.saved_at.isoformat(),
                "completed_at": completed,
                "streams_completed_at": {
                    stream: at.isoformat() for stream, at in self.streams_completed_at.items()
                },
            }
        )

    @staticmethod
    def from_text(text: str | bytes, where: str) -> SavedState:
        """Parse what `text` returned, or a plain state, such as one written before the fleet.

        Raises FleetError if the text is not a state; its message begins with `where`.
        """
        try:
            message = parse_json(text)
            value = message["value"] if message.get("type") == "STATE" else message
            saved_at, completed = message.get("saved_at"), message.get("completed_at")
            streams = message.get("streams_completed_at") or {}
            if not isinstance(value, dict):
                raise TypeError
            return SavedState(
                value,
                _utc(saved_at) if saved_at else datetime.now(timezone.utc),
                _utc(completed) if completed else None,
                {stream: _utc(at) for stream, at in streams.items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FleetError(
                f"{where} is not a state. Replace it with a state, or remove it to read the store "
                "from the start."
            ) from error


def _utc(text: str) -> datetime:
    """Parse a date in ISO 8601. Without a time zone it is UTC."""
    date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)


class StateLock(Protocol):
    """The lock on one store's state, while it is held."""

    @property
    def inherited(self) -> tuple[int, ...]:
        """File descriptors that the tap and the target inherit, so that they hold the lock too."""

    def save(self, saved: SavedState) -> None:
        """Save the state atomically. Raises LockLost if another run has the lock."""

    def check(self) -> None:
        """Raises LockLost if the lock is lost."""


class StateStore(Protocol):
    """A storage for the states of all stores."""

    def read(self, store: str) -> SavedState | None:
        """The state of a store; None if there is none. Raises FleetError if it is invalid."""

    def lock(self, store: str) -> AbstractContextManager[StateLock]:
        """Hold the store's lock for a block. Raises StoreBusy, without waiting, if it is taken."""

    def read_all(self, stores: Iterable[str]) -> dict[str, SavedState | FleetError | None]:
        """The states of the stores; an error for each that is invalid."""


def store_busy(store: str) -> StoreBusy:
    """The error for a lock that is taken."""
    return StoreBusy(
        f"Another run is reading {store}, so this run does not read it. Wait until the other run "
        "has ended."
    )
