"""What a catalog selects."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce.config import Config, of_stream
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import CatalogError
from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.rules import Path, Rules, as_text
from tap_bigcommerce.schemas import DELETED_AT, Notes, load_notes
from tap_bigcommerce.store_column import COLUMN, set_column
from tap_bigcommerce.streams.stream import Stream

FULL_TABLE = "FULL_TABLE"
INCREMENTAL = "INCREMENTAL"

Schema = dict[str, Any]
Breadcrumb = tuple[str, ...]
Metadata = Mapping[Breadcrumb, Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """What rules say of all streams: what is read, and what goes out as a pseudonym."""

    select: Rules = dataclasses.field(default_factory=Rules)
    hashed: Rules = dataclasses.field(default_factory=Rules)
    salt: str = ""

    def protection(self, stream: Stream) -> Protection | None:
        """What the rules keep of a stream's values from going out as they are."""
        if not self.select.excluded and not self.hashed.included:
            return None
        return Protection(stream.name, self.select, self.hashed, self.salt)


@dataclass(frozen=True)
class Selection:
    """What is selected of one stream.

    `schema` is cut to the selection; `known` is the tap's own whole one and `given` the
    catalog's; `paths` are the selected fields ("products[].sku"). `notes` say what is odd about
    single fields, `protection` what rules keep from going out as it is. `as_text` has, by path, the
    schemas of objects and lists that the catalog makes texts of; `emptied` names fields that are
    selected while nothing in them is.
    """

    stream: Stream
    schema: Schema
    known: Schema
    given: Schema
    full_table: bool
    paths: frozenset[str]
    notes: Notes = dataclasses.field(default_factory=Notes)
    protection: Protection | None = None
    as_text: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    emptied: tuple[str, ...] = ()

    def wants(self, path: str) -> bool:
        """Whether the field at `path` is selected."""
        return path in self.paths

    @property
    def emitted(self) -> Schema:
        """The schema of what goes out: as `schema`, with texts where pseudonyms are."""
        protection = self.protection
        if protection is None:
            return self.schema
        return _with_pseudonyms(self.schema, protection.place(""), protection)

    @property
    def columns(self) -> dict[str, Any]:
        """The top-level fields that every record has, as null where the API leaves them out.

        Not those that the tap asks for beside the record and may not get: null would then be
        written over what a warehouse holds.
        """
        return {
            name: None
            for name, field in self.schema["properties"].items()
            if name not in self.notes.asked_for
            and (name in self.stream.automatic or name == COLUMN or _takes_null(field))
        }

    @property
    def unselected(self) -> tuple[str, ...]:
        """The tap's top-level fields that are not selected."""
        return tuple(name for name in self.known["properties"] if name not in self.paths)

    @property
    def known_at_all(self) -> Schema:
        """What is nothing new: the tap's fields, the catalog's, and the links in the API's rows."""
        known = copy.deepcopy(self.known)
        for link in self.notes.links:
            *parents, name = link.split(".")
            node = known
            for parent in parents:
                node = node["properties"][parent.removesuffix("[]")]
                node = node["items"] if parent.endswith("[]") else node
            node["properties"][name] = {}
        return known if self.given == self.known else {"anyOf": [known, self.given]}


def by_default(
    stream: Stream, own: Schema, metadata: Metadata, config: Config | None, choice: Choice
) -> Selection | None:
    """What is selected where there is no catalog; `own` is the tap's whole schema.

    None: nothing. `metadata` are the tap's own.
    """
    metadata = chosen_by(choice.select, stream.name, own, metadata)
    if not stream_is_selected({}, metadata):
        return None
    full_table = _is_full_table(stream, None, config)
    return _selection(stream, own, own, metadata, config, choice, full_table=full_table)


def from_catalog(
    stream: Stream, own: Schema, entry: Mapping[str, Any], config: Config | None, choice: Choice
) -> Selection | None:
    """What a catalog's `entry` selects of a stream, whose whole schema is `own`; None: nothing.

    Raises CatalogError where the entry cannot be understood.
    """
    schema, metadata = entry.get("schema"), metadata_of(entry)
    has_fields = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    has_fields = has_fields and _is_schema(schema)
    given = schema if has_fields and isinstance(schema, dict) else {}
    metadata = chosen_by(choice.select, stream.name, given, metadata)
    metadata = _without_excluded(choice.select, stream.name, own, metadata)
    if not stream_is_selected(entry, metadata):
        return None
    if not isinstance(schema, dict) or not has_fields:
        raise CatalogError(
            f"The catalog's entry for {stream.name} has no schema with properties, or one in which "
            "something else stands where a schema should. Write the catalog anew with --discover."
        )
    # It goes out whenever deletions are detected, whatever a catalog says.
    fields = {name: field for name, field in schema["properties"].items() if name != DELETED_AT}
    schema = {**schema, "properties": fields}
    table = metadata.get((), {})
    method = table.get("replication-method") or entry.get("replication_method")
    if method not in (None, FULL_TABLE, INCREMENTAL):
        raise CatalogError(
            f"The catalog's replication-method for {stream.name} is {quoted(method)}; it can be "
            f"{INCREMENTAL} or {FULL_TABLE}."
        )
    full_table = _is_full_table(stream, method, config)
    return _selection(stream, own, schema, metadata, config, choice, full_table=full_table)


def _is_full_table(stream: Stream, method: str | None, config: Config | None) -> bool:
    """Whether the stream is read whole: `method` is what a catalog says."""
    method = of_stream(config, stream.name).replication_method or method
    return stream.replication_key is None or method == FULL_TABLE


def chosen_by(rules: Rules, stream: str, schema: Schema, metadata: Metadata) -> Metadata:
    """The metadata of a stream, with "selected" in it where rules decide that.

    Rules that select do so in place of what the metadata say; those that exclude, beside it.
    """
    if not rules.all:
        return metadata
    found: dict[Breadcrumb, dict[str, Any]] = {at: dict(entry) for at, entry in metadata.items()}
    left_out = {**metadata, (): {**metadata.get((), {}), "selected": False}}
    if rules.exclude_stream(stream):
        return left_out
    # The stream by its name alone: as it is by default.
    by_default = any(rule.meets((stream,)) for rule in rules.included)

    def mark(node: Schema, breadcrumb: Breadcrumb, path: Path, default: bool) -> bool:
        """Whether anything in it is selected."""
        any_selected = False
        for place, inner, field in fields_within(node, breadcrumb, path):
            entry = found.setdefault(place, {})
            usual = default and says_yes_or_no(entry.get("selected-by-default")) is not False
            below = mark(field, place, inner, usual)
            if rules.exclude(inner):
                entry["selected"] = False
            elif rules.included:
                entry["selected"] = below or usual or rules.include(inner)
                any_selected |= entry["selected"]
        return any_selected

    any_selected = mark(schema, (), (stream,), by_default)
    if rules.included and not any_selected:
        return left_out
    if rules.included:
        found.setdefault((), {})["selected"] = True
    return found


def _without_excluded(rules: Rules, stream: str, own: Schema, metadata: Metadata) -> Metadata:
    """The metadata with what is excluded of the tap's own fields, which a catalog may not have.

    It has none below an object that it makes a text of.
    """
    excluded = [at for at, path in all_fields(own, (), (stream,)) if rules.exclude(path)]
    return {**metadata, **{at: {**metadata.get(at, {}), "selected": False} for at in excluded}}


def fields_within(
    schema: Schema, breadcrumb: Breadcrumb, path: Path
) -> Iterator[tuple[Breadcrumb, Path, Schema]]:
    """The fields of an object, or of the objects in an array, each with its place and path."""
    items = schema.get("items")
    if isinstance(items, dict):
        yield from fields_within(items, (*breadcrumb, "items"), path)
    properties = schema.get("properties")
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        yield (
            (*breadcrumb, "properties", name),
            (*path, name),
            field if isinstance(field, dict) else {},
        )


def all_fields(
    schema: Schema, breadcrumb: Breadcrumb, path: Path
) -> Iterator[tuple[Breadcrumb, Path]]:
    """Place and path of each field, nested ones too."""
    for place, inner, field in fields_within(schema, breadcrumb, path):
        yield place, inner
        yield from all_fields(field, place, inner)


def missing_fields(own: Schema, given: Schema) -> list[str]:
    """The fields of the tap's own schema that a given one lacks, for it is older or cut."""
    return [name for name in own["properties"] if name not in (given.get("properties") or {})]


def _selection(
    stream: Stream,
    own: Schema,
    given: Schema,
    metadata: Metadata,
    config: Config | None,
    choice: Choice,
    *,
    full_table: bool,
) -> Selection:
    lacking = [name for name in stream.automatic if name not in given["properties"]]
    if lacking:
        raise CatalogError(
            f"The catalog's schema of {stream.name} lacks {', '.join(lacking)}, without which the "
            "stream cannot be read. Write the catalog anew with --discover."
        )
    emptied: list[Breadcrumb] = []
    cut = _cut(given, (), metadata, frozenset(stream.automatic), emptied)
    texts = _overridden(cut, own, (), "", metadata, emptied)
    for name in stream.fields_without(config):
        cut["properties"].pop(name, None)
    set_column(cut["properties"], config)
    paths, notes = frozenset(_paths(cut, "")), load_notes(stream.name)
    protection = choice.protection(stream)
    names = {place: as_text(path) for place, path in all_fields(given, (), ())}
    return Selection(
        stream=stream,
        schema=cut,
        known=own,
        given=given,
        full_table=full_table,
        paths=paths,
        notes=notes,
        protection=protection,
        as_text=texts,
        emptied=tuple(names[place] for place in emptied),
    )


def metadata_of(entry: Mapping[str, Any]) -> Metadata:
    """The metadata by breadcrumb. Raises CatalogError where they are none."""
    given = entry.get("metadata") or []
    if not isinstance(given, list) or not all(map(_is_metadata, given)):
        raise CatalogError(
            f"The catalog's metadata of {entry.get('tap_stream_id')} is not a list of "
            '{"breadcrumb": [...], "metadata": {...}}.'
        )
    found: dict[Breadcrumb, Mapping[str, Any]] = singer_metadata.to_map(given)
    return found


def _is_metadata(item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("metadata"), dict):
        return False
    place = item.get("breadcrumb")
    return isinstance(place, list) and all(isinstance(part, str) for part in place)


def _is_schema(schema: Any) -> bool:
    """Wherever fields or items should stand there are some, each with a schema."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict):
        return False
    fields, items = schema.get("properties"), schema.get("items")
    types = schema.get("type", [])
    names = types if isinstance(types, list) else [types]
    if not isinstance(fields, (dict, type(None))) or not all(isinstance(n, str) for n in names):
        return False
    branches = schema.get("anyOf") or []
    if not isinstance(branches, list):
        return False
    single = items if isinstance(items, list) else [] if items is None else [items]
    return all(map(_is_schema, [*(fields or {}).values(), *single, *branches]))


def stream_is_selected(entry: Mapping[str, Any], metadata: Metadata) -> bool:
    """Whether a catalog's entry says that its stream is read."""
    table = metadata.get((), {})
    schema = entry.get("schema")
    for source, key in (
        (table, "selected"),
        (schema if isinstance(schema, dict) else {}, "selected"),
        (table, "selected-by-default"),
    ):
        wish = says_yes_or_no(source.get(key))
        if wish is not None:
            return wish
    return False


def says_yes_or_no(value: Any) -> bool | None:
    """A selection as catalogs write it, also as a text; None where there is none."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _cut(
    schema: Schema,
    breadcrumb: Breadcrumb,
    metadata: Metadata,
    automatic: frozenset[str],
    emptied: list[Breadcrumb],
) -> Schema:
    """The schema with the selected fields only. `automatic` fields of this level always stay.

    `emptied` takes the paths of fields that are selected while nothing in them is.
    """
    result = dict(schema)
    if isinstance(schema.get("items"), dict):
        result["items"] = _cut(
            schema["items"], (*breadcrumb, "items"), metadata, frozenset(), emptied
        )
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return result
    result["properties"] = {}
    for name, field in properties.items():
        place = (*breadcrumb, "properties", name)
        if name not in automatic and not _field_is_selected(metadata.get(place, {}), field):
            continue
        kept = field
        if isinstance(field, dict):
            kept = _cut(field, place, metadata, frozenset(), emptied)
        # An object of which nothing is left would look like one whose content is free.
        if _is_emptied(field, kept) or _items_are_deselected(field, place, metadata):
            emptied.append(place)
        else:
            result["properties"][name] = kept
    return result


def _overridden(
    cut: Schema,
    own: Schema,
    breadcrumb: Breadcrumb,
    path: str,
    metadata: Metadata,
    emptied: list[Breadcrumb],
) -> dict[str, Schema]:
    """By path: what is selected of objects and lists that a catalog has made texts of.

    Takes out of `cut` what a text has not, and texts of which nothing is selected.
    """
    found: dict[str, Schema] = {}
    if isinstance(cut.get("items"), dict) and isinstance(own.get("items"), dict):
        place = (*breadcrumb, "items")
        found |= _overridden(cut["items"], own["items"], place, f"{path}[]", metadata, emptied)
    for name, field in list((cut.get("properties") or {}).items()):
        known = own.get("properties", {}).get(name)
        if not isinstance(field, dict) or not isinstance(known, dict):
            continue
        place, inner = (*breadcrumb, "properties", name), f"{path}.{name}" if path else name
        if _types(field) == {"string"} and _types(known) & {"object", "array"}:
            parts = {key: field.pop(key) for key in ("properties", "items") if key in field}
            whole = {**known, **parts}
            found[inner] = _cut(whole, place, metadata, frozenset(), [])
            if _is_emptied(whole, found[inner]):
                emptied.append(place)
                del cut["properties"][name], found[inner]
        else:
            found |= _overridden(field, known, place, inner, metadata, emptied)
    return found


def _types(schema: Schema) -> set[str]:
    types = schema.get("type")
    return set(types if isinstance(types, list) else [types]) - {"null"}


def _field_is_selected(metadata: Mapping[str, Any], schema: Any) -> bool:
    inclusion = metadata.get("inclusion")
    if inclusion in ("automatic", "unsupported"):
        return bool(inclusion == "automatic")
    for source, key in (
        (metadata, "selected"),
        (schema if isinstance(schema, dict) else {}, "selected"),  # as catalogs once were
        (metadata, "selected-by-default"),
    ):
        wish = says_yes_or_no(source.get(key))
        if wish is not None:
            return wish
    return True


def _with_pseudonyms(schema: Schema, place: Path, protection: Protection) -> Schema:
    """The schema with texts for values that go out as pseudonyms."""
    result = dict(schema)
    is_object = isinstance(schema.get("properties"), dict)
    is_array = isinstance(schema.get("items"), dict)
    if is_object:
        result["properties"] = {
            name: _with_pseudonyms(field, (*place, name), protection)
            for name, field in schema["properties"].items()
        }
    if is_array:
        result["items"] = _with_pseudonyms(schema["items"], place, protection)
    if is_object or is_array or not protection.hashes(place):
        return result
    types = schema.get("type")
    if {"object", "array"} & set(types if isinstance(types, list) else [types]):
        return result  # Of any content, whose leaves are texts then.
    kept = {key: schema[key] for key in ("description",) if key in schema}
    return {"type": ["null", "string"], **kept}


def _takes_null(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return schema is not False
    if isinstance(schema.get("anyOf"), list):
        return any(map(_takes_null, schema["anyOf"]))
    types = schema.get("type")
    return types is None or "null" in (types if isinstance(types, list) else [types])


def _items_are_deselected(field: Any, place: Breadcrumb, metadata: Metadata) -> bool:
    """Whether the catalog deselects what stands in a list, at the list's items themselves."""
    if not isinstance(field, dict) or not isinstance(field.get("items"), dict):
        return False
    return not _field_is_selected(metadata.get((*place, "items"), {}), field["items"])


def _is_emptied(before: Any, after: Any) -> bool:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    if before.get("properties") and not after.get("properties"):
        return True
    return _is_emptied(before.get("items"), after.get("items"))


def _paths(schema: Schema, path: str) -> Iterator[str]:
    """The path of each field in `schema`, nested ones too."""
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _paths(items, f"{path}[]")
    for name, field in (schema.get("properties") or {}).items():
        inner = f"{path}.{name}" if path else name
        yield inner
        if isinstance(field, dict):
            yield from _paths(field, inner)
