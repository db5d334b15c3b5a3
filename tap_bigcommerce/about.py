"""What the tap is: its settings, streams and capabilities, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field
from typing import Any

from tap_bigcommerce.config import declarations, is_required
from tap_bigcommerce.costs import in_words
from tap_bigcommerce.selection import FULL_TABLE, INCREMENTAL
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS, root_of
from tap_bigcommerce.streams.stream import Stream, own_list_path
from tap_bigcommerce.version import VERSION

NAME = "tap-bigcommerce"
DESCRIPTION = "Reads a BigCommerce store over its REST API and writes Singer messages."

CAPABILITIES = {
    "catalog": "--catalog says which streams and fields are read",
    "discover": "--discover writes the catalog of what the token may read",
    "state": "--state goes on where the last run ended, also within a stream",
    "about": "--about tells what the tap is",
}
"""By the names that Meltano has for them."""

WIDTH = 80


def about() -> dict[str, Any]:
    """All of it as one JSON object. `settings` is a JSON schema of the config."""
    return {
        "name": NAME,
        "description": DESCRIPTION,
        "version": VERSION,
        "capabilities": list(CAPABILITIES),
        "settings": config_schema(),
        "streams": [_stream(stream) for stream in STREAMS.values()],
    }


def config_schema() -> dict[str, Any]:
    """The JSON schema of a config file. Secret settings have `"secret": true` and `writeOnly`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {setting.name: _setting_schema(setting) for setting in declarations()},
        "required": [setting.name for setting in declarations() if is_required(setting)],
    }


def read_from(stream: Stream) -> str:
    """Where the stream's rows come from: a path, or a field of another stream."""
    child = stream.child
    if child is None:
        return stream.path
    if child.nested is not None:
        return f"{child.nested} of {child.parent}"
    return own_list_path(child, root_of(stream), {"id": "{id}"})


def as_json() -> str:
    """`about()` as JSON text."""
    return json.dumps(about(), indent=2) + "\n"


def as_text() -> str:
    """For a person at a terminal."""
    lines = [f"{NAME} {VERSION}", DESCRIPTION, "", "Capabilities"]
    lines += [f"  {name:<10}{words}" for name, words in CAPABILITIES.items()]
    lines += ["", "Settings (in a config file, or as TAP_BIGCOMMERCE_<NAME> in the environment)"]
    for setting in declarations():
        lines += _described(setting.name, _facts(setting), setting.metadata["description"])
    lines += ["", "Streams"]
    for stream in map(_stream, STREAMS.values()):
        facts = [
            f"from {stream['read_from']}",
            _replication(stream),
            f"key {', '.join(stream['key_properties'])}",
            f"permission {stream['permission']}",
        ]
        lines += _described(stream["name"], facts, f"requests: {stream['requests']}")
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """For a document."""
    capabilities = "".join(f"- `{name}`: {words}\n" for name, words in CAPABILITIES.items())
    settings = [
        (f"`{s.name}`", "; ".join(_facts(s)), s.metadata["description"]) for s in declarations()
    ]
    streams = [
        (
            f"`{stream['name']}`",
            stream["read_from"],
            _replication(stream),
            ", ".join(f"`{key}`" for key in stream["key_properties"]),
            stream["permission"],
            stream["requests"],
        )
        for stream in map(_stream, STREAMS.values())
    ]
    head = ("stream", "read from", "replication", "key", "permission", "requests")
    return (
        f"# {NAME} {VERSION}\n\n{DESCRIPTION}\n\n## Capabilities\n\n{capabilities}"
        f"\n## Settings\n\n{_table(('setting', 'value', 'what it is for'), settings)}"
        f"\n## Streams\n\n{_table(head, streams)}"
    )


FORMATS: Mapping[str, Callable[[], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}


def _setting_schema(setting: Field[Any]) -> dict[str, Any]:
    kind, required = setting.metadata["kind"], is_required(setting)
    schema: dict[str, Any] = {
        # What is null counts as not given.
        "type": kind.json_type if required else [kind.json_type, "null"],
        "description": setting.metadata["description"],
        **kind.schema,
    }
    if "enum" in schema and not required:
        schema["enum"] = [*schema["enum"], None]
    if not required and setting.default is not None:
        schema["default"] = _plain(setting.default)
    if setting.metadata["secret"]:
        schema.update(secret=True, writeOnly=True)
    return schema


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "read_from": read_from(stream),
        "parent": stream.child.parent if stream.child else None,
        "key_properties": list(stream.keys),
        "replication_method": INCREMENTAL if stream.replication_key else FULL_TABLE,
        "replication_key": stream.replication_key,
        "selected_by_default": stream.name in BY_DEFAULT,
        "permission": f"{stream.permission.name}: read-only",
        "requests": in_words(stream),
    }


def _facts(setting: Field[Any]) -> list[str]:
    """What a setting may be, shortly."""
    facts = ["required"] if is_required(setting) else []
    if setting.metadata["secret"]:
        facts.append("secret")
    facts.append(str(setting.metadata["kind"].expected))
    if not is_required(setting) and setting.default not in (None, ()):
        default = _plain(setting.default)
        facts.append(f"default {str(default).lower() if isinstance(default, bool) else default}")
    return facts


def _replication(facts: Mapping[str, Any]) -> str:
    key = facts["replication_key"]
    return f"incremental on {key}" if key else "full"


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _described(name: str, facts: Iterable[str], words: str) -> list[str]:
    """In lines that fit a terminal."""

    def indented(text: str, columns: int) -> list[str]:
        first, rest = " " * columns, " " * 6
        return textwrap.wrap(
            text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )

    return [*indented(f"{name} ({'; '.join(facts)})", 2), *indented(words, 6)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *rest = (f"| {' | '.join(cells)} |\n" for cells in (head, *rows))
    return first + "|---" * len(head) + "|\n" + "".join(rest)
