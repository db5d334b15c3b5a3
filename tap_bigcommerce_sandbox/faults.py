"""Faults and triggers: which requests fail, and which ones make the store change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tap_bigcommerce_sandbox.messages import Request, Response, error_response, json_response
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.paging import DEFAULT_LIMIT
from tap_bigcommerce_sandbox.values import STORE_HASH, SeededRandom

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
    ids_between: Sequence[int] | None = None
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown kinds; raises ValueError."""
        known = BROKEN_CONNECTIONS | BROKEN_BODIES | {"429-bare"}
        if self.kind not in known and not re.fullmatch(r"[2-5]\d\d", self.kind):
            raise ValueError(f"unknown fault kind {self.kind!r}")

    def matches(self, name: str, request: Request, response: Response) -> bool:
        """Count the request if this rule applies to it; returns whether it fails."""
        if self.name not in (name, _ANY_LIST) or not self._applies(request, response):
            return False
        self.seen += 1
        last = self.request + self.times - 1
        return self.seen >= self.request and (not self.times or self.seen <= last)

    def _applies(self, request: Request, response: Response) -> bool:
        if self.limit_above is not None and _limit(request) <= self.limit_above:
            return False
        if self.includes is not None and self.includes not in request.query.get("include", ""):
            return False
        if self.ids_between is not None:
            low, high = self.ids_between
            return any(low <= number <= high for number in response.ids)
        return True


class Faults:
    """The active rules, and the random faults of the option fault_rate."""

    def __init__(self, seed: int) -> None:
        self._rules: list[FaultRule] = []
        self._random = SeededRandom(seed)

    def add(self, rule: FaultRule) -> None:
        """Add a rule."""
        self._rules.append(rule)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def kind_for(
        self, name: str, request: Request, response: Response, options: Options
    ) -> str | None:
        """The kind of fault for this request, or None. All rules count it; the first one wins."""
        struck = [rule.kind for rule in self._rules if rule.matches(name, request, response)]
        if struck:
            return struck[0]
        data = name not in ("time", "store")
        if data and options.fault_rate and self._random.chance(options.fault_rate):
            return self._random.pick(options.fault_kinds)
        return None


def apply_fault(kind: str, api: str, response: Response) -> Response:
    """The response changed by a fault. HttpServer breaks connections; they change nothing here."""
    if kind in BROKEN_CONNECTIONS:
        return response
    if kind == "html":
        return Response(
            200, b"<!DOCTYPE html><html><body>Maintenance</body></html>", {}, "text/html"
        )
    if kind == "empty-200":
        return Response(200)
    if kind == "wrong-shape":
        return _other_shape(response)
    if kind in ("invalid-byte", "lone-surrogate"):
        wrong = b"\xff" if kind == "invalid-byte" else b"\\ud800"
        body = _TEXT_START.sub(lambda found: found.group() + wrong, response.body, count=1)
        return replace(response, body=body, headers=dict(response.headers))
    if kind == "huge-number":
        # JSON has no largest number, but a double has.
        found = list(_DECIMAL.finditer(response.body))
        if not found:
            return response
        begin, end = found[-1].span()
        body = response.body[:begin] + b"1e999" + response.body[end:]
        return replace(response, body=body, headers=dict(response.headers))
    status = int(kind.removesuffix("-bare"))
    refused = error_response(api, status)
    if 300 <= status < 400 and status != 304:
        # To an endpoint that answers, so that the log shows whether a client follows.
        refused.headers["Location"] = f"/stores/{STORE_HASH}/v2/time"
    return refused


def _limit(request: Request) -> int:
    text = request.query.get("limit", "")
    return int(text) if text.isdigit() else DEFAULT_LIMIT


def _other_shape(response: Response) -> Response:
    # An object instead of a list, or the reverse: valid JSON of the wrong type.
    return json_response([{"message": "ok"}] if response.body[:1] == b"{" else {"message": "ok"})


Operation = dict[str, Any]


@dataclass
class Trigger:
    """Runs operations at the request with this number (from 1, since registration)."""

    name: str
    request: int
    do: Sequence[Operation]
    moment: str
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown moments; raises ValueError."""
        if self.moment not in ("before", "after_read"):
            raise ValueError(f"unknown moment {self.moment!r}: use before or after_read")


class Triggers:
    """The active triggers; each fires once."""

    def __init__(self) -> None:
        self._triggers: list[Trigger] = []

    def add(self, trigger: Trigger) -> None:
        """Add a trigger."""
        self._triggers.append(trigger)

    def clear(self) -> None:
        """Remove the triggers that have not fired."""
        self._triggers.clear()

    def due(self, name: str) -> dict[str, list[Operation]]:
        """Count a request of a list; returns the operations that it triggers, by moment."""
        found: dict[str, list[Operation]] = {"before": [], "after_read": []}
        for trigger in self._triggers:
            if trigger.name == name:
                trigger.seen += 1
                if trigger.seen == trigger.request:
                    found[trigger.moment].extend(trigger.do)
        self._triggers = [t for t in self._triggers if t.seen < t.request]
        return found
