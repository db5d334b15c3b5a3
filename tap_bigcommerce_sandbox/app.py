"""Turns one request into one response: authentication, quota, endpoint, faults, headers."""

import re
import time

from tap_bigcommerce_sandbox.families import ENDPOINTS, LISTS
from tap_bigcommerce_sandbox.faults import apply_fault
from tap_bigcommerce_sandbox.lists import Endpoint
from tap_bigcommerce_sandbox.messages import ApiError, Request, Response, error_response
from tap_bigcommerce_sandbox.operations import Operations
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.values import (
    ACCESS_TOKEN,
    STORE_HASH,
    SeededRandom,
    http_date,
    number_of,
)
from tap_bigcommerce_sandbox.world import World

UNLIMITED = 7_000_000
"""The quota in the headers of a store without a limit."""
_ENDPOINTS = {item.path: item for item in ENDPOINTS}
_ID = re.compile(r"(?<=/)(?:[0-9]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")


class Quota:
    """Counts requests in consecutive windows of the same length."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._used = 0

    def take(self, options: Options) -> bool:
        """Count a request if the quota allows it."""
        allowed = self._now(options)[1] > 0 or not options.quota
        self._used += allowed
        return allowed

    def headers(self, options: Options, *, exhausted: bool = False) -> dict[str, str]:
        """The X-Rate-Limit-* headers, milliseconds and counts as text."""
        elapsed, left = self._now(options)
        window = options.window_seconds
        return {
            "X-Rate-Limit-Time-Window-Ms": str(int(window * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(max(1, int((window - elapsed) * 1000))),
            "X-Rate-Limit-Requests-Quota": str(options.quota or UNLIMITED),
            "X-Rate-Limit-Requests-Left": str(0 if exhausted else left),
        }

    def _now(self, options: Options) -> tuple[float, int]:
        """The seconds since the window began, and the requests that are left in it."""
        elapsed = time.monotonic() - self._start
        if elapsed >= options.window_seconds:
            windows = int(elapsed / options.window_seconds)
            self._start += windows * options.window_seconds
            elapsed, self._used = time.monotonic() - self._start, 0
        others = int(options.other_app_rate * elapsed)
        return elapsed, max(0, (options.quota or UNLIMITED) - self._used - others)


class App:
    """One store: its data, control operations, quota and endpoints."""

    def __init__(self, options: Options) -> None:
        self.world = World(options, LISTS)
        self.operations = Operations(self.world)
        self.in_flight = 0
        self._quota = Quota()
        self._random = SeededRandom(options.seed)

    def receive(self, request: Request) -> Response:
        """Answer a request, and run the operations that it triggers."""
        found, ids = self._match(request.path)
        name = "unknown" if isinstance(found, ApiError) else found.name
        self.in_flight += 1
        entry = self.operations.begin(name, request, self.in_flight)
        triggers = self.operations.due(name)
        self.operations.run(triggers, "before")
        try:
            response = self._admitted(request, found).respond(self.world, request, ids)
        except ApiError as error:
            response = error_response(request.api, error.status, error.message, error.details)
        self.operations.run(triggers, "after_read")
        fault = self._fault(name, request, response) if response.status < 400 else None
        if fault:
            response = apply_fault(fault, request.api, response)
        self._add_headers(response, bare=fault == "429-bare", api=request.api)
        sent = response.breaks not in ("reset", "hang")
        entry.update(status=response.status if sent else None, rows=response.rows, fault=fault)
        return response

    def _match(self, path: str) -> tuple[Endpoint | ApiError, list[int]]:
        """The endpoint of /stores/{hash}/v2/… or /v3/…, and the ids in its path."""
        _, stores, name, rest = (*path.split("/", 3), "", "", "")[:4]
        known = name == STORE_HASH or (self.world.options.any_hash and name.isalnum())
        if stores != "stores" or not known:
            return ApiError(404, "The requested store was not found."), []
        if rest.startswith("v3") and rest.endswith("/"):
            # Not 404: the real API asks for authentication here, token or not.
            return ApiError(403, "Authentication Required"), []
        rest = rest.rstrip("/")
        if rest.startswith("v2/"):
            rest = rest.removesuffix(".json")
        endpoint = _ENDPOINTS.get(_ID.sub("{}", rest))
        missing = ApiError(404, "The requested resource was not found.")
        return endpoint or missing, [number_of(written) for written in _ID.findall(rest)]

    def _admitted(self, request: Request, found: Endpoint | ApiError) -> Endpoint:
        """The endpoint, if the request may have it. Raises ApiError."""
        if isinstance(found, ApiError):
            raise found
        options = self.world.options
        if request.method != "GET":
            raise ApiError(405, "The sandbox only answers GET.")
        if request.headers.get("x-auth-token") != ACCESS_TOKEN:
            raise ApiError(401, "Unauthorized")
        if set(found.scope.split("|")) <= set(options.withheld_scopes):
            raise ApiError(403, "You don't have a required scope to access the endpoint")
        if not self._quota.take(options):
            raise ApiError(429, "Too many requests.")
        if f"{found.path}/".startswith("v2/customers/") and options.customers_v2 != "served":
            raise ApiError(int(options.customers_v2), "The resource is no longer offered.")
        unknown = sorted(request.query.keys() - found.parameters)
        if unknown and options.refuse_unknown_parameters:
            raise ApiError(400, f"There is no parameter '{unknown[0]}'.")
        return found

    def _fault(self, name: str, request: Request, response: Response) -> str | None:
        """The kind of fault for this request, or None. All rules count it; the first one wins."""
        rules = [rule for rule in self.operations.faults if rule.strikes(name, request, response)]
        if rules:
            return rules[0].kind
        rate = 0.0 if name in ("time", "store") else self.world.options.fault_rate
        if rate and self._random.chance(rate):
            return self._random.pick(self.world.options.fault_kinds)
        return None

    def _add_headers(self, response: Response, *, bare: bool, api: str) -> None:
        now = http_date(self.world.now())
        response.headers["Date"] = now
        if api == "v2":
            response.headers["X-BC-Store-Version"] = "7.6.0"
            response.headers.setdefault("last-modified", now)
        options = self.world.options
        if options.rate_limit_headers and not bare:
            response.headers.update(self._quota.headers(options, exhausted=response.status == 429))
