"""Faults: which requests fail, and what a failed answer looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tap_bigcommerce_sandbox.answers import JSON, Answer, error_answer, json_answer
from tap_bigcommerce_sandbox.chance import Chance
from tap_bigcommerce_sandbox.identity import STORE_HASH
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.paging import DEFAULT_LIMIT
from tap_bigcommerce_sandbox.request import Request

BROKEN_CONNECTIONS = frozenset(("reset", "cut", "hang"))
BROKEN_BODIES = frozenset(
    ("html", "invalid-byte", "lone-surrogate", "huge-number", "wrong-shape", "empty-200")
)
_ANY_LIST = "*"
_DECIMAL = re.compile(rb'(?<=":)[0-9]+\.[0-9]+(?=[,}])')
_TEXT_START = re.compile(rb'":"(?=[^"\\])')


@dataclass
class FaultRule:
    """Requests number `request` to `request + times - 1` of a list fail with `kind`.

    Only requests that meet the conditions are counted. times=0: from `request` on, for ever.
    """

    name: str
    request: int
    kind: str
    times: int = 1
    limit_above: int | None = None
    includes: str | None = None
    ids_between: tuple[int, int] | None = None
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown kinds; raises ValueError."""
        known = BROKEN_CONNECTIONS | BROKEN_BODIES | {"429-bare"}
        if self.kind not in known and not re.fullmatch(r"[2-5]\d\d", self.kind):
            raise ValueError(f"unknown fault kind {self.kind!r}")

    def strikes(self, name: str, request: Request, answer: Answer) -> bool:
        """Count a request this rule is about, and say whether it fails."""
        if self.name not in (name, _ANY_LIST) or not self._applies(request, answer):
            return False
        self.seen += 1
        last = self.request + self.times - 1
        return self.seen >= self.request and (not self.times or self.seen <= last)

    def _applies(self, request: Request, answer: Answer) -> bool:
        if self.limit_above is not None and _limit(request) <= self.limit_above:
            return False
        if self.includes is not None and self.includes not in request.query.get("include", ""):
            return False
        if self.ids_between is not None:
            low, high = self.ids_between
            return any(low <= number <= high for number in answer.ids)
        return True


class Faults:
    """The rules in force, and the random faults of the option fault_rate."""

    def __init__(self, seed: int) -> None:
        self._rules: list[FaultRule] = []
        self._chance = Chance(seed)

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force."""
        self._rules.append(rule)

    def clear(self) -> None:
        """Take back all rules."""
        self._rules.clear()

    def kind_for(self, name: str, request: Request, answer: Answer, options: Options) -> str | None:
        """The kind of fault this request meets; every rule counts it, the first one wins."""
        struck = [rule.kind for rule in self._rules if rule.strikes(name, request, answer)]
        if struck:
            return struck[0]
        data = name not in ("time", "store")
        if data and options.fault_rate and self._chance.share(options.fault_rate):
            return self._chance.pick(options.fault_kinds)
        return None


def spoil(kind: str, api: str, answer: Answer) -> Answer:
    """The answer as the fault leaves it; broken connections are the server's part."""
    if kind in BROKEN_CONNECTIONS:
        return answer
    if kind == "html":
        return Answer(200, b"<!DOCTYPE html><html><body>Maintenance</body></html>", {}, "text/html")
    if kind == "empty-200":
        return Answer(200)
    if kind == "wrong-shape":
        return _other_shape(answer)
    if kind in ("invalid-byte", "lone-surrogate"):
        wrong = b"\xff" if kind == "invalid-byte" else b"\\ud800"
        body = _TEXT_START.sub(lambda found: found.group() + wrong, answer.body, count=1)
        return Answer(answer.status, body, dict(answer.headers), JSON, answer.rows, answer.ids)
    if kind == "huge-number":
        # JSON has no largest number; what reads it into a double has.
        found = list(_DECIMAL.finditer(answer.body))
        if not found:
            return answer
        begin, end = found[-1].span()
        body = answer.body[:begin] + b"1e999" + answer.body[end:]
        return Answer(answer.status, body, dict(answer.headers), JSON, answer.rows, answer.ids)
    status = int(kind.removesuffix("-bare"))
    refused = error_answer(api, status)
    if 300 <= status < 400 and status != 304:
        # To somewhere that answers: whoever follows is seen in the log.
        refused.headers["Location"] = f"/stores/{STORE_HASH}/v2/time"
    return refused


def _limit(request: Request) -> int:
    text = request.query.get("limit", "")
    return int(text) if text.isdigit() else DEFAULT_LIMIT


def _other_shape(answer: Answer) -> Answer:
    # An object where a list is due and the other way round: legal JSON, wrong kind.
    return json_answer([{"message": "ok"}] if answer.body[:1] == b"{" else {"message": "ok"})
