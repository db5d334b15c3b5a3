"""Filter parameters, and how a query with them becomes conditions on fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_sandbox.dates import read_date
from tap_bigcommerce_sandbox.ids import number_of
from tap_bigcommerce_sandbox.responses import ApiError
from tap_bigcommerce_sandbox.world import World

_BOUNDS = {
    "=": "=",
    "not": "!=",
    "min": ">=",
    "max": "<=",
    "greater": ">",
    "less": "<",
    "in": "in",
    "not_in": "not in",
    "like": "like",
}
_EXCLUSIVE = {">=": ">", "<=": "<"}


@dataclass(frozen=True)
class Filter:
    """A query parameter: the field it filters by, the comparison, and the type of its value."""

    param: str
    field: str
    test: str = "="
    reads: str = "text"
    """integer, "unique id" (a UUID that is the row's id), number, text, flag, date or "day date" (a
    bare date takes the time of day)."""
    firm: bool = False
    """Whether a bound includes whatever the option inclusive_bounds says: it is documented."""
    documented: bool = True


@dataclass(frozen=True)
class Condition:
    """A condition on a field. Hashable, so that selections can be cached."""

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
        bound = _BOUNDS.get(name[:3]) if name[3:4] == "_" else None
        field = field or (name[4:] if bound else name)
        yield Filter(name, field, test or bound or "=", reads, **flags)
    for operator in filter(None, operators.split(",")):
        param = name if operator == "=" else f"{name}:{operator}"
        yield Filter(param, field or name, test or _BOUNDS[operator], reads, **flags)


def read_conditions(
    filters: tuple[Filter, ...], query: Mapping[str, str], world: World, api: str
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
            value = _read_all(text, item, world)
        except ValueError as error:
            status = 400 if api == "v2" else 422
            raise ApiError(
                status, f"The filter '{item.param}' is invalid.", {item.param: text}
            ) from error
        found.append(Condition(item.field, test, value))
    return tuple(found)


def _read_all(text: str, item: Filter, world: World) -> Any:
    if item.test in ("in", "not in", "has"):
        return frozenset(_read(word, item.reads, world) for word in text.split(","))
    return _read(text, item.reads, world)


def _read(text: str, reads: str, world: World) -> Any:
    if reads == "integer":
        return int(text)
    if reads == "unique id":
        return number_of(text)
    if reads == "number":
        return float(text)
    if reads == "flag":
        return text.lower() in ("1", "true")
    if reads in ("date", "day date"):
        return read_date(
            text,
            naive_offset_hours=world.options.naive_offset_hours,
            bare_date_takes_time_of=world.clock.now() if reads == "day date" else None,
        )
    return text
