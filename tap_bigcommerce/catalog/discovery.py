"""The catalog: what discovery offers; what a run reads by a given one, the rules and settings.

What a catalog says that is not heeded is told: a slip in it must not pass in silence.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tap_bigcommerce.catalog import selection
from tap_bigcommerce.catalog.probe import Access
from tap_bigcommerce.catalog.selection import FULL_TABLE, INCREMENTAL, Choice, Metadata, Selection
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.records import field_rules
from tap_bigcommerce.records.field_rules import Path, Rules
from tap_bigcommerce.records.schemas import DELETED_AT, load_notes, load_schema
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import closest_match, did_you_mean, quoted

LOGGER = logging.getLogger(__name__)

Entry = dict[str, Any]
"""A stream in a catalog."""

MOST = 20
"""Lines about one stream: a catalog of another tap would fill pages."""


def discovered(
    streams: Iterable[Stream], config: Config | None, select: Rules | None = None
) -> list[Entry]:
    """The catalog of `streams`, for a store with these settings, in which the rules select."""
    return [_entry(stream, config, select or Rules()) for stream in streams]


def offered(access: Mapping[str, Access]) -> list[Stream]:
    """The streams whose lists the store has and the token may read; warnings name the others.

    What does not answer at present stays in: the catalog does not depend on the weather.
    """
    lacking: dict[str, list[str]] = {}
    failing: dict[str, list[str]] = {}
    for name, found in access.items():
        if found.lacks is not None:
            lacking.setdefault(found.lacks, []).append(name)
        elif found.message is not None and not found.absent:
            # Without the list's name, which the words begin with.
            failing.setdefault(found.message.partition(": ")[2], []).append(name)
    absent = [name for name, found in access.items() if found.absent]
    for permission, names in lacking.items():
        LOGGER.warning(
            "Left out of the catalog, for the API account most likely lacks the permission "
            "'%s: read-only': %s. Permissions of an account cannot be changed later: make a new "
            "API account (control panel: Settings, API accounts) that has it.",
            permission,
            ", ".join(names),
        )
    if absent:
        LOGGER.warning(
            "Left out of the catalog, for this store does not have their lists: %s.",
            ", ".join(absent),
        )
    for message, names in failing.items():
        LOGGER.warning(
            "Nobody can tell whether these can be read, so the catalog has them: %s. %s",
            ", ".join(names),
            message,
        )
    return [STREAMS[name] for name, found in access.items() if not (found.lacks or found.absent)]


def choice_of(
    config: Config | None, select: Sequence[str], catalog: Mapping[str, Entry] | None
) -> Choice:
    """What the rules of the settings and of the command line (`select`) say.

    Raises ConfigError for a rule that names nothing, and for pseudonyms of keys.
    """
    if config is not None:
        _check_streams(config)
    texts = field_rules.merged(config.select if config else (), select)
    hash_texts = config.hash_fields if config else ()
    if not texts and not hash_texts:
        return Choice()
    own = _paths((name, load_schema(name)) for name in STREAMS)
    given = own
    if catalog is not None:
        given = _paths((name, entry.get("schema")) for name, entry in catalog.items())
    known = own | given
    personal = {
        (name, *path.replace("[]", "").split("."))
        for name in STREAMS
        for path in load_notes(name).personal
    }
    chosen, hashed = Rules(texts, personal), Rules(hash_texts, personal)
    always = {(name, key) for name, stream in STREAMS.items() for key in stream.automatic_fields}
    mistakes = [
        *field_rules.that_meet_nothing(chosen.included, given),
        *field_rules.that_meet_nothing(chosen.excluded, known),
        *field_rules.that_meet_nothing(hashed.all, known),
        *_hash_mistakes(hashed, always),
    ]
    if mistakes:
        raise ConfigError("The rules cannot be used:", mistakes)
    for rule in chosen.excluded:
        if set(filter(rule.meets, known)) <= always:
            LOGGER.warning(
                "The rule %r takes nothing away: keys and replication keys always go out.",
                rule.text,
            )
    return Choice(chosen, hashed, (config.hash_salt if config else None) or "")


def selections(
    catalog: Mapping[str, Entry] | None, config: Config, choice: Choice
) -> dict[str, Selection]:
    """What is selected, by stream, in the order in which the tap reads.

    Without a catalog that is what the one selects which discovery would write.
    """
    found: dict[str, Selection] = {}
    entries = catalog
    if entries is None:
        entries = {entry["stream"]: entry for entry in discovered(STREAMS.values(), config)}
    for name in entries:
        if name not in STREAMS:
            LOGGER.warning(
                "The catalog names a stream %s, which this tap does not have.%s",
                quoted(name),
                did_you_mean(name, STREAMS),
            )
    for name in filter(entries.__contains__, STREAMS):
        chosen = selection.from_catalog(STREAMS[name], entries[name], config, choice)
        slips = list(_unheeded(entries[name], chosen)) if catalog is not None else []
        if slips[MOST:]:
            slips[MOST:] = [f"{len(slips) - MOST} more of this kind"]
        for message in slips:
            LOGGER.warning("The catalog's entry for %s: %s", name, message)
        if chosen is None:
            continue
        found[name] = chosen
        given_fields, known = chosen.given["properties"], chosen.known["properties"]
        lacking = [field for field in known if field not in given_fields]
        if lacking and catalog is not None:
            LOGGER.info(
                "%s: the catalog lacks fields that this version knows: %s. Write it anew with "
                "--discover to get them.",
                name,
                ", ".join(lacking),
            )
    return found


def check_names(names: Iterable[str], where: str, among: Collection[str]) -> None:
    """Raises ConfigError for names that are those of no stream."""
    mistakes = [
        f"{where} names {name!r}, which is none of the streams"
        f"{' that are read' if name in STREAMS else ''}.{did_you_mean(name, among)}"
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
        unfit = [key for key, value in vars(own).items() if value not in (None, "FULL_TABLE")]
        if unfit and STREAMS[name].replication_key is None:
            mistakes.append(
                f"streams.{name} has {', '.join(unfit)}, but {name} is read whole every time: it "
                "has no date of change"
            )
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _paths(schemas: Iterable[tuple[str, Any]]) -> set[Path]:
    """The streams of these names and schemas, and each of their fields."""
    found: set[Path] = set()
    for name, schema in schemas:
        fields = selection.all_fields(schema, path=(name,))
        found.update({(name,)}, (path for _, path, _ in fields))
    return found


def _hash_mistakes(hashed: Rules, always: Iterable[Path]) -> list[str]:
    """What is wrong with rules for pseudonyms that name streams, keys, or no field at all."""
    mistakes: list[str] = []
    for rule in hashed.all:
        if len(rule.parts) == 1 and any(rule.meets((name,)) for name in STREAMS):
            mistakes.append(
                f"the rule {rule.text!r} of hash_fields names streams, not fields. Did you mean "
                f"'{rule.text}.*'?"
            )
    if hashed.all and not hashed.included:
        mistakes.append("hash_fields only excludes: name the fields that go out as pseudonyms, too")
    keys = sorted(field_rules.as_text(path) for path in always if hashed.include(path))
    if keys:
        mistakes.append(
            "hash_fields names keys or replication keys, which go out as they are: "
            f"{', '.join(keys[:5])}{', ...' if keys[5:] else ''}. Exclude them there, as in "
            f"'!{keys[0]}'"
        )
    return mistakes


def _unheeded(entry: Entry, chosen: Selection | None) -> Iterator[str]:
    """What of a stream's entry has no effect; `chosen` is what is read of it, if anything."""
    schema, metadata = entry.get("schema"), selection.metadata_of(entry)
    # Meltano writes it there, too, and then both are the same.
    is_read = selection.is_selected(metadata.get((), {}), schema) is True
    if entry.get("selected") not in (None, is_read):
        yield (
            f'"selected": {json.dumps(entry["selected"])} beside tap_stream_id is not heeded. It '
            "belongs into the metadata of the breadcrumb []"
        )
    fields = [((), (), schema), *selection.all_fields(schema)]
    in_schema = [(place, field) for place, _, field in fields]
    for place, values in (*metadata.items(), *in_schema):
        value = values.get("selected") if isinstance(values, dict) else None
        if value is not None and selection.says_yes_or_no(value) is None:
            yield (
                f'"selected" is {json.dumps(value)} at {json.dumps(place)} and is not heeded: it '
                "can be true or false"
            )
    places = Counter(tuple(item["breadcrumb"]) for item in entry.get("metadata") or ())
    for place, times in places.items():
        if times > 1:
            at = json.dumps(place)
            yield f"the breadcrumb {at} stands there {times} times: the last one counts"
    if chosen is None:
        return
    yield from _misplaced(metadata, chosen)
    yield from _overrides(entry, metadata.get((), {}), chosen.stream)
    for path in chosen.emptied:
        name = f"{chosen.stream.name}.{path}"
        yield (
            f"{path} is selected, and all that is in it is not: it stays out. To read it "
            f"whole, write {name}* into Meltano's select, or use --select {name}"
        )


def _misplaced(metadata: Metadata, chosen: Selection) -> Iterator[str]:
    """Metadata of fields that there are not."""
    fields = (*selection.all_fields(chosen.known), *selection.all_fields(chosen.given))
    known = {field_rules.as_text(path): place for place, path, _ in fields}
    places = {("properties", DELETED_AT), *(place for place, _, _ in fields)}
    for place in metadata:
        if place and place not in places and not (place[-1] == "items" and place[:-1] in places):
            name = ".".join(part for part in place if part not in ("properties", "items"))
            meant = closest_match(name.removeprefix(f"{chosen.stream.name}."), known)
            hint = f". Did you mean {json.dumps(known[meant])}?" if meant else ""
            yield f"the breadcrumb {json.dumps(place)} is that of no field and is not heeded{hint}"


def _overrides(entry: Mapping[str, Any], table: Mapping[str, Any], stream: Stream) -> Iterator[str]:
    """What people change in a catalog that this tap does not let be changed."""
    keys = ("key_properties", "table-key-properties", "view-key-properties")
    stays: dict[str, Any] = {
        **dict.fromkeys(("stream", "alias", "stream_alias", "table_name"), stream.name),
        **{key: list(stream.primary_keys) for key in keys},
        **dict.fromkeys(("replication_key", "replication-key"), stream.replication_key),
    }
    for source in (entry, table):
        for name, own in stays.items():
            value = source.get(name)
            # A list may begin with the column of the store.
            if value not in (None, "", own) and not (isinstance(value, list) and value[1:] == own):
                yield f"{name} {json.dumps(value)} is not heeded: it stays {json.dumps(own)}"


def _entry(stream: Stream, config: Config | None, select: Rules) -> dict[str, Any]:
    """The stream in the catalog: its schema, and the metadata of it and each of its fields."""
    schema = selection.for_settings(load_schema(stream.name), stream, config)
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
    for place, _, _ in selection.all_fields(schema):
        path = selection.as_path(place)
        metadata[place] = {
            "inclusion": "automatic" if path in automatic else "available",
            "selected-by-default": path not in notes.off_by_default,
            **({"personal": True} if path in notes.personal else {}),
            **({"references": references[path]} if path in references else {}),
        }
    return {
        "tap_stream_id": stream.name,
        "stream": stream.name,
        "key_properties": list(key),
        "schema": schema,
        "metadata": [
            {"breadcrumb": list(place), "metadata": values}
            for place, values in selection.chosen_by(select, stream.name, schema, metadata).items()
        ],
    }
