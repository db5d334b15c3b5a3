"""What the tap is: its settings, streams and capabilities, for people and for programs."""

from __future__ import annotations

import functools
import json
import textwrap
from typing import Any

from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.catalog.selection import FULL_TABLE, INCREMENTAL
from tap_bigcommerce.config import SCHEMA
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.version import VERSION

CAPABILITIES = {
    "catalog": "--catalog says which streams and fields are read",
    "discover": "--discover writes the catalog of what the token may read",
    "state": "--state goes on where the last run ended, also within a stream",
    "about": "--about tells what the tap is",
}
"""By the names that Meltano has for them."""

WIDTH = 80
"""Of a terminal, in characters."""


def about() -> dict[str, Any]:
    """All of it as one JSON object. `settings` is a JSON schema of the config."""
    return {
        "name": "tap-bigcommerce",
        "description": "Reads a BigCommerce store over its REST API and writes Singer messages.",
        "version": VERSION,
        "capabilities": list(CAPABILITIES),
        "settings": SCHEMA,
        "streams": [_stream(stream) for stream in STREAMS.values()],
    }


def written(form: str) -> str:
    """`about()` as "json", as "text" for a person at a terminal, or as "markdown"."""
    if form == "json":
        return json.dumps(about(), indent=2) + "\n"
    from jinja2 import Environment, PackageLoader  # takes its time to import

    loader = PackageLoader(__package__, "")
    jinja = Environment(loader=loader, trim_blocks=True, lstrip_blocks=True)
    jinja.filters["wrap"] = functools.partial(
        textwrap.fill, width=WIDTH, subsequent_indent=" " * 6, break_on_hyphens=False
    )
    return jinja.get_template(f"{form}.jinja").render(about(), told=CAPABILITIES)


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "read_from": f"{stream.nested} of {stream.parent}" if stream.nested else stream.path,
        "parent": stream.parent,
        "key_properties": list(stream.primary_keys),
        "replication_method": INCREMENTAL if stream.replication_key else FULL_TABLE,
        "replication_key": stream.replication_key,
        "selected_by_default": stream.name in BY_DEFAULT,
        "permission": f"{stream.permission}: read-only",
        "requests": cost_of(stream),
    }
