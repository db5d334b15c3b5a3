"""Exceptions of the tap, and what each does to the stream or the run.

The message of each is one line: what happened, to which stream, and what to do. They derive from
singer-python's exceptions, so that a program that uses the tap as a library can catch those.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from singer import exceptions as singer

LOGGER = logging.getLogger(__name__)


class TapError(singer.SingerError):
    """Base class of the errors that are logged by their message, without a traceback.

    While a stream is read, it fails that stream; the other streams are still read. Before that, it
    ends the run. The exit status is 1 in both cases.
    """

    def __init__(self, message: str, mistakes: Sequence[str] = ()) -> None:
        """`mistakes` are the details of the message. Each is logged in a line of its own."""
        super().__init__(message)
        self.message = message
        self.mistakes = mistakes


class ConfigError(TapError, singer.SingerConfigurationError):
    """A setting is missing or invalid. `mistakes` lists all of them. Ends the run."""


class CatalogError(TapError, singer.SingerDiscoveryError):
    """The catalog file cannot be read, is invalid, or selects nothing. Ends the run."""


class StateError(TapError, singer.SingerConfigurationError):
    """The state is damaged or belongs to another store. Ends the run, or fails the stream."""


class RunFailed(TapError):
    """Base class of the errors that end the whole run: no other stream is read after it."""


class InvalidToken(RunFailed, singer.SingerConfigurationError):
    """The API rejected the access token (401). Ends the run."""


class StoreUnavailable(TapError, singer.SingerSyncError):
    """No request to the store succeeds any more. Fails each remaining stream without a request."""


class RequestFailed(TapError, singer.SingerSyncError):
    """A request failed, and is not retried any more. Fails the stream if no caller handles it."""


class MissingPermission(RequestFailed):
    """The API account lacks the permission to read this list (403). Fails the stream."""

    permission = ""


class NotFound(RequestFailed):
    """The address does not exist (404): the record was deleted, or the store has no such list."""


class NotOffered(RequestFailed):
    """The store does not offer this part of the API (405, 410, 501). Fails the stream."""


class PageTooLarge(RequestFailed):
    """A page failed, and may succeed with a smaller `limit`. The caller retries it with one.

    ``max_limit`` is the largest `limit` that the API allows, if its error says so. ``refused``: the
    API rejected the request (400, 422) without saying so: any parameter may be the reason.
    """

    def __init__(self, message: str, max_limit: int | None, *, refused: bool) -> None:
        super().__init__(message)
        self.max_limit = max_limit
        self.refused = refused and max_limit is None


class UnexpectedResponse(RequestFailed):
    """A response contradicts the API's documentation. Fails the stream: rows could be lost."""


class IncompleteList(RequestFailed):
    """A list contradicts what the API says of it: it lacks rows, or repeats them. Fails the stream.

    ``difference`` is the first sentence of the message. ``rows`` are the rows of a child list that
    were read; of other lists they have been passed on already.
    """

    def __init__(self, list_: str, contradiction: str, name: str, rows: Sequence[Any] = ()) -> None:
        """`name` is the name of the list in the setting `accept_incomplete`."""
        self.difference = f"{list_}: {contradiction}."
        super().__init__(
            f"{self.difference} It was read again, with the same result. Check in the store's "
            "control panel what is missing, and ask BigCommerce's support. To continue without it, "
            f'set accept_incomplete: ["{name}"].'
        )
        self.rows = list(rows)


class BadRecord(TapError, singer.SingerSyncError):
    """A record has no valid key, or not the date that the bookmark needs. Fails the stream."""


class UnexpectedError(TapError):
    """Any other exception: a bug in the tap. Fails the stream."""


class WriteFailed(RunFailed, singer.SingerSyncError):
    """Standard output cannot be written, for example because the disk is full. Ends the run."""


class TargetClosed(WriteFailed):
    """The target closed the pipe on standard output. Ends the run."""


class Interrupted(Exception):
    """A signal has stopped the run. ``signum`` is its number. Not an error of any stream."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum


def failure_of(streams: str, work: Callable[[], object]) -> TapError | None:
    """Call `work`, which concerns only these streams. Returns the error that it raised, or None.

    An exception that is not a TapError is logged with its traceback and returned as
    UnexpectedError. Raises RunFailed and Interrupted, which end the whole run.
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
        LOGGER.error("%s: unexpected error:", streams, exc_info=True)
        return UnexpectedError(
            f"{streams}: unexpected error ({type(error).__name__}). This is a bug in the tap: "
            "please report it, with the traceback above. The bookmark stays where it was, so that "
            "nothing is lost."
        )
    return None
