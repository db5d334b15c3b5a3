"""Texts about a stream for its page, from its declaration."""

from scripts.docs.markdown import code
from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce, ByCursor, ByPage, OneObject
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import Stream


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


def filtered(stream: Stream) -> str:
    """How the list is filtered in an incremental sync."""
    if stream.replication_key is None:
        if stream.parent:
            return (
                f"Not filtered: the rows of every {singular(stream.parent)} are read in every sync."
            )
        return "Not filtered: the API cannot filter this list by date. Every sync reads all rows."
    if stream.modified_since is None and stream.parent:
        return (
            f"By the modification date of the {singular(stream.parent)}: all rows of those that "
            f"the API returns for {code(str(STREAMS[stream.parent].modified_since))}."
        )
    first = " The first sync reads all rows, also those older than `start_date`."
    first = first if load_notes(stream.name).ignores_start_date else ""
    return f"By the API: {code(str(stream.modified_since))}, from the bookmark.{first}"


_ORDERS = {
    OneObject: "one object",
    AllAtOnce: "all rows in one response",
    ByCursor: "by cursor, one page after another",
    ByPage: "by page number; again, up to twice, if the list changes in the meantime",
}


def order(stream: Stream) -> str:
    """How the list is paginated."""
    pagination = root_of(stream).pagination
    if isinstance(pagination, ByIdRange):
        text = f"by ascending id ({code(pagination.min_id)}), in parallel"
    else:
        text = next(text for kind, text in _ORDERS.items() if isinstance(pagination, kind))
    return f"{text}; from the list of {code(stream.parent)}" if stream.parent else text


def cost(stream: Stream) -> str:
    """The number of requests for the stream."""
    more = _MORE.get(stream.name, "")
    if stream.parent is None:
        return _cost_of_list(stream) + more
    parent = singular(stream.parent)
    if stream.separate_pass:
        return (
            f"One request for 10 {stream.parent}: the API returns only 10 per page with these, so "
            "they are read separately."
        )
    if stream.nested is not None:
        return (
            f"None if it is read together with {code(stream.parent)} from the same date. Otherwise "
            f"those of the list of {stream.parent}: one for 250.{more}"
        )
    paged = ", and one more for every 250 of its rows" if stream.pagination.paged else ""
    every = f"Every sync requests the rows of every {parent}."
    if stream.modified_since is None and stream.replication_key is not None:
        every = "An incremental sync requests only those that changed."
    return (
        f"One request for each {parent}{paged}, in addition to those of the list of "
        f"{stream.parent.replace('_', ' ')}. {every}"
    )


_MORE = {
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
    end = "" if isinstance(pagination, ByCursor) else f", and {more}"
    return f"One request for 250 {rows} (`page_size`){end}."


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
