"""Faults and triggers: which requests fail, and which ones make the store change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tap_bigcommerce_sandbox.messages import Request, Response, error_response, json_response
from tap_bigcommerce_sandbox.paging import DEFAULT_LIMIT
from tap_bigcommerce_sandbox.values import STORE_HASH

BROKEN_CONNECTIONS = frozenset(("reset", "cut", "hang"))
_TEXT = re.compile(rb'":"(?=[^"\\])')
_LAST_DECIMAL = re.compile(rb'(.*":)[0-9]+\.[0-9]+(?=[,}])', re.DOTALL)
_SPOILED: Mapping[str, tuple[re.Pattern[bytes], bytes]] = MappingProxyType(
    {
        "invalid-byte": (_TEXT, rb"\g<0>" + b"\xff"),
        "lone-surrogate": (_TEXT, rb"\g<0>\\ud800"),
        # JSON has no largest number, but a double has.
        "huge-number": (_LAST_DECIMAL, rb"\g<1>1e999"),
    }
)
BROKEN_BODIES = frozenset((*_SPOILED, "html", "wrong-shape", "empty-200"))


@dataclass
class FaultRule:
    """Requests number `request` to `request + times - 1` of a list fail with `kind`.

    Only requests that meet the conditions are counted. times=0: from `request` on, for ever.
    """

    list: str
    request: int
    kind: str
    times: int
    limit_above: int | None
    includes: str | None
    ids_between: Sequence[int] | None
    seen: int = 0

    def __post_init__(self) -> None:
        known = BROKEN_CONNECTIONS | BROKEN_BODIES | {"429-bare"}
        if self.kind not in known and not re.fullmatch(r"[2-5]\d\d", self.kind):
            raise ValueError(f"unknown fault kind {self.kind!r}")

    def strikes(self, name: str, request: Request, response: Response) -> bool:
        """Count the request of a list if this rule applies to it; returns whether it fails."""
        if self.list not in (name, "*") or not self._applies(request, response):
            return False
        self.seen += 1
        past = self.seen - self.request
        return past >= 0 and (not self.times or past < self.times)

    def _applies(self, request: Request, response: Response) -> bool:
        text, included = request.query.get("limit", ""), request.query.get("include", "")
        limit = int(text) if text.isdigit() else DEFAULT_LIMIT
        low, high = self.ids_between or (0, 0)
        return (
            (self.limit_above is None or limit > self.limit_above)
            and (self.includes is None or self.includes in included)
            and (self.ids_between is None or any(low <= n <= high for n in response.ids))
        )


def apply_fault(kind: str, api: str, response: Response) -> Response:
    """The response changed by a fault."""
    if kind in BROKEN_CONNECTIONS:
        return replace(response, breaks=kind)
    if kind == "html":
        page = b"<!DOCTYPE html><html><body>Maintenance</body></html>"
        return Response(200, page, {"Content-Type": "text/html"})
    if kind == "empty-200":
        return Response(200)
    if kind == "wrong-shape":
        # An object instead of a list, or the reverse: valid JSON of the wrong type.
        message = {"message": "ok"}
        return json_response([message] if response.body[:1] == b"{" else message)
    if kind in _SPOILED:
        pattern, spoiled = _SPOILED[kind]
        return replace(response, body=pattern.sub(spoiled, response.body, count=1))
    status = int(kind.removesuffix("-bare"))
    refused = error_response(api, status)
    if 300 <= status < 400 and status != 304:
        # To an endpoint that answers, so that the log shows whether a client follows.
        refused.headers["Location"] = f"/stores/{STORE_HASH}/v2/time"
    return refused


@dataclass
class Trigger:
    """Control operations that run when request number `left` of a list arrives from now on."""

    list: str
    left: int
    do: Sequence[Mapping[str, Any]]
    moment: str

    def __post_init__(self) -> None:
        if self.moment not in ("before", "after_read"):
            raise ValueError(f"unknown moment {self.moment!r}: use before or after_read")
