"""Which streams and fields a catalog's metadata and the rules select."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from singer import metadata as singer_metadata

from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import CatalogError
from tap_bigcommerce.records import schemas
from tap_bigcommerce.records.field_rules import IMPOSSIBLE_NAME, RulePath, Rules
from tap_bigcommerce.records.protection import Protection
from tap_bigcommerce.records.schema_tree import FieldPath, branches_of, path_text, types_of
from tap_bigcommerce.records.schemas import DELETED_AT, STORE_HASH, Notes
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import quoted

FULL_TABLE = "FULL_TABLE"
INCREMENTAL = "INCREMENTAL"

# The keywords of a JSON schema that describe what is in an object or array.
NESTED = ("properties", "items")

Schema = dict[str, Any]
Breadcrumb = tuple[str, ...]  # ("properties", "products", "items", "properties", "sku")
Metadata = Mapping[Breadcrumb, Mapping[str, Any]]


class SelectionRules(NamedTuple):
    """The rules of the settings and the command line, for all streams.

    select: what is read, and with `!` what is not. hashed: which fields are written as pseudonyms.
    salt: the secret key of the pseudonyms.
    """

    select: Rules = Rules()
    hashed: Rules = Rules()
    salt: str = ""


@dataclass(frozen=True)
class Selection:
    """What is selected of one stream.

    schema: the schema of the selected fields.
    tap_schema: the tap's complete schema of the stream.
    catalog_schema: the catalog's schema of the stream, also of fields that are not selected.
    full_table: whether all rows are read in every sync.
    paths: the paths of the selected fields, nested ones too (`products[].sku`).
    notes: what the schema file says of single fields.
    protection: the rules that exclude and hash fields; None if there are none.
    text_schemas: by path, schemas of objects and arrays that are strings in the catalog.
    selected_but_empty: paths of selected fields none of whose nested fields is selected.
    """

    stream: Stream
    schema: Schema
    tap_schema: Schema
    catalog_schema: Schema
    full_table: bool
    paths: frozenset[str]
    notes: Notes = dataclasses.field(default_factory=Notes)
    protection: Protection | None = None
    text_schemas: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    selected_but_empty: tuple[str, ...] = ()

    def selects(self, path: str) -> bool:
        """Whether the field with this path is selected."""
        return path in self.paths

    @property
    def output_schema(self) -> Schema:
        """The schema of the SCHEMA message: `schema`, with strings where pseudonyms are written."""
        protection = self.protection
        if protection is None:
            return self.schema
        return dict(_with_pseudonyms(self.schema, protection.rule_path(None), protection))

    @property
    def columns(self) -> dict[str, Any]:
        """The top-level fields that every record has, with null as their value.

        Fields that the tap requests separately are not among them: if such a request fails, null
        would overwrite what a warehouse holds.
        """
        always = {STORE_HASH, *self.stream.automatic_fields}
        return {
            name: None
            for name, field in self.schema["properties"].items()
            if name not in self.notes.on_request and (name in always or _accepts_null(field))
        }

    @property
    def known_schema(self) -> Schema:
        """The schema of all fields that are not new.

        These are the fields of the tap and of the catalog, and the links in the API's rows.
        """
        links = map(_with_field, self.notes.links)
        return {"anyOf": [self.tap_schema, self.catalog_schema, *links]}


def _with_field(path: str) -> Schema:
    """A schema with this field only."""
    schema: Schema = {}
    for part in reversed(path.split(".")):
        name = part.removesuffix("[]")
        schema = {"properties": {name: schema if name == part else {"items": schema}}}
    return schema


def from_catalog(
    stream: Stream, entry: Mapping[str, Any], config: Config, rules: SelectionRules
) -> Selection | None:
    """What a catalog's entry and the rules select of a stream. None: the stream is not selected.

    Raises CatalogError for an entry without a usable schema, metadata or replication method.
    """
    tap_schema = schemas.load_schema(stream.name)
    schema: Any = entry.get("schema")
    metadata = apply_rules(rules.select, stream.name, schema, metadata_of(entry), tap_schema)
    if not is_selected(metadata.get((), {}), schema):
        return None
    is_object = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    if not is_object or not _is_schema(schema):
        raise CatalogError(
            f"The catalog's schema of {stream.name} is not a valid JSON schema with properties. "
            "Write the catalog again with --discover."
        )
    # A row is an object: `items` means nothing there.
    catalog_schema = {key: value for key, value in schema.items() if key != "items"}
    missing = [name for name in stream.automatic_fields if name not in catalog_schema["properties"]]
    if missing:
        raise CatalogError(
            f"The catalog's schema of {stream.name} lacks {', '.join(missing)}, without which the "
            "stream cannot be read. Write the catalog again with --discover."
        )
    method = metadata.get((), {}).get("replication-method") or entry.get("replication_method")
    if method not in (None, FULL_TABLE, INCREMENTAL):
        raise CatalogError(
            f"The catalog's replication-method for {stream.name} is {quoted(method)}; it can be "
            f"{INCREMENTAL} or {FULL_TABLE}."
        )
    method = config.for_stream(stream.name).replication_method or method
    always = [(), *(("properties", name) for name in stream.automatic_fields)]
    metadata = {**metadata, **{breadcrumb: {"inclusion": "automatic"} for breadcrumb in always}}
    cut, text_schemas, empty = _cut_to_selection(catalog_schema, tap_schema, metadata)
    cut = schema_for_settings(cut, stream, config)
    is_protected = rules.select.exclusions or rules.hashed.inclusions
    return Selection(
        stream=stream,
        schema=cut,
        tap_schema=tap_schema,
        catalog_schema=catalog_schema,
        full_table=stream.replication_key is None or method == FULL_TABLE,
        paths=frozenset(path_of_breadcrumb(at) for at, _, _ in all_fields(cut)) - {DELETED_AT},
        notes=schemas.load_notes(stream.name),
        protection=Protection(stream.name, *rules) if is_protected else None,
        text_schemas=text_schemas,
        selected_but_empty=empty,
    )


def schema_for_settings(schema: Schema, stream: Stream, config: Config | None) -> Schema:
    """A copy of the schema with the columns that settings add, and without those they remove."""
    removed = {STORE_HASH, DELETED_AT, *stream.disabled_fields(config)} - {*stream.primary_keys}
    fields = {name: field for name, field in schema["properties"].items() if name not in removed}
    if config is not None and config.store_hash_column:
        fields = {STORE_HASH: dict(schemas.OWN_COLUMNS[STORE_HASH]), **fields}
    if config is not None and config.detect_deletes and stream.id_lookup is not None:
        fields[DELETED_AT] = dict(schemas.OWN_COLUMNS[DELETED_AT])
    return {**schema, "properties": fields}


def key_of(stream: Stream, schema: Schema) -> tuple[str, ...]:
    """The key properties of a stream: its keys, after the store's column if the settings add it."""
    keys = stream.primary_keys
    is_added = STORE_HASH in schema["properties"] and STORE_HASH not in keys
    return (STORE_HASH, *keys) if is_added else keys


def apply_rules(
    rules: Rules, stream: str, schema: Any, metadata: Metadata, tap_schema: Schema | None = None
) -> Metadata:
    """The metadata of a stream, with "selected" set where the rules decide that.

    Inclusions replace what the metadata select. Exclusions are added to it, also for fields of
    `tap_schema` that are not in the catalog: below an object that is a string there, for example.
    """
    if not rules.all:
        return metadata
    found: dict[Breadcrumb, dict[str, Any]] = {at: dict(entry) for at, entry in metadata.items()}
    fields = list(all_fields(schema, path=(stream,)))
    # A stream is excluded by its name, or by a rule that matches every field of it.
    names = ((stream,), (stream, IMPOSSIBLE_NAME))
    is_excluded = any(rule.matches(name) for rule in rules.exclusions for name in names)
    if rules.inclusions:
        # A rule with the stream's name alone includes the fields that are selected by default.
        root: RulePath = (stream,)
        by_default = {root} if any(rule.matches(root) for rule in rules.inclusions) else set()
        for breadcrumb, path, _ in fields:
            default = as_boolean(metadata.get(breadcrumb, {}).get("selected-by-default"))
            if path[:-1] in by_default and default is not False:
                by_default.add(path)
        selected = by_default - {root}
        # Reversed: nested fields before the field that they are in.
        for breadcrumb, path, _ in reversed(fields):
            if rules.includes(path):
                selected.add(path)
            found.setdefault(breadcrumb, {})["selected"] = path in selected
            if path in selected and not rules.excludes(path):
                selected.add(path[:-1])
        found.setdefault((), {})["selected"] = True
        is_excluded = is_excluded or root not in selected
    if is_excluded:
        return {**metadata, (): {**metadata.get((), {}), "selected": False}}
    for breadcrumb, path, _ in (*fields, *all_fields(tap_schema, path=(stream,))):
        if rules.excludes(path):
            found.setdefault(breadcrumb, {})["selected"] = False
    return found


def all_fields(
    schema: Any, breadcrumb: Breadcrumb = (), path: RulePath = ()
) -> Iterator[tuple[Breadcrumb, RulePath, Any]]:
    """The breadcrumb, path and schema of each field, of nested ones after the one they are in.

    breadcrumb, path: those of `schema`, with which all others begin.
    """
    if not isinstance(schema, dict):
        return
    yield from all_fields(schema.get("items"), (*breadcrumb, "items"), path)
    properties = schema.get("properties")
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        at, inner = (*breadcrumb, "properties", name), (*path, name)
        yield at, inner, field
        yield from all_fields(field, at, inner)


def path_of_breadcrumb(breadcrumb: Breadcrumb) -> str:
    """The path of a field as converters and notes write it: `products[].sku`."""
    path: FieldPath = None
    parts = iter(breadcrumb)
    for part in parts:
        path = (path, 0 if part == "items" else next(parts))
    return path_text(path)


def metadata_of(entry: Mapping[str, Any]) -> Metadata:
    """The metadata of a catalog's entry, by breadcrumb.

    Raises CatalogError for metadata that is not a list of breadcrumbs with their metadata.
    """
    try:
        found: dict[Breadcrumb, Any] = singer_metadata.to_map(entry.get("metadata") or [])
        usable = all(isinstance(values, dict) for values in found.values())
        usable = usable and all(isinstance(part, str) for at in found for part in at)
    except (TypeError, KeyError):
        usable = False
    if not usable:
        raise CatalogError(
            f"The catalog's metadata of {entry.get('tap_stream_id')} is not a list of "
            '{"breadcrumb": [...], "metadata": {...}}.'
        )
    return found


def _is_schema(schema: Any) -> bool:
    """Whether all that should be a schema in this one is an object or a boolean."""
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
    """Whether a catalog selects a stream or field; None: it does not say.

    "selected" in the metadata comes first, then in the schema, where old catalogs have it, then
    "selected-by-default".
    """
    old = schema.get("selected") if isinstance(schema, dict) else None
    values = map(as_boolean, (metadata.get("selected"), old, metadata.get("selected-by-default")))
    return next((value for value in values if value is not None), None)


def as_boolean(value: Any) -> bool | None:
    """A boolean, or the text of one: some programs write "true". None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _cut_to_selection(
    catalog_schema: Schema, tap_schema: Schema, metadata: Metadata
) -> tuple[Schema, dict[str, Schema], tuple[str, ...]]:
    """A catalog's schema with the selected fields only.

    Also returns Selection's `text_schemas` and `selected_but_empty`.
    """
    text_schemas: dict[str, Schema] = {}
    empty: dict[str, None] = {}

    def cut(schema: Any, known: Any, at: Breadcrumb) -> Any:
        """The selected part of a schema; None if there is none. `known`: the tap's schema of it."""
        values = metadata.get(at, {})
        inclusion = values.get("inclusion")
        is_deselected = inclusion != "automatic" and is_selected(values, schema) is False
        if is_deselected or inclusion == "unsupported":
            return None
        if not isinstance(schema, dict):
            return schema
        known = known if isinstance(known, dict) else {}
        full = schema
        is_text = types_of(schema) == {"string"} and types_of(known) & {"object", "array"}
        if is_text:
            full = {**known, **{part: schema[part] for part in NESTED if part in schema}}
        kept = dict(full)
        if isinstance(full.get("items"), dict):
            kept["items"] = cut(full["items"], known.get("items"), (*at, "items"))
        if full.get("properties"):
            known_fields = known.get("properties", {})
            fields = {
                name: cut(field, known_fields.get(name), (*at, "properties", name))
                for name, field in full["properties"].items()
            }
            kept["properties"] = {n: field for n, field in fields.items() if field is not None}
        # Without any field the schema would allow an object of any content.
        if any(full.get(part) and not kept[part] for part in NESTED):
            empty[path_of_breadcrumb(at).replace("[]", "")] = None
            return None
        if not is_text:
            return kept
        text_schemas[path_of_breadcrumb(at)] = kept
        return {key: value for key, value in schema.items() if key not in NESTED}

    return cut(catalog_schema, tap_schema, ()), text_schemas, tuple(empty)


def _accepts_null(schema: Any) -> bool:
    return any(branch.get("type") in (None, "null") for branch in branches_of([schema]))


def _with_pseudonyms(schema: Any, path: RulePath, protection: Protection) -> Any:
    """The schema with strings for the fields that are written as pseudonyms."""
    if not isinstance(schema, dict):
        return schema
    # The type of an object or array stays: the values in it are hashed, not itself.
    is_container = types_of(schema) & {"object", "array", "any"}
    if not is_container and protection.hashes(path):
        description = {key: value for key, value in schema.items() if key == "description"}
        return {"type": ["null", "string"], **description}
    result = dict(schema)
    if schema.get("properties"):
        result["properties"] = {
            name: _with_pseudonyms(field, (*path, name), protection)
            for name, field in schema["properties"].items()
        }
    if "items" in schema:
        result["items"] = _with_pseudonyms(schema["items"], path, protection)
    return result
