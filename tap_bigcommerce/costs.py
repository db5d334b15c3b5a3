"""What streams cost in requests: in words for a person, in figures for an estimate."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tap_bigcommerce.config import Config
from tap_bigcommerce.pages.id_kind import IdParameters
from tap_bigcommerce.pages.in_turn import ByPage
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.streams import root_of
from tap_bigcommerce.streams.customer_details import ONLY_V3
from tap_bigcommerce.streams.own_lists import LARGEST_LIMIT
from tap_bigcommerce.streams.stream import Stream

SMALL_PAGE = 10
"""Rows: how many products the API gives at once together with their options or modifiers."""

COUPON_SHARE = 0.1
"""How many of the orders are taken to hint at a coupon where nobody can know. A guess."""

OVERLAP = 0.1
"""How many more pages a walk by id reads, for its stretches share rows where they meet."""


@dataclass(frozen=True)
class Load:
    """The requests of a walk: `in_turn` one after another, `parallel` several at once.

    `parallel` is what is to be expected, `parallel_high` the same if all orders hint at coupons.
    """

    in_turn: int = 0
    parallel: int = 0
    parallel_high: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.in_turn + other.in_turn,
            self.parallel + other.parallel,
            self.parallel_high + other.parallel_high,
        )

    @property
    def expected(self) -> int:
        """All requests."""
        return self.in_turn + self.parallel

    @property
    def high(self) -> int:
        """All requests, if all orders hint at coupons."""
        return self.in_turn + self.parallel_high


def in_words(stream: Stream) -> str:
    """What reading the stream costs, as a person may hear it: 'none: it comes with orders'."""
    child = stream.child
    if child is None:
        words = _of_list(stream)
        if stream.name == "orders":
            words += "; 1 more for each order that may have coupons (setting order_coupons)"
        if stream.name == "customers":
            words += f"; 1 more for each {LARGEST_LIMIT} if fields are selected that only v3 has"
        return words
    if child.own_list is not None:
        return f"1 for each record of {child.parent} that is read"
    if child.apart:
        return f"1 for {SMALL_PAGE} {child.parent}, in a walk of its own"
    if child.nested == "coupons":
        return "1 for each order that may have coupons (setting order_coupons)"
    return f"none: it comes with {child.parent}"


def of_selection(selection: Selection, config: Config, beside: Collection[str]) -> str:
    """The same of a stream of which these fields are read, `beside` other streams."""
    stream = selection.stream
    child = stream.child
    if child is not None and (child.parent in beside or child.apart):
        return in_words(stream)
    if child is not None:
        words = [f"{_of_list(root_of(stream))} of {child.parent}"]
        if child.own_list is not None or child.nested == "coupons":
            words.append(in_words(stream))
        return "; ".join(words)
    words = [_of_list(stream)]
    if stream.name == "orders":
        lists = _lists_of_orders([selection])
        if config.order_details == "per_order":
            words += [f"1 more for each order's {name}" for name in sorted(lists - {"coupons"})]
        if "coupons" in lists and config.order_coupons != "never":
            which = "each order" if config.order_coupons == "always" else "orders that may have any"
            words.append(f"1 more for the coupons of {which}")
    if stream.name == "customers" and any(map(selection.wants, ONLY_V3)):
        words.append(f"1 more for each {LARGEST_LIMIT}, for fields that only v3 has")
    return "; ".join(words)


def of_walk(
    root: Stream, rows: int | None, selections: Sequence[Selection], config: Config
) -> Load:
    """The load of one walk through the list of `root` that has `rows` rows, for these streams.

    `rows` None: nobody knows; they are then taken to fit one page.
    """
    size = SMALL_PAGE if any(_is_apart(s.stream) for s in selections) else config.page_size
    load = _of_pages(root, rows, min(size, config.page_size))
    each = rows or 0
    for selection in selections:
        child = selection.stream.child
        if child is not None and child.own_list is not None:
            load += Load(parallel=each, parallel_high=each)
    if root.name == "orders":
        load += _of_order_details(each, selections, config)
    if root.name == "customers" and any(s.wants(name) for s in selections for name in ONLY_V3):
        load += Load(in_turn=_pages(rows, LARGEST_LIMIT))
    return load


def _of_list(stream: Stream) -> str:
    if not stream.walk.paged:
        return "1"
    return f"1 for {LARGEST_LIMIT} records"


def _is_apart(stream: Stream) -> bool:
    return stream.child is not None and stream.child.apart


def _pages(rows: int | None, size: int) -> int:
    return max(1, math.ceil((rows or 0) / size))


def _of_pages(root: Stream, rows: int | None, size: int) -> Load:
    if not root.walk.paged:
        return Load(in_turn=1)
    pages = _pages(rows, size)
    if isinstance(root.walk, IdParameters):
        pages += math.ceil((pages - 1) * OVERLAP)
        # One more shows where the list ends, and one that nothing follows.
        if root.walk.downwards is not None:
            return Load(in_turn=2, parallel=pages, parallel_high=pages)
        return Load(in_turn=pages + 1)
    # Page numbers end with a page that brings nothing new; cursors end by themselves.
    return Load(in_turn=pages + 1 if isinstance(root.walk, ByPage) else pages)


def _of_order_details(orders: int, selections: Iterable[Selection], config: Config) -> Load:
    """What each order costs beyond the list of orders."""
    wanted = _lists_of_orders(selections)
    load = Load()
    if config.order_details == "per_order":
        lists = len(wanted - {"coupons"}) * orders
        load += Load(parallel=lists, parallel_high=lists)
    if "coupons" in wanted and config.order_coupons != "never":
        expected = orders if config.order_coupons == "always" else math.ceil(orders * COUPON_SHARE)
        load += Load(parallel=expected, parallel_high=orders)
    return load


def _lists_of_orders(selections: Iterable[Selection]) -> set[str]:
    """The lists of each order that these streams take."""
    names = ("products", "shipping_addresses", "coupons")
    return {name for selection in selections for name in names if _takes(selection, name)}


def _takes(selection: Selection, name: str) -> bool:
    """The stream takes the list `name` of each order."""
    child = selection.stream.child
    return selection.wants(name) if child is None else child.nested == name
