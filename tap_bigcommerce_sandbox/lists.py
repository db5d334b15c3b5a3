"""The declaration of a list: its path, what it can be asked for, and how its rows are made."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tap_bigcommerce_sandbox.child_table import Below
from tap_bigcommerce_sandbox.fields import CREATED, ID, KEY, MODIFIED, PARENT, Cell, Fields, Shape
from tap_bigcommerce_sandbox.filters import Filter, read_conditions, select
from tap_bigcommerce_sandbox.messages import ApiError, Request, Response, json_response
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.paging import OBJECT, PARTS_CAP, Paging, cut
from tap_bigcommerce_sandbox.table import Dates, Row, Table
from tap_bigcommerce_sandbox.values import http_date
from tap_bigcommerce_sandbox.world import Form, World

NO_WORDS: frozenset[str] = frozenset()
_DAY = 86400


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Endpoint:
    """What answers GET requests at one path. `respond` is given the ids in the path."""

    name: str
    path: str
    """With the version of the API: "v2/orders/{}/taxes"; {} is the parent's id."""
    scope: str
    """The required permission; "a|b" means either of them, "" none."""
    respond: Callable[[World, Request, Sequence[int]], Response]
    parameters: frozenset[str] = NO_WORDS


def one_object(value: Any) -> Response:
    """The response of an endpoint that has one object, such as a count or the store's time."""
    return dataclasses.replace(json_response(value), rows=1)


@dataclass(frozen=True)
class List(Below):
    """A list: all rows, or with {} in the path those of one parent; or an object, as its only row.

    Rows are made from the kinds of their `fields`, by `row` from the id, or by `rows` from the
    parent.
    """

    name: str
    path: str
    scope: str
    _: dataclasses.KW_ONLY

    # Which rows there are
    of: str = ""
    """The list that has the same rows, if this is another path to them."""
    size: int | Callable[[Options], int] | None = None
    """How many rows, or the most below a parent, if it is not the option with the list's name."""
    first_id: int = 1
    pattern: str = ""
    """The pattern of ids if the option `ids` does not apply."""
    ids: Callable[[Options], Sequence[int]] | None = None
    """The ids themselves, where they follow no pattern."""
    share: float | Callable[[World, int], bool] = 1.0
    """How many of the parents have rows, or which ones; the first one and added ones always do."""
    key_within_parent: bool = False
    """Whether the rows of two parents may have the same key, as far as is documented."""
    depends_on: tuple[str, ...] = ()
    """Other lists that rows are computed from."""
    soft_delete: bool = False
    """Whether deleted rows are archived; the option archived_orders may hide these."""

    # How rows are made
    row: Callable[[World, int], Row] | None = None
    included: Callable[[World, int, Form], Row] | None = None
    """What requests include in a row."""
    rows: Callable[[World, int], list[Row]] | None = None
    """The rows below a parent, in the order of their ids."""
    fields: Fields = field(default_factory=dict)
    basis: Callable[[World, int], Any] | Sequence[Any] = ()
    """What the fields of the row with this id are computed from. With a parent: a sequence of what
    each of its rows is computed from, where `size` does not say how many it has."""
    facts: Mapping[str, Callable[[World, int], Any]] = field(default_factory=dict)
    """Fields that filters can read without computing the row."""
    shows: str = ""
    """The list whose rows this one returns in another form."""
    foreign: frozenset[str] = NO_WORDS
    """Fields that only the other form of these rows has."""
    answer: Callable[[World, int, Request], Any] | None = None
    """The response below a parent that is an object, if it is not the row."""

    # What can be asked for
    optional: frozenset[str] = NO_WORDS
    """Fields that rows show only when a request includes them."""
    includes: frozenset[str] = NO_WORDS
    """All that a request can include; without it and `shown_by`, the optional fields."""
    capping_includes: frozenset[str] = NO_WORDS
    shown_by: str = ""
    """The parameter that shows the optional fields if it is true, or if include= names it."""
    chooses_fields: bool = False
    """Whether there are the parameters `include_fields` and `exclude_fields`."""
    filters: tuple[Filter, ...] = ()
    strict: bool = False
    """Whether a parameter with an operator that is not in `filters` is refused."""
    sorts: frozenset[str] = NO_WORDS
    direction: bool = False
    """Whether the direction is a separate parameter instead of a suffix of `sort`."""
    downwards: bool = False
    """Whether the largest id comes first by default."""
    other_parameters: frozenset[str] = NO_WORDS
    """Documented parameters that change nothing."""
    paging: Paging = field(default_factory=Paging)
    empty_status: Callable[[World, int], int] | None = None
    """The status of a child list's response without rows, where it is not the usual one."""
    single: str = ""
    """The name of the endpoint for one row by its id, if there is one."""
    count: Callable[[World, Sequence[int]], Any] | None = None
    """What {path}/count answers about the ids that a request selects, if there is such a path."""

    def __post_init__(self) -> None:
        """Derive what other parts of the declaration say already."""
        derived: dict[str, Any] = {}
        if not (self.includes or self.shown_by):
            derived["includes"] = self.optional
        if self.fields:
            derived |= self._derived_from(self.fields)
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def _derived_from(self, declared: Fields) -> dict[str, Any]:
        parent_field = next((n for n, item in declared.items() if item in (KEY, PARENT)), "")
        key, size = self.key, self.size
        if parent_field and declared[parent_field] is KEY:
            key, size = (parent_field,), 1
        elif key == ("id",) and "id" not in declared:
            declared = {"id": ID, **declared}
        fields = Shape(declared)
        derived: dict[str, Any] = {
            "fields": fields,
            "key": key,
            "size": size,
            "text": self.text or next((name for name, item in fields.items() if item.free), ""),
        }
        if self.parent:
            one = key[0] if len(key) == 1 else ""
            number = "id" if "id" in fields else one
            written = {name: item.stamp for name, item in fields.items() if item.stamp}
            created = next((name for name in CREATED if name in written), "")
            modified = next((name for name in MODIFIED if name in written), "")
            stamp = written.get(modified) or written.get(created) or str
            derived |= {
                "id": number,
                "id_form": fields[number].form if number else int,
                "parent_field": parent_field,
                "stride": 1 if number == parent_field else self.stride,
                "dates": Dates(stamp, created, modified),
            }
        return derived

    # What the declaration says
    @property
    def api(self) -> str:
        return self.path[:2]

    @property
    def row_kind(self) -> str:
        """The list that keeps the rows."""
        return self.of or self.name

    @property
    def is_object(self) -> bool:
        return self.paging.style == OBJECT

    @property
    def unique_by(self) -> tuple[str, ...]:
        """The fields that rows are unique by, among all rows of the list; none for an object."""
        return (self.id,) if self.parent and self.id else self.key

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The list itself, and those of its single rows and of their number."""
        path, scope = self.path, self.scope
        found = [Endpoint(self.name, path, scope, self._respond, self.parameters)]
        if self.single:
            single = f"{path}/{{}}"
            found.append(Endpoint(self.single, single, scope, self._respond_one, self.shaping))
        if self.count is not None:
            # Undocumented there; the tap asks with filters, to see whether they matter.
            filters = frozenset(item.param for item in self.filters)
            name = f"{self.name}_count"
            found.append(Endpoint(name, f"{path}/count", scope, self._counted, filters))
        return tuple(found)

    @property
    def parameters(self) -> frozenset[str]:
        """The documented query parameters of the list."""
        found = {item.param for item in self.filters if item.documented} | self.paging.parameters
        found |= {"sort"} if self.sorts else set()
        found |= {"direction"} if self.direction else set()
        return self.shaping.union(found, self.other_parameters)

    @property
    def shaping(self) -> frozenset[str]:
        """The parameters that choose the fields of each row."""
        found = {"include"} if self.includes else {self.shown_by} - {""}
        found |= {"include_fields", "exclude_fields"} if self.chooses_fields else set()
        found |= {"consignment_structure"} if "consignments" in self.includes else set()
        return frozenset(found)

    def count_rows(self, options: Options) -> int:
        if self.size is None:
            return int(getattr(options, self.name, options.small_lists))
        return self.size(options) if callable(self.size) else self.size

    # Making rows
    def make(self, world: World, number: int, form: Form) -> Row:
        """The row with this id, as the store started."""
        if self.row is None:
            table, rng = world.tables[self.name], world.rng(self.name, number)
            basis = self.basis(world, number) if callable(self.basis) else None
            cell = Cell(world, rng, number, table.created(number), table.modified(number), basis)
            row = self._shape.fill(cell)
        else:
            row = self.row(world, number)
        return {**row, **self.included(world, number, form)} if self.included else row

    def make_below(self, world: World, parent: int) -> list[Row]:
        """The rows below a parent, as the store started."""
        if self.rows is not None:
            return self.rows(world, parent)
        if not self._has_rows(world, parent):
            return []
        of_each = self.basis(world, parent) if callable(self.basis) else self.basis
        if self.basis and not of_each:
            return []
        rng = world.rng(self.name, parent)
        of_each = of_each or range(rng.between(1, self.count_rows(world.options)))
        created, first, found = world.listed(self.parent).created(parent), parent * self.stride, []
        cell = Cell(world, rng, first, created, created, parent=parent)
        for cell.at, cell.basis in enumerate(of_each):
            cell.number, cell.created = first + cell.at, created + cell.at
            cell.modified = cell.created + rng.between(0, 60 * _DAY)
            found.append(self._shape.fill(cell))
        return found

    @property
    def _shape(self) -> Shape:
        assert isinstance(self.fields, Shape)
        return self.fields

    def _has_rows(self, world: World, parent: int) -> bool:
        if self.share == 1.0:
            return True
        if callable(self.share):
            return self.share(world, parent)
        parents = world.listed(self.parent)
        first = isinstance(parents, Table) and parents.base_index(parent) == 0
        draw = world.draw(f"parents of {self.name}", parent)
        return draw < self.share or first or parents.added(parent)

    # Answering requests
    def _respond(self, world: World, request: Request, ids: Sequence[int]) -> Response:
        """One page of rows, or the object."""
        parent = ids[0] if ids else None
        if parent is not None and parent not in world.children[self.row_kind].parents:
            raise ApiError(404, "The requested resource was not found.")
        if not self.is_object:
            return self._page(world, request, parent)
        if parent is not None and self.answer is not None:
            return one_object(self.answer(world, parent, request))
        row = world.row(self.name, 1)
        return one_object(row if self.api == "v2" else {"data": row, "meta": {}})

    def _page(self, world: World, request: Request, parent: int | None) -> Response:
        kind, form = self.row_kind, self._form(request)
        cap = PARTS_CAP if form.includes & self.capping_includes else 0
        found, by_id = self._matching(world, request, parent), self._sort(request)[0] == "id"
        shown, meta = cut(self.paging, request, world.options, found, cap, by_id)
        rows = [world.row_bytes(kind, number, form) for number in shown]
        # A response below a parent is about the parent; faults want to know.
        response = Response(rows=len(rows), ids=shown if parent is None else (parent,))
        if not rows and self.api == "v2":
            response.status = 204
        elif not rows and parent is not None and self.empty_status is not None:
            response.status = self.empty_status(world, parent)
        if response.status == 404:
            raise ApiError(404, "The requested resource was not found.")
        body = b"[" + b",".join(rows) + b"]"
        if self.api == "v3":
            body = b'{"data":' + body + b',"meta":' + orjson.dumps(meta) + b"}"
        else:
            newest = max(map(world.listed(kind).modified, shown), default=world.now())
            if parent is not None:
                newest = world.children[kind].parents.modified(parent)
            response.headers["last-modified"] = http_date(newest)
        response.body = b"" if response.status == 204 else body
        return response

    def _respond_one(self, world: World, request: Request, ids: Sequence[int]) -> Response:
        """A row by its id: itself in v2, under `data` in v3; 404 if there is none."""
        number, kind = ids[0], self.row_kind
        if number not in world.listed(kind):
            raise ApiError(404, "The requested resource was not found.")
        body = world.row_bytes(kind, number, self._form(request))
        if self.api == "v3":
            return Response(200, b'{"data":' + body + b',"meta":{}}', rows=1, ids=(number,))
        modified = http_date(world.listed(kind).modified(number))
        return Response(200, body, {"last-modified": modified}, rows=1, ids=(number,))

    def _matching(self, world: World, request: Request, parent: int | None = None) -> Sequence[int]:
        """All ids that match the request's filters, in the requested order."""
        query = request.query
        known = {item.param for item in self.filters}
        unknown = [name for name in query if ":" in name and name not in known]
        if self.strict and unknown:
            raise ApiError(422, f"The filter '{unknown[0]}' is not supported.")
        if self.soft_delete and world.options.archived_orders == "hidden":
            query = {"is_deleted": "false", **query}
        conditions = read_conditions(self.filters, query, world, self._refusal)
        return select(world, self.row_kind, conditions, *self._sort(request), parent)

    def _form(self, request: Request) -> Form:
        """Which parts of each row the request asks for. Raises ApiError."""
        includes = frozenset(request.comma_list("include")) if self.includes else NO_WORDS
        unknown = includes - self.includes
        if unknown:
            raise ApiError(self._refusal, f"The include '{min(unknown)}' is not supported.")
        if self.shown_by in includes or request.query.get(self.shown_by) == "true":
            includes |= self.optional
        only = without = NO_WORDS
        if self.chooses_fields:
            only = frozenset(request.comma_list("include_fields"))
            without = frozenset(request.comma_list("exclude_fields"))
        return Form(includes, only, without, request.query.get("consignment_structure", ""))

    @property
    def _refusal(self) -> int:
        return 400 if self.api == "v2" else 422

    def _counted(self, world: World, request: Request, ids: Sequence[int]) -> Response:
        # Its documentation does not say whether filters matter.
        if not world.options.counts_apply_filters:
            request = dataclasses.replace(request, query={})
        assert self.count is not None
        return one_object(self.count(world, self._matching(world, request)))

    def _sort(self, request: Request) -> tuple[str, bool]:
        """The field to sort by, and whether downwards."""
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


def only_count(world: World, ids: Sequence[int]) -> Any:
    return {"count": len(ids)}
