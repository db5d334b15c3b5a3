"""What becomes of an attempt: one table from the status of an answer to what is done about it.

Sources: the API's page on status codes, and what has been seen in production where noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple


class Action(Enum):
    """What follows from an answer."""

    READ = auto()
    """Its body is the answer."""
    NOTHING = auto()
    """There are no rows, and no body."""
    WAIT = auto()
    """Too much was asked for: wait as told and ask again; a failed attempt only while nothing
    else succeeds."""
    AGAIN = auto()
    """A passing fault: ask again, with growing waits."""
    FEWER = auto()
    """Ask for fewer rows; where that is not possible, fail."""
    TOKEN = auto()
    """The token is refused: fail at once, unless it has worked before."""
    SCOPE = auto()
    """A permission is missing: fail this stream."""
    MISSING = auto()
    """What was asked for is not there: the caller knows what that means."""
    NOT_OFFERED = auto()
    """The store does not have this list: fail this stream."""
    FAIL = auto()
    """Nothing that asking again could mend."""


FEWER_AFTER = 2
"""After so many passing failures a page is asked for with fewer rows."""


@dataclass(eq=False)
class AttemptFailed(Exception):
    """An attempt brought no answer: the `outcome` in a word or two, and in `words` for a person.

    After `fewer_after` of such failures fewer rows are asked for; `most` is the largest limit that
    the API named. `only_text`: bad characters inside its texts are all that is wrong with the body.
    """

    outcome: str
    words: str
    action: Action = Action.AGAIN
    fewer_after: float = FEWER_AFTER
    most: int | None = None
    only_text: bool = False


class Meaning(NamedTuple):
    """What is done about a status, and the words that tell a person."""

    action: Action
    words: str


MEANINGS: dict[int, Meaning] = {
    200: Meaning(Action.READ, "an answer"),
    # v2 lists without rows answer so, without a body.
    204: Meaning(Action.NOTHING, "no rows"),
    304: Meaning(
        Action.AGAIN, "'not modified', which was not asked for; a proxy may stand between"
    ),
    400: Meaning(Action.FEWER, "the request is malformed in the API's eyes"),
    401: Meaning(Action.TOKEN, "the access token is refused"),
    403: Meaning(Action.SCOPE, "access is forbidden"),
    404: Meaning(Action.MISSING, "there is nothing at this address"),
    405: Meaning(Action.NOT_OFFERED, "the API does not allow GET here"),
    406: Meaning(Action.FAIL, "the API cannot answer in JSON here"),
    408: Meaning(Action.AGAIN, "the API waited too long for the request"),
    409: Meaning(Action.FAIL, "the request conflicts with the state of the store"),
    410: Meaning(Action.NOT_OFFERED, "this part of the API has been withdrawn"),
    # The limit is above what this list allows; v2 names the largest one in its details.
    413: Meaning(Action.FEWER, "too many rows were asked for"),
    414: Meaning(Action.FAIL, "the address is too long"),
    415: Meaning(Action.FAIL, "the API does not take this kind of request"),
    422: Meaning(Action.FEWER, "a parameter is not valid in the API's eyes"),
    423: Meaning(Action.FAIL, "the store or this part of it is locked"),
    429: Meaning(Action.WAIT, "too many requests, at once or for the store's quota"),
    499: Meaning(Action.AGAIN, "the API gave the request up before it had answered"),
    500: Meaning(Action.AGAIN, "the API failed inside"),
    501: Meaning(Action.NOT_OFFERED, "the API does not offer this"),
    502: Meaning(Action.AGAIN, "a gateway of the API got no good answer"),
    503: Meaning(
        Action.AGAIN,
        "this part of the API, or the whole store, is not available: in maintenance, being "
        "upgraded, suspended or unpaid",
    ),
    504: Meaning(Action.AGAIN, "a gateway of the API got no answer in time"),
    505: Meaning(Action.FAIL, "the API does not speak this version of HTTP"),
    507: Meaning(Action.FAIL, "the store has reached a limit of its plan"),
    # The old v2 API's way to say that the hourly limit is reached; it names no reset.
    509: Meaning(Action.AGAIN, "the store's hourly request limit is reached"),
}

OTHERS: dict[int, Meaning] = {
    1: Meaning(Action.AGAIN, "an interim answer, which the answer itself did not follow"),
    3: Meaning(
        Action.FAIL,
        "a redirect, which is never followed, for the token would travel with it; is api_url "
        "right?",
    ),
    # Gateways before the API answer with codes of their own (520 to 530, say).
    5: Meaning(Action.AGAIN, "the API or something before it failed"),
}
"""What the others mean, by their hundreds."""

UNKNOWN = Meaning(Action.FAIL, "an answer that the API does not document")


def meaning(status: int) -> Meaning:
    """What `status` means; every number has a meaning."""
    return MEANINGS.get(status) or OTHERS.get(status // 100, UNKNOWN)
