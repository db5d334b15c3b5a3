"""The kinds of endpoint: a list of its own, a list below a row, a count, one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from sandbox.answers import Answer, ApiError, json_answer
from sandbox.dates import http_date
from sandbox.filters import Filter, read_conditions
from sandbox.paging import PARTS_CAP, Page, page_meta, read_page
from sandbox.request import Request
from sandbox.selection import Selector
from sandbox.world import Form, World


@dataclass(frozen=True)
class Context:
    """What endpoints answer from."""

    world: World
    selector: Selector


class Endpoint(Protocol):
    """Something that answers GET requests at one path; {} in the path stands for an id."""

    @property
    def name(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def scope(self) -> str: ...

    def answer(self, context: Context, request: Request, parents: Sequence[int]) -> Answer:
        """The answer; parents are the ids in the path. Raises ApiError."""
        ...


@dataclass(frozen=True)
class TopList:
    """A list of all rows of a kind."""

    name: str
    api: str
    path: str
    scope: str
    kind: str
    filters: tuple[Filter, ...] = ()
    sorts: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    capping_includes: frozenset[str] = frozenset()
    chooses_fields: bool = False
    links: bool = True
    extra_meta: Mapping[str, Any] = field(default_factory=dict)
    hides_archived: bool = False

    def answer(self, context: Context, request: Request, parents: Sequence[int]) -> Answer:
        """One page of rows."""
        world = context.world
        form = self.form(request)
        cap = PARTS_CAP if form.includes & self.capping_includes else None
        page = read_page(request, self.api, world.options, cap)
        ids = self.matching(context, request)
        shown = ids[page.span]
        rows = [world.row_bytes(self.kind, number, form) for number in shown]
        if self.api == "v2":
            answer = v2_list(rows)
            answer.headers["last-modified"] = self._newest(world, shown)
        else:
            answer = self._v3(world, request, page, len(ids), rows)
        answer.rows, answer.ids = len(rows), shown
        return answer

    def matching(self, context: Context, request: Request) -> Sequence[int]:
        """All ids that the request's filters let through, sorted as it asks."""
        filters = self.filters
        conditions = read_conditions(filters, request.query, context.world, self.api)
        hidden = context.world.options.archived_orders == "hidden"
        if self.hides_archived and hidden and "is_deleted" not in request.query:
            asked = {**request.query, "is_deleted": "false"}
            conditions = read_conditions(filters, asked, context.world, self.api)
        return context.selector.ids(self.kind, conditions, *self._sort(request))

    def form(self, request: Request) -> Form:
        """What the request wants to see of each row. Raises ApiError."""
        includes = frozenset(request.words("include")) if self.includes else frozenset()
        unknown = includes - self.includes
        if unknown:
            status = 400 if self.api == "v2" else 422
            raise ApiError(status, f"The include '{min(unknown)}' is not supported.")
        only: tuple[str, ...] = ()
        without: tuple[str, ...] = ()
        if self.chooses_fields:
            only, without = request.words("include_fields"), request.words("exclude_fields")
        structure = request.query.get("consignment_structure", "")
        return Form(includes, frozenset(only), frozenset(without), structure)

    def _sort(self, request: Request) -> tuple[str, bool]:
        text = request.query.get("sort", "")
        # v2 writes the direction behind the field, v3 has a parameter for it.
        name, _, direction = text.partition(":")
        if self.api == "v3":
            name, direction = text, request.query.get("direction", "asc")
        if not text or not self.sorts:
            return "id", bool(self.sorts) and self.api == "v3" and direction == "desc"
        if name not in self.sorts or direction not in ("", "asc", "desc"):
            raise ApiError(400 if self.api == "v2" else 422, f"The sort '{text}' is not supported.")
        return name, direction == "desc"

    def _v3(
        self, world: World, request: Request, page: Page, total: int, rows: list[bytes]
    ) -> Answer:
        if not rows and page.number > 1 and world.options.past_end == "404":
            raise ApiError(404, "The page was not found.")
        meta = page_meta(request, page, total, len(rows), self.links)
        return v3_list(rows, {"pagination": {**meta, **self.extra_meta}})

    def _newest(self, world: World, ids: Sequence[int]) -> str:
        table = world.tables[self.kind]
        newest = max(map(table.modified, ids), default=0)
        return http_date(newest or world.clock.now())


@dataclass(frozen=True)
class ChildList:
    """A list below one row of a kind, such as the products of an order."""

    name: str
    api: str
    path: str
    scope: str
    parent: str
    rows: Callable[[World, int, Request], list[Any]]
    paged: bool = True

    def answer(self, context: Context, request: Request, parents: Sequence[int]) -> Answer:
        """One page of the rows below a parent, or 404 without the parent."""
        world, number = context.world, parents[0]
        _expect(world, self.parent, number)
        rows = self.rows(world, number, request)
        total = len(rows)
        page = Page(1, max(1, total))
        if self.paged:
            page = read_page(request, self.api, world.options)
        shown = rows[page.span]
        if self.api == "v2":
            answer = v2_list([orjson.dumps(row) for row in shown])
            modified = world.tables[self.parent].modified(number)
            answer.headers["last-modified"] = http_date(modified)
        else:
            meta = page_meta(request, page, total, len(shown), links=True)
            answer = v3_list([orjson.dumps(row) for row in shown], {"pagination": meta})
        answer.rows, answer.ids = len(shown), (number,)
        return answer


@dataclass(frozen=True)
class Single:
    """One row of a kind by its id."""

    name: str
    listed: TopList

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

    def answer(self, context: Context, request: Request, parents: Sequence[int]) -> Answer:
        """The row, bare in v2 and under `data` in v3, or 404."""
        world, number = context.world, parents[0]
        _expect(world, self.listed.kind, number)
        body = world.row_bytes(self.listed.kind, number, self.listed.form(request))
        if self.api == "v3":
            return Answer(200, b'{"data":' + body + b',"meta":{}}', rows=1, ids=(number,))
        modified = http_date(world.tables[self.listed.kind].modified(number))
        return Answer(200, body, {"last-modified": modified}, rows=1, ids=(number,))


@dataclass(frozen=True)
class Computed:
    """One object that is worked out, such as a count or the store's time."""

    name: str
    api: str
    path: str
    scope: str
    value: Callable[[Context, Request, Sequence[int]], Any]

    def answer(self, context: Context, request: Request, parents: Sequence[int]) -> Answer:
        """The object."""
        answer = json_answer(self.value(context, request, parents))
        if self.api == "v2":
            answer.headers["last-modified"] = http_date(context.world.clock.now())
        answer.rows = 1
        return answer


def v2_list(rows: list[bytes]) -> Answer:
    """A bare array; no rows are 204 without a body, also past the last page."""
    if not rows:
        return Answer(204)
    return Answer(200, b"[" + b",".join(rows) + b"]")


def v3_list(rows: list[bytes], meta: Mapping[str, Any]) -> Answer:
    """data and meta."""
    return Answer(200, b'{"data":[' + b",".join(rows) + b'],"meta":' + orjson.dumps(meta) + b"}")


def _expect(world: World, kind: str, number: int) -> None:
    if number not in world.tables[kind]:
        raise ApiError(404, "The requested resource was not found.")
