"""What a run reads: what the catalog, the rules and the settings choose together.

What a catalog says that is not heeded is told: a slip in it must not pass in silence.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tap_bigcommerce import discover
from tap_bigcommerce.config import Config
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.rules import (
    Path,
    Rules,
    as_text,
    merged,
    most_like,
    nearest,
    read_rules,
    that_meet_nothing,
)
from tap_bigcommerce.schemas import DELETED_AT, load_notes, load_schema
from tap_bigcommerce.selection import (
    Choice,
    Metadata,
    Selection,
    all_fields,
    from_catalog,
    is_selected,
    metadata_of,
    says_yes_or_no,
)
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

LOGGER = logging.getLogger(__name__)

Entry = dict[str, Any]
"""A stream in a catalog."""

MOST = 20
"""Lines about one stream: a catalog of another tap would fill pages."""


def choice_of(
    config: Config | None, select: Sequence[str], catalog: Iterable[Entry] | None
) -> Choice:
    """What the rules of the settings and of the command line (`select`) say.

    Raises ConfigError for a rule that names nothing, and for pseudonyms of keys.
    """
    _check_streams(config)
    texts = merged(config.select if config else (), select)
    hash_texts = config.hash_fields if config else ()
    if not texts and not hash_texts:
        return Choice()
    own = {path for name in STREAMS for path in _paths(name, load_schema(name))}
    given = own
    if catalog is not None:
        given = {path for entry in catalog for path in _paths(name_of(entry), entry.get("schema"))}
    known = own | given
    personal = {
        (name, *path.replace("[]", "").split("."))
        for name in STREAMS
        for path in load_notes(name).personal
    }
    chosen, hashed = read_rules(texts, personal), read_rules(hash_texts, personal)
    always = {(name, key) for name, stream in STREAMS.items() for key in stream.automatic}
    mistakes = [
        *that_meet_nothing(chosen.included, given),
        *that_meet_nothing(chosen.excluded, known),
        *that_meet_nothing(hashed.all, known),
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
    catalog: Sequence[Entry] | None, config: Config, choice: Choice
) -> dict[str, Selection]:
    """What is selected, by stream, in the order in which the tap reads.

    Without a catalog that is what the one selects which discovery would write.
    """
    found: dict[str, Selection] = {}
    given = discover.catalog(STREAMS.values(), config)["streams"] if catalog is None else catalog
    entries = {name_of(entry): entry for entry in given}
    for name in entries:
        if name not in STREAMS:
            LOGGER.warning(
                "The catalog names a stream %s, which this tap does not have.%s",
                quoted(name),
                nearest(name, STREAMS),
            )
    for name in filter(entries.__contains__, STREAMS):
        chosen = from_catalog(STREAMS[name], entries[name], config, choice)
        slips = list(_unheeded(entries[name], chosen)) if catalog is not None else []
        if slips[MOST:]:
            slips[MOST:] = [f"{len(slips) - MOST} more of this kind"]
        for words in slips:
            LOGGER.warning("The catalog's entry for %s: %s", name, words)
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


def name_of(entry: Entry) -> str:
    """The name of a catalog's stream."""
    return str(entry.get("tap_stream_id") or entry.get("stream"))


def check_names(names: Iterable[str], where: str, among: Iterable[str]) -> None:
    """Raises ConfigError for names that are those of no stream."""
    known = list(among)
    mistakes = [
        f"{where} names {name!r}, which is none of the streams"
        f"{' that are read' if name in STREAMS else ''}."
        f"{nearest(name, known)}"
        for name in names
        if name not in known
    ]
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _check_streams(config: Config | None) -> None:
    if config is None:
        return
    check_names([own.stream for own in config.streams], "streams", STREAMS)
    accepted = [entry.partition(":")[0] for entry in config.accept_incomplete]
    check_names(accepted, "accept_incomplete", STREAMS)
    mistakes = []
    for own in config.streams:
        free = (own.stream, None, "FULL_TABLE")
        unfit = [key for key, value in vars(own).items() if value not in free]
        if unfit and STREAMS[own.stream].replication_key is None:
            mistakes.append(
                f"streams.{own.stream} has {', '.join(unfit)}, but {own.stream} is read whole "
                "every time: it has no date of change"
            )
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _paths(stream: str, schema: Any) -> set[Path]:
    """The stream and each of its fields."""
    return {(stream,), *(path for _, path, _ in all_fields(schema, path=(stream,)))}


def _hash_mistakes(rules: Rules, always: Iterable[Path]) -> list[str]:
    """What is wrong with rules for pseudonyms that name streams, keys, or no field at all."""
    mistakes: list[str] = []
    for rule in rules.all:
        if len(rule.parts) == 1 and any(rule.meets((name,)) for name in STREAMS):
            mistakes.append(
                f"the rule {rule.text!r} of hash_fields names streams, not fields. Did you mean "
                f"'{rule.text}.*'?"
            )
    if rules.all and not rules.included:
        mistakes.append("hash_fields only excludes: name the fields that go out as pseudonyms, too")
    keys = sorted(as_text(path) for path in always if rules.include(path))
    if keys:
        mistakes.append(
            "hash_fields names keys or replication keys, which go out as they are: "
            f"{', '.join(keys[:5])}{', ...' if keys[5:] else ''}. Exclude them there, as in "
            f"'!{keys[0]}'"
        )
    return mistakes


def _unheeded(entry: Entry, selection: Selection | None) -> Iterator[str]:
    """What of a stream's entry has no effect; `selection` is what is read of it, if anything."""
    schema, metadata = entry.get("schema"), metadata_of(entry)
    # Meltano writes it there, too, and then both are the same.
    is_read = is_selected(metadata.get((), {}), schema) is True
    if entry.get("selected") not in (None, is_read):
        yield (
            f'"selected": {json.dumps(entry["selected"])} beside tap_stream_id is not heeded. It '
            "belongs into the metadata of the breadcrumb []"
        )
    in_schema = [((), schema), *((place, field) for place, _, field in all_fields(schema))]
    for place, values in (*metadata.items(), *in_schema):
        value = values.get("selected") if isinstance(values, dict) else None
        if value is not None and says_yes_or_no(value) is None:
            yield (
                f'"selected" is {json.dumps(value)} at {_shown(place)} and is not heeded: it can '
                "be true or false"
            )
    places = Counter(tuple(item["breadcrumb"]) for item in entry.get("metadata") or ())
    for place, times in places.items():
        if times > 1:
            yield f"the breadcrumb {_shown(place)} stands there {times} times: the last one counts"
    if selection is None:
        return
    yield from _misplaced(metadata, selection)
    yield from _overrides(entry, metadata.get((), {}), selection.stream)
    for path in selection.emptied:
        name = f"{selection.stream.name}.{path}"
        yield (
            f"{path} is selected, and all that is in it is not: it stays out. To read it "
            f"whole, write {name}* into Meltano's select, or use --select {name}"
        )


def _misplaced(metadata: Metadata, selection: Selection) -> Iterator[str]:
    """Metadata of fields that there are not."""
    fields = (*all_fields(selection.known), *all_fields(selection.given))
    known = {as_text(path): place for place, path, _ in fields}
    places = {("properties", DELETED_AT), *(place for place, _, _ in fields)}
    for place in metadata:
        if place and place not in places and not (place[-1] == "items" and place[:-1] in places):
            name = ".".join(part for part in place if part not in ("properties", "items"))
            meant = most_like(name.removeprefix(f"{selection.stream.name}."), known)
            advice = f". Did you mean {_shown(known[meant])}?" if meant else ""
            yield f"the breadcrumb {_shown(place)} is that of no field and is not heeded{advice}"


def _overrides(entry: Mapping[str, Any], table: Mapping[str, Any], stream: Stream) -> Iterator[str]:
    """What people change in a catalog that this tap does not let be changed."""
    keys = ("key_properties", "table-key-properties", "view-key-properties")
    stays: dict[str, Any] = {
        **dict.fromkeys(("stream", "alias", "stream_alias", "table_name"), stream.name),
        **{key: list(stream.keys) for key in keys},
        **dict.fromkeys(("replication_key", "replication-key"), stream.replication_key),
    }
    for source in (entry, table):
        for name, own in stays.items():
            value = source.get(name)
            with_column = isinstance(value, list) and value[1:] == own
            if value not in (None, "", own) and not with_column:
                yield f"{name} {json.dumps(value)} is not heeded: it stays {json.dumps(own)}"


def _shown(place: Iterable[str]) -> str:
    return json.dumps(list(place))
