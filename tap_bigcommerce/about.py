"""What the tap is: its settings, streams and capabilities, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tap_bigcommerce.config import SCHEMA, SETTINGS
from tap_bigcommerce.costs import in_words
from tap_bigcommerce.selection import FULL_TABLE, INCREMENTAL
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.streams.stream import Stream
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
        "settings": SCHEMA,
        "streams": [_stream(stream) for stream in STREAMS.values()],
    }


def read_from(stream: Stream) -> str:
    """Where the stream's rows come from: a path, or a field of another stream."""
    return f"{stream.nested} of {stream.parent}" if stream.nested else stream.path


def as_json() -> str:
    """`about()` as JSON text."""
    return json.dumps(about(), indent=2) + "\n"


def as_text() -> str:
    """For a person at a terminal."""
    lines = [f"{NAME} {VERSION}", DESCRIPTION, "", "Capabilities"]
    lines += [f"  {name:<10}{words}" for name, words in CAPABILITIES.items()]
    lines += ["", "Settings (in a config file, or as TAP_BIGCOMMERCE_<NAME> in the environment)"]
    for name, setting in SETTINGS.items():
        lines.append(_indented(f"{name} ({_value(name)})", 2))
        lines.append(_indented(setting["description"], 6))
    lines += ["", "Streams"]
    for stream in map(_stream, STREAMS.values()):
        facts = (
            f"{stream['name']} (from {stream['read_from']}; {_replication(stream)}; key "
            f"{', '.join(stream['key_properties'])}; permission {stream['permission']})"
        )
        lines.append(_indented(facts, 2))
        lines.append(_indented(f"requests: {stream['requests']}", 6))
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """For a document."""
    settings = [(f"`{name}`", _value(name), s["description"]) for name, s in SETTINGS.items()]
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
    capabilities = "".join(f"- `{name}`: {words}\n" for name, words in CAPABILITIES.items())
    head = ("stream", "read from", "replication", "key", "permission", "requests")
    return (
        f"# {NAME} {VERSION}\n\n{DESCRIPTION}\n\n## Capabilities\n\n{capabilities}"
        f"\n## Settings\n\n{_table(('setting', 'value', 'what it is for'), settings)}"
        f"\n## Streams\n\n{_table(head, streams)}"
    )


FORMATS = {"text": as_text, "json": as_json, "markdown": as_markdown}


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "read_from": read_from(stream),
        "parent": stream.parent,
        "key_properties": list(stream.keys),
        "replication_method": INCREMENTAL if stream.replication_key else FULL_TABLE,
        "replication_key": stream.replication_key,
        "selected_by_default": stream.name in BY_DEFAULT,
        "permission": f"{stream.permission}: read-only",
        "requests": in_words(stream),
    }


def _value(name: str) -> str:
    """What a setting may be, shortly."""
    setting = SETTINGS[name]
    facts = ["required"] if name in SCHEMA["required"] else []
    if setting.get("secret"):
        facts.append("secret")
    facts.append(setting["expected"])
    if setting.get("default") not in (None, [], {}):
        facts.append(f"default {str(setting['default']).lower()}")
    return "; ".join(facts)


def _replication(facts: Mapping[str, Any]) -> str:
    key = facts["replication_key"]
    return f"incremental on {key}" if key else "full"


def _indented(text: str, columns: int) -> str:
    """In lines that fit a terminal."""
    first, rest = " " * columns, " " * 6
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *rest = (f"| {' | '.join(cells)} |\n" for cells in (head, *rows))
    return first + "|---" * len(head) + "|\n" + "".join(rest)
