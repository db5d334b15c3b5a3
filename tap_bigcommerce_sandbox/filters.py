"""Filter parameters, and how a query with them becomes conditions on fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_bigcommerce_sandbox.dates import read_date
from tap_bigcommerce_sandbox.ids import number_of
from tap_bigcommerce_sandbox.responses import ApiError
from tap_bigcommerce_sandbox.world import World

_BOUNDS = {"min": ">=", "max": "<=", "greater": ">", "less": "<", "in": "in", "not_in": "not in"}
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


def v2_range(field: str, reads: str) -> tuple[Filter, ...]:
    """min_x and max_x."""
    return (
        Filter(f"min_{field}", field, ">=", reads),
        Filter(f"max_{field}", field, "<=", reads),
    )


def v3_family(field: str, reads: str, *operators: str) -> tuple[Filter, ...]:
    """x itself (equality) and x:operator for each operator."""
    plain = Filter(field, field, "=", reads)
    return (plain, *(Filter(f"{field}:{name}", field, _BOUNDS[name], reads) for name in operators))


def v3_dates(*fields: str, plain: bool = True) -> tuple[Filter, ...]:
    """x (equality), x:min and x:max for each of the date fields."""
    families = [v3_family(field, "date", "min", "max") for field in fields]
    return tuple(item for family in families for item in family[0 if plain else 1 :])


def v3_in(field: str, reads: str = "integer", param: str = "") -> Filter:
    """x:in alone."""
    return Filter(f"{param or field}:in", field, "in", reads)


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
