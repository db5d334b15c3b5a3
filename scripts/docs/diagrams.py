"""Entity diagrams as Mermaid text, from the streams' keys and foreign keys."""

from collections.abc import Sequence

from tap_bigcommerce.streams.stream import Stream


def entity_diagram(streams: Sequence[Stream]) -> str:
    """The streams of one part of the API: a block of Mermaid, which the site and hosts draw.

    Each box has the stream's keys and its foreign keys. A line leads to each of these streams that
    a foreign key refers to; for a stream of another part, the key's comment names it. Streams
    without such keys, to which none refers, are left out.
    """
    linked = {key.partition(".")[0] for stream in streams for key in stream.references.values()}
    streams = [stream for stream in streams if stream.references or stream.name in linked]
    names = {stream.name for stream in streams}
    lines = ["```mermaid", "erDiagram", "    direction LR"]
    for stream in streams:
        foreign = {path: key.partition(".")[0] for path, key in stream.references.items()}
        lines.append(f"    {stream.name} {{")
        for path in dict.fromkeys([*stream.primary_keys, *foreign]):
            marks = ["PK"] * (path in stream.primary_keys) + ["FK"] * (path in foreign)
            elsewhere = foreign.get(path) not in (None, *names)
            comment = f' "{foreign[path]}"' if elsewhere else ""
            lines.append(f"        {_attribute(path)} {', '.join(marks)}{comment}")
        lines.append("    }")
    for stream in streams:
        targets: dict[str, list[str]] = {}
        for path, key in stream.references.items():
            if key.partition(".")[0] in names:
                targets.setdefault(key.partition(".")[0], []).append(path)
        for target, paths in targets.items():
            one = "||" if stream.parent == target else "o|"
            lines.append(f'    {stream.name} }}o--{one} {target} : "{", ".join(paths)}"')
    return "\n".join([*lines, "```", ""])


def _attribute(path: str) -> str:
    """A key's type and name. Mermaid's names have no points: these stand before the last one."""
    above, _, name = path.rpartition(".")
    return f"in-{above.replace('.', '-')} {name}" if above else f"field {name}"
