"""The meaning of each HTTP status, and the action that follows.

The table is ``status_codes.json``. It is based on the API's documentation of its status codes, and
on what has been seen in production.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from tap_bigcommerce import exceptions

Action = (
    Literal["read", "empty", "wait", "retry", "fewer"]
    | Literal["token", "permission", "not found", "not offered", "certificate", "fail"]
)
"""What the client does after a response or a failed attempt.

- read: read the body.
- empty: return a response without rows; there is no body.
- wait: there were too many requests. Wait as long as the API says, then retry. It counts as a
  failed attempt only while no other request succeeds.
- retry: a temporary fault. Retry, with growing waits.
- fewer: raise PageTooLarge, so that the caller requests fewer rows; fail where it cannot.
- token: the token was rejected. Raise InvalidToken, or retry a few times if it has worked before.
- permission, not found, not offered: raise the exception of that meaning.
- certificate: raise RunFailed, because it is the same for every request.
- fail: raise RequestFailed, because retrying would not help.
"""


NO_CONNECTION = "no connection"
"""The outcome of an attempt that could not connect: nothing was sent."""


@dataclass(eq=False)
class AttemptFailed(Exception):
    """One attempt of a request failed.

    `outcome` is the status or a short name of the fault, which is counted. `message` is a text for
    people, in lower case and without a full stop. After `reduce_after` failures of this kind, fewer
    rows are requested. `max_limit` is the largest limit that the API allows, if it says so.
    `repairable`: nothing is wrong with the body but invalid characters inside its texts.
    """

    outcome: str
    message: str
    action: Action = "retry"
    reduce_after: float = 2
    max_limit: int | None = None
    repairable: bool = False

    def __str__(self) -> str:
        return self.message


_TABLE: Any = json.loads(resources.files(__package__).joinpath("status_codes.json").read_bytes())
STATUS_RULES: Mapping[str, tuple[Action, str]] = {
    status: (row["action"], row["message"]) for status, row in _TABLE["statuses"].items()
}
"""By status: the action, and a message for people."""
ERRORS: Mapping[Action, str] = _TABLE["errors"]
"""By action, the template of its error. The fields are the arguments of `final_error`."""
ERROR_CLASSES: Mapping[Action, type[exceptions.TapError]] = {
    "token": exceptions.InvalidToken,
    "permission": exceptions.MissingPermission,
    "not found": exceptions.NotFound,
    "not offered": exceptions.NotOffered,
    "certificate": exceptions.RunFailed,
}
"""The exceptions of actions that callers tell apart; RequestFailed for all others."""


def status_rule(status: int) -> tuple[Action, str]:
    """The rule for `status`, or the one for its class, or the one for any other status."""
    known = STATUS_RULES.get(str(status)) or STATUS_RULES.get(f"other {status // 100}xx")
    return known or STATUS_RULES["any other"]


def final_error(message: str, failure: AttemptFailed, **fields: Any) -> exceptions.TapError:
    """The exception in which a request ends.

    `message` says which request failed. The `fields` are `context`, its RequestContext, and
    `config`, the settings.
    """
    template = ERRORS.get(failure.action, ERRORS["fail"])
    text = template.format(message=message, failure=failure, **fields)
    error = ERROR_CLASSES.get(failure.action, exceptions.RequestFailed)(text)
    if isinstance(error, exceptions.MissingPermission):
        error.permission = fields["context"].permission
    return error
