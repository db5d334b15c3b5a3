"""--about: settings, streams and capabilities as text, Markdown or JSON."""

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
    "catalog": "--catalog selects streams and fields",
    "discover": "--discover writes a catalog of the streams that the token can read",
    "state": "--state continues where the last run ended, also within a stream",
    "about": "--about shows the settings, streams and capabilities",
}
"""Meltano's names of the capabilities, with a description of each."""

WIDTH = 80
"""Characters per line of the text format."""


def about() -> dict[str, Any]:
    """The JSON format of --about. `settings` is the JSON schema of a config."""
    return {
        "name": "tap-bigcommerce",
        "description": "Reads a BigCommerce store over its REST API and writes Singer messages.",
        "version": VERSION,
        "capabilities": list(CAPABILITIES),
        "settings": SCHEMA,
        "streams": [_stream(stream) for stream in STREAMS.values()],
    }


def render(format: str) -> str:
    """The output of --about. `format` is "text", "markdown" or "json"."""
    if format == "json":
        return json.dumps(about(), indent=2) + "\n"
    from jinja2 import Environment, PackageLoader  # slow to import

    loader = PackageLoader(__package__, "")
    jinja = Environment(loader=loader, trim_blocks=True, lstrip_blocks=True)
    jinja.filters["wrap"] = functools.partial(
        textwrap.fill, width=WIDTH, subsequent_indent=" " * 6, break_on_hyphens=False
    )
    return jinja.get_template(f"{format}.jinja").render(about(), descriptions=CAPABILITIES)


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
