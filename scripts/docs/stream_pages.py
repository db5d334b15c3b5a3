"""The streams' pages, and tables of all streams."""

from scripts.docs import facts
from scripts.docs.diagrams import entity_diagram
from scripts.docs.fields import field_rows, fields_tables
from scripts.docs.markdown import cell, code, codes, table
from tap_bigcommerce.catalog.request_costs import cost_of
from tap_bigcommerce.records.schemas import load_schema
from tap_bigcommerce.streams import BY_DEFAULT, FAMILIES, STREAMS
from tap_bigcommerce.streams.stream import PARENTS, Stream


def family_table() -> str:
    """For the README: a row for each family."""
    rows = []
    for family, streams in FAMILIES.items():
        names = (f"**`{s.name}`**" if s.name in BY_DEFAULT else code(s.name) for s in streams)
        permissions = dict.fromkeys(s.permission for s in streams)
        rows.append((family, ", ".join(names), ", ".join(permissions)))
    return table(("family", "streams", "permissions (read-only)"), rows)


def index_tables() -> str:
    """For the page of all streams: a table and a diagram for each family."""
    parts = []
    for family, streams in FAMILIES.items():
        rows = [
            (
                f"[`{stream.name}`]({stream.name}.md)"
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


def page(stream: Stream, family: str) -> str:
    """A stream's page."""
    key = stream.replication_key
    rows = [
        ("read", facts.order(stream)),
        ("replication", f"incremental on {code(key)}" if key else "full"),
        ("filter", facts.filtered(stream)),
        ("key", codes(stream.primary_keys)),
        ("requests", facts.cost(stream)),
        ("permission (read-only)", stream.permission),
        ("channels", facts.channels(stream)),
        ("selected by default", "yes" if stream.name in BY_DEFAULT else "no"),
    ]
    if stream.parent is not None:
        rows.insert(0, ("added by the tap", codes(filter(None, PARENTS[stream.parent]))))
    references = [
        f"[`{other}.{path}`]({other}.md)"
        for other, one in STREAMS.items()
        for path, target in one.references.items()
        if target.partition(".")[0] == stream.name
    ]
    if references:
        rows.append(("referred to by", ", ".join(references)))
    return (
        f"# {stream.name}\n\n{cell(str(load_schema(stream.name)['description']))}\n\n"
        f"{table(('read from', facts.read_from(stream)), rows)}\n"
        f"[{family.capitalize()} and their foreign keys](index.md#{family.replace(' ', '-')})\n\n"
        f"## Fields\n\n{len(field_rows(stream.name))} fields, nested ones included.\n\n"
        f"{fields_tables(stream)}"
    )


def channel_table() -> str:
    """The effects of the setting channel_ids, and the streams of each."""
    found: dict[str, list[str]] = {}
    for stream in STREAMS.values():
        link = f"[`{stream.name}`](streams/{stream.name}.md)"
        found.setdefault(facts.channels(stream), []).append(link)
    (unfiltered,) = (text for text in found if text.startswith("All"))
    rows = [(", ".join(names), text) for text, names in found.items() if text != unfiltered]
    return table(["streams", "with `channel_ids`"], [*rows, ("all others", unfiltered)])


def nav(indent: str) -> str:
    """The entries of mkdocs.yml for the streams, family by family."""
    text = ""
    for family, streams in FAMILIES.items():
        text += f"{indent}- {family.capitalize()}:\n"
        text += "".join(f"{indent}    - {one.name}: streams/{one.name}.md\n" for one in streams)
    return text


def pages() -> dict[str, str]:
    """Each page by its file name."""
    return {
        f"{stream.name}.md": page(stream, family)
        for family, streams in FAMILIES.items()
        for stream in streams
    }
