"""Converts API rows to records by a schema; fills `_rescued_data`.

How a schema is compiled, once for each stream:

1. `_object` compiles each selected field with `_field`. Fields that are objects or arrays are
   compiled the same way, so that the result is nested functions, which need no schema.
2. A field of several types is compiled once for each type (`_branch`), and `_union` chooses among
   them by the value.
3. What is compiled of a field is a `CompiledField`: the Python types of values that are written
   unchanged, and a function that converts all others. Those of numbers, dates and other scalars are
   in `scalars.py`.

How a value that does not fit ends in `_rescued_data`:

1. Its conversion raises DoesNotFit. The function of the object or array around it catches that,
   writes null instead, and appends an `UnmappedValue` to a list.
2. A key that is not in the schema is appended, too. A key that is deselected is skipped.
3. When the row is converted, `_rescue_unmapped` writes the values of the list to `_rescued_data`,
   by their paths. It drops those that may contain something deselected. Both are counted.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import orjson

from tap_bigcommerce.records.field_rules import ANY_NAME
from tap_bigcommerce.records.protection import Protection
from tap_bigcommerce.records.scalars import CONVERSIONS, DoesNotFit, json_text
from tap_bigcommerce.records.schema_tree import (
    FieldPath,
    Schema,
    branches_of,
    fields_of,
    has_fields,
    items_of,
    path_text,
    type_of,
)
from tap_bigcommerce.records.schemas import OWN_COLUMNS, RESCUED

# A counter has at most this many paths; further ones are counted together as OTHER_PATHS.
MAX_PATHS = 1000
OTHER_PATHS = "(other paths)"

Convert = Callable[[Any, FieldPath], Any]
"""Converts a value that is not null, at this path. Raises DoesNotFit if it cannot."""

ONLY_NULL = frozenset({type(None)})


class MissingKey(ValueError):
    """A record without one of its key fields: it cannot be written."""

    def __init__(self, field: str, record: Mapping[str, Any]) -> None:
        state = "absent"
        if field in record:
            state = "null" if record[field] is None else "not usable"
        super().__init__(f"the key field {field!r} is {state}")
        self.field = field
        self.record = record


class UnmappedValue(NamedTuple):
    """A value that is new to the schema, or that does not fit its field.

    may_contain_deselected: it must not be rescued.
    """

    path: FieldPath
    value: Any
    may_contain_deselected: bool


class CompiledField(NamedTuple):
    """How the values of one field are converted.

    unchanged: Python types of values that are written unchanged.
    convert: for values of other types.
    has_deselected: a field in it is deselected, so a value of the wrong type must not be rescued.
    type_name: as of `type_of`; "json" for a string that takes JSON text, "union" for several types.
    """

    unchanged: frozenset[type]
    convert: Convert
    has_deselected: bool
    type_name: str


class Converter:
    """Converts the rows of one stream to records that fit its SCHEMA message.

    schema: the JSON schema of the selected fields.
    known_schema: the schema of all fields, also of those that are not selected. It tells new keys,
        which are rescued, from deselected ones, which are not. With a catalog from elsewhere:
        `{"anyOf": [the tap's schema, the catalog's schema]}`.
    columns: fields that every record has, before all others, with their values for rows that lack
        them.
    keys: fields that must not be missing or null.
    json_text: paths (`form_fields[].value`) of strings in which any other value becomes its JSON
        text.
    value_or_array: paths (`restricted_to`) of arrays for which the API may send a single value; it
        becomes the only item.
    text_schemas: schemas, by path, of objects and arrays that are written as their JSON text.
    protection: excludes and hashes fields at any depth.

    Two attributes count the unmapped values, by path without indexes:
    rescued: those that were written to `_rescued_data`.
    dropped: those that were not, because `_rescued_data` is not selected, or because something
        deselected may be in them.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        known_schema: Mapping[str, Any],
        *,
        columns: Mapping[str, Any] | None = None,
        keys: Sequence[str] = (),
        json_text: Container[str] = (),
        value_or_array: Container[str] = (),
        protection: Protection | None = None,
        text_schemas: Mapping[str, Any] | None = None,
    ) -> None:
        self.rescued: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._columns, self._keys = dict(columns or {}), tuple(keys)
        self._has_rescued_data = RESCUED in (schema.get("properties") or {})
        self._protection = protection
        self._json_text, self._text_schemas = json_text, text_schemas or {}
        self._value_or_array = value_or_array
        self._unmapped: list[UnmappedValue] = []  # of the row that is being converted
        self._convert = self._object(schema, [known_schema], None).convert

    def convert(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The record of a row, which may have `orjson.Fragment`s in it.

        row: a parsed row without NULs and lone surrogates. It is never changed, but the record may
            contain the same arrays.

        Raises MissingKey where a key is absent, null or does not fit.
        """
        record: dict[str, Any] = self._convert(row, None)
        if self._unmapped:
            self._rescue_unmapped(record)
        for key in self._keys:
            if record.get(key) is None:
                raise MissingKey(key, row)
        return record

    def _rescue_unmapped(self, record: dict[str, Any]) -> None:
        """Write unmapped values to `_rescued_data`, or drop them; count both."""
        rescued: dict[str, orjson.Fragment] = {}
        for unmapped in self._unmapped:
            counter = self.rescued
            try:
                text = self._rescued_json(unmapped)
                rescued[path_text(unmapped.path, with_indexes=True)] = orjson.Fragment(text)
            except DoesNotFit:
                counter = self.dropped
            path = path_text(unmapped.path)
            counter[path if path in counter or len(counter) < MAX_PATHS else OTHER_PATHS] += 1
        self._unmapped.clear()
        if rescued:
            record[RESCUED] = orjson.dumps(rescued).decode()

    def _rescued_json(self, unmapped: UnmappedValue) -> bytes:
        """What may be rescued of a value, as JSON. Raises DoesNotFit if nothing may."""
        if unmapped.may_contain_deselected or not self._has_rescued_data:
            raise DoesNotFit
        value, protection = unmapped.value, self._protection
        if protection is not None and protection.hashes(protection.rule_path((None, RESCUED))):
            value = protection.pseudonym(value)
        elif protection is not None:
            value = protection.apply(value, protection.rule_path(unmapped.path))
        return json_text(value)

    def _field(self, schema: Any, known: Sequence[Any], path: FieldPath) -> CompiledField:
        """Compile a field. `known`: the schemas of this field in `known_schema`."""
        text_schema = self._text_schemas.get(path_text(path))
        branches = [
            self._branch(branch, known, path)
            for branch in branches_of([schema if text_schema is None else text_schema])
            if branch.get("type") != "null"
        ]
        field = branches[0] if len(branches) == 1 else _union(branches)
        field = field._replace(has_deselected=_has_deselected(branches, known))
        if text_schema is None:
            return field
        return field._replace(unchanged=ONLY_NULL, convert=partial(_to_json_text, field.convert))

    def _branch(self, schema: Schema, known: Sequence[Any], path: FieldPath) -> CompiledField:
        """Compile a field with a schema of one type."""
        name, text = type_of(schema), path_text(path)
        if name == "object" and not _accepts_any_object(schema, known):
            return self._object(schema, known, path)
        if name == "array" and ("items" in schema or text in self._value_or_array):
            return self._array(schema, known, path)
        if name == "string" and text in self._json_text and not has_fields(known):
            name = "json"
        convert, types = CONVERSIONS[name]
        unchanged = ONLY_NULL if name == "date" else ONLY_NULL.union(types) - {dict, list}
        field = CompiledField(unchanged, lambda value, _: convert(value), False, name)
        return field if self._protection is None else _protected(field, self._protection, path)

    def _object(self, schema: Schema, known: Sequence[Any], path: FieldPath) -> CompiledField:
        selected, known_fields = schema.get("properties") or {}, fields_of(known)
        deselected = set(known_fields or ()) - set(selected)
        compiled = {
            key: self._field(field, (known_fields or {}).get(key, []), (path, key))
            for key, field in selected.items()
        }
        # None: the field is deselected.
        fields: dict[str, tuple[frozenset[type], Convert, bool] | None] = dict.fromkeys(deselected)
        fields.update((key, field[:3]) for key, field in compiled.items())
        start: dict[str, Any] = {}
        if path is None:
            start = self._columns
            for name in OWN_COLUMNS:  # A field of the API with such a name is rescued.
                fields.pop(name, None)
        other_field, additional = None, schema.get("additionalProperties")
        # Without known fields, a key that is not in the schema may be a deselected one.
        has_known = known_fields is not None
        if has_known and additional is not None and additional is not False:
            other_field = self._field(additional, [], (path, ANY_NAME))[:3]
        protection, unmapped = self._protection, self._unmapped

        def convert_object(value: Any, path: FieldPath) -> Any:
            if type(value) is not dict:
                if value == "" or value == []:  # PHP writes an empty object as an empty array.
                    return None
                raise DoesNotFit
            out = start.copy()
            for key, item in value.items():
                try:
                    field = fields[key]
                    if field is None:
                        continue
                except KeyError:
                    item_path = (path, key)
                    if protection and protection.excludes(protection.rule_path(item_path)):
                        continue
                    if other_field is None:
                        unmapped.append(UnmappedValue(item_path, item, not has_known))
                        continue
                    field = other_field
                unchanged, convert, has_deselected = field
                if type(item) in unchanged:
                    out[key] = item
                    continue
                item_path = (path, key)
                try:
                    out[key] = convert(item, item_path)
                except DoesNotFit:
                    out[key] = None
                    unmapped.append(UnmappedValue(item_path, item, has_deselected))
            return out

        is_partial = bool(deselected) or any(field.has_deselected for field in compiled.values())
        return CompiledField(ONLY_NULL, convert_object, is_partial, "object")

    def _array(self, schema: Schema, known: Sequence[Any], path: FieldPath) -> CompiledField:
        items = self._field(schema.get("items", {}), items_of(known), (path, 0))
        unchanged, convert, has_deselected, _ = items
        accepts_value, unmapped = path_text(path) in self._value_or_array, self._unmapped

        def convert_array(value: Any, path: FieldPath) -> Any:
            if type(value) is not list:
                if value == "":
                    return None
                if not accepts_value:
                    raise DoesNotFit
                return [] if value == {} else [convert(value, (path, 0))]
            if unchanged.issuperset(map(type, value)):
                return value
            out: list[Any] = []
            for index, item in enumerate(value):
                if type(item) in unchanged:
                    out.append(item)
                    continue
                item_path = (path, index)
                try:
                    out.append(convert(item, item_path))
                except DoesNotFit:
                    out.append(None)
                    unmapped.append(UnmappedValue(item_path, item, has_deselected))
            return out

        return CompiledField(ONLY_NULL, convert_array, has_deselected, "array")


def _accepts_any_object(schema: Schema, known: Sequence[Any]) -> bool:
    """Whether objects of any content are written unchanged."""
    fields, additional = schema.get("properties"), schema.get("additionalProperties")
    if not isinstance(fields, Mapping):
        return additional is None or additional is True
    return additional is True and not fields and not fields_of(known)


def _has_deselected(branches: Sequence[CompiledField], known: Sequence[Any]) -> bool:
    """Whether a known field, at any depth, is not among these branches of a field.

    A field without a type has no deselected fields. Where the selected and the known schema differ
    in type, all known fields count as deselected.
    """
    types = {branch.type_name for branch in branches}
    if "any" in types:
        return False
    return (
        any(branch.has_deselected for branch in branches)
        or ("object" not in types and bool(fields_of(known)))
        or ("array" not in types and has_fields(items_of(known)))
    )


def _protected(field: CompiledField, protection: Protection, path: FieldPath) -> CompiledField:
    """The field with rules applied to its values before they are converted."""
    convert = field.convert

    def pseudonym(value: Any, value_path: FieldPath) -> Any:
        if value == "":
            return value
        # A value that does not fit is hashed as it is, and not rescued.
        with suppress(DoesNotFit):
            value = convert(value, value_path)
        return protection.pseudonym(value)

    def apply_rules(value: Any, value_path: FieldPath) -> Any:
        return convert(protection.apply(value, protection.rule_path(value_path)), value_path)

    if field.type_name in ("object", "array", "any"):
        return field._replace(unchanged=ONLY_NULL, convert=apply_rules)
    if protection.hashes(protection.rule_path(path)):
        return field._replace(unchanged=ONLY_NULL, convert=pseudonym)
    return field._replace(convert=apply_rules) if field.type_name == "json" else field


def _union(branches: Sequence[CompiledField]) -> CompiledField:
    """A field of several types; the branch for the type of a value is tried first."""

    def convert_union(value: Any, path: FieldPath) -> Any:
        actual = type(value)
        for branch in sorted(branches, key=lambda b: actual not in CONVERSIONS[b.type_name][1]):
            # DoesNotFit is raised before the branch has appended an unmapped value.
            with suppress(DoesNotFit):
                return branch.convert(value, path)
        raise DoesNotFit

    first = {t: branch for branch in reversed(branches) for t in CONVERSIONS[branch.type_name][1]}
    unchanged = {python_type for python_type, b in first.items() if python_type in b.unchanged}
    return CompiledField(ONLY_NULL | unchanged, convert_union, False, "union")


def _to_json_text(convert: Convert, value: Any, path: FieldPath) -> Any:
    """Convert an object or array to its JSON text. A text stays as it is."""
    if isinstance(value, str):
        return value
    converted = convert(value, path)
    return converted if converted is None else orjson.dumps(converted).decode()
