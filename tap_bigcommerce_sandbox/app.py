"""Turns one request into one response: authentication, quota, endpoint, faults, headers."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_sandbox.families import ENDPOINTS, LISTS
from tap_bigcommerce_sandbox.faults import (
    BROKEN_CONNECTIONS,
    Faults,
    Operation,
    Triggers,
    apply_fault,
)
from tap_bigcommerce_sandbox.lists import Endpoint
from tap_bigcommerce_sandbox.messages import ApiError, Request, Response, error_response
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.values import ACCESS_TOKEN, STORE_HASH, http_date, number_of
from tap_bigcommerce_sandbox.world import World

UNLIMITED = 7_000_000
"""The quota in the headers of a store without a limit."""


class Quota:
    """Counts requests in consecutive fixed windows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._used = 0

    def take(self, options: Options) -> bool:
        """Count a request; returns False if the quota is used up."""
        self._roll(options)
        if options.quota and self._left(options) <= 0:
            return False
        self._used += 1
        return True

    def headers(self, options: Options, *, exhausted: bool = False) -> dict[str, str]:
        """The X-Rate-Limit-* headers, milliseconds and counts as text."""
        self._roll(options)
        window = options.window_seconds
        elapsed = self._clock() - self._start
        left = 0 if exhausted else max(0, self._left(options))
        return {
            "X-Rate-Limit-Time-Window-Ms": str(int(window * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(max(1, int((window - elapsed) * 1000))),
            "X-Rate-Limit-Requests-Quota": str(options.quota or UNLIMITED),
            "X-Rate-Limit-Requests-Left": str(left),
        }

    def _left(self, options: Options) -> int:
        others = int(options.other_app_rate * (self._clock() - self._start))
        return (options.quota or UNLIMITED) - self._used - others

    def _roll(self, options: Options) -> None:
        elapsed = self._clock() - self._start
        if elapsed >= options.window_seconds:
            windows = int(elapsed / options.window_seconds)
            self._start += windows * options.window_seconds
            self._used = 0


Entry = dict[str, Any]


class RequestLog:
    """The data requests, in order of arrival."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._in_flight = 0

    def begin(self, name: str, path: str, query: Mapping[str, str]) -> Entry:
        """Log a request on arrival; in_flight counts it and those not yet answered."""
        self._in_flight += 1
        entry: Entry = {
            "n": len(self._entries) + 1,
            "at": time.time(),
            "list": name,
            "path": path,
            "query": dict(query),
            "status": None,
            "rows": 0,
            "fault": None,
            "in_flight": self._in_flight,
        }
        self._entries.append(entry)
        return entry

    def end(self) -> None:
        """Note that a request was answered or its connection was lost."""
        self._in_flight -= 1

    def entries(self) -> list[Entry]:
        """All entries, copied."""
        return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Match:
    """An endpoint, and the ids in the path."""

    endpoint: Endpoint
    parents: Sequence[int]


class Router:
    """Looks up endpoints by path. Segments of digits only are ids, and so are UUIDs."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._endpoints = {item.path: item for item in endpoints}

    def match(self, path: str, any_hash: bool) -> Match:
        """The endpoint at /stores/{hash}/v2/… or /v3/…. Raises ApiError."""
        _, stores, name, rest = (*path.split("/", 3), "", "", "")[:4]
        if stores != "stores" or not (name == STORE_HASH or (any_hash and name.isalnum())):
            raise ApiError(404, "The requested store was not found.")
        if rest.endswith("/"):
            if rest.startswith("v3"):
                # Not 404: the real API asks for authentication here, token or not.
                raise ApiError(403, "Authentication Required")
            rest = rest.rstrip("/")
        if rest.startswith("v2/"):
            rest = rest.removesuffix(".json")
        segments = rest.split("/")
        parents = [number_of(segment) for segment in segments if _is_id(segment)]
        endpoint = self._endpoints.get("/".join("{}" if _is_id(w) else w for w in segments))
        if endpoint is None:
            raise ApiError(404, "The requested resource was not found.")
        return Match(endpoint, parents)


def _is_id(segment: str) -> bool:
    return segment.isdigit() or _UUID.fullmatch(segment) is not None


def api_of(path: str) -> str:
    """The API version of a path, "v2" or "v3": their errors differ."""
    return "v3" if "/v3" in path else "v2"


@dataclass(frozen=True)
class Reply:
    """A response, and how the connection breaks: "reset", "cut", "hang", or None (it does not)."""

    response: Response
    breaks: str | None = None


class App:
    """One store: its data, faults, triggers, quota and request log."""

    def __init__(self, options: Options) -> None:
        self.world = World(options, LISTS)
        self.faults = Faults(options.seed)
        self.triggers = Triggers()
        self.request_log = RequestLog()
        self.quota = Quota()
        self._router = Router(ENDPOINTS)

    @property
    def options(self) -> Options:
        """The current options."""
        return self.world.options

    def receive(self, request: Request, perform: Callable[[Operation], None]) -> Reply:
        """Answer a request. `perform` runs the operations that the request triggers."""
        api = api_of(request.path)
        match, refusal = self._find(request)
        name = match.endpoint.name if match else "unknown"
        entry = self.request_log.begin(name, request.path, request.query)
        due = self.triggers.due(name)
        for operation in due["before"]:
            perform(operation)
        response = self._respond(request, match, refusal, api)
        for operation in due["after_read"]:
            perform(operation)
        kind = None
        if response.status < 400:
            kind = self.faults.kind_for(name, request, response, self.options)
            if kind:
                response = apply_fault(kind, api, response)
        self._add_headers(response, bare=kind == "429-bare", api=api)
        breaks = kind if kind in BROKEN_CONNECTIONS else None
        entry.update(status=None if breaks in ("reset", "hang") else response.status)
        entry.update(rows=response.rows, fault=kind)
        return Reply(response, breaks)

    def _find(self, request: Request) -> tuple[Match | None, ApiError | None]:
        try:
            return self._router.match(request.path, self.options.any_hash), None
        except ApiError as refusal:
            return None, refusal

    def _respond(
        self, request: Request, match: Match | None, refusal: ApiError | None, api: str
    ) -> Response:
        try:
            if match is None:
                raise refusal or ApiError(404, "Not Found")
            self._admit(request, match)
            return match.endpoint.respond(self.world, request, match.parents)
        except ApiError as error:
            return error_response(api, error.status, error.message, error.details)

    def _admit(self, request: Request, match: Match) -> None:
        if request.method != "GET":
            raise ApiError(405, "The sandbox only answers GET.")
        if request.headers.get("x-auth-token") != ACCESS_TOKEN:
            raise ApiError(401, "Unauthorized")
        if set(match.endpoint.scope.split("|")) <= set(self.options.withheld_scopes):
            raise ApiError(403, "You don't have a required scope to access the endpoint")
        if not self.quota.take(self.options):
            raise ApiError(429, "Too many requests.")
        of_customers = f"{match.endpoint.path}/".startswith("v2/customers/")
        if of_customers and self.options.customers_v2 != "served":
            raise ApiError(int(self.options.customers_v2), "The resource is no longer offered.")
        unknown = sorted(request.query.keys() - match.endpoint.parameters)
        if unknown and self.options.refuse_unknown_parameters:
            raise ApiError(400, f"There is no parameter '{unknown[0]}'.")

    def _add_headers(self, response: Response, *, bare: bool, api: str) -> None:
        response.headers["Date"] = http_date(self.world.clock.now())
        if api == "v2":
            response.headers["X-BC-Store-Version"] = "7.6.0"
            response.headers.setdefault("last-modified", http_date(self.world.clock.now()))
        if bare:
            return
        if self.options.rate_limit_headers:
            response.headers.update(
                self.quota.headers(self.options, exhausted=response.status == 429)
            )
