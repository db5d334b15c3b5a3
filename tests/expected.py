"""What tests expect of each stream of the tap: what the sandbox declares of its list.

The sandbox follows the API and does not know the tap, so a stream that is declared otherwise in the
tap fails. Of the tap only the names of the schemas are read here: the lists that are streams.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tap_bigcommerce_sandbox import Options
from tap_bigcommerce_sandbox.families import ALL
from tap_bigcommerce_sandbox.families import LISTS as WITH_ROWS
from tap_bigcommerce_sandbox.filters import Filter
from tap_bigcommerce_sandbox.lists import List
from tap_bigcommerce_sandbox.world import Form, World

SCHEMAS = Path(__file__).resolve().parents[1] / "tap_bigcommerce" / "records" / "schemas"
WITH_SCHEMA = frozenset(path.stem for path in SCHEMAS.glob("*.json"))

# The names of fields that the tap adds to the rows. Users have had them for long.
ADDED_KEYS = {"order_consignments": "order_id", "inventory_items": "variant_id"}
ADDED_PARENT_IDS = {"shipping_zones": "zone_id"}


@dataclass(frozen=True)
class Expected:
    """A list of the API, or an object, and the list that keeps its rows: the stream's name."""

    endpoint: List
    kind: List

    @property
    def parent(self) -> str | None:
        """The list whose rows have such a list each."""
        return self.kind.parent if "{}" in self.endpoint.path else None

    @property
    def parent_id(self) -> str | None:
        """The field that has the parent's id."""
        if self.parent is None:
            return None
        added = ADDED_PARENT_IDS.get(self.parent, f"{singular(self.parent)}_id")
        return self.kind.parent_field or added

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that identify a row in the store."""
        if self.kind.name in ADDED_KEYS:
            return (ADDED_KEYS[self.kind.name],)
        own = self.kind.unique_by
        if not own:  # The settings of a store.
            return ("store_hash",)
        return (str(self.parent_id), *own) if self.kind.key_within_parent else own

    @property
    def fields(self) -> Mapping[str, frozenset[str]]:
        """The fields of the API's rows, nested ones too, with the types of values, by some rows.

        Paths have dots and do not mark arrays. Links to other lists are no fields.
        """
        world, name, found = _some_rows(), self.kind.name, dict[str, frozenset[str]]()
        form = Form(self.kind.optional | self.kind.includes)
        for number in world.listed(name).ids[:200]:
            for path, kind in _types(world.row(name, number, form)):
                found[path] = found.get(path, frozenset()) | kind
        return found

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes without each of which no row can be found: also that of the parents."""
        own = frozenset() if "|" in self.endpoint.scope else frozenset((self.endpoint.scope,))
        return own | (LISTS[self.parent].scopes if self.parent else frozenset())

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The documented filters."""
        return tuple(item for item in self.endpoint.filters if item.documented)

    @property
    def own_date(self) -> str | None:
        """The date by which the API can filter the list for what has changed."""
        found = [
            re.sub("^min_|:min$", "", item.param)
            for item in self.filters
            if item.reads in ("date", "day date") and item.test == "min"
        ]
        # Rows that have a date "created" are neither changed nor deleted.
        return next((name for name in ("date_modified", "created") if name in found), None)

    @property
    def parents_date(self) -> str | None:
        """The parent's date in the rows, if it changes with them and the API can filter by it."""
        date = LISTS[self.parent].own_date if self.parent and self.kind.touches_parent else None
        return f"{singular(str(self.parent))}_{date}" if date else None

    @property
    def paged(self) -> bool:
        """Whether a response has only a part of the rows."""
        return self.endpoint.paging.style not in ("none", "object")

    @property
    def ends_after_its_rows(self) -> bool:
        """Whether the last response with rows need not be the end: it has no cursor."""
        return self.endpoint.paging.style == "page"

    @property
    def by_number(self) -> bool:
        """Whether its rows can be had only by the number of their page."""
        above = any(item.field == "id" and item.test in ("greater", "min") for item in self.filters)
        return self.ends_after_its_rows and self.parent is None and not above

    @property
    def counted(self) -> bool:
        """Whether one request says how many rows there are."""
        if self.paged and self.endpoint.api == "v2":
            return self.endpoint.count is not None
        return not self.paged or self.endpoint.paging.meta != "nothing"

    @property
    def shows_ids(self) -> bool:
        """Whether the API says which of some ids, which are integers, are there."""
        if self.parent is not None or len(self.key) > 1 or self.own_date == "created":
            return False
        tests = {
            item.test
            for item in self.filters
            if item.field == self.key[0] and item.reads == "integer"
        }
        by_filter = tests & {"in", "="} or tests >= {"min", "max"}
        return bool(by_filter) or bool(self.endpoint.single)


_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _types(value: Any, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The path and type of each field in a value; null has no type."""
    if isinstance(value, list):
        for item in value:
            yield from _types(item, path)
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict) and inner.keys() == {"url", "resource"}:
                continue
            field = f"{path}.{name}" if path else name
            yield field, frozenset(() if inner is None else (_JSON_TYPES[type(inner)],))
            yield from _types(inner, field)


@functools.cache
def _some_rows() -> World:
    """A few rows of each kind."""
    return World(Options(orders=50, customers=50, products=50, coupons=10), WITH_ROWS)


def singular(name: str) -> str:
    """The name of one row of a list."""
    return re.sub("ies$", "y", name).removesuffix("s")


LISTS: Mapping[str, Expected] = {
    # Of two with the same rows, the one of all rows: it comes later here.
    item.row_kind: Expected(item, next(rows for rows in WITH_ROWS if rows.name == item.row_kind))
    for item in sorted(ALL, key=lambda item: "{}" not in item.path)
}
STREAMS: Mapping[str, Expected] = {
    name: listed for name, listed in LISTS.items() if name in WITH_SCHEMA
}
"""The lists that are streams."""
