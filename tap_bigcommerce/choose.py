"""What a run reads: what the catalog, the rules and the settings choose together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce import discover, selection, unheeded
from tap_bigcommerce.config import Config
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.rules import (
    Path,
    Rule,
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

Fields = dict[str, set[Path]]
"""By stream: the paths of all its fields."""


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
    own = {name: _paths(name, load_schema(name)) for name in STREAMS}
    given = own if catalog is None else _in_catalog(catalog)
    known = {name: own.get(name, set()) | given.get(name, set()) for name in {**own, **given}}
    personal = {path for name in STREAMS for path in _marked(name, own[name])}
    chosen, hashed = read_rules(texts, personal), read_rules(hash_texts, personal)
    mistakes = [
        *that_meet_nothing(Rules(chosen.included), given),
        *that_meet_nothing(Rules(chosen.excluded), known),
        *_hashed_streams(hashed),
        *that_meet_nothing(hashed, known),
        *_hashed_keys(hashed),
    ]
    if mistakes:
        raise ConfigError("The rules cannot be used:", mistakes)
    _warn_of_keys(chosen.excluded, known)
    return Choice(chosen, hashed, (config.hash_salt if config else None) or "")


def selections(
    catalog: Sequence[Entry] | None, config: Config, choice: Choice
) -> dict[str, Selection]:
    """What is selected, by stream, in the order in which the tap reads."""
    found: dict[str, Selection] = {}
    entries = {entry.get("tap_stream_id") or entry.get("stream"): entry for entry in catalog or ()}
    for name in entries:
        if name not in STREAMS:
            LOGGER.warning(
                "The catalog names a stream %s, which this tap does not have.%s",
                quoted(name),
                nearest(str(name), STREAMS),
            )
    for name, stream in STREAMS.items():
        own, entry = load_schema(name), entries.get(name)
        if catalog is None:
            metadata = discover.own_metadata(stream, own, config)
            chosen = selection.by_default(stream, own, metadata, config, choice)
        elif entry is not None:
            chosen = selection.from_catalog(stream, own, entry, config, choice)
        else:
            chosen = None
        if entry is not None:
            unheeded.warn(entry, chosen)
        if chosen is None:
            continue
        found[name] = chosen
        lacking = selection.missing_fields(own, chosen.given)
        if lacking:
            LOGGER.info(
                "%s: the catalog lacks fields that this version knows: %s. Write it anew with "
                "--discover to get them.",
                name,
                ", ".join(lacking),
            )
    return found


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


def mark(catalog: Iterable[Entry], rules: Rules) -> None:
    """Write into a catalog what rules select in it."""
    for entry in catalog:
        metadata = singer_metadata.to_map(entry["metadata"])
        chosen = selection.chosen_by(rules, entry["tap_stream_id"], entry["schema"], metadata)
        entry["metadata"] = [
            {"breadcrumb": list(place), "metadata": values} for place, values in chosen.items()
        ]


def _paths(stream: str, schema: Mapping[str, Any]) -> set[Path]:
    return {path for _, path in all_fields(dict(schema), (), (stream,))}


def _in_catalog(catalog: Iterable[Entry]) -> Fields:
    found: Fields = {}
    for entry in catalog:
        name, schema = entry.get("tap_stream_id") or entry.get("stream"), entry.get("schema")
        if isinstance(name, str):
            found[name] = _paths(name, schema) if isinstance(schema, dict) else set()
    return found


def _marked(stream: str, paths: Iterable[Path]) -> set[Path]:
    """The fields of a stream that are marked as personal."""
    marked = {path.replace("[]", "") for path in load_notes(stream).personal}
    return {path for path in paths if ".".join(path[1:]) in marked}


def _always(stream: str) -> set[Path]:
    """The fields of a stream that always go out."""
    return {(stream, name) for name in STREAMS[stream].automatic}


def _hashed_streams(rules: Rules) -> list[str]:
    """What is wrong with rules for pseudonyms that name streams, or no field at all, in words."""
    mistakes = [
        f"the rule {rule.text!r} of hash_fields names streams, not fields. Did you mean "
        f"'{rule.text}.*'?"
        for rule in rules.all
        if any(rule.meets((name,)) for name in STREAMS) and len(rule.parts) == 1
    ]
    if rules.all and not rules.included:
        mistakes.append("hash_fields only excludes: name the fields that go out as pseudonyms, too")
    return mistakes


def _hashed_keys(rules: Rules) -> list[str]:
    keys = [path for name in STREAMS for path in sorted(_always(name)) if rules.include(path)]
    if not keys:
        return []
    shown = ", ".join(as_text(path) for path in keys[:5]) + (", ..." if keys[5:] else "")
    return [
        f"hash_fields names keys or replication keys, which go out as they are: {shown}. Exclude "
        f"them there, as in '!{as_text(keys[0])}'"
    ]


def _warn_of_keys(excluded: Iterable[Rule], known: Fields) -> None:
    always = {path for name in STREAMS for path in _always(name)}
    for rule in excluded:
        met = {path for paths in known.values() for path in paths if rule.meets(path)}
        if met and met <= always:
            LOGGER.warning(
                "The rule %r takes nothing away: keys and replication keys always go out.",
                rule.text,
            )
