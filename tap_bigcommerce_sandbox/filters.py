"""Filter parameters, and the ids of a list that they select, in order."""

import operator
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from tap_bigcommerce_sandbox.messages import ApiError
from tap_bigcommerce_sandbox.values import number_of, read_date
from tap_bigcommerce_sandbox.world import World

_TESTS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "=": operator.eq,
        "not": operator.ne,
        "min": operator.ge,
        "max": operator.le,
        "greater": operator.gt,
        "less": operator.lt,
        "in": lambda value, wanted: value in wanted,
        "not_in": lambda value, wanted: value not in wanted,
        # The field is a list; one of its values has to match.
        "has": lambda value, wanted: any(item in wanted for item in value),
        "like": lambda value, wanted: str(wanted).lower() in str(value).lower(),
    }
)
_EXCLUSIVE = MappingProxyType({"min": "greater", "max": "less"})


@dataclass(frozen=True)
class Filter:
    """A query parameter: the field it filters by, the comparison, and the type of its value."""

    param: str
    field: str
    test: str = "="
    """One of _TESTS: the API's word, "=", or "has"."""
    reads: str = "text"
    """integer, "unique id" (a UUID that is the row's id), number, text, flag, date or "day date" (a
    bare date takes the time of day)."""
    firm: bool = False
    """Whether a bound includes whatever the option inclusive_bounds says: it is documented."""
    documented: bool = True


class Condition(NamedTuple):
    """A condition on a field."""

    field: str
    test: str
    value: Any


def params(**specs: str) -> tuple[Filter, ...]:
    """Filters by the type of their values, which are those of `Filter.reads` with _ for a space.

    "x" compares with field x; min_x and max_x bound it; "x:=,in,min" is x, x:in and x:min; "x>y"
    compares with field y, "x>y:test" in another way. "?" marks what is not documented, "!" what is
    `firm`.
    """
    return tuple(
        item
        for reads, text in specs.items()
        for spec in text.split()
        for item in _read_spec(spec, reads.replace("_", " "))
    )


def _read_spec(spec: str, reads: str) -> Iterator[Filter]:
    text, _, target = spec.rstrip("?!").partition(">")
    name, _, operators = text.partition(":")
    field, _, test = target.partition(":")
    flags = {"firm": spec.endswith("!"), "documented": not spec.endswith("?")}
    if not operators:
        bound = name[:3] if name.startswith(("min_", "max_")) else ""
        field = field or (name[4:] if bound else name)
        yield Filter(name, field, test or bound or "=", reads, **flags)
    for word in filter(None, operators.split(",")):
        param = name if word == "=" else f"{name}:{word}"
        yield Filter(param, field or name, test or word, reads, **flags)


def read_conditions(
    filters: tuple[Filter, ...], query: Mapping[str, str], world: World, refusal: int
) -> tuple[Condition, ...]:
    """The conditions of a query. Undeclared parameters are ignored, as the API ignores them."""
    found = []
    for item in filters:
        text = query.get(item.param)
        if text is None or text == "":
            continue
        test = item.test
        if not world.options.inclusive_bounds and not item.firm:
            test = _EXCLUSIVE.get(test, test)
        try:
            value = _read(text, item, world)
        except ValueError as error:
            message = f"The filter '{item.param}' is invalid."
            raise ApiError(refusal, message, {item.param: text}) from error
        found.append(Condition(item.field, test, value))
    return tuple(found)


def _read(text: str, item: Filter, world: World) -> Any:
    """The value that a parameter compares with. Raises ValueError."""
    if item.test in ("in", "not_in", "has"):
        return frozenset(_READERS[item.reads](word, world) for word in text.split(","))
    return _READERS[item.reads](text, world)


_READERS: Mapping[str, Callable[[str, World], Any]] = MappingProxyType(
    {
        "text": lambda text, world: text,
        "integer": lambda text, world: int(text),
        "unique id": lambda text, world: number_of(text),
        "number": lambda text, world: float(text),
        "flag": lambda text, world: text.lower() in ("1", "true"),
        "date": lambda text, world: read_date(text),
        "day date": lambda text, world: read_date(text, bare_date_takes_time_of=world.now()),
    }
)


def select(
    world: World,
    kind: str,
    conditions: tuple[Condition, ...],
    sort: str = "id",
    down: bool = False,
    parent: int | None = None,
) -> Sequence[int]:
    """The ids that meet all conditions, sorted by a field (ties by id); below a parent."""
    limits = ("min", "max", "greater", "less")
    bounds = tuple(c for c in conditions if c.field == "id" and c.test in limits)
    others = tuple(c for c in conditions if c not in bounds)
    table = world.listed(kind)
    found: Sequence[int] = table.ids if parent is None else world.children[kind].numbers(parent)
    # Bounds on the id come last: each page of a list read by id has others; they are cheap.
    by_id = sort == "id"
    wanted = others if by_id else (*others, *bounds)
    if wanted or not by_id:
        key = (kind, table.revision, wanted, sort, down and not by_id, parent)
        known = world.selections.get(key)
        if known is None:
            known = _scan(world, kind, wanted, found)
            if not by_id:
                # Rows without a value come first.
                values = ((item is not None, item) for item in _values(world, kind, known, sort))
                pairs = sorted(zip(values, known, strict=True), reverse=down)
                known = array("q", [number for _, number in pairs])
            world.selections.put(key, known)
        found = known
    if not by_id:
        return found
    for bound in bounds:
        at = (bisect_left if bound.test in ("min", "less") else bisect_right)(found, bound.value)
        found = found[at:] if bound.test in ("min", "greater") else found[:at]
    return found[::-1] if down else found


def _scan(
    world: World, kind: str, conditions: tuple[Condition, ...], ids: Sequence[int]
) -> Sequence[int]:
    """The ids that meet all conditions; those on cheap fields are checked first."""
    cheap = ("id", "date_modified", "date_created")
    for condition in sorted(conditions, key=lambda c: (*cheap, c.field).index(c.field)):
        field, test, wanted = condition
        found: Iterable[int]
        if field == "id" and test in ("=", "in"):
            # Few ids of what may be a long list.
            few = sorted(wanted if test == "in" else (wanted,))
            found = (n for n in few if n in ids[(at := bisect_left(ids, n)) : at + 1])
        else:
            pairs = zip(ids, _values(world, kind, ids, field), strict=True)
            found = _passing(pairs, _TESTS[test], wanted)
        ids = array("q", found)
    return ids


def _values(world: World, kind: str, ids: Sequence[int], field: str) -> Iterable[Any]:
    table = world.listed(kind)
    if field == "id":
        return ids
    if field == "date_modified":
        return table.modified_index() if ids is table.ids else map(table.modified, ids)
    if field == "date_created":
        return map(table.created, ids)
    return (world.field(kind, number, field) for number in ids)


def _passing(
    pairs: Iterable[tuple[int, Any]], test: Callable[[Any, Any], bool], wanted: Any
) -> Iterable[int]:
    if isinstance(wanted, float):
        # Money is text in v2, and NULL never matches a number.
        return (n for n, value in pairs if value is not None and test(float(value), wanted))
    if isinstance(wanted, str):
        return (n for n, value in pairs if test("" if value is None else str(value), wanted))
    return (n for n, value in pairs if value is not None and test(value, wanted))
