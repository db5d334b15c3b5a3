"""What a stream's declaration says, in words for a person."""

from __future__ import annotations

from scripts.docs.markdown import code, codes
from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.sequential import AllAtOnce, ByCursor, ByPage, OneObject
from tap_bigcommerce.streams import STREAMS, root_of
from tap_bigcommerce.streams.stream import PARENTS, Stream

SINGULAR = {"shipping_zones": "shipping zone", "price_lists": "price list"}


def noun(stream: str) -> str:
    """One row of a stream that others belong to: `orders` is an order."""
    return SINGULAR.get(stream, stream.removesuffix("s"))


def read_from(stream: Stream) -> str:
    """The list's path; for what belongs to rows of another stream, that stream and where."""
    if stream.nested and stream.parent:
        return f"{code(stream.nested)} of {code(stream.parent)}"
    return code(stream.path)


def replication(stream: Stream) -> str:
    """`full` or `incremental on` what."""
    return f"incremental on {code(stream.replication_key)}" if stream.replication_key else "full"


def filtered(stream: Stream) -> str:
    """What an incremental sync asks for, and by what the API filters it."""
    key, parent = stream.replication_key, stream.parent
    if key is None and parent is not None:
        return f"Not filtered: the rows of every {noun(parent)} are read every time."
    if key is None:
        return "Not filtered: the API has no date to filter this list by. It is read whole."
    if stream.modified_since is None and parent is not None:
        root = STREAMS[parent]
        return (
            f"By the date of change of the {noun(parent)}: the rows of those that the API "
            f"gives for {code(str(root.modified_since))} are read, all rows of each."
        )
    first = (
        " The first sync takes all of them, whatever `start_date` says."
        if stream.ignores_start_date
        else ""
    )
    return f"By the API: {code(str(stream.modified_since))}, from the bookmark on.{first}"


def order(stream: Stream) -> str:
    """How the list is read from end to end."""
    walk = root_of(stream).pagination
    if isinstance(walk, ByIdRange):
        told = f"by rising id ({code(walk.min_id)}), in parallel"
    elif isinstance(walk, OneObject):
        told = "one object"
    elif isinstance(walk, AllAtOnce):
        told = "all in one answer"
    elif isinstance(walk, ByCursor):
        told = "by cursor, one page after another"
    else:
        assert isinstance(walk, ByPage)
        told = "by page number, and again (twice at the most) if the list changed meanwhile"
    return f"{told}; the list is that of {code(stream.parent)}" if stream.parent else told


def cost(stream: Stream) -> str:
    """What the stream costs in requests."""
    if stream.parent is None:
        return _cost_of_list(stream) + MORE.get(stream.name, "")
    parent = noun(stream.parent)
    if stream.separate_pass:
        return (
            f"One request for 10 {stream.parent}: the API cuts its pages to that when it is asked "
            "for these, so they have a walk of their own."
        )
    if stream.nested is not None:
        together = (
            f"None of its own where it is read together with {code(stream.parent)} from the same "
            f"date on. Alone, those of the list of {stream.parent}: one for 250."
        )
        return together + MORE.get(stream.name, "")
    pages = (
        f"One request for each {parent}"
        if not stream.pagination.paged
        else f"One request for each {parent}, and one more for every 250 rows that it has"
    )
    pages += f", beside those of the list of {stream.parent.replace('_', ' ')}"
    if stream.modified_since is None and stream.replication_key is not None:
        return f"{pages}. An incremental sync asks only for those that changed."
    return f"{pages}. Every {parent} is asked about at every sync."


MORE = {
    "orders": (
        " One more for each order that may have coupons, and for each whose line items or "
        "addresses did not come whole ([details](../orders.md))."
    ),
    "customers": (
        " One more for 250 customers where a field is selected that only the newer part of the "
        "API has."
    ),
    "order_coupons": " And one for each order that may have coupons ([details](../orders.md)).",
    "product_reviews": (
        " It is read from the start every time, so an incremental sync of products does not "
        "bring it along."
    ),
}


def _cost_of_list(stream: Stream) -> str:
    walk = stream.pagination
    if not walk.paged:
        return "One request."
    rows = "rows that changed" if stream.replication_key else "rows"
    beside = (
        "a few to find its end" if isinstance(walk, ByIdRange) else "one to see that it has ended"
    )
    if isinstance(walk, ByCursor):
        return f"One request for 250 {rows} (`page_size`)."
    return f"One request for 250 {rows} (`page_size`), and {beside}."


def channels(stream: Stream) -> str:
    """What the setting channel_ids does to the stream."""
    root = root_of(stream)
    by_api, by_tap = root.channels.filter, root.channels.field
    if by_api is None and by_tap is None:
        return "Whole: `channel_ids` changes nothing, for the list knows no channel."
    told = f"Those of the {root.name} that are read. " if stream.parent else ""
    if by_api is None:
        return f"{told}Filtered by the tap, by {code(str(by_tap))}: the whole list is read."
    if by_api.endswith(":in"):
        return f"{told}Filtered by the API ({code(by_api)})."
    return (
        f"{told}One channel is filtered by the API ({code(by_api)}). Of several, the whole list is "
        f"read, and filtered by the tap, by {code(str(by_tap))}."
    )


def keys(stream: Stream) -> str:
    """The fields that identify a row."""
    return codes(stream.primary_keys)


def parent_fields(stream: Stream) -> str:
    """The fields that the tap adds to a row that belongs to another."""
    if stream.parent is None:
        return ""
    parent = PARENTS[stream.parent]
    return codes(name for name in parent if name)
