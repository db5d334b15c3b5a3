"""What a sync would read, and what that costs in requests: for a person, and for an estimate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tap_bigcommerce.catalog.selection import Selection, all_fields
from tap_bigcommerce.config import Config
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.streams.enrichment.child_lists import MAX_PAGE_SIZE
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import table

SMALL_PAGE = 10
"""Rows: how many products the API gives at once together with their options or modifiers."""

FOR_COUPONS = "for each order that may have coupons (setting order_coupons)"

MORE = {
    "orders": [f"1 more {FOR_COUPONS}"],
    "customers": [f"1 more for each {MAX_PAGE_SIZE} if fields are selected that only v3 has"],
}


def cost_of(stream: Stream) -> str:
    """What reading the stream costs, as a person may hear it: 'none: it comes with orders'."""
    if stream.parent is None:
        return "; ".join([_of_list(stream), *MORE.get(stream.name, ())])
    if stream.has_child_list:
        return f"1 for each record of {stream.parent} that is read"
    if stream.separate_pass:
        return f"1 for {SMALL_PAGE} {stream.parent}, in a walk of its own"
    if stream.nested == "coupons":
        return f"1 {FOR_COUPONS}"
    return f"none: it comes with {stream.parent}"


def of_selection(selection: Selection, config: Config, beside: Collection[str]) -> str:
    """The same of a stream of which these fields are read, `beside` other streams."""
    stream, root = selection.stream, root_of(selection.stream)
    if stream.parent is not None and (root.name in beside or stream.separate_pass):
        return cost_of(stream)
    parts = [_of_list(root) if root is stream else f"{_of_list(root)} of {root.name}"]
    for name in sorted(lookups([selection], config)):
        if name == "coupons" and config.order_coupons == "auto":
            parts.append(f"1 more {FOR_COUPONS}")
        else:
            parts.append(f"1 more for the {name.rpartition('/')[2]} of each record")
    if wants_v3(selection):
        parts.append(f"1 more for each {MAX_PAGE_SIZE}, for fields that only v3 has")
    return "; ".join(parts)


def page_size(stream: Stream, config: Config) -> int:
    """Rows of a page of the list that is walked for the stream."""
    return min(SMALL_PAGE, config.page_size) if stream.separate_pass else config.page_size


def lookups(selections: Iterable[Selection], config: Config) -> set[str]:
    """The lists that these streams of one walk ask for, for each row of it."""
    of_orders = {"coupons"} if config.order_coupons != "never" else set()
    if config.order_details == "per_order":
        of_orders |= {"products", "shipping_addresses"}
    found = set()
    for selection in selections:
        stream = selection.stream
        if stream.name == "orders":
            found |= set(filter(selection.wants, of_orders))
        elif stream.has_child_list:
            found.add(stream.path)
        elif stream.nested in of_orders:
            found.add(stream.nested)
    return found


def wants_v3(selection: Selection) -> bool:
    """Fields of customers are read that only v3 has."""
    wanted = map(selection.wants, selection.notes.asked_for)
    return selection.stream.name == "customers" and any(wanted)


def _of_list(stream: Stream) -> str:
    return f"1 for {MAX_PAGE_SIZE} records" if stream.pagination.paged else "1"


def as_table(selections: Mapping[str, Selection], config: Config, width: int) -> str:
    """A row for each stream: its fields, how it is read, and the requests that it takes."""
    rows = [
        (
            name,
            ", ".join(_fields(selection)),
            "full" if selection.full_table else "incremental",
            of_selection(selection, config, selections),
        )
        for name, selection in selections.items()
    ]
    head = ("stream", "fields", "replication", "requests")
    return "\n".join(table(head, rows, width=width)) + "\n"


def _fields(selection: Selection) -> list[str]:
    """The fields that go out: those that are whole by their own name, of others what is in them."""
    stream, protection = selection.stream.name, selection.protection
    kept = [path for _, path, _ in all_fields(selection.schema, path=(stream,))]
    given = {path for _, path, _ in all_fields(selection.given, path=(stream,))}
    left_out = given.difference(kept)
    in_part = {(stream,), *(path[:length] for path in left_out for length in range(1, len(path)))}
    return [
        ".".join(path[1:]) + (" (pseudonym)" if protection and protection.hashes(path) else "")
        for path in kept
        if path not in in_part and path[:-1] in in_part
    ]
