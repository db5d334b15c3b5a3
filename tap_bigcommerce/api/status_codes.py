"""What becomes of an attempt; ``status_codes.json`` says what each status means, and what is done.

It rests on the API's page on status codes, and on what has been seen in production.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, NamedTuple

Action = (
    Literal["read", "nothing", "wait", "again", "fewer"]
    | Literal["token", "scope", "missing", "not offered", "fail"]
)
"""What follows from an answer.

read: its body is the answer. nothing: there are no rows, and no body. wait: too much was asked for:
wait as told and ask again; a failed attempt only while nothing else succeeds. again: a passing
fault: ask again, with growing waits. fewer: ask for fewer rows; where that is not possible, fail.
token: it is refused: fail at once, unless it has worked before. scope: a permission is missing.
missing: what was asked for is not there: the caller knows what that means. not offered: the store
does not have this list. fail: nothing that asking again could mend.
"""


@dataclass(eq=False)
class AttemptFailed(Exception):
    """An attempt brought no answer: the `outcome` in a word or two, and in `words` for a person.

    After `fewer_after` of such failures fewer rows are asked for; `most` is the largest limit that
    the API named. `only_text`: bad characters inside its texts are all that is wrong with the body.
    """

    outcome: str
    message: str
    action: Action = "again"
    fewer_after: float = 2
    most: int | None = None
    only_text: bool = False

    def __str__(self) -> str:
        return self.message


class StatusRule(NamedTuple):
    """What is done about a status, the words that tell a person, and what a person can do."""

    action: Action
    message: str
    cure: str = ""


_TABLE: Any = json.loads(resources.files(__package__).joinpath("status_codes.json").read_bytes())
STATUS_RULES: Mapping[str, StatusRule] = {
    status: StatusRule(**row) for status, row in _TABLE["statuses"].items()
}
ACTIONS: Mapping[Action, Mapping[str, str]] = _TABLE["actions"]
"""What the `tap` does, and the `error` in which that may end: `words` and `what` say what failed,
`by` is the Purpose, and `at` the Config."""


def status_rule(status: int) -> StatusRule:
    """What `status` means; every number has a meaning."""
    known = STATUS_RULES.get(str(status)) or STATUS_RULES.get(f"other {status // 100}xx")
    return known or STATUS_RULES["any other"]
