"""The streams' pages, and tables of all streams."""

from __future__ import annotations

from scripts.docs import facts
from scripts.docs.diagrams import entity_diagram
from scripts.docs.fields import field_rows, fields_tables
from scripts.docs.markdown import cell, code, table
from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce.streams.stream import Stream


def family_table() -> str:
    """For the README: a row for each family."""
    rows = []
    for family, streams in FAMILIES.items():
        names = ", ".join(
            f"**{code(s.name)}**" if s.name in BY_DEFAULT else code(s.name) for s in streams
        )
        permissions = ", ".join(dict.fromkeys(s.permission for s in streams))
        rows.append((family, names, permissions))
    return table(("family", "streams", "permissions (read-only)"), rows)


def index_tables() -> str:
    """For the page of all streams: a table and a diagram for each family."""
    parts = []
    for family, streams in FAMILIES.items():
        rows = [
            (
                f"[{code(stream.name)}]({stream.name}.md)"
                + (" (default)" if stream.name in BY_DEFAULT else ""),
                cell(str(load_schema(stream.name)["description"])),
                cost_of(stream),
                "incremental" if stream.replication_key else "full",
                stream.permission,
            )
            for stream in streams
        ]
        head = ("stream", "a row is", "requests", "replication", "permission (read-only)")
        parts.append(f"## {family.capitalize()}\n\n{table(head, rows)}\n{entity_diagram(streams)}")
    return "\n".join(parts)


def page(stream: Stream) -> str:
    """A stream's page."""
    family = next(name for name, streams in FAMILIES.items() if stream in streams)
    rows = [
        ("read from", facts.read_from(stream)),
        ("read", facts.order(stream)),
        ("replication", facts.replication(stream)),
        ("filter", facts.filtered(stream)),
        ("key", facts.keys(stream)),
        ("requests", facts.cost(stream)),
        ("permission (read-only)", stream.permission),
        ("channels", facts.channels(stream)),
        ("selected by default", "yes" if stream.name in BY_DEFAULT else "no"),
    ]
    if stream.parent is not None:
        rows.insert(1, ("added by the tap", facts.parent_fields(stream)))
    references = referred_by(stream.name)
    if references:
        links = [f"[{code(f'{other}.{path}')}]({other}.md)" for other, path in references]
        rows.append(("referred to by", ", ".join(links)))
    count = len(field_rows(stream.name))
    return "".join(
        [
            f"# {stream.name}\n\n",
            f"{cell(str(load_schema(stream.name)['description']))}\n\n",
            table(rows[0], rows[1:]),
            f"\n[{family.capitalize()} and their foreign keys]"
            f"(index.md#{family.replace(' ', '-')})\n",
            f"\n## Fields\n\n{count} fields, nested ones included.\n\n",
            fields_tables(stream),
        ]
    )


def referred_by(name: str) -> list[tuple[str, str]]:
    """The foreign keys that refer to this stream: stream and path."""
    return [
        (other, path)
        for other, stream in STREAMS.items()
        for path, key in stream.references.items()
        if key.partition(".")[0] == name
    ]


def channel_table() -> str:
    """The effects of the setting channel_ids, and the streams of each."""
    found: dict[str, list[str]] = {}
    for stream in STREAMS.values():
        found.setdefault(facts.channels(stream), []).append(
            f"[{code(stream.name)}](streams/{stream.name}.md)"
        )
    (unfiltered,) = (text for text in found if text.startswith("All"))
    rows = [(", ".join(names), text) for text, names in found.items() if text != unfiltered]
    return table(["streams", "with `channel_ids`"], [*rows, ("all others", unfiltered)])


def nav(indent: str) -> str:
    """The entries of mkdocs.yml for the streams, family by family."""
    lines = []
    for family, streams in FAMILIES.items():
        lines.append(f"{indent}- {family.capitalize()}:\n")
        lines += [f"{indent}    - {stream.name}: streams/{stream.name}.md\n" for stream in streams]
    return "".join(lines)


def pages() -> dict[str, str]:
    """Each page by its file name."""
    return {f"{name}.md": page(stream) for name, stream in STREAMS.items()}
