"""How many requests streams and selections need; the output of --list."""

from collections.abc import Collection, Iterable, Mapping

from tap_bigcommerce.catalog.selection import Selection, all_fields
from tap_bigcommerce.config import Config
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.streams.enrichment.child_lists import MAX_PAGE_SIZE
from tap_bigcommerce.streams.stream import Stream
from tap_bigcommerce.text import table

SMALL_PAGE = 10
"""Products in one response when their options or modifiers are included: the API's limit."""

FOR_COUPONS = "for each order that may have coupons (setting order_coupons)"

EXTRA_REQUESTS = {
    "orders": [f"1 more {FOR_COUPONS}"],
    "customers": [f"1 more for each {MAX_PAGE_SIZE} if fields are selected that only v3 has"],
}


def cost_of(stream: Stream) -> str:
    """The requests that reading the stream takes, as text: "none: it comes with orders"."""
    if stream.parent is None:
        return "; ".join([_of_list(stream), *EXTRA_REQUESTS.get(stream.name, ())])
    if stream.has_child_list:
        return f"1 for each record of {stream.parent} that is read"
    if stream.separate_pass:
        return f"1 for {SMALL_PAGE} {stream.parent}, in a separate pass"
    if stream.nested == "coupons":
        return f"1 {FOR_COUPONS}"
    return f"none: it comes with {stream.parent}"


def cost_of_selection(selection: Selection, config: Config, selected: Collection[str]) -> str:
    """The requests that reading the selected fields of a stream takes, as text.

    selected: the names of all selected streams. What comes with one of them needs no requests.
    """
    stream, root = selection.stream, root_of(selection.stream)
    if stream.parent is not None and (root.name in selected or stream.separate_pass):
        return cost_of(stream)
    parts = [_of_list(root) if root is stream else f"{_of_list(root)} of {root.name}"]
    for name in sorted(lists_per_row([selection], config)):
        if name == "coupons" and config.order_coupons == "auto":
            parts.append(f"1 more {FOR_COUPONS}")
        else:
            parts.append(f"1 more for the {name.rpartition('/')[2]} of each record")
    if selects_v3_fields(selection):
        parts.append(f"1 more for each {MAX_PAGE_SIZE}, for fields that only v3 has")
    return "; ".join(parts)


def page_size(stream: Stream, config: Config) -> int:
    """How many rows a page of the stream's list has at most."""
    return min(SMALL_PAGE, config.page_size) if stream.separate_pass else config.page_size


def lists_per_row(selections: Iterable[Selection], config: Config) -> set[str]:
    """The child lists that are requested for each row, for streams that are read from one list."""
    of_orders = {"coupons"} if config.order_coupons != "never" else set()
    if config.order_details == "per_order":
        of_orders |= {"products", "shipping_addresses"}
    found = set()
    for selection in selections:
        stream = selection.stream
        if stream.name == "orders":
            found |= set(filter(selection.selects, of_orders))
        elif stream.has_child_list:
            found.add(stream.path)
        elif stream.nested in of_orders:
            found.add(stream.nested)
    return found


def selects_v3_fields(selection: Selection) -> bool:
    """Whether it selects fields of customers that only v3 of the API has."""
    selected = map(selection.selects, selection.notes.on_request)
    return selection.stream.name == "customers" and any(selected)


def _of_list(stream: Stream) -> str:
    return f"1 for {MAX_PAGE_SIZE} records" if stream.pagination.paged else "1"


def as_table(selections: Mapping[str, Selection], config: Config, width: int) -> str:
    """A table for people: the fields, replication and requests of each selected stream.

    width: that of the terminal, in characters.
    """
    rows = [
        (
            name,
            ", ".join(_fields(selection)),
            "full" if selection.full_table else "incremental",
            cost_of_selection(selection, config, selections),
        )
        for name, selection in selections.items()
    ]
    head = ("stream", "fields", "replication", "requests")
    return "\n".join(table(head, rows, width=width)) + "\n"


def _fields(selection: Selection) -> list[str]:
    """The selected fields. One with deselected fields in it is replaced by these others."""
    stream, protection = selection.stream.name, selection.protection
    kept = [path for _, path, _ in all_fields(selection.schema, path=(stream,))]
    every = {path for _, path, _ in all_fields(selection.catalog_schema, path=(stream,))}
    left_out = every.difference(kept)
    partial = {(stream,), *(path[:length] for path in left_out for length in range(1, len(path)))}
    return [
        ".".join(path[1:]) + (" (pseudonym)" if protection and protection.hashes(path) else "")
        for path in kept
        if path not in partial and path[:-1] in partial
    ]
