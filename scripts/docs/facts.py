"""Texts about a stream for its page, from its declaration."""

from __future__ import annotations

from scripts.docs.markdown import code, codes
from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce, ByCursor, ByPage, OneObject
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import PARENTS, Stream


def singular(stream: str) -> str:
    """The name of one row of a stream: `price_lists` has a price list."""
    return stream.removesuffix("s").replace("_", " ")


def read_from(stream: Stream) -> str:
    """The list's path; for a nested list, its field in the parent stream."""
    if stream.nested and stream.parent:
        return f"{code(stream.nested)} of {code(stream.parent)}"
    if stream.fallback is not None:
        link = f"../limits.md#when-{stream.path[1:].replace('/', '')}-goes"
        return f"{code(stream.path)}; [{code(stream.fallback.path)} once that is gone]({link})"
    return code(stream.path)


def replication(stream: Stream) -> str:
    """The replication method: `full`, or `incremental on` a field."""
    return f"incremental on {code(stream.replication_key)}" if stream.replication_key else "full"


def filtered(stream: Stream) -> str:
    """How the list is filtered in an incremental sync."""
    key, parent = stream.replication_key, stream.parent
    if key is None and parent is not None:
        return f"Not filtered: the rows of every {singular(parent)} are read in every sync."
    if key is None:
        return "Not filtered: the API cannot filter this list by date. Every sync reads all rows."
    if stream.modified_since is None and parent is not None:
        root = STREAMS[parent]
        return (
            f"By the modification date of the {singular(parent)}: all rows of those that the API "
            f"returns for {code(str(root.modified_since))}."
        )
    first = (
        " The first sync reads all rows, also those older than `start_date`."
        if load_notes(stream.name).ignores_start_date
        else ""
    )
    return f"By the API: {code(str(stream.modified_since))}, from the bookmark.{first}"


def order(stream: Stream) -> str:
    """How the list is paginated."""
    pagination = root_of(stream).pagination
    if isinstance(pagination, ByIdRange):
        text = f"by ascending id ({code(pagination.min_id)}), in parallel"
    elif isinstance(pagination, OneObject):
        text = "one object"
    elif isinstance(pagination, AllAtOnce):
        text = "all rows in one response"
    elif isinstance(pagination, ByCursor):
        text = "by cursor, one page after another"
    else:
        assert isinstance(pagination, ByPage)
        text = "by page number; again, up to twice, if the list changes in the meantime"
    return f"{text}; from the list of {code(stream.parent)}" if stream.parent else text


def cost(stream: Stream) -> str:
    """The number of requests for the stream."""
    if stream.parent is None:
        return _cost_of_list(stream) + MORE.get(stream.name, "")
    parent = singular(stream.parent)
    if stream.separate_pass:
        return (
            f"One request for 10 {stream.parent}: the API returns only 10 per page with these, so "
            "they are read separately."
        )
    if stream.nested is not None:
        together = (
            f"None if it is read together with {code(stream.parent)} from the same date. Otherwise "
            f"those of the list of {stream.parent}: one for 250."
        )
        return together + MORE.get(stream.name, "")
    pages = (
        f"One request for each {parent}"
        if not stream.pagination.paged
        else f"One request for each {parent}, and one more for every 250 of its rows"
    )
    pages += f", in addition to those of the list of {stream.parent.replace('_', ' ')}"
    if stream.modified_since is None and stream.replication_key is not None:
        return f"{pages}. An incremental sync requests only those that changed."
    return f"{pages}. Every sync requests the rows of every {parent}."


MORE = {
    "orders": (
        " One more for each order that may have coupons, and for each with incomplete line items "
        "or addresses ([details](../orders.md))."
    ),
    "customers": (
        " One more for 250 customers if a field is selected that only v3 of the API has."
    ),
    "order_coupons": " One for each order that may have coupons ([details](../orders.md)).",
    "product_reviews": (
        " Every sync reads all of them, so they do not come with an incremental sync of products."
    ),
}


def _cost_of_list(stream: Stream) -> str:
    pagination = stream.pagination
    if pagination.single:
        return "One request."
    if not pagination.paged:
        return "One request, and one to find the end if there are 50 rows or more."
    rows = "rows that changed" if stream.replication_key else "rows"
    more = "a few to find the end" if isinstance(pagination, ByIdRange) else "one to find the end"
    if isinstance(pagination, ByCursor):
        return f"One request for 250 {rows} (`page_size`)."
    return f"One request for 250 {rows} (`page_size`), and {more}."


def channels(stream: Stream) -> str:
    """The effect of the setting channel_ids on the stream."""
    root = root_of(stream)
    by_api, by_tap = root.channels.filter, root.channels.field
    if by_api is None and by_tap is None:
        return "All: `channel_ids` has no effect, because the list has no channels."
    text = f"Those of the {root.name} that are read. " if stream.parent else ""
    if by_api is None:
        return f"{text}Filtered by the tap, by {code(str(by_tap))}: the complete list is read."
    if by_api.endswith(":in"):
        return f"{text}Filtered by the API ({code(by_api)})."
    return (
        f"{text}A single channel is filtered by the API ({code(by_api)}). For several, the full "
        f"list is read, and filtered by the tap, by {code(str(by_tap))}."
    )


def keys(stream: Stream) -> str:
    """The key fields."""
    return codes(stream.primary_keys)


def parent_fields(stream: Stream) -> str:
    """The fields of the parent that the tap adds to each row of a child list."""
    if stream.parent is None:
        return ""
    parent = PARENTS[stream.parent]
    return codes(name for name in parent if name)
