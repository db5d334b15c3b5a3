"""Errors, and the checks of what users give: names, files and functions."""

import json
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


class FleetError(Exception):
    """An error whose message can be shown as it is, without secrets."""

    def __init__(self, message: str, *, worth_retrying: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.worth_retrying = worth_retrying


class StoreBusy(FleetError):
    """Another run is reading this store."""

    def __init__(self, store: str) -> None:
        super().__init__(f"Another run is reading {store}, so this one does not. Try again later.")


class LockLost(FleetError):
    """The lock on a store's state has expired, or another run has taken it."""


class StorageUnavailable(FleetError):
    """The state storage cannot be reached, or returns an error."""


class SyncFailed(FleetError):
    """The tap, the target or a user's function failed."""


def valid_name(name: object) -> str:
    """Return the name of a store. Raises FleetError if it is not a safe file name everywhere."""
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name):
        return name
    shown = ascii(name)
    raise FleetError(
        f"{shown if len(shown) <= 60 else f'{shown[:60]}...'} is not a valid name for a store. Use "
        "up to 100 letters from A to Z, digits, _ and -, and begin with a letter or digit."
    )


def read_bytes(path: Path, what: str, max_bytes: int) -> bytes:
    """The content of a regular file, which errors call `what`. Raises FleetError."""
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


def call(what: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a user's function, which errors call `what`. Raises FleetErrors only."""
    try:
        return function(*arguments)
    except FleetError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # Any error of user code.
        message = f"{what} failed with {without_message(error)}"
    # Raised outside the handler: the context of an exception is shown too, and may hold secrets.
    raise SyncFailed(message, worth_retrying=True)


def without_message(error: BaseException) -> str:
    """An error's type and traceback, without its message and source lines, which may be secret."""
    frames = traceback.extract_tb(error.__traceback__)[-10:]
    places = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return (
        f"{type(error).__name__}{reason} (at {places}). Its message is not shown, because it may "
        "contain secrets; the message of a FleetError is shown."
    )
