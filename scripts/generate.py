"""python -m scripts.generate: writes anew every file that follows from the code.

With --check it writes nothing, names what is out of date and ends with status 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any

from sandbox import options_table
from scripts import meltano_plugin
from tap_bigcommerce import discover
from tap_bigcommerce.config import INSTANT, declarations, is_required, sample_config
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

ROOT = Path(__file__).resolve().parent.parent


def generated() -> dict[Path, str]:
    """Each file and the text that it should have."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    text = with_block(text, "settings", settings_table())
    text = with_block(text, "streams", streams_table())
    return {
        ROOT / "sample_config.json": json_text(sample_config()),
        ROOT / "catalog.json": json_text(discover.catalog(STREAMS.values(), None)),
        readme: text,
        options_table.README: options_table.with_table(options_table.README.read_text("utf-8")),
        **meltano_plugin.generated(),
    }


def stale() -> list[Path]:
    """The files that are not as they should be."""
    return [
        path
        for path, text in generated().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


def json_text(value: Any) -> str:
    """JSON as --discover writes it."""
    return json.dumps(value, indent=2) + "\n"


def settings_table() -> str:
    """The settings: name, default, meaning."""
    rows = [
        (f"`{setting.name}`", _default(setting), _meaning(setting)) for setting in declarations()
    ]
    return _table(("setting", "default", "what it is for"), rows)


def streams_table() -> str:
    """The streams: name, how each is replicated, its keys, what the API account needs."""
    rows = []
    for stream in STREAMS.values():
        how = f"incremental on `{stream.replication_key}`" if stream.replication_key else "full"
        keys = ", ".join(f"`{key}`" for key in stream.keys)
        rows.append((f"`{stream.name}`", _read_from(stream), how, keys, stream.permission.name))
    return _table(("stream", "read from", "replication", "key", "permission (read-only)"), rows)


def _read_from(stream: Stream) -> str:
    """The list's path; for what belongs to rows of another stream, that stream and where."""
    child = stream.child
    if child is None:
        return f"`{stream.path}`"
    if child.nested is not None:
        return f"`{child.nested}` of `{child.parent}`"
    assert child.own_list is not None
    if child.own_list.startswith("/"):
        return f"`{child.own_list}`"
    return f"`{STREAMS[child.parent].path}/{{id}}/{child.own_list}`"


def with_block(text: str, name: str, content: str) -> str:
    """The text with `content` between the markers of the block `name`."""
    start, end = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->"
    before, found_start, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise ValueError(f"there is no block {name!r}: {start.strip()} ... {end}")
    return f"{before}{start}{content}{end}{after}"


def _default(setting: Field[Any]) -> str:
    if is_required(setting):
        return "required"
    default = setting.default
    if default is None or default is MISSING:
        return ""
    if isinstance(default, float) and default.is_integer():
        default = int(default)
    return f"`{default}`"


def _meaning(setting: Field[Any]) -> str:
    text, kind = str(setting.metadata["description"]), setting.metadata["kind"]
    # The other kinds are said by their descriptions.
    if kind is INSTANT or kind.json_type == "integer":
        return f"{text} *{kind.expected[0].upper()}{kind.expected[1:]}.*"
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, *rows)]
    lines.insert(1, "|---" * len(head) + "|\n")
    return "".join(lines)


def main() -> int:
    """Write or check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.generate")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    only_check = parser.parse_args().check
    old = stale()
    for path in old:
        name = path.relative_to(ROOT)
        if only_check:
            print(f"{name} is out of date; `make generate` writes it anew.", file=sys.stderr)
        else:
            path.write_text(generated()[path], "utf-8")
            print(f"wrote {name}")
    if not old:
        print("All generated files are up to date.")
    return 1 if old and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
