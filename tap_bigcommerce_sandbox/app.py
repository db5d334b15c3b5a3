"""The store behind the server: a request in, an answer out, everything in between in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tap_bigcommerce_sandbox.answers import Answer, ApiError, error_answer
from tap_bigcommerce_sandbox.dates import http_date
from tap_bigcommerce_sandbox.endpoints import CHILDREN, ENDPOINTS, KINDS
from tap_bigcommerce_sandbox.faults import BROKEN_CONNECTIONS, Faults, spoil
from tap_bigcommerce_sandbox.identity import ACCESS_TOKEN
from tap_bigcommerce_sandbox.journal import Journal
from tap_bigcommerce_sandbox.lists import Context
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.quota import Quota
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.router import Match, Router, api_of
from tap_bigcommerce_sandbox.selection import Selector
from tap_bigcommerce_sandbox.triggers import Operation, Triggers
from tap_bigcommerce_sandbox.world import World


@dataclass(frozen=True)
class Reply:
    """An answer and how the connection shall break over it: reset, cut, hang or not at all."""

    answer: Answer
    breaks: str | None = None


class App:
    """One store: its data, its faults, its log."""

    def __init__(self, options: Options) -> None:
        self.world = World(options, KINDS, CHILDREN)
        self.faults = Faults(options.seed)
        self.triggers = Triggers()
        self.journal = Journal()
        self.quota = Quota()
        self.context = Context(self.world, Selector(self.world))
        self._router = Router(ENDPOINTS)

    @property
    def options(self) -> Options:
        """The options in force now."""
        return self.world.options

    def receive(self, request: Request, perform: Callable[[Operation], None]) -> Reply:
        """Answer a request; perform carries out the operations that it sets off."""
        api = api_of(request.path)
        match, refusal = self._find(request)
        name = match.endpoint.name if match else "unknown"
        entry = self.journal.begin(name, request.path, request.query)
        due = self.triggers.due(name)
        for operation in due["before"]:
            perform(operation)
        answer = self._answer(request, match, refusal, api)
        for operation in due["after_read"]:
            perform(operation)
        kind = None
        if answer.status < 400:
            kind = self.faults.kind_for(name, request, answer, self.options)
            if kind:
                answer = spoil(kind, api, answer)
        self._add_headers(answer, bare=kind == "429-bare", api=api)
        breaks = kind if kind in BROKEN_CONNECTIONS else None
        entry.update(status=None if breaks in ("reset", "hang") else answer.status)
        entry.update(rows=answer.rows, fault=kind)
        return Reply(answer, breaks)

    def _find(self, request: Request) -> tuple[Match | None, ApiError | None]:
        try:
            return self._router.match(request.path, self.options.any_hash), None
        except ApiError as refusal:
            return None, refusal

    def _answer(
        self, request: Request, match: Match | None, refusal: ApiError | None, api: str
    ) -> Answer:
        try:
            if match is None:
                raise refusal or ApiError(404, "Not Found")
            self._admit(request, match)
            return match.endpoint.answer(self.context, request, match.parents)
        except ApiError as error:
            return error_answer(api, error.status, error.message, error.details)

    def _admit(self, request: Request, match: Match) -> None:
        if request.method != "GET":
            raise ApiError(405, "The sandbox only answers GET.")
        if request.headers.get("x-auth-token") != ACCESS_TOKEN:
            raise ApiError(401, "Unauthorized")
        if set(match.endpoint.scope.split("|")) <= set(self.options.withheld_scopes):
            raise ApiError(403, "You don't have a required scope to access the endpoint")
        if not self.quota.take(self.options):
            raise ApiError(429, "Too many requests.")
        unknown = sorted(request.query.keys() - match.endpoint.parameters)
        if unknown and self.options.refuse_unknown_parameters:
            raise ApiError(400, f"There is no parameter '{unknown[0]}'.")

    def _add_headers(self, answer: Answer, *, bare: bool, api: str) -> None:
        answer.headers["Date"] = http_date(self.world.clock.now())
        if api == "v2":
            answer.headers["X-BC-Store-Version"] = "7.6.0"
            answer.headers.setdefault("last-modified", http_date(self.world.clock.now()))
        if bare:
            return
        refused = answer.status == 429
        if refused and self.options.retry_after_header:
            answer.headers["X-Retry-After"] = str(self.options.retry_after_header)
        if self.options.rate_limit_headers:
            answer.headers.update(self.quota.headers(self.options, exhausted=refused))
