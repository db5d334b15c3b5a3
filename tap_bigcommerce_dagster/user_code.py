"""Calls of functions that users pass to the fleet and that may raise."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from tap_bigcommerce_dagster.errors import FleetError, SyncFailed

Result = TypeVar("Result")

MAX_FRAMES = 10


def call(what: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a user's function and return its result.

    `what` names the function in the error. A FleetError is raised as it is; for any other error
    SyncFailed is raised.
    """
    try:
        return function(*arguments)
    except FleetError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # Any error of user code.
        message = f"{what} failed with {without_message(error)}"
    # Raised outside the handler: the context of an exception is shown too, and may hold secrets.
    raise SyncFailed(message, worth_retrying=True)


def without_message(error: BaseException) -> str:
    """An error's type and traceback, without its message and source lines.

    These may contain secrets, such as a password in an address.
    """
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        kind = f"{kind}: {error.strerror}"
    return (
        f"{kind} (at {places}). Its message is not shown, because it may contain secrets; "
        "the message of a FleetError is shown."
    )
