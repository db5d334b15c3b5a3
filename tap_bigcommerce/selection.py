"""What a catalog selects."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce.config import Config, of_stream
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import CatalogError
from tap_bigcommerce.records.protect import Protection
from tap_bigcommerce.rules import Path, Rules
from tap_bigcommerce.schemas import DELETED_AT, STORE_HASH, Notes, load_notes
from tap_bigcommerce.store_column import set_columns
from tap_bigcommerce.streams.stream import Stream

FULL_TABLE = "FULL_TABLE"
INCREMENTAL = "INCREMENTAL"

PARTS = ("properties", "items")
"""What a schema says of the content of objects and lists."""

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
        return dict(_with_pseudonyms(self.schema, protection.place(()), protection))

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
            and (name in self.stream.automatic or name == STORE_HASH or _takes_null(field))
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
    stream: Stream,
    own: Schema,
    entry: Mapping[str, Any],
    metadata: Metadata,
    config: Config | None,
    choice: Choice,
) -> Selection | None:
    """What a catalog's `entry` selects of a stream, whose whole schema is `own`; None: nothing.

    Raises CatalogError where the entry cannot be understood.
    """
    schema: Any = entry.get("schema")
    has_fields = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    has_fields = has_fields and _is_schema(schema)
    metadata = chosen_by(choice.select, stream.name, schema if has_fields else {}, metadata, own)
    if not stream_is_selected(entry, metadata):
        return None
    if not has_fields:
        raise CatalogError(
            f"The catalog's entry for {stream.name} has no schema with properties, or one in which "
            "something else stands where a schema should. Write the catalog anew with --discover."
        )
    # It goes out whenever deletions are detected, whatever a catalog says.
    fields = {name: field for name, field in schema["properties"].items() if name != DELETED_AT}
    given = {**schema, "properties": fields}
    given.pop("items", None)  # A row is no list.
    lacking = [name for name in stream.automatic if name not in fields]
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
    method = of_stream(config, stream.name).replication_method or method
    cut, texts, emptied = _cut(given, own, metadata, stream.automatic)
    for name in stream.fields_without(config):
        cut["properties"].pop(name, None)
    set_columns(cut["properties"], stream, config)
    return Selection(
        stream=stream,
        schema=cut,
        known=own,
        given=given,
        full_table=stream.replication_key is None or method == FULL_TABLE,
        paths=frozenset(as_path(place) for place, _, _ in all_fields(cut)) - {DELETED_AT},
        notes=load_notes(stream.name),
        protection=choice.protection(stream),
        as_text=texts,
        emptied=emptied,
    )


def chosen_by(
    rules: Rules, stream: str, schema: Schema, metadata: Metadata, own: Schema | None = None
) -> Metadata:
    """The metadata of a stream, with "selected" in it where rules decide that.

    Rules that select do so in place of what the metadata say; those that exclude, beside it. What
    they exclude of `own`, the tap's whole schema, may be in no catalog: below an object that it
    makes a text of, for example.
    """
    if not rules.all:
        return metadata
    found: dict[Breadcrumb, dict[str, Any]] = {at: dict(entry) for at, entry in metadata.items()}
    table = found.setdefault((), {})

    def mark(node: Schema, breadcrumb: Breadcrumb, path: Path, default: bool) -> bool:
        """Whether anything in it is selected."""
        any_selected = False
        for place, inner, field in fields_within(node, breadcrumb, path):
            entry = found.setdefault(place, {})
            usual = default and says_yes_or_no(entry.get("selected-by-default")) is not False
            below = mark(field, place, inner, usual)
            entry["selected"] = below or usual or rules.include(inner)
            any_selected |= entry["selected"] and not rules.exclude(inner)
        return any_selected

    if rules.included:
        # The stream by its name alone: as it is by default.
        by_default = any(rule.meets((stream,)) for rule in rules.included)
        table["selected"] = mark(schema, (), (stream,), by_default)
    if rules.exclude_stream(stream) or (rules.included and not table["selected"]):
        return {**metadata, (): {**metadata.get((), {}), "selected": False}}
    for place, path, _ in (
        *all_fields(schema, path=(stream,)),
        *all_fields(own or {}, path=(stream,)),
    ):
        if rules.exclude(path):
            found.setdefault(place, {})["selected"] = False
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
    schema: Schema, breadcrumb: Breadcrumb = (), path: Path = ()
) -> Iterator[tuple[Breadcrumb, Path, Schema]]:
    """Each field, nested ones too, with its place and path."""
    for place, inner, field in fields_within(schema, breadcrumb, path):
        yield place, inner, field
        yield from all_fields(field, place, inner)


def as_path(breadcrumb: Breadcrumb) -> str:
    """As converters and notes write it: `products[].sku`."""
    text, parts = "", iter(breadcrumb)
    for part in parts:
        text += "[]" if part == "items" else f".{next(parts)}"
    return text.removeprefix(".")


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


def stream_is_selected(entry: Mapping[str, Any], metadata: Metadata) -> bool:
    """Whether a catalog's entry says that its stream is read."""
    return _selected(metadata.get((), {}), entry.get("schema")) is True


def _field_is_selected(metadata: Mapping[str, Any], schema: Any) -> bool:
    inclusion = metadata.get("inclusion")
    if inclusion in ("automatic", "unsupported"):
        return bool(inclusion == "automatic")
    return _selected(metadata, schema) is not False


def _selected(metadata: Mapping[str, Any], schema: Any) -> bool | None:
    """What a catalog says of a stream or field, in its metadata or, as once, in its schema."""
    old = schema.get("selected") if isinstance(schema, dict) else None
    said = map(says_yes_or_no, (metadata.get("selected"), old, metadata.get("selected-by-default")))
    return next((wish for wish in said if wish is not None), None)


def says_yes_or_no(value: Any) -> bool | None:
    """A selection as catalogs write it, also as a text; None where there is none."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _cut(
    given: Schema, own: Schema, metadata: Metadata, automatic: Sequence[str]
) -> tuple[Schema, dict[str, Schema], tuple[str, ...]]:
    """A catalog's schema with the selected fields only; `automatic` ones always stay.

    With it, by path, what is selected of objects and lists that the catalog makes texts of; and
    the fields that are selected while nothing in them is.
    """
    texts: dict[str, Schema] = {}
    emptied: list[str] = []

    def cut(node: Schema, known: Any, place: Breadcrumb) -> Schema | None:
        """None: of its fields nothing is left. It would look like an object of any content."""
        kept, known = dict(node), known if isinstance(known, dict) else {}
        items, fields = node.get("items"), node.get("properties")
        if isinstance(items, dict):
            at = (*place, "items")
            if not _field_is_selected(metadata.get(at, {}), items):
                return None
            kept["items"] = cut(items, known.get("items"), at)
            if kept["items"] is None:
                return None
        if fields:
            kept["properties"] = {}
            for name, field in fields.items():
                at = (*place, "properties", name)
                always = not place and name in automatic
                if always or _field_is_selected(metadata.get(at, {}), field):
                    field = cut_field(field, known.get("properties", {}).get(name), at)
                    if field is not None:
                        kept["properties"][name] = field
        return kept if kept.get("properties") or not fields else None

    def cut_field(field: Any, known: Any, place: Breadcrumb) -> Any:
        if not isinstance(field, dict):
            return field
        is_text = _types(field) == {"string"} and _types(known) & {"object", "array"}
        whole = (
            {**known, **{key: field[key] for key in PARTS if key in field}} if is_text else field
        )
        kept = cut(whole, known, place)
        if kept is None:
            emptied.append(as_path(place).replace("[]", ""))
        elif is_text:
            texts[as_path(place)] = kept
            return {key: value for key, value in field.items() if key not in PARTS}
        return kept

    whole = cut(given, own, ())
    assert whole is not None
    return whole, texts, tuple(emptied)


def _types(schema: Any) -> set[str]:
    types = schema.get("type") if isinstance(schema, dict) else None
    return set(types if isinstance(types, list) else [types]) - {"null"}


def _with_pseudonyms(schema: Any, place: Path, protection: Protection) -> Any:
    """The schema with texts for values that go out as pseudonyms."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    if isinstance(schema.get("properties"), dict):
        result["properties"] = {
            name: _with_pseudonyms(field, (*place, name), protection)
            for name, field in schema["properties"].items()
        }
    if isinstance(schema.get("items"), dict):
        result["items"] = _with_pseudonyms(schema["items"], place, protection)
    # What may be of any content stays so: its leaves are texts then.
    is_free = _types(schema) & {"object", "array"} or not schema.keys() & {"type", "format"}
    if result != schema or is_free or not protection.hashes(place):
        return result
    return {"type": ["null", "string"], **{k: v for k, v in schema.items() if k == "description"}}


def _takes_null(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return schema is not False
    if isinstance(schema.get("anyOf"), list):
        return any(map(_takes_null, schema["anyOf"]))
    types = schema.get("type")
    return types is None or "null" in (types if isinstance(types, list) else [types])
