"""Errors of a fleet: what happened, what to do, and whether trying again can help."""

from __future__ import annotations


class FleetError(Exception):
    """An error in words that can be shown as they are. Nothing is changed by trying again."""

    worth_retrying = False

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class StoreBusy(FleetError):
    """Another run reads this store right now."""


class LockLost(FleetError):
    """The lock on a store's state ran out, or was taken by another run."""

    worth_retrying = True


class StatesUnreachable(FleetError):
    """The place where states are kept does not answer, or refuses."""

    worth_retrying = True


class SyncFailed(FleetError):
    """The tap or the target failed."""

    def __init__(self, words: str, *, worth_retrying: bool) -> None:
        super().__init__(words)
        self.worth_retrying = worth_retrying
