"""One stream's converter: its JSON schema, compiled once to nested functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.records.scalars import (
    Misfit,
    json_text,
    to_any,
    to_boolean,
    to_date,
    to_integer,
    to_json,
    to_nothing,
    to_number,
    to_string,
)
from tap_bigcommerce.records.schema_tree import RESCUED_DATA, Node, below, compile_schema

# A counter names at most this many paths; new ones beyond are counted together.
MAX_PATHS = 1000
OTHER_PATHS = "(other paths)"

Place = tuple[Any, "str | int"] | None
"""Where a value stands: the place of what it is in, and its own key or index; None: the record."""

Convert = Callable[[Any, Place], Any]
"""Takes a value that is not null, and its place; raises Misfit where it does not fit."""

SCALARS: dict[str, Callable[[Any], Any]] = {
    "number": to_number,
    "integer": to_integer,
    "date": to_date,
    "string": to_string,
    "json": to_json,
    "boolean": to_boolean,
    "null": to_nothing,
    "any": to_any,
}

NATIVE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "json": (str,),
    "date": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "any": (str, int, float, bool, dict, list),
}
"""By kind: the types of values that it is for."""

UNTOUCHED: dict[str, tuple[type, ...]] = {
    kind: types for kind, types in NATIVE.items() if kind not in ("date", "object", "array", "any")
} | {"any": (str, int, float, bool)}
"""By kind: the types of values that go out as they are."""


class MissingKey(ValueError):  # the name that callers know
    """A record without one of its key fields: it cannot be written."""

    def __init__(self, field: str, record: Mapping[str, Any]) -> None:
        state = "absent"
        if field in record:
            state = "null" if record[field] is None else "not usable"
        super().__init__(f"the key field {field!r} is {state}")
        self.field = field
        self.record = record


class Stray(NamedTuple):
    """A value that has no place in the schema.

    secret: it must not be rescued, for something in it is deselected, or may be.
    """

    place: Place
    value: Any
    secret: bool

    def paths(self) -> tuple[str, str]:
        """Its path in this record, and the path under which it is counted."""
        steps: list[str | int] = []
        place = self.place
        while place is not None:
            place, step = place
            steps.append(step)
        exact = general = ""
        for step in reversed(steps):
            if isinstance(step, int):
                exact, general = f"{exact}[{step}]", f"{general}[]"
            else:
                exact, general = below(exact, step), below(general, step)
        return exact, general


class Converter:
    """One stream's records, from what the API sent to what the SCHEMA promises.

    schema: the JSON schema that is emitted, already cut to the selection.
    known: the tap's own whole schema of the stream, to tell new keys from deselected ones. Where
        the catalog came from elsewhere, `{"anyOf": [own schema, whole catalog schema]}`.
    columns: fields that every record has, before all others, and their values where the row has
        none.
    keys: fields that may not be missing or null.
    rescue: whether `_rescued_data` takes what has no place; it must be in the schema, too.
    json_text: paths (`form_fields[].value`) of strings in which any other value becomes its JSON
        text.
    wrap: paths (`restricted_to`) of arrays of which a value that is no array becomes the only item.
    as_text: by path: the schemas of objects and arrays that go out as their JSON text.
    protection: what rules keep from going out as it is, at any depth.

    What fits nowhere is null in its place. Counted by path, array items as []:
    rescued: the values that went to `_rescued_data`.
    dropped: the values that could not, because it is not selected, or because they may contain
        something that is deselected.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        known: Mapping[str, Any],
        *,
        columns: Mapping[str, Any] | None = None,
        keys: Sequence[str] = (),
        rescue: bool = True,
        json_text: Container[str] = (),
        wrap: Container[str] = (),
        protection: Protection | None = None,
        as_text: Mapping[str, Any] | None = None,
    ) -> None:
        self.rescued: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._keys = tuple(keys)
        self._rescue = rescue and RESCUED_DATA in (schema.get("properties") or {})
        self._protection = protection
        self._strays: list[Stray] = []
        root = compile_schema(schema, known, json_text, wrap, protection, as_text)
        self._convert = self._object(root, dict(columns or {}))

    def convert(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row, as a parser makes it of a clean body, as the record that goes out.

        For `orjson.dumps` with `orjson.Fragment`s in it. Never changes the row, with which the
        record may share arrays. Raises MissingKey where a key is absent, null or does not fit.
        """
        record: dict[str, Any] = self._convert(row, None)
        if self._strays:
            rescued = self._sort_out()
            if rescued:
                record[RESCUED_DATA] = orjson.dumps(rescued).decode()
        for key in self._keys:
            if record.get(key) is None:
                raise MissingKey(key, row)
        return record

    def _sort_out(self) -> dict[str, orjson.Fragment]:
        """Counts the strays, and returns those that may go out, as JSON text by path."""
        rescued: dict[str, orjson.Fragment] = {}
        for stray in self._strays:
            exact, general = stray.paths()
            try:
                value = self._rescuable(stray, general)
            except Misfit:
                _count(self.dropped, general)
                continue
            _count(self.rescued, general)
            rescued[exact] = orjson.Fragment(json_text(value)[0])
        self._strays.clear()
        return rescued

    def _rescuable(self, stray: Stray, path: str) -> Any:
        """What of a stray value may go out. Raises Misfit where none of it may."""
        if stray.secret or not self._rescue:
            raise Misfit
        protection = self._protection
        if protection is None:
            return stray.value
        if protection.hashes(protection.place(RESCUED_DATA)):
            return protection.pseudonym(stray.value)
        return protection.cleaned(stray.value, protection.place(path))

    def _compile(self, node: Node) -> Convert:
        """The function for the values of a node."""
        if node.kind == "object":
            return self._object(node)
        if node.kind == "array":
            return self._array(node)
        if node.kind == "union":
            return self._union(node)
        if node.guard is not None and node.within is not None:
            guard, within = node.guard, self._compile(node.within)
            return lambda value, place: guard(value, lambda given: within(given, place))
        scalar = to_string if node.kind == "json" and node.hides else SCALARS[node.kind]
        return lambda value, _: scalar(value)

    def _object(self, node: Node, columns: dict[str, Any] | None = None) -> Convert:
        if node.fields is None:
            return _free(dict)
        start, strays, compiled = columns or {}, self._strays, self._compile
        # By key: the types that go out as they are, the function for others, and whether a value
        # that does not fit must not be rescued. None: what is deselected.
        fields: dict[str, tuple[frozenset[type], Convert, bool] | None] = {
            key: (untouched(field), compiled(field), field.hides)
            for key, field in node.fields.items()
        }
        fields.update(dict.fromkeys(node.deselected or ()))
        leaves_out, has_known = node.leaves_out, node.deselected is not None
        extra: tuple[frozenset[type], Convert, bool] | None = None
        if node.extra is not None and has_known:
            extra = untouched(node.extra), compiled(node.extra), node.extra.hides

        def convert_object(value: Any, place: Place) -> Any:
            if type(value) is not dict:
                if value == "" or value == []:  # An empty array is how PHP writes an empty object.
                    return None
                raise Misfit
            out = start.copy()
            for key, item in value.items():
                try:
                    field = fields[key]
                    if field is None:
                        continue
                except KeyError:
                    if leaves_out is not None and leaves_out(key):
                        continue
                    if extra is None:
                        strays.append(Stray((place, key), item, not has_known))
                        continue
                    field = extra
                types, convert, hides = field
                if type(item) in types:
                    out[key] = item
                    continue
                here = (place, key)
                try:
                    out[key] = convert(item, here)
                except Misfit:
                    out[key] = None
                    strays.append(Stray(here, item, hides))
            return out

        return convert_object

    def _array(self, node: Node) -> Convert:
        if node.items is None:
            return _array_of(None, _free(list), node.wrap)
        types, convert, hides = untouched(node.items), self._compile(node.items), node.items.hides
        strays = self._strays

        def convert_items(value: list[Any], place: Place) -> list[Any]:
            if types.issuperset(map(type, value)):
                return value
            out: list[Any] = []
            for index, item in enumerate(value):
                if type(item) in types:
                    out.append(item)
                    continue
                here = (place, index)
                try:
                    out.append(convert(item, here))
                except Misfit:
                    out.append(None)
                    strays.append(Stray(here, item, hides))
            return out

        return _array_of(convert, convert_items, node.wrap)

    def _union(self, node: Node) -> Convert:
        """The first branch that takes the value as it is, else the first that can convert it."""
        branches = [(NATIVE.get(b.kind, ()), self._compile(b)) for b in node.branches]

        def convert_union(value: Any, place: Place) -> Any:
            kind = type(value)
            for _, convert in sorted(branches, key=lambda branch: kind not in branch[0]):
                with suppress(Misfit):  # Raised before any stray is found.
                    return convert(value, place)
            raise Misfit

        return convert_union


def untouched(node: Node) -> frozenset[type]:
    """The types of values that go out from this place as they are; null always does."""
    types = {type(None), *UNTOUCHED.get(node.kind, ())}
    first: dict[type, Node] = {}
    for branch in node.branches:
        for one in NATIVE.get(branch.kind, ()):
            first.setdefault(one, branch)
    return frozenset(types | {one for one, branch in first.items() if one in untouched(branch)})


def _array_of(item: Convert | None, items: Convert, wrap: bool) -> Convert:
    """The function for an array, of that for its items; `item` is for one of them (None: any)."""

    def convert_array(value: Any, place: Place) -> Any:
        if type(value) is list:
            return items(value, place)
        if value == "":
            return None
        if not wrap:
            raise Misfit
        if value == {}:
            return []
        return [to_any(value) if item is None else item(value, (place, 0))]

    return convert_array


def _free(kind: type) -> Convert:
    """Objects or arrays that go out whole."""

    def convert_free(value: Any, _: Place) -> Any:
        if type(value) is kind:
            return to_any(value)
        if value == "" or value == []:
            return None
        raise Misfit

    return convert_free


def _count(counter: Counter[str], path: str) -> None:
    counter[path if path in counter or len(counter) < MAX_PATHS else OTHER_PATHS] += 1
