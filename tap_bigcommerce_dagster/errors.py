"""Errors of the fleet, and whether a retry can help."""

from __future__ import annotations


class FleetError(Exception):
    """An error whose message can be shown as it is, without secrets. A retry does not help."""

    worth_retrying = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StoreBusy(FleetError):
    """Another run is reading this store."""


class LockLost(FleetError):
    """The lock on a store's state has expired, or another run has taken it."""

    worth_retrying = True


class StorageUnavailable(FleetError):
    """The state storage cannot be reached, or returns an error."""

    worth_retrying = True


class SyncFailed(FleetError):
    """The tap or the target failed."""

    def __init__(self, message: str, *, worth_retrying: bool) -> None:
        super().__init__(message)
        self.worth_retrying = worth_retrying
