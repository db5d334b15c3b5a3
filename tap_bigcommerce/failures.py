"""The floor beneath every stream: whatever is raised for one of them becomes its failure."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tap_bigcommerce.exceptions import Interrupted, NobodyForesaw, RunFailed, TapError

LOGGER = logging.getLogger(__name__)


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
        return NobodyForesaw(
            f"{streams}: an error that nobody foresaw ({type(error).__name__}). It is a fault of "
            "the tap's own: please report it, with the traceback above. The bookmark stays where "
            "it was, so that nothing is lost."
        )
    return None
