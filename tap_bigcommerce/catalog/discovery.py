"""Writes and reads catalogs; warns of catalog entries that are ignored."""

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tap_bigcommerce.catalog import selection
from tap_bigcommerce.catalog.probe import Access
from tap_bigcommerce.catalog.selection import FULL_TABLE, INCREMENTAL, Selection, SelectionRules
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.records import field_rules
from tap_bigcommerce.records.field_rules import RulePath, Rules
from tap_bigcommerce.records.schemas import DELETED_AT, load_notes, load_schema
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import closest_match, did_you_mean, quoted

LOGGER = logging.getLogger(__name__)

Entry = dict[str, Any]
"""A stream in a catalog."""

MAX_WARNINGS = 20
"""Warnings about one stream: those about another tap's catalog would fill pages."""


def available_streams(access: Mapping[str, Access]) -> list[Stream]:
    """The streams that the store has and the token may read. Warnings name the others.

    Streams whose lists cannot be read at present are included, also with a warning: a temporary
    error must not change the catalog. Raises ConfigError if there is no stream.
    """
    by_permission: dict[str, list[str]] = {}
    by_error: dict[str, list[str]] = {}
    for name, found in access.items():
        if found.missing_permission is not None:
            by_permission.setdefault(found.missing_permission, []).append(name)
        elif found.message is not None and not found.is_absent:
            # Without the name of the list, with which the message begins.
            by_error.setdefault(found.message.partition(": ")[2], []).append(name)
    absent = [name for name, found in access.items() if found.is_absent]
    for permission, names in by_permission.items():
        LOGGER.warning(
            "Not in the catalog, because the API account most likely lacks the permission "
            "'%s: read-only': %s. Permissions of an account cannot be changed later: create a new "
            "API account with this permission (control panel: Settings > Store-level API "
            "accounts).",
            permission,
            ", ".join(names),
        )
    if absent:
        LOGGER.warning(
            "Not in the catalog, because this store does not have their lists: %s.",
            ", ".join(absent),
        )
    for message, names in by_error.items():
        LOGGER.warning(
            "In the catalog, although it is unknown whether these streams can be read: %s. %s",
            ", ".join(names),
            message,
        )
    left_out = {name for names in (absent, *by_permission.values()) for name in names}
    if len(left_out) == len(access):
        raise ConfigError(
            "The token cannot read any stream. The warnings above name the permissions that its "
            "API account lacks."
        )
    return [STREAMS[name] for name in access if name not in left_out]


def selection_rules(
    config: Config | None, select: Sequence[str], catalog: Mapping[str, Entry] | None
) -> SelectionRules:
    """The rules of the settings and of the command line (`select`), checked.

    Raises ConfigError for a rule that matches no field, for hashed keys, and for settings of
    streams that do not exist.
    """
    if config is not None:
        _check_streams(config)
    texts = field_rules.merge(config.select if config else (), select)
    hash_texts = config.hash_fields if config else ()
    if not texts and not hash_texts:
        return SelectionRules()
    tap_paths = _paths((name, load_schema(name)) for name in STREAMS)
    catalog_paths = tap_paths
    if catalog is not None:
        catalog_paths = _paths((name, entry.get("schema")) for name, entry in catalog.items())
    known = tap_paths | catalog_paths
    personal = {
        (name, *path.replace("[]", "").split("."))
        for name in STREAMS
        for path in load_notes(name).personal
    }
    rules, hashed = Rules(texts, personal), Rules(hash_texts, personal)
    always = {(name, key) for name, stream in STREAMS.items() for key in stream.automatic_fields}
    mistakes = [
        *field_rules.unmatched_messages(rules.inclusions, catalog_paths),
        *field_rules.unmatched_messages(rules.exclusions, known),
        *field_rules.unmatched_messages(hashed.all, known),
        *_hash_mistakes(hashed, always),
    ]
    if mistakes:
        raise ConfigError("The rules cannot be used:", mistakes)
    for rule in rules.exclusions:
        if set(filter(rule.matches, known)) <= always:
            LOGGER.warning(
                "The rule %r has no effect: keys and replication keys are always selected.",
                rule.text,
            )
    return SelectionRules(rules, hashed, (config.hash_salt if config else None) or "")


def selections(
    catalog: Mapping[str, Entry] | None, config: Config, rules: SelectionRules
) -> dict[str, Selection]:
    """What is selected, by stream, in the order in which the tap reads streams.

    catalog: the entries by stream; None: those that discovery writes.

    Warns of everything in the catalog that has no effect. Raises CatalogError for an entry that
    cannot be used.
    """
    found: dict[str, Selection] = {}
    entries = catalog
    if entries is None:
        entries = {name: catalog_entry(stream, config) for name, stream in STREAMS.items()}
    for name in entries:
        if name not in STREAMS:
            LOGGER.warning(
                "The catalog has a stream %s, which this tap does not have.%s",
                quoted(name),
                did_you_mean(name, STREAMS),
            )
    for name in filter(entries.__contains__, STREAMS):
        selected = selection.from_catalog(STREAMS[name], entries[name], config, rules)
        warnings = list(_ignored(entries[name], selected)) if catalog is not None else []
        if warnings[MAX_WARNINGS:]:
            warnings[MAX_WARNINGS:] = [f"{len(warnings) - MAX_WARNINGS} more such warnings"]
        for message in warnings:
            LOGGER.warning("The catalog's entry for %s: %s", name, message)
        if selected is None:
            continue
        found[name] = selected
        catalog_fields = selected.catalog_schema["properties"]
        missing = [name for name in selected.tap_schema["properties"] if name not in catalog_fields]
        if missing and catalog is not None:
            LOGGER.info(
                "%s: these fields are not in the catalog: %s. To get them, write the catalog again "
                "with --discover.",
                name,
                ", ".join(missing),
            )
    return found


def check_names(names: Iterable[str], where: str, among: Collection[str]) -> None:
    """Check names of streams that people have written.

    where: the setting or option that has them, for the error message.
    among: the streams that may be named.

    Raises ConfigError for names that are not among these.
    """
    mistakes = [
        f"{where} names {name!r}, which is not a{' selected' if name in STREAMS else ''} stream."
        f"{did_you_mean(name, among)}"
        for name in names
        if name not in among
    ]
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _check_streams(config: Config) -> None:
    check_names(config.streams, "streams", STREAMS)
    accepted = [entry.partition(":")[0] for entry in config.accept_incomplete]
    check_names(accepted, "accept_incomplete", STREAMS)
    mistakes = []
    for name, own in config.streams.items():
        unusable = [key for key, value in vars(own).items() if value not in (None, "FULL_TABLE")]
        if unusable and STREAMS[name].replication_key is None:
            mistakes.append(
                f"streams.{name} has {', '.join(unusable)}, but all rows of {name} are read in "
                "every sync: it has no replication key"
            )
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _paths(schemas: Iterable[tuple[str, Any]]) -> set[RulePath]:
    """The paths of the streams with these names and schemas, and of each of their fields."""
    found: set[RulePath] = set()
    for name, schema in schemas:
        fields = selection.all_fields(schema, path=(name,))
        found.update({(name,)}, (path for _, path, _ in fields))
    return found


def _hash_mistakes(hashed: Rules, always: Iterable[RulePath]) -> list[str]:
    """Error messages for rules of hash_fields that name streams, keys, or only exclude."""
    mistakes: list[str] = []
    for rule in hashed.all:
        if len(rule.parts) == 1 and any(rule.matches((name,)) for name in STREAMS):
            mistakes.append(
                f"the rule {rule.text!r} of hash_fields names streams, not fields. Did you mean "
                f"'{rule.text}.*'?"
            )
    if hashed.all and not hashed.inclusions:
        mistakes.append("hash_fields only excludes: add the fields to hash")
    keys = sorted(field_rules.as_text(path) for path in always if hashed.includes(path))
    if keys:
        mistakes.append(
            "hash_fields names keys or replication keys, which cannot be hashed: "
            f"{', '.join(keys[:5])}{', ...' if keys[5:] else ''}. Exclude them in hash_fields, as "
            f"in '!{keys[0]}'"
        )
    return mistakes


def _ignored(entry: Entry, selected: Selection | None) -> Iterator[str]:
    """A warning for everything in a stream's entry that has no effect.

    selected: what is read of the stream; None: it is not selected.
    """
    schema, metadata = entry.get("schema"), selection.metadata_of(entry)
    # Meltano writes "selected" in both places, and then both are the same.
    is_read = selection.is_selected(metadata.get((), {}), schema) is True
    if entry.get("selected") not in (None, is_read):
        yield (
            f'"selected": {json.dumps(entry["selected"])} beside tap_stream_id is ignored. Write '
            "it in the metadata of the breadcrumb []"
        )
    fields = [((), (), schema), *selection.all_fields(schema)]
    in_schema = [(breadcrumb, field) for breadcrumb, _, field in fields]
    for breadcrumb, values in (*metadata.items(), *in_schema):
        value = values.get("selected") if isinstance(values, dict) else None
        if value is not None and selection.as_boolean(value) is None:
            yield (
                f'"selected" is {json.dumps(value)} at {json.dumps(breadcrumb)}, which is ignored: '
                "it can be true or false"
            )
    times = Counter(tuple(item["breadcrumb"]) for item in entry.get("metadata") or ())
    for breadcrumb, count in times.items():
        if count > 1:
            at = json.dumps(breadcrumb)
            yield f"the breadcrumb {at} is in the metadata {count} times: the last one is used"
    if selected is None:
        return
    yield from _unknown_breadcrumbs(metadata, selected)
    yield from _overrides(entry, metadata.get((), {}), selected.stream)
    for path in selected.selected_but_empty:
        name = f"{selected.stream.name}.{path}"
        yield (
            f"{path} is selected, but none of the fields in it: it is not written. To read all of "
            f"it, write {name}* into Meltano's select, or use --select {name}"
        )


def _unknown_breadcrumbs(metadata: selection.Metadata, selected: Selection) -> Iterator[str]:
    """A warning for metadata of each breadcrumb that belongs to no field."""
    schemas = (selected.tap_schema, selected.catalog_schema)
    fields = [field for schema in schemas for field in selection.all_fields(schema)]
    by_name = {field_rules.as_text(path): breadcrumb for breadcrumb, path, _ in fields}
    known = {("properties", DELETED_AT), *(at for at, _, _ in fields)}
    known |= {(), *((*at, "items") for at in known)}
    for breadcrumb in (at for at in metadata if at not in known):
        name = ".".join(part for part in breadcrumb if part not in ("properties", "items"))
        meant = closest_match(name.removeprefix(f"{selected.stream.name}."), by_name)
        hint = f". Did you mean {json.dumps(by_name[meant])}?" if meant else ""
        at = json.dumps(breadcrumb)
        yield f"the breadcrumb {at} is ignored: there is no such field{hint}"


def _overrides(entry: Mapping[str, Any], table: Mapping[str, Any], stream: Stream) -> Iterator[str]:
    """A warning for each name and key that the catalog overrides: this has no effect."""
    keys = ("key_properties", "table-key-properties", "view-key-properties")
    fixed: dict[str, Any] = {
        **dict.fromkeys(("stream", "alias", "stream_alias", "table_name"), stream.name),
        **{key: list(stream.primary_keys) for key in keys},
        **dict.fromkeys(("replication_key", "replication-key"), stream.replication_key),
    }
    for source in (entry, table):
        for name, own in fixed.items():
            value = source.get(name)
            # A list may begin with the store's column.
            if value not in (None, "", own) and not (isinstance(value, list) and value[1:] == own):
                yield f"{name} {json.dumps(value)} is ignored: it is always {json.dumps(own)}"


def catalog_entry(
    stream: Stream, config: Config | None = None, select: Rules | None = None
) -> Entry:
    """The catalog's entry of a stream, with metadata of the stream and of every field.

    config: settings that add columns or remove fields; None: no settings are known.
    select: rules that set "selected" in the metadata.
    """
    schema = selection.schema_for_settings(load_schema(stream.name), stream, config)
    key = selection.key_of(stream, schema)
    table: dict[str, Any] = {
        "inclusion": "available",
        "selected-by-default": stream.name in BY_DEFAULT,
        "table-key-properties": list(key),
        "forced-replication-method": INCREMENTAL if stream.replication_key else FULL_TABLE,
    }
    if stream.replication_key:
        table["valid-replication-keys"] = [stream.replication_key]
    if stream.parent is not None:
        table["parent-tap-stream-id"] = stream.parent
    metadata: dict[selection.Breadcrumb, dict[str, Any]] = {(): table}
    notes = load_notes(stream.name)
    references = {path.removesuffix("[]"): key for path, key in stream.references.items()}
    automatic = {*key, *stream.automatic_fields, DELETED_AT}
    for breadcrumb, _, _ in selection.all_fields(schema):
        path = selection.path_of_breadcrumb(breadcrumb)
        metadata[breadcrumb] = {
            "inclusion": "automatic" if path in automatic else "available",
            "selected-by-default": path not in notes.off_by_default,
            **({"personal": True} if path in notes.personal else {}),
            **({"references": references[path]} if path in references else {}),
        }
    metadata_by_breadcrumb = selection.apply_rules(select or Rules(), stream.name, schema, metadata)
    return {
        "tap_stream_id": stream.name,
        "stream": stream.name,
        "key_properties": list(key),
        "schema": schema,
        "metadata": [
            {"breadcrumb": list(breadcrumb), "metadata": values}
            for breadcrumb, values in metadata_by_breadcrumb.items()
        ],
    }
