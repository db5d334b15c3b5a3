"""The kinds of endpoint: a list of rows, a single row, a computed object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from tap_bigcommerce_sandbox.dates import http_date
from tap_bigcommerce_sandbox.filters import Filter, read_conditions
from tap_bigcommerce_sandbox.paging import PARTS_CAP, Paging, Part, cut
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.responses import ApiError, Response, json_response
from tap_bigcommerce_sandbox.selection import Selector
from tap_bigcommerce_sandbox.world import Form, World


@dataclass(frozen=True)
class Context:
    """The data that endpoints read."""

    world: World
    selector: Selector


class Endpoint(Protocol):
    """Answers GET requests at one path; {} in the path is an id."""

    @property
    def name(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def scope(self) -> str:
        """The required scope; "a|b" means either of them."""
        ...

    @property
    def parameters(self) -> frozenset[str]:
        """The documented query parameters."""
        ...

    def respond(self, context: Context, request: Request, parents: Sequence[int]) -> Response:
        """The response; `parents` are the ids in the path. Raises ApiError."""
        ...


@dataclass(frozen=True)
class RowList:
    """A list of rows of one kind: all of them, or with {} in the path those of one parent."""

    name: str
    api: str
    path: str
    scope: str
    kind: str = ""
    """The kind of the rows, if its name is not that of the list."""
    filters: tuple[Filter, ...] = ()
    sorts: frozenset[str] = frozenset()
    direction: bool = False
    """Whether the direction is a separate parameter instead of a suffix of `sort`."""
    downwards: bool = False
    """Whether the largest id comes first by default."""
    includes: frozenset[str] = frozenset()
    capping_includes: frozenset[str] = frozenset()
    shown_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields that rows have only when a parameter is true, or when include= names it."""
    chooses_fields: bool = False
    paging: Paging = field(default_factory=Paging)
    hides_archived: bool = False
    strict: bool = False
    """Whether a parameter with an operator that is not in `filters` is refused."""
    empty_status: Callable[[World, int], int] | None = None
    """The status of a child list's response without rows, where it is not the usual one."""

    @property
    def row_kind(self) -> str:
        """The kind of the rows."""
        return self.kind or self.name

    @property
    def parameters(self) -> frozenset[str]:
        """The documented query parameters of the list."""
        found = {item.param for item in self.filters if item.documented} | self.paging.parameters
        found |= {"sort"} if self.sorts else set()
        found |= {"direction"} if self.direction else set()
        return frozenset(found) | self.shaping

    @property
    def shaping(self) -> frozenset[str]:
        """The parameters that choose the fields of each row."""
        found = {"include"} if self.includes else set(self.shown_by)
        found |= {"include_fields", "exclude_fields"} if self.chooses_fields else set()
        found |= {"consignment_structure"} if "consignments" in self.includes else set()
        return frozenset(found)

    def respond(self, context: Context, request: Request, parents: Sequence[int]) -> Response:
        """One page of rows."""
        world = context.world
        parent = self._parent(world, parents)
        form = self.form(request)
        cap = PARTS_CAP if form.includes & self.capping_includes else None
        ids = self.matching(context, request, parent)
        by_id = self._sort(request)[0] == "id"
        part = cut(self.paging, request, self.api, world.options, ids, cap, by_id)
        rows = [world.row_bytes(self.row_kind, number, form) for number in part.ids]
        response = self._respond(world, part, rows, parent)
        response.rows, response.ids = len(rows), part.ids if parent is None else (parent,)
        return response

    def matching(
        self, context: Context, request: Request, parent: int | None = None
    ) -> Sequence[int]:
        """All ids that match the request's filters, in the requested order."""
        query = request.query
        if self.strict:
            self._refuse_unknown(query)
        if self.hides_archived and context.world.options.archived_orders == "hidden":
            query = {"is_deleted": "false", **query}
        conditions = read_conditions(self.filters, query, context.world, self.api)
        return context.selector.ids(self.row_kind, conditions, *self._sort(request), parent)

    def form(self, request: Request) -> Form:
        """Which parts of each row the request asks for. Raises ApiError."""
        includes = frozenset(request.comma_list("include")) if self.includes else frozenset()
        unknown = includes - self.includes
        if unknown:
            raise ApiError(self._refusal, f"The include '{min(unknown)}' is not supported.")
        for name, fields in self.shown_by.items():
            if name in includes or request.query.get(name) == "true":
                includes |= fields
        only: tuple[str, ...] = ()
        without: tuple[str, ...] = ()
        if self.chooses_fields:
            only, without = (
                request.comma_list("include_fields"),
                request.comma_list("exclude_fields"),
            )
        structure = request.query.get("consignment_structure", "")
        return Form(includes, frozenset(only), frozenset(without), structure)

    @property
    def _refusal(self) -> int:
        return 400 if self.api == "v2" else 422

    def _parent(self, world: World, parents: Sequence[int]) -> int | None:
        if not parents:
            return None
        if parents[0] not in world.children[self.row_kind].parents:
            raise ApiError(404, "The requested resource was not found.")
        return parents[0]

    def _refuse_unknown(self, query: Mapping[str, str]) -> None:
        known = {item.param for item in self.filters}
        unknown = [name for name in query if ":" in name and name not in known]
        if unknown:
            raise ApiError(422, f"The filter '{unknown[0]}' is not supported.")

    def _sort(self, request: Request) -> tuple[str, bool]:
        text = request.query.get("sort", "")
        if self.direction:
            name, direction = text or "id", request.query.get("direction", "asc")
        else:
            name, _, direction = text.partition(":")
        if not text or not self.sorts:
            return "id", self.downwards or (self.direction and direction == "desc")
        if name not in self.sorts or direction not in ("", "asc", "desc"):
            raise ApiError(self._refusal, f"The sort '{text}' is not supported.")
        return name, direction == "desc"

    def _respond(self, world: World, part: Part, rows: list[bytes], parent: int | None) -> Response:
        if not rows and parent is not None and self.empty_status is not None:
            status = self.empty_status(world, parent)
            if status == 404:
                raise ApiError(404, "The requested resource was not found.")
            if status == 204:
                return Response(204)
        if self.api == "v3":
            return v3_list(rows, part.meta)
        response = v2_list(rows)
        table = world.listed(self.row_kind)
        newest = max(map(table.modified, part.ids), default=0)
        if parent is not None:
            newest = world.children[self.row_kind].parents.modified(parent)
        response.headers["last-modified"] = http_date(newest or world.clock.now())
        return response


@dataclass(frozen=True)
class Single:
    """One row of a kind by its id."""

    name: str
    listed: RowList

    @property
    def api(self) -> str:
        """The API's version."""
        return self.listed.api

    @property
    def path(self) -> str:
        """The list's path and an id."""
        return self.listed.path + "/{}"

    @property
    def scope(self) -> str:
        """The list's scope."""
        return self.listed.scope

    @property
    def parameters(self) -> frozenset[str]:
        """The list's parameters that choose the fields of each row."""
        return self.listed.shaping

    def respond(self, context: Context, request: Request, parents: Sequence[int]) -> Response:
        """The row itself in v2, under `data` in v3; 404 if there is none."""
        world, number, kind = context.world, parents[0], self.listed.row_kind
        if number not in world.listed(kind):
            raise ApiError(404, "The requested resource was not found.")
        body = world.row_bytes(kind, number, self.listed.form(request))
        if self.api == "v3":
            return Response(200, b'{"data":' + body + b',"meta":{}}', rows=1, ids=(number,))
        modified = http_date(world.listed(kind).modified(number))
        return Response(200, body, {"last-modified": modified}, rows=1, ids=(number,))


@dataclass(frozen=True)
class Computed:
    """One computed object, such as a count or the store's time."""

    name: str
    api: str
    path: str
    scope: str
    value: Callable[[Context, Request, Sequence[int]], Any]
    parameters: frozenset[str] = frozenset()

    def respond(self, context: Context, request: Request, parents: Sequence[int]) -> Response:
        """The object."""
        response = json_response(self.value(context, request, parents))
        if self.api == "v2":
            response.headers["last-modified"] = http_date(context.world.clock.now())
        response.rows = 1
        return response


def v2_list(rows: list[bytes]) -> Response:
    """A plain JSON array. Without rows: 204 and no body, also past the last page."""
    if not rows:
        return Response(204)
    return Response(200, b"[" + b",".join(rows) + b"]")


def v3_list(rows: list[bytes], meta: Mapping[str, Any]) -> Response:
    """A JSON object with `data` and `meta`."""
    return Response(200, b'{"data":[' + b",".join(rows) + b'],"meta":' + orjson.dumps(meta) + b"}")
