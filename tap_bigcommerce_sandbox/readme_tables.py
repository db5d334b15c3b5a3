"""The tables in the README, which `python -m scripts.generate` writes there."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator

from tap_bigcommerce_sandbox.families import ALL, catalog, store
from tap_bigcommerce_sandbox.lists import Endpoint, List
from tap_bigcommerce_sandbox.options import Options


def options_table() -> str:
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for item in dataclasses.fields(Options):
        default = ", ".join(item.default) if isinstance(item.default, tuple) else item.default
        choices = item.metadata["choices"]
        allowed = f" ({', '.join(choices)})" if choices else ""
        lines.append(f"| `{item.name}` | {default} | {item.metadata['help']}{allowed} |")
    return "\n".join(lines) + "\n"


def lists_table() -> str:
    lines = ["| list | path | notes | permission |", "|---|---|---|---|"]
    entries: tuple[Endpoint | List, ...] = (*store.OTHERS, *catalog.OTHERS, *ALL)
    for entry in entries:
        path = f"`{entry.path.replace('{}', '{id}')}`"
        notes = [f"`{name}`" for name in _families(entry.parameters)]
        if isinstance(entry, List):
            path += ", `/{id}`" if entry.single else ""
            path += ", `/count`" if entry.count else ""
            notes += [f"rows of `{entry.of}`"] if entry.of else []
            notes += [{"none": "not paged", "object": "one object"}.get(entry.paging.style, "")]
        shown = ", ".join(filter(None, notes))
        lines.append(f"| `{entry.name}` | {path} | {shown} | {entry.scope or 'none'} |")
    return "\n".join(lines) + "\n"


def _families(parameters: Iterable[str]) -> Iterator[str]:
    """The parameters but for those of every list; x:* stands for several of a field x."""
    grouped = itertools.groupby(sorted(parameters), lambda name: name.partition(":")[0])
    for field, group in grouped:
        names = list(group)
        if field not in ("limit", "page"):
            yield names[0] if len(names) == 1 else f"{field}:*"
