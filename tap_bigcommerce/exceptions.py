"""Errors, named by what can be done about them.

Each carries ``words``: what happened, to which stream, and what to do, in one line.
singer-python's own classes are their bases, so that whoever runs the tap as a library can catch
those.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from singer import exceptions as singer

LOGGER = logging.getLogger(__name__)


class TapError(singer.SingerError):
    """An error that the tap understands: shown in its words, without a traceback."""

    def __init__(self, message: str, mistakes: Sequence[str] = ()) -> None:
        """`mistakes`: what belongs to the words, each in a line of its own."""
        super().__init__(message)
        self.message = message
        self.mistakes = mistakes


class ConfigError(TapError, singer.SingerConfigurationError):
    """The settings cannot be used; the words list every mistake at once."""


class CatalogError(TapError, singer.SingerDiscoveryError):
    """The catalog that was given cannot be used."""


class StateError(TapError, singer.SingerConfigurationError):
    """The state that was given cannot be used, or belongs to another store."""


class RunFailed(TapError):
    """An error for the whole run: no other stream can be read, or written, after it."""


class InvalidToken(RunFailed, singer.SingerConfigurationError):
    """The API refused the access token: no stream can be read."""


class StoreUnavailable(TapError, singer.SingerSyncError):
    """Nothing can be read from the store, whichever stream it is for."""

    def again(self) -> StoreUnavailable:
        """The same, for another thread or stream."""
        return type(self)(self.message)


class RequestFailed(TapError, singer.SingerSyncError):
    """A request has failed for good."""


class MissingPermission(RequestFailed):
    """The token may not read this list (403): a permission is missing."""


class NotFound(RequestFailed):
    """What was asked for is not there (404)."""


class NotOffered(RequestFailed):
    """The store does not have this part of the API (405, 410, 501)."""


class PageTooLarge(RequestFailed):
    """The answer may come if fewer rows are asked for at once.

    ``most`` is the limit that the API named, where it named one. ``refused``: the API calls the
    request itself wrong, which its limit may explain, or anything else in it.
    """

    def __init__(self, message: str, most: int | None = None, *, refused: bool = False) -> None:
        super().__init__(message)
        self.most = most
        self.refused = refused and most is None


class UnexpectedAnswer(RequestFailed):
    """The API did not answer as it documents, in a way that could lose records."""


class IncompleteList(RequestFailed):
    """A list has more than it shows: what was read of it contradicts what the API says of it.

    ``difference`` says so; ``rows`` are those that came, where nobody has been handed them before.
    """

    def __init__(
        self, list_: str, contradiction: str, name: str, rows: Sequence[dict[str, Any]] = ()
    ) -> None:
        """`name` is what `accept_incomplete` takes for the list."""
        self.difference = f"{list_}: {contradiction}."
        super().__init__(
            f"{self.difference} It was read again, and that stayed. Look in the store's control "
            "panel what is missing, and ask BigCommerce's support. To go on without it, set "
            f'accept_incomplete: ["{name}"].'
        )
        self.rows = list(rows)


class BadRecord(TapError, singer.SingerSyncError):
    """A record without its key, or without the date that an incremental stream needs."""


class UnexpectedError(TapError):
    """An exception that nobody expected: a fault of the tap's own."""


class WriteFailed(RunFailed, singer.SingerSyncError):
    """What goes to standard output cannot be written."""


class TargetClosed(WriteFailed):
    """Whoever read the messages has closed the pipe."""


class Interrupted(Exception):
    """A signal asked the tap to stop; ``signum`` is its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum


def failure_of(streams: str, work: Callable[[], object]) -> TapError | None:
    """Do `work`, which is for these streams alone; returns why it failed, or None.

    Raises what ends the whole run: RunFailed, and Interrupted on a signal.
    """
    try:
        work()
    except (Interrupted, RunFailed):
        raise
    except TapError as error:
        return error
    except MemoryError:
        return TapError(
            f"{streams}: there is not enough memory. Give the process more, or lower "
            "max_buffered_mb, page_size and max_concurrency."
        )
    except Exception as error:
        LOGGER.error("%s: an error that nobody foresaw:", streams, exc_info=True)
        return UnexpectedError(
            f"{streams}: an error that nobody foresaw ({type(error).__name__}). It is a fault of "
            "the tap's own: please report it, with the traceback above. The bookmark stays where "
            "it was, so that nothing is lost."
        )
    return None
