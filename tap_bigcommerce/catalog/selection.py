"""What a catalog selects."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from singer import metadata as singer_metadata

from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import CatalogError
from tap_bigcommerce.records import schemas
from tap_bigcommerce.records.field_rules import NO_NAME, Path, Rules
from tap_bigcommerce.records.protection import Protection
from tap_bigcommerce.records.schema_tree import Place, branches_of, kinds_of, path_of
from tap_bigcommerce.records.schemas import DELETED_AT, STORE_HASH, Notes
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import quoted

FULL_TABLE = "FULL_TABLE"
INCREMENTAL = "INCREMENTAL"

PARTS = ("properties", "items")
"""What a schema says of the content of objects and lists."""

Schema = dict[str, Any]
Breadcrumb = tuple[str, ...]
Metadata = Mapping[Breadcrumb, Mapping[str, Any]]


class Choice(NamedTuple):
    """What rules say of all streams: what is read, and what goes out as a pseudonym."""

    select: Rules = Rules()
    hashed: Rules = Rules()
    salt: str = ""


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
        return dict(_with_pseudonyms(self.schema, protection.place(None), protection))

    @property
    def columns(self) -> dict[str, Any]:
        """The top-level fields that every record has, as null where the API leaves them out.

        Not those that the tap asks for beside the record and may not get: null would then be
        written over what a warehouse holds.
        """
        always = {STORE_HASH, *self.stream.automatic_fields}
        return {
            name: None
            for name, field in self.schema["properties"].items()
            if name not in self.notes.asked_for and (name in always or _takes_null(field))
        }

    @property
    def unselected(self) -> tuple[str, ...]:
        """The tap's top-level fields that are not selected."""
        return tuple(name for name in self.known["properties"] if name not in self.paths)

    @property
    def known_at_all(self) -> Schema:
        """What is nothing new: the tap's fields, the catalog's, and the links in the API's rows."""
        return {"anyOf": [self.known, self.given, *map(_with_field, self.notes.links)]}


def _with_field(path: str) -> Schema:
    """A schema that has this field only."""
    schema: Schema = {}
    for part in reversed(path.split(".")):
        name = part.removesuffix("[]")
        schema = {"properties": {name: schema if name == part else {"items": schema}}}
    return schema


def from_catalog(
    stream: Stream, entry: Mapping[str, Any], config: Config, choice: Choice
) -> Selection | None:
    """What a catalog's `entry` selects of a stream; None: nothing.

    Raises CatalogError where the entry cannot be understood.
    """
    own = schemas.load_schema(stream.name)
    schema: Any = entry.get("schema")
    metadata = chosen_by(choice.select, stream.name, schema, metadata_of(entry), own)
    if not is_selected(metadata.get((), {}), schema):
        return None
    is_object = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    if not is_object or not _is_schema(schema):
        raise CatalogError(
            f"The catalog's entry for {stream.name} has no schema with properties, or one in which "
            "something else stands where a schema should. Write the catalog anew with --discover."
        )
    given = {key: value for key, value in schema.items() if key != "items"}  # A row is no list.
    lacking = [name for name in stream.automatic_fields if name not in given["properties"]]
    if lacking:
        raise CatalogError(
            f"The catalog's schema of {stream.name} lacks {', '.join(lacking)}, without which the "
            "stream cannot be read. Write the catalog anew with --discover."
        )
    method = metadata.get((), {}).get("replication-method") or entry.get("replication_method")
    if method not in (None, FULL_TABLE, INCREMENTAL):
        raise CatalogError(
            f"The catalog's replication-method for {stream.name} is {quoted(method)}; it can be "
            f"{INCREMENTAL} or {FULL_TABLE}."
        )
    method = config.for_stream(stream.name).replication_method or method
    always = [(), *(("properties", name) for name in stream.automatic_fields)]
    metadata = {**metadata, **{place: {"inclusion": "automatic"} for place in always}}
    cut, texts, emptied = _cut(given, own, metadata)
    cut = for_settings(cut, stream, config)
    is_protected = choice.select.excluded or choice.hashed.included
    return Selection(
        stream=stream,
        schema=cut,
        known=own,
        given=given,
        full_table=stream.replication_key is None or method == FULL_TABLE,
        paths=frozenset(as_path(place) for place, _, _ in all_fields(cut)) - {DELETED_AT},
        notes=schemas.load_notes(stream.name),
        protection=Protection(stream.name, *choice) if is_protected else None,
        as_text=texts,
        emptied=emptied,
    )


def for_settings(schema: Schema, stream: Stream, config: Config | None) -> Schema:
    """The schema with the tap's columns as the settings want them, less what they take away."""
    away = {STORE_HASH, DELETED_AT, *stream.disabled_fields(config)}
    fields = {name: field for name, field in schema["properties"].items() if name not in away}
    if config is not None and config.store_hash_column:
        fields = {STORE_HASH: dict(schemas.OWN_COLUMNS[STORE_HASH]), **fields}
    if config is not None and config.detect_deletes and stream.id_lookup is not None:
        fields[DELETED_AT] = dict(schemas.OWN_COLUMNS[DELETED_AT])
    return {**schema, "properties": fields}


def key_of(stream: Stream, schema: Schema) -> tuple[str, ...]:
    """The fields that tell the records of a stream apart, that of the store first."""
    keys = stream.primary_keys
    return (STORE_HASH, *keys) if STORE_HASH in schema["properties"] else keys


def chosen_by(
    rules: Rules, stream: str, schema: Any, metadata: Metadata, own: Schema | None = None
) -> Metadata:
    """The metadata of a stream, with "selected" in it where rules decide that.

    Rules that select do so in place of what the metadata say; those that exclude, beside it. What
    they exclude of `own`, the tap's whole schema, may be in no catalog: below an object that it
    makes a text of, for example.
    """
    if not rules.all:
        return metadata
    found: dict[Breadcrumb, dict[str, Any]] = {at: dict(entry) for at, entry in metadata.items()}
    fields = list(all_fields(schema, path=(stream,)))
    # By its name, or field by field.
    names = ((stream,), (stream, NO_NAME))
    gone = any(rule.meets(name) for rule in rules.excluded for name in names)
    if rules.included:
        # By its name alone: as it is by default.
        named: Path = (stream,)
        by_default = {named} if any(rule.meets(named) for rule in rules.included) else set()
        for place, path, _ in fields:
            said = says_yes_or_no(metadata.get(place, {}).get("selected-by-default"))
            if path[:-1] in by_default and said is not False:
                by_default.add(path)
        selected = by_default - {named}
        for place, path, _ in reversed(fields):  # What is in a field before the field.
            if rules.include(path):
                selected.add(path)
            found.setdefault(place, {})["selected"] = path in selected
            if path in selected and not rules.exclude(path):
                selected.add(path[:-1])
        found.setdefault((), {})["selected"] = True
        gone = gone or named not in selected
    if gone:
        return {**metadata, (): {**metadata.get((), {}), "selected": False}}
    for place, path, _ in (*fields, *all_fields(own, path=(stream,))):
        if rules.exclude(path):
            found.setdefault(place, {})["selected"] = False
    return found


def all_fields(
    schema: Any, place: Breadcrumb = (), path: Path = ()
) -> Iterator[tuple[Breadcrumb, Path, Any]]:
    """Each field, nested ones too, with its breadcrumb and its path."""
    if not isinstance(schema, dict):
        return
    yield from all_fields(schema.get("items"), (*place, "items"), path)
    properties = schema.get("properties")
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        at, inner = (*place, "properties", name), (*path, name)
        yield at, inner, field
        yield from all_fields(field, at, inner)


def as_path(breadcrumb: Breadcrumb) -> str:
    """As converters and notes write it: `products[].sku`."""
    place: Place = None
    parts = iter(breadcrumb)
    for part in parts:
        place = (place, 0 if part == "items" else next(parts))
    return path_of(place)


def metadata_of(entry: Mapping[str, Any]) -> Metadata:
    """The metadata by breadcrumb. Raises CatalogError where they are none."""
    try:
        found: dict[Breadcrumb, Any] = singer_metadata.to_map(entry.get("metadata") or [])
        usable = all(isinstance(values, dict) for values in found.values())
        usable = usable and all(isinstance(part, str) for place in found for part in place)
    except (TypeError, KeyError):
        usable = False
    if not usable:
        raise CatalogError(
            f"The catalog's metadata of {entry.get('tap_stream_id')} is not a list of "
            '{"breadcrumb": [...], "metadata": {...}}.'
        )
    return found


def _is_schema(schema: Any) -> bool:
    """Wherever fields or items should stand there are some, each with a schema."""
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    fields, branches = schema.get("properties") or {}, schema.get("anyOf") or []
    items, types = schema.get("items") or [], schema.get("type", [])
    if not isinstance(fields, dict) or not isinstance(branches, list):
        return False
    names = types if isinstance(types, list) else [types]
    inner = [*fields.values(), *(items if isinstance(items, list) else [items]), *branches]
    return all(isinstance(name, str) for name in names) and all(map(_is_schema, inner))


def is_selected(metadata: Mapping[str, Any], schema: Any) -> bool | None:
    """What a catalog says of a stream or field, in its metadata or, as once, in its schema."""
    old = schema.get("selected") if isinstance(schema, dict) else None
    said = map(says_yes_or_no, (metadata.get("selected"), old, metadata.get("selected-by-default")))
    return next((value for value in said if value is not None), None)


def says_yes_or_no(value: Any) -> bool | None:
    """A selection as catalogs write it, also as a text; None where there is none."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _cut(
    given: Schema, own: Schema, metadata: Metadata
) -> tuple[Schema, dict[str, Schema], tuple[str, ...]]:
    """A catalog's schema with the selected fields only.

    With it, by path, what is selected of objects and lists that the catalog makes texts of; and
    the fields that are selected while nothing in them is.
    """
    texts: dict[str, Schema] = {}
    emptied: dict[str, None] = {}

    def cut(schema: Any, known: Any, place: Breadcrumb) -> Any:
        """What is selected of the record, a field or the items of a list; None: nothing."""
        said = metadata.get(place, {})
        inclusion = said.get("inclusion")
        is_deselected = inclusion != "automatic" and is_selected(said, schema) is False
        if is_deselected or inclusion == "unsupported":
            return None
        if not isinstance(schema, dict):
            return schema
        known = known if isinstance(known, dict) else {}
        whole = schema
        is_text = kinds_of(schema) == {"string"} and kinds_of(known) & {"object", "array"}
        if is_text:
            whole = {**known, **{part: schema[part] for part in PARTS if part in schema}}
        kept = dict(whole)
        if isinstance(whole.get("items"), dict):
            kept["items"] = cut(whole["items"], known.get("items"), (*place, "items"))
        if whole.get("properties"):
            known_fields = known.get("properties", {})
            inside = {
                name: cut(field, known_fields.get(name), (*place, "properties", name))
                for name, field in whole["properties"].items()
            }
            kept["properties"] = {n: field for n, field in inside.items() if field is not None}
        # Without fields it would look like an object of any content.
        if any(whole.get(part) and not kept[part] for part in PARTS):
            emptied[as_path(place).replace("[]", "")] = None
            return None
        if not is_text:
            return kept
        texts[as_path(place)] = kept
        return {key: value for key, value in schema.items() if key not in PARTS}

    return cut(given, own, ()), texts, tuple(emptied)


def _takes_null(schema: Any) -> bool:
    return any(branch.get("type") in (None, "null") for branch in branches_of([schema]))


def _with_pseudonyms(schema: Any, place: Path, protection: Protection) -> Any:
    """The schema with texts for values that go out as pseudonyms."""
    if not isinstance(schema, dict):
        return schema
    # What may be of any content stays so: its leaves are texts then.
    is_free = kinds_of(schema) & {"object", "array", "any"}
    if not is_free and protection.hashes(place):
        about = {key: value for key, value in schema.items() if key == "description"}
        return {"type": ["null", "string"], **about}
    result = dict(schema)
    if schema.get("properties"):
        result["properties"] = {
            name: _with_pseudonyms(field, (*place, name), protection)
            for name, field in schema["properties"].items()
        }
    if "items" in schema:
        result["items"] = _with_pseudonyms(schema["items"], place, protection)
    return result
