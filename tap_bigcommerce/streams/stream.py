"""What a stream is: data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tap_bigcommerce.api.client import Client, RequestContext
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.pagination.enricher import Enricher
from tap_bigcommerce.pagination.id_ranges import Pagination
from tap_bigcommerce.pagination.page import ListRequest, Row
from tap_bigcommerce.pagination.sequential import ByCursor, ByPage
from tap_bigcommerce.records.schemas import load_notes
from tap_bigcommerce.streams.id_lookup import IdLookup

MODIFIED = "date_modified:min"
"""How most lists call the filter for the earliest date of modification."""


@dataclass(frozen=True)
class ReadRequest:
    """What one run wants of a list, and by whom its details may be asked for.

    `wants` tells whether a field is needed, by its path ("consignments.shipping"); `whole_rows`
    whether the rows themselves are, or only what belongs to them. `unselected` are the top-level
    fields that need not come.
    """

    wants: Callable[[str], bool]
    whole_rows: bool
    unselected: tuple[str, ...]
    config: Config
    client: Client
    context: RequestContext


class Channels(NamedTuple):
    """How a stream is limited to channels: by a filter of the API, and by a field of its rows."""

    filter: str | None = None
    field: str | None = None


class Count(NamedTuple):
    """The API counts the list, and may leave out rows with this value of a field."""

    leaves_out: tuple[str, int] | None = None


class Parent(NamedTuple):
    """What rows that belong to others call these: their id and their date of modification."""

    id: str
    date: str | None = None

    @property
    def noun(self) -> str:
        """What a person calls one of them: "price list"."""
        return self.id.removesuffix("_id").replace("_", " ")


PARENTS = {
    "orders": Parent("order_id", "order_date_modified"),
    "products": Parent("product_id", "product_date_modified"),
    "price_lists": Parent("price_list_id"),
    "promotions": Parent("promotion_id"),
    "channels": Parent("channel_id"),
    "shipping_zones": Parent("zone_id"),
}


@dataclass(frozen=True)
class Stream:
    """A table: where its rows come from, what identifies them and how they are filtered.

    Rows that belong to those of another stream, their `parent`, are either `nested`, in a field of
    the parent's row; or in a list of each parent's own, with the parent's {id} in its `path`, which
    costs a request a parent. `none_is_404`: that list may not be there where it has no rows.
    `apart`: not in the walk of the parent stream itself, for it slows that down. `follows_parent`:
    a change of such a row changes the parent's date of modification.

    `permission` is what an API account must be allowed to read.
    `params` go with every request. `modified_since` is the list's parameter for the earliest date
    of modification. `everything_first`: the first sync takes all rows, whatever start_date says.
    `enricher` makes the rows whole as a run wishes, where they are not. `reshape` gives a row the
    form of the stream where the API's differs. `presence` says how ids are looked up that seem to
    be gone; without it, nobody can tell. `count`: the list is of v2 and counted; lists of v3 name
    their totals themselves. What is to be known of single fields stands beside them in the schema
    file (see `schemas.Notes`).
    """

    name: str
    permission: str
    path: str = ""
    pagination: Pagination = field(default_factory=ByPage)
    parent: str | None = None
    nested: str | None = None
    none_is_404: bool = False
    apart: bool = False
    follows_parent: bool = True
    keys: tuple[str, ...] = ("id",)
    params: Mapping[str, str] = field(default_factory=dict)
    modified_since: str | None = None
    everything_first: bool = False
    channels: Channels = field(default_factory=Channels)
    enricher: Callable[[ReadRequest], Enricher | None] = lambda _: None
    reshape: Callable[[Row], Row] | None = None
    id_lookup: IdLookup | None = None
    count: Count | None = None

    @property
    def has_child_list(self) -> bool:
        """Its rows come from a list of each parent's own."""
        return self.parent is not None and self.nested is None

    @property
    def references(self) -> dict[str, str]:
        """Its foreign keys, by path: each names a row of a stream, "orders.id"."""
        own = {PARENTS[self.parent].id: f"{self.parent}.id"} if self.parent else {}
        return {**own, **load_notes(self.name).references}

    @functools.cached_property
    def replication_key(self) -> str | None:
        """The field by which the stream is read incrementally."""
        if self.modified_since is not None:
            return re.sub("^min_|:min$", "", self.modified_since)
        return PARENTS[self.parent].date if self.parent and self.follows_parent else None

    def request(self, params: Mapping[str, str], includes: Mapping[str, str] = {}) -> ListRequest:
        """How its list is asked for, with these parameters."""
        return ListRequest(
            self.path,
            params,
            includes,
            self.keys,
            self.reshape,
            paged=self.pagination.paged,
            single=self.pagination.single,
        )

    def modified_until(self, date: str) -> dict[str, str]:
        """The parameter for the latest date of the replication key, of a list with such a filter.

        A second more than `date`, for nobody knows whether the bound itself is within.
        """
        bound = parse_instant(date)
        assert bound is not None
        with suppress(OverflowError):  # The last day of the calendar.
            bound += timedelta(seconds=1)
        # Every list that has the one has the other.
        return {str(self.modified_since).replace("min", "max"): f"{format_instant(bound)[:19]}Z"}

    @property
    def automatic(self) -> tuple[str, ...]:
        """The fields that always go out."""
        return self.keys + ((self.replication_key,) if self.replication_key else ())

    def channel_filter(self, wanted: Sequence[int]) -> dict[str, str]:
        """The parameter that limits the list to the channels `wanted`, where it has one."""
        filter_ = self.channels.filter
        # Without ":in" it takes one only: the rows are looked at when they have come.
        most = len(wanted) if filter_ is not None and filter_.endswith(":in") else 1
        if filter_ is None or not 0 < len(wanted) <= most:
            return {}
        return {filter_: ",".join(str(channel) for channel in wanted)}

    def fields_without(self, config: Config | None) -> tuple[str, ...]:
        """The fields that the settings take away.

        Orders have no field `coupons` where nobody asks for them: null would be a lie.
        """
        never = config is not None and config.order_coupons == "never"
        return ("coupons",) if never and self.name == "orders" else ()


def metafields(name: str, permission: str, path: str) -> Stream:
    """Metafields, which are listed alike wherever they belong."""
    return Stream(name, permission, path, ByCursor(), modified_since=MODIFIED)
