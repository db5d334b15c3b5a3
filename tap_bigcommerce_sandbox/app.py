"""Turns one request into one response: authentication, quota, endpoint, faults, headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tap_bigcommerce_sandbox.dates import http_date
from tap_bigcommerce_sandbox.families import ENDPOINTS, LISTS
from tap_bigcommerce_sandbox.faults import BROKEN_CONNECTIONS, Faults, apply_fault
from tap_bigcommerce_sandbox.identity import ACCESS_TOKEN
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.quota import Quota
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.request_log import RequestLog
from tap_bigcommerce_sandbox.responses import ApiError, Response, error_response
from tap_bigcommerce_sandbox.router import Match, Router, api_of
from tap_bigcommerce_sandbox.triggers import Operation, Triggers
from tap_bigcommerce_sandbox.world import World


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
        refused = response.status == 429
        if refused and self.options.retry_after_header:
            response.headers["X-Retry-After"] = str(self.options.retry_after_header)
        if self.options.rate_limit_headers:
            response.headers.update(self.quota.headers(self.options, exhausted=refused))
