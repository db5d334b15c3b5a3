"""Calls of what people hand over: functions and objects of their own, with errors of their own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from tap_bigcommerce_dagster.errors import FleetError, SyncFailed

Answer = TypeVar("Answer")

MOST_PLACES = 10


def ask(what: str, function: Callable[..., Answer], *arguments: Any) -> Answer:
    """What the function returns. Raises FleetError, whatever it raises."""
    try:
        return function(*arguments)
    except FleetError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # Told without what may be secret.
        words = f"{what} failed with {without_words(error)}"
    raise SyncFailed(words, worth_retrying=True)


def without_words(error: BaseException) -> str:
    """An error's kind and its places in the code. Its words, and the code, may hold secrets."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_PLACES:]
    places = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        kind = f"{kind}: {error.strerror}"
    return (
        f"{kind} (at {places}). Its own words may hold secrets and are not shown; "
        "those of a FleetError would be."
    )
