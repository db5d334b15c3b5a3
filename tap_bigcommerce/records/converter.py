"""One stream's converter: its JSON schema, compiled once to nested functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import orjson

from tap_bigcommerce.records.field_rules import ANYTHING
from tap_bigcommerce.records.protection import Protection
from tap_bigcommerce.records.scalars import KINDS, DoesNotFit, json_text
from tap_bigcommerce.records.schema_tree import (
    Place,
    Schema,
    branches_of,
    fields_of,
    has_fields,
    items_of,
    kind_of,
    path_of,
)
from tap_bigcommerce.records.schemas import OWN_COLUMNS, RESCUED

# A counter names at most this many paths; new ones beyond are counted together.
MAX_PATHS = 1000
OTHER_PATHS = "(other paths)"

Convert = Callable[[Any, Place], Any]
"""Takes a value that is not null, and its place; raises Misfit where it does not fit."""

ONLY_NULL = frozenset({type(None)})


class MissingKey(ValueError):  # the name that callers know
    """A record without one of its key fields: it cannot be written."""

    def __init__(self, field: str, record: Mapping[str, Any]) -> None:
        state = "absent"
        if field in record:
            state = "null" if record[field] is None else "not usable"
        super().__init__(f"the key field {field!r} is {state}")
        self.field = field
        self.record = record


class Field(NamedTuple):
    """What becomes of the values of one place in the schema.

    untouched: the types of values that go out as they are.
    convert: for values of other types.
    hides: something in it is deselected, so a value of the wrong shape must not be rescued.
    """

    untouched: frozenset[type]
    convert: Convert
    hides: bool
    kind: str


class Converter:
    """One stream's records, from what the API sent to what the SCHEMA promises.

    schema: the JSON schema that is emitted, already cut to the selection.
    known: the tap's own whole schema of the stream, to tell new keys, which may be rescued, from
        deselected ones, which go nowhere. Where the catalog came from elsewhere,
        `{"anyOf": [own schema, whole catalog schema]}`.
    columns: fields that every record has, before all others, and their values where the row has
        none.
    keys: fields that may not be missing or null.
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
        json_text: Container[str] = (),
        wrap: Container[str] = (),
        protection: Protection | None = None,
        as_text: Mapping[str, Any] | None = None,
    ) -> None:
        self.rescued: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._columns, self._keys = dict(columns or {}), tuple(keys)
        self._rescues = RESCUED in (schema.get("properties") or {})
        self._protection = protection
        self._json_text, self._wrap, self._as_text = json_text, wrap, as_text or {}
        # Values that have no place in the schema, and whether something in them is deselected.
        self._unmapped: list[tuple[Place, Any, bool]] = []
        self._convert = self._object(schema, [known], None).convert

    def convert(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row, as a parser makes it of a clean body, as the record that goes out.

        For `orjson.dumps` with `orjson.Fragment`s in it. Never changes the row, with which the
        record may share arrays. Raises MissingKey where a key is absent, null or does not fit.
        """
        record: dict[str, Any] = self._convert(row, None)
        if self._unmapped:
            self._sort_out(record)
        for key in self._keys:
            if record.get(key) is None:
                raise MissingKey(key, row)
        return record

    def _sort_out(self, record: dict[str, Any]) -> None:
        """Counts the strays, and writes those that may go out into the record, by path."""
        rescued: dict[str, orjson.Fragment] = {}
        for place, value, secret in self._unmapped:
            counter = self.rescued
            try:
                text = self._rescuable(value, place, secret)
                rescued[path_of(place, exact=True)] = orjson.Fragment(text)
            except DoesNotFit:
                counter = self.dropped
            path = path_of(place)
            counter[path if path in counter or len(counter) < MAX_PATHS else OTHER_PATHS] += 1
        self._unmapped.clear()
        if rescued:
            record[RESCUED] = orjson.dumps(rescued).decode()

    def _rescuable(self, value: Any, place: Place, secret: bool) -> bytes:
        """What of a stray value may go out, as JSON. Raises Misfit where none of it may."""
        if secret or not self._rescues:
            raise DoesNotFit
        protection = self._protection
        if protection is not None and protection.hashes(protection.place((None, RESCUED))):
            value = protection.pseudonym(value)
        elif protection is not None:
            value = protection.cleaned(value, protection.place(place))
        return json_text(value)

    def _field(self, schema: Any, known: Sequence[Any], place: Place) -> Field:
        """What becomes of the values of a place with this schema, beside what is known of it."""
        whole = self._as_text.get(path_of(place))
        branches = [
            self._branch(branch, known, place)
            for branch in branches_of([schema if whole is None else whole])
            if branch.get("type") != "null"
        ]
        field = branches[0] if len(branches) == 1 else _union(branches)
        field = field._replace(hides=_hides(branches, known))
        if whole is None:
            return field
        return field._replace(untouched=ONLY_NULL, convert=partial(_into_text, field.convert))

    def _branch(self, schema: Schema, known: Sequence[Any], place: Place) -> Field:
        """The same of a schema of one type."""
        kind, path = kind_of(schema), path_of(place)
        if kind == "object" and not _takes_all(schema, known):
            return self._object(schema, known, place)
        if kind == "array" and ("items" in schema or path in self._wrap):
            return self._array(schema, known, place)
        if kind == "string" and path in self._json_text and not has_fields(known):
            kind = "json"
        scalar, types = KINDS[kind]
        untouched = ONLY_NULL if kind == "date" else ONLY_NULL.union(types) - {dict, list}
        field = Field(untouched, lambda value, _: scalar(value), False, kind)
        return field if self._protection is None else _guarded(field, self._protection, place)

    def _object(self, schema: Schema, known: Sequence[Any], place: Place) -> Field:
        given, known_fields = schema.get("properties") or {}, fields_of(known)
        deselected = set(known_fields or ()) - set(given)
        compiled = {
            key: self._field(field, (known_fields or {}).get(key, []), (place, key))
            for key, field in given.items()
        }
        # None: what is deselected.
        fields: dict[str, tuple[frozenset[type], Convert, bool] | None] = dict.fromkeys(deselected)
        fields.update((key, field[:3]) for key, field in compiled.items())
        start: dict[str, Any] = {}
        if place is None:
            start = self._columns
            for name in OWN_COLUMNS:  # What the API calls like one of them is new.
                fields.pop(name, None)
        extra, additional = None, schema.get("additionalProperties")
        # Where the tap knows no fields, more keys may be deselected ones.
        has_known = known_fields is not None
        if has_known and additional is not None and additional is not False:
            extra = self._field(additional, [], (place, ANYTHING))[:3]
        protection, unmapped = self._protection, self._unmapped

        def convert_object(value: Any, place: Place) -> Any:
            if type(value) is not dict:
                if value == "" or value == []:  # An empty array is how PHP writes an empty object.
                    return None
                raise DoesNotFit
            out = start.copy()
            for key, item in value.items():
                try:
                    field = fields[key]
                    if field is None:
                        continue
                except KeyError:
                    here = (place, key)
                    if protection is not None and protection.excludes(protection.place(here)):
                        continue
                    if extra is None:
                        unmapped.append((here, item, not has_known))
                        continue
                    field = extra
                types, convert, hides = field
                if type(item) in types:
                    out[key] = item
                    continue
                here = (place, key)
                try:
                    out[key] = convert(item, here)
                except DoesNotFit:
                    out[key] = None
                    unmapped.append((here, item, hides))
            return out

        hides = bool(deselected) or any(field.hides for field in compiled.values())
        return Field(ONLY_NULL, convert_object, hides, "object")

    def _array(self, schema: Schema, known: Sequence[Any], place: Place) -> Field:
        types, convert, hides, _ = self._field(schema.get("items", {}), items_of(known), (place, 0))
        wrap, unmapped = path_of(place) in self._wrap, self._unmapped

        def convert_array(value: Any, place: Place) -> Any:
            if type(value) is not list:
                if value == "":
                    return None
                if not wrap:
                    raise DoesNotFit
                return [] if value == {} else [convert(value, (place, 0))]
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
                except DoesNotFit:
                    out.append(None)
                    unmapped.append((here, item, hides))
            return out

        return Field(ONLY_NULL, convert_array, hides, "array")


def _takes_all(schema: Schema, known: Sequence[Any]) -> bool:
    """Whether any object goes out whole."""
    fields, extra = schema.get("properties"), schema.get("additionalProperties")
    if not isinstance(fields, Mapping):
        return extra is None or extra is True
    return extra is True and not fields and not fields_of(known)


def _hides(branches: Sequence[Field], known: Sequence[Any]) -> bool:
    """Whether the tap knows a field somewhere in here that these leave out.

    What passes values whole leaves nothing out. Where the two differ in shape, all that is known
    counts as left out.
    """
    kinds = {branch.kind for branch in branches}
    if "any" in kinds:
        return False
    return (
        any(branch.hides for branch in branches)
        or ("object" not in kinds and bool(fields_of(known)))
        or ("array" not in kinds and has_fields(items_of(known)))
    )


def _guarded(field: Field, protection: Protection, place: Place) -> Field:
    """The same, but that what a rule names in its values does not go out as it is."""
    convert = field.convert

    def pseudonym(value: Any, at: Place) -> Any:
        if value == "":
            return value
        with suppress(DoesNotFit):  # Its own text, then: nothing of it may go anywhere else.
            value = convert(value, at)
        return protection.pseudonym(value)

    def cleaned(value: Any, at: Place) -> Any:
        return convert(protection.cleaned(value, protection.place(at)), at)

    if field.kind in ("object", "array", "any"):
        return field._replace(untouched=ONLY_NULL, convert=cleaned)
    if protection.hashes(protection.place(place)):
        return field._replace(untouched=ONLY_NULL, convert=pseudonym)
    return field._replace(convert=cleaned) if field.kind == "json" else field


def _union(branches: Sequence[Field]) -> Field:
    """The first branch that is for the value's type, else the first that can convert it."""

    def convert_union(value: Any, place: Place) -> Any:
        kind = type(value)
        for branch in sorted(branches, key=lambda branch: kind not in KINDS[branch.kind][1]):
            with suppress(DoesNotFit):  # Raised before any stray is found.
                return branch.convert(value, place)
        raise DoesNotFit

    # By type the first branch that is for it.
    first = {kind: branch for branch in reversed(branches) for kind in KINDS[branch.kind][1]}
    untouched = {kind for kind, branch in first.items() if kind in branch.untouched}
    return Field(ONLY_NULL | untouched, convert_union, False, "union")


def _into_text(convert: Convert, value: Any, place: Place) -> Any:
    """An object or array as its JSON text; a text as it is."""
    if isinstance(value, str):
        return value
    parts = convert(value, place)
    return parts if parts is None else orjson.dumps(parts).decode()
