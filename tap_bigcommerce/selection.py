"""What a catalog selects."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce.config import Config
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import CatalogError
from tap_bigcommerce.rules import Path, Rules
from tap_bigcommerce.schemas import DELETED_AT, Notes, load_notes
from tap_bigcommerce.store_column import set_column
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.transform import Protection

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
    single fields, `protection` what rules keep from going out as it is.
    """

    stream: Stream
    schema: Schema
    known: Schema
    given: Schema
    full_table: bool
    paths: frozenset[str]
    notes: Notes = dataclasses.field(default_factory=Notes)
    protection: Protection | None = None

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
    if not _stream_is_selected({}, metadata):
        return None
    full_table = stream.replication_key is None
    return _selection(stream, own, own, metadata, config, choice, full_table=full_table)


def from_catalog(
    stream: Stream, own: Schema, entry: Mapping[str, Any], config: Config | None, choice: Choice
) -> Selection | None:
    """What a catalog's `entry` selects of a stream, whose whole schema is `own`; None: nothing.

    Raises CatalogError where the entry cannot be understood.
    """
    schema, metadata = entry.get("schema"), _metadata_of(entry)
    has_fields = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    given = schema if has_fields and isinstance(schema, dict) else {}
    metadata = chosen_by(choice.select, stream.name, given, metadata)
    if not _stream_is_selected(entry, metadata):
        return None
    if not isinstance(schema, dict) or not has_fields:
        raise CatalogError(
            f"The catalog's entry for {stream.name} has no schema with properties. Write the "
            "catalog anew with --discover."
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
    full_table = stream.replication_key is None or method == FULL_TABLE
    return _selection(stream, own, schema, metadata, config, choice, full_table=full_table)


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
            usual = default and _yes_or_no(entry.get("selected-by-default")) is not False
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
    cut = _cut(given, (), metadata, frozenset(stream.automatic))
    for name in stream.fields_without(config):
        cut["properties"].pop(name, None)
    set_column(cut["properties"], config)
    paths, notes = frozenset(_paths(cut, "")), load_notes(stream.name)
    protection = choice.protection(stream)
    return Selection(stream, cut, own, given, full_table, paths, notes, protection)


def _metadata_of(entry: Mapping[str, Any]) -> Metadata:
    try:
        found: dict[Breadcrumb, Mapping[str, Any]] = singer_metadata.to_map(
            entry.get("metadata") or []
        )
    except (KeyError, TypeError) as error:
        raise CatalogError(
            f"The catalog's metadata of {entry.get('tap_stream_id')} is not a list of "
            '{"breadcrumb": [...], "metadata": {...}}.'
        ) from error
    return found


def _stream_is_selected(entry: Mapping[str, Any], metadata: Metadata) -> bool:
    table = metadata.get((), {})
    schema = entry.get("schema")
    for source, key in (
        (table, "selected"),
        (schema if isinstance(schema, dict) else {}, "selected"),
        (table, "selected-by-default"),
    ):
        wish = _yes_or_no(source.get(key))
        if wish is not None:
            return wish
    return False


def _yes_or_no(value: Any) -> bool | None:
    """A selection as catalogs write it, also as a text; None where there is none."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _cut(
    schema: Schema, breadcrumb: Breadcrumb, metadata: Metadata, automatic: frozenset[str]
) -> Schema:
    """The schema with the selected fields only. `automatic` fields of this level always stay."""
    result = dict(schema)
    if isinstance(schema.get("items"), dict):
        result["items"] = _cut(schema["items"], (*breadcrumb, "items"), metadata, frozenset())
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return result
    result["properties"] = {}
    for name, field in properties.items():
        place = (*breadcrumb, "properties", name)
        if name not in automatic and not _field_is_selected(metadata.get(place, {})):
            continue
        kept = _cut(field, place, metadata, frozenset()) if isinstance(field, dict) else field
        # An object of which nothing is left would look like one whose content is free.
        if not _is_emptied(field, kept):
            result["properties"][name] = kept
    return result


def _field_is_selected(metadata: Mapping[str, Any]) -> bool:
    inclusion = metadata.get("inclusion")
    if inclusion in ("automatic", "unsupported"):
        return bool(inclusion == "automatic")
    for key in ("selected", "selected-by-default"):
        wish = _yes_or_no(metadata.get(key))
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
