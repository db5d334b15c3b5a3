"""What a run reads: what the catalog, the rules and the settings choose together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from tap_bigcommerce import discover, selection, unheeded
from tap_bigcommerce.config import Config
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.rules import (
    Path,
    Rules,
    as_text,
    merged,
    nearest,
    read_rules,
    that_meet_nothing,
)
from tap_bigcommerce.schemas import load_notes, load_schema
from tap_bigcommerce.selection import Choice, Selection, all_fields
from tap_bigcommerce.streams import STREAMS

LOGGER = logging.getLogger(__name__)

Entry = dict[str, Any]
"""A stream in a catalog."""


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
        own, entry = load_schema(name), entries[name]
        metadata = selection.metadata_of(entry)
        chosen = selection.from_catalog(STREAMS[name], own, entry, metadata, config, choice)
        if catalog is not None:
            unheeded.warn(entry, metadata, chosen)
        if chosen is None:
            continue
        found[name] = chosen
        lacking = [field for field in own["properties"] if field not in chosen.given["properties"]]
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
    settings = config.streams if config else ()
    check_names([own.stream for own in settings], "streams", STREAMS)
    accepted = config.accept_incomplete if config else ()
    check_names([entry.partition(":")[0] for entry in accepted], "accept_incomplete", STREAMS)
    mistakes = []
    for own in settings:
        name, free = own.stream, (own.stream, None, "FULL_TABLE")
        unfit = [key for key, value in vars(own).items() if value not in free]
        if unfit and STREAMS[name].replication_key is None:
            mistakes.append(
                f"streams.{name} has {', '.join(unfit)}, but {name} is read whole every time: it "
                "has no date of change"
            )
    if mistakes:
        raise ConfigError("The settings cannot be used:", mistakes)


def _paths(stream: str, schema: Any) -> set[Path]:
    """The stream and each of its fields."""
    fields = all_fields(schema if isinstance(schema, dict) else {}, path=(stream,))
    return {(stream,), *(path for _, path, _ in fields)}


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
